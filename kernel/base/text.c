/* SPDX-License-Identifier: MIT */
/* text.c - views, UTF-8, text that is safe on a terminal, and the word that was probably meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

exs_str str_of(const char *s)
{
	return str_n(s, s ? strlen(s) : 0);
}

exs_str str_n(const char *p, size_t n)
{
	exs_str s = { p, n };

	return s;
}

bool str_eq(exs_str a, exs_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(exs_str a, const char *b)
{
	return str_eq(a, str_of(b));
}

bool str_starts(exs_str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

char *str_dup(exs_str s)
{
	char *p = malloc(s.n + 1);

	if (!p)
		return NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

exs_str str_trim(exs_str s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* ---- UTF-8 ---- */

/* The second byte is where overlong forms, surrogates and code points over U+10FFFF show. */
static bool second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return (second & 0xc0) == 0x80;
	}
}

size_t utf8_len(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n;

	if (p == end)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if ((size_t)(end - p) < n || !second_ok(u[0], u[1]))
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t utf8_bad(const char *p, size_t n)
{
	size_t i = 0, len;
	uint64_t word;

	while (i < n) {
		while (n - i >= sizeof word) {
			memcpy(&word, p + i, sizeof word);
			if (word & 0x8080808080808080u)
				break;
			i += sizeof word;
		}
		if (i == n)
			break;
		len = utf8_len(p + i, p + n);
		if (!len)
			return i;
		i += len;
	}
	return n;
}

bool utf8_ok(exs_str s)
{
	return utf8_bad(s.p, s.n) == s.n;
}

size_t utf8_cut(exs_str s, size_t max)
{
	size_t n = max, back = 0;

	if (max >= s.n)
		return s.n;
	while (n && back < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80) {
		n--;
		back++;
	}
	/* A stray tail byte starts nothing that could be cut. */
	return utf8_len(s.p + n, s.p + s.n) > max - n ? n : max;
}

/* ---- terminals ---- */

static uint32_t code_point(const unsigned char *u, size_t len)
{
	switch (len) {
	case 1:
		return u[0];
	case 2:
		return ((uint32_t)(u[0] & 0x1f) << 6) | (u[1] & 0x3fu);
	case 3:
		return ((uint32_t)(u[0] & 0x0f) << 12) | ((uint32_t)(u[1] & 0x3f) << 6) |
		       (u[2] & 0x3fu);
	default:
		return ((uint32_t)(u[0] & 0x07) << 18) | ((uint32_t)(u[1] & 0x3f) << 12) |
		       ((uint32_t)(u[2] & 0x3f) << 6) | (u[3] & 0x3fu);
	}
}

/* Characters that act on a terminal or hide what a person believes to read. */
static bool hostile(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x0000, 0x001f }, /* C0 */
		{ 0x007f, 0x009f }, /* DEL and C1: 0x9b starts an escape sequence */
		{ 0x061c, 0x061c }, /* direction mark */
		{ 0x200b,
		  0x200b }, /* zero width space; the joiners next to it are part of scripts */
		{ 0x200e, 0x200f },   /* direction marks */
		{ 0x2028, 0x202e },   /* line separators, direction overrides */
		{ 0x2060, 0x206f },   /* invisible operators, direction isolates */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff9, 0xfffb },   /* annotations */
		{ 0xe0000, 0xe007f }, /* tags: invisible ASCII */
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

size_t text_piece(exs_str s, size_t *at, char out[TEXT_PIECE_MAX])
{
	const char *p = s.p + *at;
	size_t len = utf8_len(p, s.p + s.n);
	uint32_t c = len ? code_point((const unsigned char *)p, len) : (unsigned char)*p;

	*at += len ? len : 1;
	if (len && !hostile(c)) {
		memcpy(out, p, len);
		return len;
	}
	if (!len || c < 0x80)
		return (size_t)snprintf(out, TEXT_PIECE_MAX, "\\x%02x", (unsigned)(c & 0xff));
	return (size_t)snprintf(out, TEXT_PIECE_MAX, c > 0xffff ? "\\U%08x" : "\\u%04x",
				(unsigned)c);
}

void text_for_terminal(struct buf *out, exs_str s)
{
	char piece[TEXT_PIECE_MAX];
	size_t at = 0, run;

	while (at < s.n && buf_ok(out)) {
		for (run = at; run < s.n; run++) {
			unsigned char c = (unsigned char)s.p[run];

			if ((c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f)
				break;
		}
		buf_put(out, s.p + at, run - at);
		at = run;
		if (at < s.n)
			buf_put(out, piece, text_piece(s, &at, piece));
	}
}

void text_one_line(struct buf *out, exs_str s, size_t max)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	const size_t dots = sizeof ellipsis - 1, start = out->n;
	char piece[TEXT_PIECE_MAX];
	size_t at = 0, n, safe = start; /* safe: where a cut leaves room for the ellipsis */

	while (at < s.n && buf_ok(out)) {
		if (s.p[at] == '\n' || s.p[at] == '\t' || s.p[at] == '\r') {
			piece[0] = ' ';
			n = 1;
			at++;
		} else {
			n = text_piece(s, &at, piece);
		}
		if (out->n - start + n > max) {
			buf_truncate(out, safe);
			if (dots <= max)
				buf_put(out, ellipsis, dots);
			return;
		}
		buf_put(out, piece, n);
		if (out->n - start + dots <= max)
			safe = out->n;
	}
}

/* ---- what was meant ---- */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][SUGGEST_WORD_MAX + 1];
	unsigned *two = rows[0], *one = rows[1], *now = rows[2], *old;

	for (size_t j = 0; j <= nb; j++)
		one[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);

			now[j] = least(least(one[j], now[j - 1]) + 1, one[j - 1] + cost);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = least(now[j], two[j - 2] + 1);
		}
		old = two;
		two = one;
		one = now;
		now = old;
	}
	return one[nb];
}

const char *suggest(const char *word, const char *const *words)
{
	const char *best = NULL;
	unsigned best_distance = 0;
	size_t n = strlen(word);

	if (n == 0 || n > SUGGEST_WORD_MAX)
		return NULL;
	for (; *words; words++) {
		size_t m = strlen(*words), longer = n > m ? n : m;
		unsigned d;

		if (m == 0 || m > SUGGEST_WORD_MAX)
			continue;
		d = distance(word, n, *words, m);
		if (d > (longer + 1) / 3 || (best && d >= best_distance))
			continue;
		best = *words;
		best_distance = d;
	}
	return best;
}
