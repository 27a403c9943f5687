/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd"

void text_init(struct text *t, size_t max)
{
	exs_membuf_init(&t->mem, max);
	t->status = EXS_OK;
}

void text_release(struct text *t)
{
	exs_membuf_release(&t->mem);
	t->status = EXS_OK;
}

void text_clear(struct text *t)
{
	t->mem.n = 0;
	t->status = EXS_OK;
}

exs_str text_view(const struct text *t)
{
	return exs_bytes(t->mem.n ? t->mem.p : "", t->mem.n);
}

void text_inherit(struct text *out, const struct text *side)
{
	if (side->status && !out->status)
		out->status = side->status;
}

void text_add(struct text *t, const char *p, size_t n)
{
	if (n && t->status == EXS_OK)
		t->status = exs_membuf_put(&t->mem.sink, p, n);
}

void text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_add_int(struct text *t, int64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%lld", (long long)v);

	text_add(t, digits, (size_t)n);
}

void text_add_json(struct text *t, exs_str s)
{
	size_t i, from = 0;

	text_add(t, "\"", 1);
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char code[8];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		text_add(t, s.p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			snprintf(code, sizeof code, "\\%c", c);
		else if (c == '\n')
			snprintf(code, sizeof code, "\\n");
		else
			snprintf(code, sizeof code, "\\u%04x", c);
		text_adds(t, code);
	}
	text_add(t, s.n ? s.p + from : "", s.n - from);
	text_add(t, "\"", 1);
}

void text_add_rune(struct text *t, uint32_t rune)
{
	char b[4];
	size_t n = 0;

	if (rune < 0x80) {
		b[n++] = (char)rune;
	} else if (rune < 0x800) {
		b[n++] = (char)(0xc0 | rune >> 6);
		b[n++] = (char)(0x80 | (rune & 0x3f));
	} else if (rune < 0x10000) {
		b[n++] = (char)(0xe0 | rune >> 12);
		b[n++] = (char)(0x80 | (rune >> 6 & 0x3f));
		b[n++] = (char)(0x80 | (rune & 0x3f));
	} else {
		b[n++] = (char)(0xf0 | rune >> 18);
		b[n++] = (char)(0x80 | (rune >> 12 & 0x3f));
		b[n++] = (char)(0x80 | (rune >> 6 & 0x3f));
		b[n++] = (char)(0x80 | (rune & 0x3f));
	}
	text_add(t, b, n);
}

/* How many bytes the character that starts with `c` has; 0: none starts so. */
static size_t length_of(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Decodes one character, surrogate halves included; returns its length, 0 when it is broken. */
static size_t decode(const unsigned char *p, size_t n, uint32_t *rune)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = length_of(p[0]), i;
	uint32_t r;

	if (len == 0 || len > n)
		return 0;
	r = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		r = r << 6 | (p[i] & 0x3f);
	}
	if (r < least[len] || r > 0x10ffff)
		return 0;
	*rune = r;
	return len;
}

static bool is_high(uint32_t r)
{
	return r >= 0xd800 && r < 0xdc00;
}

static bool is_low(uint32_t r)
{
	return r >= 0xdc00 && r < 0xe000;
}

size_t text_add_repaired(struct text *t, exs_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, from = 0, bad = 0;

	while (i < s.n) {
		uint32_t r = 0, second = 0;
		size_t len = decode(p + i, s.n - i, &r);

		if (len && r && !is_high(r) && !is_low(r)) {
			i += len;
			continue;
		}
		text_add(t, s.p + from, i - from);
		if (len && is_high(r) && s.n - i >= 6 && decode(p + i + 3, 3, &second) &&
		    is_low(second)) {
			text_add_rune(t, 0x10000 + ((r - 0xd800) << 10) + (second - 0xdc00));
			i += 6;
		} else {
			text_adds(t, REPLACEMENT);
			i += len ? len : 1;
			bad++;
		}
		from = i;
	}
	if (s.n > from)
		text_add(t, s.p + from, s.n - from);
	return bad;
}

size_t text_whole(exs_str s)
{
	size_t n = s.n, back;

	for (back = 1; back <= 3 && back <= n; back++) {
		size_t len = length_of((unsigned char)s.p[n - back]);

		if (len == 0)
			continue;
		if (len > back)
			n -= back;
		break;
	}
	/* A high half waits for its low one: ED A0..AF xx. */
	if (n >= 3 && (unsigned char)s.p[n - 3] == 0xed && (s.p[n - 2] & 0xf0) == 0xa0)
		n -= 3;
	return n;
}
