/* SPDX-License-Identifier: MIT */
/*
 * convo.h - what a turn can know of the conversation: how far it is, what tools answered, what was
 * asked.
 *
 * Counting is cheap and done for every turn; messages are read only when a script looks into them.
 * Lives for one call of turn(); used by one thread.
 */
#ifndef MODEL_SCRIPT_CONVO_H
#define MODEL_SCRIPT_CONVO_H

#include <stdbool.h>
#include <executus/helper.h>
#include <executus/port/model.h>

#include "out.h"

struct cJSON;

#define CONVO_TEXT_MAX (16u << 20) /* bytes of one message's text */

struct result {
	const char *tool, *text;
	size_t message; /* index of its tool message */
	size_t before;	/* assistant messages before it */
};

struct convo {
	const exs_turn *turn;
	size_t position; /* assistant messages so far: the turn to play, from 0 */
	size_t tool_messages;
	bool loaded;
	struct cJSON **docs; /* the tool messages */
	size_t doc_n;
	struct result *results; /* oldest first; texts live in docs */
	size_t n;
	char *input; /* text of the first user message; never NULL once loaded */
};

exs_status convo_open(const exs_turn *turn, struct convo *out, exs_err *err);
void convo_close(struct convo *c);

/* Reads tool results and input; the second time it does nothing. */
exs_status convo_load(struct convo *c, exs_err *err);
/* How many images the messages have. */
exs_status convo_images(const struct convo *c, int64_t *out, exs_err *err);
/* Appends the text of the newest message: its text parts, or its results line after line. */
exs_status convo_last_text(const struct convo *c, struct out *out, exs_err *err);

#endif
