/* SPDX-License-Identifier: MIT */
/* responses_kit.h - events and items of the Responses API, and what a stream of them gives. */
#ifndef TEST_RESPONSES_KIT_H
#define TEST_RESPONSES_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/answer_kit.h"

#include "../../plugins/model_openai_responses/events.c"
#include "../../plugins/model_openai_responses/items.c"
#include "../../plugins/model_openai_responses/slots.c"

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct events),
	.answer_own_release = events_release,
	.event = events_event,
	.whole = events_whole,
};

#include "unit/reader_kit.h"

#define EVENT(type, members) "event: " type "\ndata: {\"type\":\"" type "\"" members "}\n\n"
#define ADDED(at, item)                                                                            \
	EVENT("response.output_item.added", ",\"output_index\":" #at ",\"item\":" item)
#define DONE(at, item)                                                                             \
	EVENT("response.output_item.done", ",\"output_index\":" #at ",\"item\":" item)
#define TEXT(at, t)                                                                                \
	EVENT("response.output_text.delta",                                                        \
	      ",\"item_id\":\"i" #at "\",\"output_index\":" #at ",\"delta\":\"" t "\"")
#define ARGS(at, t)                                                                                \
	EVENT("response.function_call_arguments.delta",                                            \
	      ",\"item_id\":\"i" #at "\",\"output_index\":" #at ",\"delta\":\"" t "\"")
#define COMPLETED(output)                                                                          \
	EVENT("response.completed",                                                                \
	      ",\"response\":{\"status\":\"completed\",\"error\":null,\"output\":[" output "]}")
#define INCOMPLETE(why, output)                                                                    \
	EVENT("response.incomplete",                                                               \
	      ",\"response\":{\"status\":\"incomplete\",\"incomplete_"                             \
	      "details\":{\"reason\":\"" why "\"},\"output\":[" output "]}")
#define MESSAGE(at, t)                                                                             \
	"{\"id\":\"i" #at "\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":" \
	"\"output_text\",\"text\":\"" t "\"}]}"
#define CALL(at, id, name, args)                                                                   \
	"{\"id\":\"i" #at "\",\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"" name  \
	"\",\"arguments\":\"" args "\"}"
#define REASONING(at, more) "{\"id\":\"i" #at "\",\"type\":\"reasoning\",\"summary\":[]" more "}"

#define SAID(t, stop)                                                                              \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"" t                      \
	"\"}],\"stop\":\"" stop "\"}"
#define NEUTRAL(id, name, args)                                                                    \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"arguments\":\"" args "\"}"
#define CALLS(calls)                                                                               \
	"{\"role\":\"assistant\",\"parts\":[],\"calls\":[" calls "],\"stop\":\"calls\"}"

#endif
