/* SPDX-License-Identifier: MIT */
/*
 * chat.h - makes one neutral assistant message out of the chunks of a chat completion.
 *
 * Give it each chunk (chat_event) or the whole answer of a server that does not stream
 * (chat_whole). The answer may be believed only when chat_is_complete says so: a finish reason or
 * [DONE] was seen.
 */
#ifndef MODEL_OPENAI_CHAT_H
#define MODEL_OPENAI_CHAT_H

#include <executus/port/model.h>
#include "calls.h"

#define CHAT_MODEL_MAX 256u	   /* bytes of the name of the model that answered */
#define CHAT_ERROR_MAX (64u << 10) /* bytes of an error object that are kept */

enum chat_stop { STOP_NONE, STOP_END, STOP_CALLS, STOP_LENGTH, STOP_FILTER, STOP_BROKEN };

struct chat {
	struct text text, reasoning, refusal, model;
	struct calls calls;
	enum chat_stop stop;
	bool done; /* [DONE] */
	bool has_usage;
	exs_usage usage;   /* what the server reported */
	struct text error; /* JSON value of an error that came instead */
	size_t shown;	   /* bytes of text that chat_fresh gave out */
};

void chat_init(struct chat *c);
void chat_release(struct chat *c);

/* The data of one event. INVALID: not a JSON object; IO: an error object, now in c->error; TOOBIG;
 * NOMEM. */
exs_status chat_event(struct chat *c, exs_str data);
/* A whole answer; the same statuses. */
exs_status chat_whole(struct chat *c, exs_str body);

bool chat_is_complete(const struct chat *c);
bool chat_has_begun(const struct chat *c); /* some part of an answer came */
/* The text that came since the last call, cut between characters; appended to out as UTF-8. */
void chat_fresh(struct chat *c, struct text *out);
/* How many bytes the answer has: for an estimate. */
size_t chat_bytes(const struct chat *c);
/*
 * Appends the neutral message of a complete answer. INVALID: a call's arguments are not UTF-8 (err
 * names it); TOOBIG: out is full.
 */
exs_status chat_write(struct chat *c, int32_t step, struct text *out, exs_err *err);

#endif
