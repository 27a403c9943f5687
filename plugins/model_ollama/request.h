/* SPDX-License-Identifier: MIT */
/* request.h - the body of a request of Ollama's chat API, out of the neutral form. Any thread. */
#ifndef MODEL_OLLAMA_REQUEST_H
#define MODEL_OLLAMA_REQUEST_H

#include "../common_model/dialect.h"

/* The settings that only this dialect has. */
struct ollama {
	char *options; /* members of `options` that the conf gives, each with a comma in front;
			  behind this struct */
};

/* As dialect.h says. */
exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err);

/* One neutral message as items of `messages`, each with a comma in front. False: not in the neutral
 * form. */
bool request_message(exs_str message, struct text *out);

#endif
