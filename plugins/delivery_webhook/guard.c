/* SPDX-License-Identifier: MIT */
/* guard.c - see guard.h. The blocks are those of the IANA special-purpose registries. */
#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct special {
	const char *text, *kind;
};

static const struct special special4[] = {
	{ "0.0.0.0/8", "an unspecified address" },
	{ "10.0.0.0/8", "a private address" },
	{ "100.64.0.0/10", "a shared address" },
	{ "127.0.0.0/8", "a loopback address" },
	{ "169.254.0.0/16", "a link-local address" },
	{ "172.16.0.0/12", "a private address" },
	{ "192.0.0.0/24", "a reserved address" },
	{ "192.0.2.0/24", "a documentation address" },
	{ "192.88.99.0/24", "a reserved address" },
	{ "192.168.0.0/16", "a private address" },
	{ "198.18.0.0/15", "a benchmarking address" },
	{ "198.51.100.0/24", "a documentation address" },
	{ "203.0.113.0/24", "a documentation address" },
	{ "224.0.0.0/4", "a multicast address" },
	{ "240.0.0.0/4", "a reserved address" },
};

static const struct special special6[] = {
	{ "::/128", "an unspecified address" },	    { "::1/128", "a loopback address" },
	{ "64:ff9b:1::/48", "a private address" },  { "100::/64", "a reserved address" },
	{ "2001::/23", "a reserved address" },	    { "2001:db8::/32", "a documentation address" },
	{ "3fff::/20", "a documentation address" }, { "5f00::/16", "a reserved address" },
	{ "fc00::/7", "a private address" },	    { "fe80::/10", "a link-local address" },
	{ "fec0::/10", "a private address" },	    { "ff00::/8", "a multicast address" },
};

/* Blocks of version 6 that carry an address of version 4, and where. */
static const struct {
	const char *text;
	size_t at;
} carriers[] = {
	{ "::ffff:0:0/96", 12 }, { "::/96", 12 }, { "64:ff9b::/96", 12 }, { "2002::/16", 2 }
};

static const unsigned char *bytes_of(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return (const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)
			->sin_addr;
	return (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
}

static bool in_block(const struct block *b, int family, const unsigned char *bytes)
{
	int whole = b->bits / 8, rest = b->bits % 8;

	if (b->family != family || memcmp(b->bytes, bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((b->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

bool block_parse(const char *text, struct block *out)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN], *end;
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	long bits;

	memset(out, 0, sizeof *out);
	if (n >= sizeof address)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(out->family, address, out->bytes) != 1)
		return false;
	out->bits = out->family == AF_INET ? 32 : 128;
	if (!slash)
		return true;
	bits = strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end || bits < 0 || bits > out->bits)
		return false;
	out->bits = (int)bits;
	return true;
}

bool block_has(const struct block *b, const struct sockaddr *sa)
{
	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return false;
	return in_block(b, sa->sa_family, bytes_of(sa));
}

static const char *kind_in(const struct special *list, size_t n, int family,
			   const unsigned char *bytes)
{
	struct block b;
	size_t i;

	for (i = 0; i < n; i++)
		if (block_parse(list[i].text, &b) && in_block(&b, family, bytes))
			return list[i].kind;
	return NULL;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

const char *guard_kind(const struct sockaddr *sa)
{
	const unsigned char *bytes;
	const char *kind;
	struct block b;
	size_t i;

	if (sa->sa_family == AF_INET)
		return kind_in(special4, COUNT(special4), AF_INET, bytes_of(sa));
	if (sa->sa_family != AF_INET6)
		return "no internet address";
	bytes = bytes_of(sa);
	kind = kind_in(special6, COUNT(special6), AF_INET6, bytes);
	for (i = 0; !kind && i < COUNT(carriers); i++)
		if (block_parse(carriers[i].text, &b) && in_block(&b, AF_INET6, bytes))
			return kind_in(special4, COUNT(special4), AF_INET, bytes + carriers[i].at);
	return kind;
}

bool guard_is_loopback(const struct sockaddr *sa)
{
	const char *kind = guard_kind(sa);

	return kind && strcmp(kind, "a loopback address") == 0;
}

void guard_text(const struct sockaddr *sa, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (sa->sa_family == AF_INET || sa->sa_family == AF_INET6)
		inet_ntop(sa->sa_family, bytes_of(sa), text, sizeof text);
	snprintf(out, size, "%s", text);
}
