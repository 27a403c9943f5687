/* SPDX-License-Identifier: MIT */
/*
 * json_scan.h - what the gate (json_check.c) and the readers (json_read.c) share. Nobody else
 * includes it.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stdbool.h>
#include <string.h>
#include <executus/bytes.h>

static inline bool json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *json_skip_space(const char *p, const char *end)
{
	while (p != end && json_space(*p))
		p++;
	return p;
}

/* Skips ASCII that may stand in a string as it is; stops at ", \, a control character or a byte >=
 * 0x80. */
static inline const char *json_skip_plain(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t w, quote, slash, stop;

	while ((size_t)(end - p) >= sizeof w) {
		memcpy(&w, p, sizeof w);
		quote = w ^ (ones * '"');
		slash = w ^ (ones * '\\');
		/* A borrow can mark a byte too many behind the first hit; the loop below finds the
		 * truth. */
		stop = (w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & tops;
		if (stop)
			break;
		p += sizeof w;
	}
	while (p != end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
	       *p != '\\')
		p++;
	return p;
}

/*
 * Reads one byte or one escape inside a string's quotes into out and moves *p behind it. 0: not an
 * escape that the gate takes (unknown letter, lone surrogate, \u0000), or a bare control character.
 */
size_t json_unescape(const char **p, const char *end, char out[4]);

/* Compares two texts between their quotes, decoded: < 0, 0, > 0. */
int json_key_order(exs_str a, exs_str b);

#endif
