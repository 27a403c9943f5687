/* SPDX-License-Identifier: MIT */
/* out.c - see out.h. */
#include "out.h"

void out_init(struct out *o, size_t max)
{
	exs_membuf_init(&o->buf, max);
	o->status = EXS_OK;
}

void out_release(struct out *o)
{
	exs_membuf_release(&o->buf);
}

void out_put(struct out *o, const char *p, size_t n)
{
	if (o->status == EXS_OK)
		o->status = exs_membuf_put(&o->buf.sink, p, n);
}

void out_puts(struct out *o, const char *s)
{
	out_put(o, s, strlen(s));
}

size_t utf8_length(const char *p, size_t n)
{
	const unsigned char *b = (const unsigned char *)p;
	/* The least and greatest second byte keep overlong forms, surrogates and too great numbers
	 * out. */
	unsigned char least = 0x80, most = 0xbf;
	size_t want = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	size_t i;

	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4 || n < want)
		return 0;
	if (b[0] == 0xe0)
		least = 0xa0;
	if (b[0] == 0xed)
		most = 0x9f;
	if (b[0] == 0xf0)
		least = 0x90;
	if (b[0] == 0xf4)
		most = 0x8f;
	if (b[1] < least || b[1] > most)
		return 0;
	for (i = 2; i < want; i++)
		if (b[i] < 0x80 || b[i] > 0xbf)
			return 0;
	return want;
}

/* Writes the escape of a character that cannot stand in a JSON string as it is. */
static void escape_one(struct out *o, unsigned char c)
{
	static const char letters[] = "b\bf\fn\nr\rt\t\"\"\\\\";
	char text[8];
	size_t i;

	for (i = 0; i + 1 < sizeof letters; i += 2)
		if ((unsigned char)letters[i + 1] == c) {
			text[0] = '\\';
			text[1] = letters[i];
			out_put(o, text, 2);
			return;
		}
	snprintf(text, sizeof text, "\\u%04x", c);
	out_puts(o, text);
}

void out_escape(struct out *o, const char *p, size_t n)
{
	size_t i, from = 0;

	for (i = 0; i < n;) {
		unsigned char c = (unsigned char)p[i];
		size_t length = utf8_length(p + i, n - i);

		if (length && c >= 0x20 && c != '"' && c != '\\') {
			i += length;
			continue;
		}
		out_put(o, p + from, i - from);
		if (length)
			escape_one(o, c);
		else
			out_puts(o, "\xef\xbf\xbd");
		from = ++i;
	}
	if (n > from)
		out_put(o, p + from, n - from);
}

void out_json(struct out *o, const char *p, size_t n)
{
	out_put(o, "\"", 1);
	out_escape(o, p, n);
	out_put(o, "\"", 1);
}

const char *out_text(const struct out *o)
{
	return o->buf.p ? o->buf.p : "";
}

char *out_take(struct out *o, size_t *n)
{
	char *p;

	out_put(o, "", 0); /* so that even nothing is memory with a NUL */
	if (o->status)
		return NULL;
	p = o->buf.p;
	if (n)
		*n = o->buf.n;
	o->buf.p = NULL;
	o->buf.n = o->buf.cap = 0;
	return p;
}

void text_repair(char *text)
{
	size_t n = strlen(text);

	while (n) {
		size_t length = utf8_length(text, n);

		if (length == 0) {
			*text = '?';
			length = 1;
		}
		text += length;
		n -= length;
	}
}
