/* SPDX-License-Identifier: MIT */
/* send.h - one POST: over TLS unless it stays on this machine, never redirected, to where the
 * settings allow. */
#ifndef WEBHOOK_SEND_H
#define WEBHOOK_SEND_H

#include <executus/cancel.h>

#include "settings.h"

#define URL_MAX	   4096u
#define ANSWER_MAX 512u /* bytes of an answer that are kept, for the sentence */

struct letter {
	const char *url;
	const char *id;
	int64_t seconds; /* since 1970: part of what is signed */
	const char *signature;
	exs_str body;
};

/*
 * OK: it is theirs, and *code the 2xx they said. Else the sentence; class TRANSIENT: try again,
 * `retry_after_ms` when they asked for it; CANCELLED: the token fired. *code is 0 when there was no
 * answer.
 */
exs_status send_letter(const struct settings *set, const struct letter *l, exs_cancel *cancel,
		       long *code, exs_err *err);

#endif
