/* SPDX-License-Identifier: MIT */
/* request.h - the body of a message's request, out of the neutral form. Any thread. */
#ifndef MODEL_ANTHROPIC_REQUEST_H
#define MODEL_ANTHROPIC_REQUEST_H

#include "../common_model/dialect.h"

enum {
	REQUEST_CACHE = REQUEST_OWN,	    /* mark what the server may keep for the next turn */
	REQUEST_THINKING = REQUEST_OWN << 1 /* send back the thinking of earlier answers */
};

/* The settings that only this dialect has. */
struct anthropic {
	int64_t max_tokens; /* of an answer whose turn has no cap: the API wants one */
	bool cache;
};

/* As dialect.h says. */
exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err);

/*
 * One neutral message as items of `messages`, each with a comma in front; one of the same role as
 * the one before becomes a part of that. `plain` passes over the answer's provider. False: not in
 * the neutral form.
 */
bool request_message(exs_str message, struct text *out);
bool request_message_plain(exs_str message, struct text *out);

#endif
