/* SPDX-License-Identifier: MIT */
/*
 * request.h - the body of a request, out of the neutral form.
 *
 * A segment of a transcript never changes, so each is encoded once: what was encoded of a
 * transcript is kept in a bounded cache, and the next turn costs its new segments and one copy. Any
 * thread.
 */
#ifndef MODEL_OPENAI_REQUEST_H
#define MODEL_OPENAI_REQUEST_H

#include <executus/port/model.h>
#include "cache.h"
#include "text.h"

#define REQUEST_MAX (64u << 20) /* bytes of one request */

/* Flags. */
enum {
	REQUEST_STREAM = 1u,
	REQUEST_USAGE = 2u /* ask for the usage at the end of the stream */
};

struct request_form {
	const char *max_field; /* name of the member that caps the answer */
	const char *extra;     /* ",\"name\":value" ... or "" */
};

/* Appends the body. INVALID: a message is not in the neutral form; TOOBIG; NOMEM. */
exs_status request_write(struct cache *cache, const struct request_form *form, uint32_t flags,
			 const exs_turn *turn, struct text *out, exs_err *err);

/* One neutral message as items of `messages`, each with a comma in front. False: not in the neutral
 * form. */
bool request_message(exs_str message, struct text *out);

#endif
