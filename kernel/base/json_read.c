/* SPDX-License-Identifier: MIT */
/* json_read.c - members, items and texts as spans of checked JSON; total on anything else. */
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/text.h"

/* ---- escapes ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits behind "\u"; -1 when they are not there. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t v = 0;
	int digit;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		digit = hex_digit(p[i]);
		if (digit < 0)
			return -1;
		v = v * 16 + digit;
	}
	return v;
}

static size_t put_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static size_t unescape_u(const char **p, const char *end, char out[4])
{
	int32_t c = hex4(*p, end), low;

	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return 0;
	if (c < 0xd800 || c > 0xdbff) {
		*p += 6;
		return put_utf8((uint32_t)c, out);
	}
	low = hex4(*p + 6, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*p += 12;
	return put_utf8(0x10000u + ((uint32_t)(c - 0xd800) << 10) + (uint32_t)(low - 0xdc00), out);
}

size_t json_unescape(const char **p, const char *end, char out[4])
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *s = *p, *found;

	if (s == end || (unsigned char)*s < 0x20)
		return 0;
	if (*s != '\\') {
		out[0] = *s;
		*p = s + 1;
		return 1;
	}
	if (end - s < 2 || !s[1])
		return 0;
	if (s[1] == 'u')
		return unescape_u(p, end, out);
	found = strchr(letters, s[1]);
	if (!found)
		return 0;
	out[0] = meanings[found - letters];
	*p = s + 2;
	return 1;
}

/* Decoded bytes of a name, one at a time. */
struct bytes {
	const char *p, *end;
	char out[4];
	size_t n, i;
};

/* -1 at the end, or where the escapes are broken. */
static int next_byte(struct bytes *b)
{
	if (b->i == b->n) {
		b->n = json_unescape(&b->p, b->end, b->out);
		b->i = 0;
	}
	return b->n ? (unsigned char)b->out[b->i++] : -1;
}

int json_key_order(exs_str a, exs_str b)
{
	struct bytes x = { a.p, a.p + a.n, { 0 }, 0, 0 }, y = { b.p, b.p + b.n, { 0 }, 0, 0 };
	int c, d;

	do {
		c = next_byte(&x);
		d = next_byte(&y);
	} while (c == d && c >= 0);
	return c - d;
}

/* ---- spans ---- */

/* Behind the closing quote of the string that begins at p; NULL when it does not end. */
static const char *string_skip(const char *p, const char *end)
{
	for (p++; p != end;) {
		p = json_skip_plain(p, end);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && ++p == end)
			return NULL;
		p++;
	}
	return NULL;
}

/* Counts brackets: which closes which was the gate's question. */
static const char *container_skip(const char *p, const char *end)
{
	size_t depth = 0;

	while (p != end) {
		switch (*p) {
		case '"':
			p = string_skip(p, end);
			if (!p)
				return NULL;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default:
			break;
		}
		p++;
	}
	return NULL;
}

static bool word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '+' || c == '.';
}

/* Behind the value that begins at p; NULL when none does. */
static const char *value_skip(const char *p, const char *end)
{
	const char *from = p;

	if (p == end)
		return NULL;
	if (*p == '"')
		return string_skip(p, end);
	if (*p == '{' || *p == '[')
		return container_skip(p, end);
	while (p != end && word_byte(*p))
		p++;
	return p == from ? NULL : p;
}

