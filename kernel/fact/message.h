/* SPDX-License-Identifier: MIT */
/* message.h - the neutral message form of docs/MESSAGES.md: checking what models put, building what
 * they get. */
#ifndef FACT_MESSAGE_H
#define FACT_MESSAGE_H

#include "base/buf.h"
#include "base/json.h"

#define MESSAGE_DEPTH_MAX (JSON_DEPTH_MAX - 4u) /* it stands inside a fact's body */

/* One assistant message as docs/MESSAGES.md says, or INVALID and what is wrong with it. */
exs_status message_check_assistant(exs_str message, exs_err *err);
/* The same of an object that passed the gate before, inside another one. */
exs_status message_check_shape(exs_str message, exs_err *err);

/* Walks the calls of a checked assistant message: spans of JSON. */
struct message_call {
	exs_str id, name, arguments; /* JSON strings with their quotes */
};
struct message_calls {
	struct json_iter it;
};
void message_calls_init(struct message_calls *c, exs_str message);
bool message_calls_next(struct message_calls *c, struct message_call *out);
uint32_t message_calls_left(const struct message_calls *c);

/* Appends the text parts of a message (not the reasoning), joined as they stand. */
void message_text(exs_str message, struct buf *out);

void message_user(struct buf *out, exs_str text);
/*
 * The question: its text, when there is one, and the images of a fact's list. False: the list is none
 * of images.
 */
bool message_question(struct buf *out, exs_str text, exs_str images);

/* Whether a last answer only points back to an earlier one ("see above"), or says nothing at all.
 */
bool answer_is_weak(exs_str text, exs_str earlier);

#endif
