/* SPDX-License-Identifier: MIT */
/* line.c - facts as JSON text; see line.h. Knows nothing of files. */
#include "line.h"

#include <inttypes.h>
#include <time.h>

static exs_status put(exs_membuf *b, const char *text)
{
	return exs_membuf_put(&b->sink, text, strlen(text));
}

static exs_status put_int(exs_membuf *b, const char *key, int64_t v)
{
	char text[64];

	snprintf(text, sizeof text, ",\"%s\":%" PRId64, key, v);
	return put(b, text);
}

/* Length of the UTF-8 character at p, 0 when there is none. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
	unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	size_t want, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < want || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < want; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return want;
}

static int is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character that is not plain: as it is, escaped, or replaced when it is none. */
static exs_status put_odd(exs_membuf *b, const char *p, size_t len)
{
	char esc[8];

	if (len == 0)
		return put(b, "\xef\xbf\xbd");
	if (len > 1)
		return exs_membuf_put(&b->sink, p, len);
	snprintf(esc, sizeof esc, "\\u%04x", (unsigned)(unsigned char)*p);
	return put(b, esc);
}

exs_status line_text(exs_membuf *b, const char *key, exs_str text)
{
	exs_status s = put(b, key);
	size_t i = 0, from, len;

	while (s == EXS_OK && i < text.n) {
		for (from = i; i < text.n && is_plain((unsigned char)text.p[i]); i++)
			;
		s = exs_membuf_put(&b->sink, text.p + from, i - from);
		if (s != EXS_OK || i == text.n)
			break;
		len = utf8_len((const unsigned char *)text.p + i, text.n - i);
		s = put_odd(b, text.p + i, len);
		i += len ? len : 1;
	}
	return s == EXS_OK ? put(b, "\"") : s;
}

/* "2026-01-31T12:00:00.123Z"; a time that no calendar holds is shown as 1970. */
static exs_status put_time(exs_membuf *b, int64_t at_ms)
{
	char text[64];
	struct tm tm;
	int64_t ms = at_ms % 1000;
	time_t seconds = (time_t)(at_ms / 1000);

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || tm.tm_year > 8099 || tm.tm_year < -1900) {
		seconds = 0;
		ms = 0;
		gmtime_r(&seconds, &tm);
	}
	snprintf(text, sizeof text, ",\"at\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (int)ms);
	return put(b, text);
}

static exs_status put_kind(exs_membuf *b, int32_t kind)
{
	char text[64];

	switch (kind) {
#define EXS_X(name, number, word)                                                                  \
	case number:                                                                               \
		return put(b, ",\"kind\":\"" word "\"");
		EXS_FACT_LIST(EXS_X)
#undef EXS_X
	default:
		snprintf(text, sizeof text, ",\"kind\":\"fact_%d\"", (int)kind);
		return put(b, text);
	}
}

static exs_status put_usage(exs_membuf *b, const exs_usage *u)
{
	char text[320];

	snprintf(text, sizeof text,
		 ",\"usage\":{\"in_tokens\":%" PRId64 ",\"cache_read_tokens\":%" PRId64
		 ",\"cache_write_tokens\":%" PRId64 ",\"out_tokens\":%" PRId64
		 ",\"reasoning_tokens\":%" PRId64 ",\"cost_micro\":%" PRId64 ",\"estimated\":%u}",
		 u->in_tokens, u->cache_read_tokens, u->cache_write_tokens, u->out_tokens,
		 u->reasoning_tokens, u->cost_micro, u->estimated ? 1u : 0u);
	return put(b, text);
}

/*
 * The body is JSON that was checked. Between its tokens it may hold newlines, which would end the
 * line; inside of its texts it cannot, so every control character is white space.
 */
static exs_status put_body(exs_membuf *b, exs_str body)
{
	exs_status s = put(b, ",\"body\":");
	size_t at, i;

	if (s != EXS_OK)
		return s;
	if (body.n == 0)
		return put(b, "{}");
	at = b->n;
	s = exs_membuf_put(&b->sink, body.p, body.n);
	for (i = at; s == EXS_OK && i < b->n; i++)
		if ((unsigned char)b->p[i] < 0x20)
			b->p[i] = ' ';
	return s;
}

exs_status line_of(exs_membuf *out, const char *run_id, const exs_fact *fact)
{
	exs_status s = line_text(out, "{\"run\":\"", exs_cstr(run_id));

	if (s == EXS_OK)
		s = put_int(out, "seq", fact->seq);
	if (s == EXS_OK)
		s = put_time(out, fact->at_ms);
	if (s == EXS_OK)
		s = put_kind(out, fact->kind);
	if (s == EXS_OK)
		s = put_int(out, "step", fact->step);
	if (s == EXS_OK)
		s = put_int(out, "attempt", fact->attempt);
	if (s == EXS_OK && fact->call_id.n)
		s = line_text(out, ",\"call\":\"", fact->call_id);
	if (s == EXS_OK && fact->name.n)
		s = line_text(out, ",\"name\":\"", fact->name);
	if (s == EXS_OK && fact->usage)
		s = put_usage(out, fact->usage);
	if (s == EXS_OK)
		s = put_body(out, fact->body);
	return s == EXS_OK ? put(out, "}\n") : s;
}
