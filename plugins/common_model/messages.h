/* SPDX-License-Identifier: MIT */
/* messages.h - neutral messages as the items of a request, for dialects of which each message is
 * items of its own. Any thread. */
#ifndef COMMON_MODEL_MESSAGES_H
#define COMMON_MODEL_MESSAGES_H

#include "body.h"
#include "segments.h"
#include "tools.h"

/* How a dialect writes the message of each role: items with a comma in front. */
struct message_form {
	void (*user)(struct text *out, exs_str message);
	bool (*assistant)(struct text *out, exs_str message); /* false: not in the neutral form */
	const struct result_form *result;
};

/* Appends the texts of the parts of that type with a newline between two, as they stand in JSON but
 * for the quotes. Returns how many there are. */
size_t message_add_texts(struct text *out, exs_str message, const char *type);

/* Appends one message. False: it is not in the neutral form. */
bool message_write(const struct message_form *form, exs_str message, struct text *out);

/*
 * Appends `"messages":[...]`, the system prompt first as a message of its own. `encode` is the
 * dialect's segment function. Errors as segments_encode has them.
 */
exs_status messages_add(struct body *out, const exs_turn *turn, segment_fn *encode, exs_err *err);

#endif