static exs_str trim(exs_str s)
{
	while (s.n && json_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && json_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

enum json_type json_type(exs_str value)
{
	if (!value.n)
		return JSON_BAD;
	switch (value.p[0]) {
	case 'n':
		return JSON_NULL;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case '"':
		return JSON_STRING;
	case '[':
		return JSON_ARRAY;
	case '{':
		return JSON_OBJECT;
	default:
		break;
	}
	return value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9') ? JSON_NUMBER
									     : JSON_BAD;
}

/* ---- walking ---- */

void json_iter_init(struct json_iter *it, exs_str value)
{
	exs_str s = trim(value);
	enum json_type type = json_type(s);

	it->p = s.n ? s.p : "";
	it->end = it->p + s.n;
	it->object = type == JSON_OBJECT;
	it->first = true;
	it->bad = s.n < 2 || (type != JSON_OBJECT && type != JSON_ARRAY);
	if (it->bad)
		it->p = it->end;
	else
		it->p++;
}

static bool broken(struct json_iter *it)
{
	it->bad = true;
	it->p = it->end;
	return false;
}

bool json_next(struct json_iter *it, exs_str *key, exs_str *value)
{
	const char *p = it->p, *from;
	exs_str name = { NULL, 0 };

	if (p == it->end)
		return false;
	p = json_skip_space(p, it->end);
	if (p == it->end)
		return broken(it);
	if (*p == (it->object ? '}' : ']')) {
		it->p = it->end;
		it->bad = p + 1 != it->end;
		return false;
	}
	if (!it->first) {
		if (*p != ',')
			return broken(it);
		p = json_skip_space(p + 1, it->end);
	}
	if (it->object) {
		from = p;
		p = p != it->end && *p == '"' ? string_skip(p, it->end) : NULL;
		if (!p)
			return broken(it);
		name = str_n(from, (size_t)(p - from));
		p = json_skip_space(p, it->end);
		if (p == it->end || *p != ':')
			return broken(it);
		p = json_skip_space(p + 1, it->end);
	}
	from = p;
	p = value_skip(p, it->end);
	if (!p || p == it->end) /* the closing bracket at least must follow */
		return broken(it);
	it->first = false;
	it->p = p;
	if (key)
		*key = name;
	if (value)
		*value = str_n(from, (size_t)(p - from));
	return true;
}

/* ---- reading ---- */

static bool name_is(exs_str quoted, exs_str key)
{
	exs_str name = { quoted.p + 1, quoted.n - 2 };
	struct bytes b = { name.p, name.p + name.n, { 0 }, 0, 0 };

	if (!name.n || !memchr(name.p, '\\', name.n))
		return str_eq(name, key);
	for (size_t i = 0; i < key.n; i++)
		if (next_byte(&b) != (unsigned char)key.p[i])
			return false;
	return b.p == b.end && b.i == b.n;
}

exs_status json_get(exs_str object, const char *key, exs_str *value)
{
	exs_str want = str_of(key), name, found;
	struct json_iter it;

	json_iter_init(&it, object);
	if (it.bad || !it.object)
		return EXS_INVALID;
	while (json_next(&it, &name, &found)) {
		if (!name_is(name, want))
			continue;
		*value = found;
		return EXS_OK;
	}
	return it.bad ? EXS_INVALID : EXS_NOTFOUND;
}

static bool get_as(exs_str object, const char *key, enum json_type type, exs_str *out)
{
	exs_str value;

	if (json_get(object, key, &value) != EXS_OK || json_type(value) != type)
		return false;
	*out = value;
	return true;
}

bool json_int(exs_str value, int64_t *out)
{
	exs_str s = trim(value);
	bool minus = s.n && s.p[0] == '-';
	size_t i = minus ? 1 : 0;
	uint64_t v = 0, limit = (uint64_t)INT64_MAX + (minus ? 1 : 0);

	if (i == s.n || (s.p[i] == '0' && s.n > i + 1))
		return false;
	for (; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9 || v > (limit - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool json_get_int(exs_str object, const char *key, int64_t *out)
{
	exs_str value;

	return get_as(object, key, JSON_NUMBER, &value) && json_int(value, out);
}

bool json_get_bool(exs_str object, const char *key, bool *out)
{
	exs_str value;

	if (json_get(object, key, &value) != EXS_OK)
		return false;
	if (!str_is(value, "true") && !str_is(value, "false"))
		return false;
	*out = value.p[0] == 't';
	return true;
}

bool json_get_object(exs_str object, const char *key, exs_str *out)
{
	return get_as(object, key, JSON_OBJECT, out);
}

bool json_get_array(exs_str object, const char *key, exs_str *out)
{
	return get_as(object, key, JSON_ARRAY, out);
}

exs_status json_text(exs_str value, struct buf *out)
{
	exs_str s = trim(value);
	const char *p, *end, *run;
	const size_t before = out->n;
	char piece[4];
	size_t n;

	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return EXS_INVALID;
	end = s.p + s.n - 1;
	for (p = s.p + 1; p != end;) {
		run = p;
		while (p != end && *p != '\\' && *p != '"' && (unsigned char)*p >= 0x20)
			p++;
		buf_put(out, run, (size_t)(p - run));
		if (p == end)
			break;
		n = *p == '"' ? 0 : json_unescape(&p, end, piece);
		if (!n) {
			buf_truncate(out, before);
			return EXS_INVALID;
		}
		buf_put(out, piece, n);
	}
	if (!buf_ok(out))
		buf_truncate(out, before);
	return out->status;
}

bool json_get_text(exs_str object, const char *key, struct buf *out)
{
	exs_str value;

	return get_as(object, key, JSON_STRING, &value) && json_text(value, out) == EXS_OK;
}

char *json_get_textz(exs_str object, const char *key, size_t max)
{
	struct buf b;
	char *text;

	buf_init(&b, max);
	text = json_get_text(object, key, &b) ? buf_take(&b) : NULL;
	buf_release(&b);
	return text;
}
