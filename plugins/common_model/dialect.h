/* SPDX-License-Identifier: MIT */
/*
 * dialect.h - what tells one kind of model API from another: how a request is written and how an
 * answer is read. Connections, retries, deadlines and failures are the same for all.
 */
#ifndef COMMON_MODEL_DIALECT_H
#define COMMON_MODEL_DIALECT_H

#include "answer.h"
#include "body.h"

/* Flags of a request; a dialect's own begin at REQUEST_OWN. */
enum { REQUEST_STREAM = 1u, REQUEST_OWN = 2u };

struct settings;

struct dialect {
	const char *path;	 /* behind base_url: "/chat/completions" */
	const char *key_head;	 /* what stands before the key: "Authorization: Bearer " */
	const char *const *ours; /* members that `body` of the conf must not hold; NULL-ended */
	bool lines; /* a stream is JSON objects, one a line, and no events; so is an answer at once
		     */
	uint32_t options;	/* own flags that every request has until a server refuses */
	size_t answer_own_size; /* of answer.own, zeroed */
	void (*answer_own_release)(void *own); /* as in answer.h; may be NULL */

	/* The options that only this dialect has: may add headers and set s->own. May be NULL. */
	exs_status (*configure)(struct settings *s, const exs_conf *conf, exs_err *err);
	/* Writes the body. INVALID: a message is not in the neutral form; TOOBIG; NOMEM. Any
	 * thread. */
	exs_status (*request)(const struct settings *s, uint32_t flags, const exs_turn *turn,
			      struct body *out, exs_err *err);
	/* The data of one event, or one line. Statuses as in answer.h. */
	exs_status (*event)(struct answer *a, exs_str data);
	/* A whole answer of a server that does not stream; the same statuses. NULL where `lines` is
	 * set. */
	exs_status (*whole)(struct answer *a, exs_str body);
	/* Which own flags the server's refusal is about: they are never sent to it again. May be
	 * NULL. */
	uint32_t (*refused)(long http, exs_str body);
};

#endif
