/* SPDX-License-Identifier: MIT */
/*
 * request.h - the body of a response's request, out of the neutral form. Nothing is stored at the
 * server, so each request has the whole transcript. Any thread.
 */
#ifndef MODEL_OPENAI_RESPONSES_REQUEST_H
#define MODEL_OPENAI_RESPONSES_REQUEST_H

#include "../common_model/dialect.h"

enum {
	REQUEST_ENCRYPTED = REQUEST_OWN, /* ask for reasoning that can be sent back */
	REQUEST_ITEMS = REQUEST_OWN << 1 /* send back what an answer's provider holds */
};

/* As dialect.h says. */
exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err);

/*
 * Which of the flags a server refuses: there are models that cannot be asked for encrypted
 * reasoning, and after a fail-over a transcript has some that another server encrypted.
 */
uint32_t request_refused(long http, exs_str body);

/*
 * One neutral message as items of `input`, each with a comma in front; `plain` passes over the
 * answer's provider. False: not in the neutral form.
 */
bool request_message(exs_str message, struct text *out);
bool request_message_plain(exs_str message, struct text *out);

#endif
