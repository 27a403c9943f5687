/* SPDX-License-Identifier: MIT */
/*
 * answer.h - one neutral assistant message in the making. A dialect fills it from the events of a
 * stream; it may be believed only when the dialect saw the end marker and set `complete`.
 *
 * What feeds it answers: OK; INVALID, not a JSON object; IO, the server sent an error object, now
 * in `error`; TOOBIG; NOMEM.
 */
#ifndef COMMON_MODEL_ANSWER_H
#define COMMON_MODEL_ANSWER_H

#include <executus/port/model.h>
#include "calls.h"

#define ANSWER_MODEL_MAX 256u	     /* bytes of the name of the model that answered */
#define ANSWER_ERROR_MAX (64u << 10) /* bytes of an error object that are kept */

enum stop { STOP_NONE, STOP_END, STOP_CALLS, STOP_LENGTH, STOP_FILTER, STOP_REFUSAL, STOP_BROKEN };

struct answer {
	struct text text, reasoning, refusal, model;
	struct text provider; /* JSON object that must go back unchanged; empty: none */
	struct calls calls;
	enum stop stop;
	bool complete; /* the dialect's end marker came */
	bool has_usage;
	exs_usage usage;   /* what the server reported */
	struct text error; /* JSON value of an error that came instead */
	size_t shown;	   /* bytes of text that answer_fresh gave out */
	void *own;	   /* the dialect's, zeroed; NULL: it has none, or memory ran out */
	void (*own_release)(void *own); /* what it holds, not itself; may be NULL */
};

void answer_init(struct answer *a, size_t own_size, void (*own_release)(void *own));
void answer_release(struct answer *a);

/* The first failure of what was gathered, or OK. */
exs_status answer_status(const struct answer *a);
/* Keeps the error value; always IO. */
exs_status answer_error(struct answer *a, exs_str value);
bool answer_has_begun(const struct answer *a); /* some part of an answer came */
bool answer_has_fresh(const struct answer *a); /* text came since answer_fresh was called */
/* The text that came since the last call, cut between characters; appended to out as UTF-8. */
void answer_fresh(struct answer *a, struct text *out);
/* How many bytes the answer has: for an estimate. */
size_t answer_bytes(const struct answer *a);
/*
 * Appends the neutral message of a complete answer. INVALID: a call's arguments are not UTF-8 (err
 * names it); TOOBIG: out is full.
 */
exs_status answer_write(struct answer *a, int32_t step, struct text *out, exs_err *err);

#endif
