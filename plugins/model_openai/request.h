/* SPDX-License-Identifier: MIT */
/* request.h - the body of a chat completion's request, out of the neutral form. Any thread. */
#ifndef MODEL_OPENAI_REQUEST_H
#define MODEL_OPENAI_REQUEST_H

#include "../common_model/dialect.h"

#define REQUEST_USAGE REQUEST_OWN /* ask for the usage at the end of the stream */

/* The settings that only this dialect has. */
struct openai {
	const char *max_field; /* name of the member that caps the answer */
};

/* As dialect.h says. */
exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err);

/* One neutral message as items of `messages`, each with a comma in front. False: not in the neutral
 * form. */
bool request_message(exs_str message, struct text *out);

#endif
