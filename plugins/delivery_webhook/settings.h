/* SPDX-License-Identifier: MIT */
/* settings.h - the options of a webhook, read and checked once. */
#ifndef WEBHOOK_SETTINGS_H
#define WEBHOOK_SETTINGS_H

#include <executus/battery.h>

#include "guard.h"
#include "sign.h"

#define ALLOW_MAX 64
#define HOST_MAX  254u

struct settings {
	struct key keys[2]; /* the second one is the old one */
	struct block blocks[ALLOW_MAX];
	char (*hosts)[HOST_MAX]; /* lower case */
	size_t block_n, host_n;
	int64_t timeout_ms, connect_ms, max_body, gone_ms;
	char *link, *ca, *proxy, *agent; /* never NULL */
	bool any;			 /* private addresses everywhere */
};

extern const exs_option webhook_options[];

exs_status settings_read(const exs_host *host, const exs_conf *conf, struct settings *out,
			 exs_err *err);
void settings_release(struct settings *s);
/* Is that host named in `allow`? */
bool settings_allow_host(const struct settings *s, const char *host);
bool settings_allow_address(const struct settings *s, const struct sockaddr *sa);

#endif
