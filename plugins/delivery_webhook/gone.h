/* SPDX-License-Identifier: MIT */
/*
 * gone.h - receivers that answered 410: they do not want to hear from us any more.
 *
 * A row "gone/SHA-256 of the URL" for each, kept in the store; without one, in nothing. It holds
 * for a time, for a receiver may come back under its old address.
 */
#ifndef WEBHOOK_GONE_H
#define WEBHOOK_GONE_H

#include <stdbool.h>

#include <executus/host.h>
#include <executus/svc/store.h>

/* Since when, wall clock, and still for `for_ms`; 0: it is not. A row that cannot be read holds
 * nobody up. */
int64_t gone_since(const exs_host *host, const exs_store_svc *store, const char *url,
		   int64_t for_ms);
/* It is from now on. A failure is logged: then it is asked again. */
void gone_put(const exs_host *host, const exs_store_svc *store, const char *url);

#endif
