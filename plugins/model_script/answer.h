/* SPDX-License-Identifier: MIT */
/*
 * answer.h - what one turn will say, and saying it.
 *
 * Built whole while the call's arguments live, so that nothing but the answer has to be kept while
 * it waits.
 */
#ifndef MODEL_SCRIPT_ANSWER_H
#define MODEL_SCRIPT_ANSWER_H

#include "convo.h"
#include "script.h"

#define ANSWER_MAX                                                                                 \
	(24u << 20) /* bytes of a message; more than a host takes, so that this can be tested */

struct answer {
	exs_status status;
	bool has_usage, end_twice;
	exs_usage usage;
	exs_err err;
	char *message; /* what is put; NULL: nothing */
	size_t message_n;
	char *live; /* what is shown as progress; NULL: nothing */
	size_t live_n, chunk;
	int64_t every_ms;
};

/* The turn for this position of the conversation; INVALID past the last one. */
exs_status answer_pick(const struct script *script, const struct convo *convo,
		       const struct turn **out, exs_err *err);
/*
 * Checks what the turn expects and builds its answer; `failure` (may be NULL) stands in its place
 * then. Not OK: a sentence that names script, turn and line, with a class.
 */
exs_status answer_make(const struct script *script, const struct turn *turn,
		       const struct failure *failure, struct convo *convo, struct answer **out,
		       exs_err *err);
void answer_free(struct answer *a); /* takes NULL */

/* Shows the next piece from *shown on and moves it; false: nothing is left to show. */
bool answer_show(const struct answer *a, size_t *shown, exs_done done);
/* Puts the message and ends the call. */
void answer_finish(const struct answer *a, exs_done done);

#endif
