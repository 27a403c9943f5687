/* SPDX-License-Identifier: MIT */
/*
 * guard.h - where a webhook may connect to. Looked at when the socket is opened, with the final
 * address, so a name that resolves to something else the second time cannot pass.
 */
#ifndef WEBHOOK_GUARD_H
#define WEBHOOK_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

#include <executus/status.h>

/* What kind of address that is: NULL for a public one, else "a loopback address", "a private
 * address" ... */
const char *guard_kind(const struct sockaddr *sa);
bool guard_is_loopback(const struct sockaddr *sa);
/* "192.0.2.1", "2001:db8::1". */
void guard_text(const struct sockaddr *sa, char *out, size_t size);

/* A block of addresses. */
struct block {
	unsigned char bytes[16];
	int family, bits;
};

/* "10.0.0.0/8", "::1", "127.0.0.1"; false: it is none. */
bool block_parse(const char *text, struct block *out);
bool block_has(const struct block *b, const struct sockaddr *sa);

#endif
