/* SPDX-License-Identifier: MIT */
/*
 * fuzz_chat.c - whatever a server sends, the message that comes out passes the kernel's strict
 * gate.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"

#include "../../plugins/model_openai/calls.c"
#include "../../plugins/model_openai/chat.c"
#include "../../plugins/model_openai/scan.c"
#include "../../plugins/model_openai/sse.c"
#include "../../plugins/model_openai/text.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static exs_status on_event(void *arg, exs_str data)
{
	return chat_event(arg, data);
}

static void check_message(struct chat *c)
{
	exs_err err = EXS_ERR_INIT;
	struct text out;

	text_init(&out, EXS_TURN_ANSWER_MAX);
	if (chat_write(c, 1, &out, &err) == EXS_OK) {
		if (json_check_object(text_view(&out), JSON_DEPTH_MAX, &err))
			abort();
	} else if (!err.text[0]) {
		abort();
	}
	text_release(&out);
}

static void read_stream(const char *p, size_t n)
{
	struct text live;
	struct chat c;
	struct sse s;

	chat_init(&c);
	sse_init(&s, on_event, &c);
	text_init(&live, EXS_TURN_ANSWER_MAX);
	(void)sse_feed(&s, p, n / 2);
	chat_fresh(&c, &live);
	if (s.line.status == EXS_OK)
		(void)sse_feed(&s, p + n / 2, n - n / 2);
	chat_fresh(&c, &live);
	check_message(&c);
	text_release(&live);
	sse_release(&s);
	chat_release(&c);
}

static void read_whole(const char *p, size_t n)
{
	struct chat c;

	chat_init(&c);
	(void)chat_whole(&c, exs_bytes(p, n));
	check_message(&c);
	chat_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size: a read past its end is seen. */
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	read_stream(copy, size);
	read_whole(copy, size);
	free(copy);
	return 0;
}
