/* SPDX-License-Identifier: MIT */
/* key.c - see key.h. */
#include "key.h"

int run_id_ok(const char *id)
{
	static const char ok[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = strspn(id, ok);

	return n > 0 && n <= RUN_ID_MAX && id[n] == '\0';
}

exs_str key_make(struct key *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	k->n = (size_t)vsnprintf(k->p, sizeof k->p, fmt, ap);
	va_end(ap);
	return exs_bytes(k->p, k->n);
}
