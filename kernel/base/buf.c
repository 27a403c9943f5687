/* SPDX-License-Identifier: MIT */
/* buf.c - bytes that grow up to a named bound, and JSON strings written into them. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define BUF_FIRST 128u /* most texts of the kernel fit without growing twice */

void buf_init(struct buf *b, size_t max)
{
	b->p = "";
	b->n = 0;
	b->cap = 0;
	b->max = max;
	b->status = EXS_OK;
}

void buf_release(struct buf *b)
{
	if (b->cap)
		free(b->p);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
	b->status = EXS_OK;
}

bool buf_ok(const struct buf *b)
{
	return b->status == EXS_OK;
}

/* Room for n more bytes and the NUL; false after a failure, which sticks. */
static bool reserve(struct buf *b, size_t n)
{
	size_t want = b->cap ? b->cap : BUF_FIRST;
	char *p;

	if (b->status != EXS_OK)
		return false;
	if (b->n > b->max || n > b->max - b->n || b->max > SIZE_MAX / 4) {
		b->status = EXS_TOOBIG;
		return false;
	}
	if (b->cap > b->n + n)
		return true;
	while (want <= b->n + n)
		want *= 2;
	if (want > b->max + 1)
		want = b->max + 1;
	p = realloc(b->cap ? b->p : NULL, want);
	if (!p) {
		b->status = EXS_NOMEM;
		return false;
	}
	b->p = p;
	b->cap = want;
	return true;
}

void buf_put(struct buf *b, const char *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_str(struct buf *b, exs_str s)
{
	buf_put(b, s.p, s.n);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_int(struct buf *b, int64_t v)
{
	char digits[24];
	char *p = digits + sizeof digits;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		*--p = '-';
	buf_put(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		if (b->status == EXS_OK)
			b->status = EXS_INVALID;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_truncate(struct buf *b, size_t n)
{
	assert(n <= b->n);
	b->n = n;
	if (b->cap)
		b->p[n] = '\0';
}

/* ASCII that stands in a JSON string as it is. */
static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* What cannot stand as it is. A NUL has no place in our texts: the gate would refuse it. */
static void put_escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char u[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	switch (c) {
	case '"':
		buf_put(b, "\\\"", 2);
		return;
	case '\\':
		buf_put(b, "\\\\", 2);
		return;
	case '\n':
		buf_put(b, "\\n", 2);
		return;
	case '\r':
		buf_put(b, "\\r", 2);
		return;
	case '\t':
		buf_put(b, "\\t", 2);
		return;
	default:
		break;
	}
	if (c == 0 || c >= 0x80)
		buf_put(b, "\xef\xbf\xbd", 3);
	else
		buf_put(b, u, sizeof u);
}

void buf_json(struct buf *b, exs_str s)
{
	const char *p = s.p, *run = s.p, *end = s.n ? s.p + s.n : s.p;
	size_t len;

	buf_put(b, "\"", 1);
	while (p != end) {
		len = plain((unsigned char)*p) ? 1 : 0;
		if ((unsigned char)*p >= 0x80)
			len = utf8_len(p, end);
		p += len;
		if (len)
			continue;
		buf_put(b, run, (size_t)(p - run));
		put_escape(b, (unsigned char)*p);
		run = ++p;
	}
	buf_put(b, run, (size_t)(p - run));
	buf_put(b, "\"", 1);
}

void buf_jsonz(struct buf *b, const char *s)
{
	buf_json(b, str_of(s));
}

exs_str buf_view(const struct buf *b)
{
	return str_n(b->p, b->n);
}

char *buf_take(struct buf *b)
{
	char *p;

	if (!reserve(b, 0)) {
		buf_release(b);
		return NULL;
	}
	p = b->p;
	p[b->n] = '\0';
	buf_init(b, b->max);
	return p;
}

static exs_status sink_put(exs_sink *sink, const char *p, size_t n)
{
	struct buf *b = ((struct buf_sink *)(void *)sink)->buf;

	buf_put(b, p, n);
	return b->status;
}

exs_sink *buf_sink_init(struct buf_sink *s, struct buf *b)
{
	s->sink.size = (uint32_t)sizeof s->sink;
	s->sink.put = sink_put;
	s->buf = b;
	return &s->sink;
}
