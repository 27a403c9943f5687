/* SPDX-License-Identifier: MIT */
/* schema_value.c - see schema_value.h. */
#include "base/schema_value.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

bool effort_spend(struct effort *e, uint64_t bytes)
{
	if (bytes > e->left) {
		e->left = 0;
		return false;
	}
	e->left -= bytes;
	return true;
}

/* ---- numbers ---- */

/* From the first digit that is not 0 to the last one; a point may stand between them. */
struct decimal {
	int sign; /* 0: the number is 0 */
	const char *p, *end;
	int64_t first, last; /* powers of ten of these two digits */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* From behind the 'e'. */
static int64_t read_exponent(const char *p, const char *end)
{
	bool minus = p != end && *p == '-';
	int64_t v = 0;

	if (p != end && (*p == '-' || *p == '+'))
		p++;
	for (; p != end && is_digit(*p) && v < VALUE_EXPONENT_MAX; p++)
		v = v * 10 + (*p - '0');
	if (v > VALUE_EXPONENT_MAX)
		v = VALUE_EXPONENT_MAX;
	return minus ? -v : v;
}

static struct decimal read_decimal(exs_str s)
{
	const char *p = s.n ? s.p : "", *end = p + s.n, *point = NULL, *first = NULL, *last = NULL;
	struct decimal d = { 0, p, p, 0, 0 };
	int sign = 1;

	if (p != end && *p == '-') {
		sign = -1;
		p++;
	}
	for (; p != end && (is_digit(*p) || *p == '.'); p++) {
		if (*p == '.') {
			point = p;
			continue;
		}
		if (*p == '0')
			continue;
		if (!first)
			first = p;
		last = p;
	}
	if (!first)
		return d;
	if (!point)
		point = p;
	d.sign = sign;
	d.p = first;
	d.end = last + 1;
	d.first = point - first - (first < point);
	d.last = point - last - (last < point);
	if (p != end && (*p == 'e' || *p == 'E')) {
		int64_t exponent = read_exponent(p + 1, end);

		d.first += exponent;
		d.last += exponent;
	}
	return d;
}

/* -1 behind the last one. */
static int next_digit(struct decimal *d)
{
	if (d->p != d->end && *d->p == '.')
		d->p++;
	return d->p == d->end ? -1 : *d->p++ - '0';
}

static int order_of(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int value_order(exs_str a, exs_str b)
{
	struct decimal x = read_decimal(a), y = read_decimal(b);
	int c, d;

	if (x.sign != y.sign || x.sign == 0)
		return order_of(x.sign, y.sign);
	if (x.first != y.first)
		return x.sign * order_of(x.first, y.first);
	do {
		c = next_digit(&x);
		d = next_digit(&y);
	} while (c == d && c >= 0);
	/* Neither ends in a 0, so the one that goes on is the greater. */
	return x.sign * order_of(c, d);
}

bool value_is_whole(exs_str number)
{
	struct decimal d = read_decimal(number);

	return d.sign == 0 || d.last >= 0;
}

/* ---- texts ---- */

static bool same_text(struct effort *e, exs_str a, exs_str b)
{
	struct buf x, y;
	bool same;

	if (!memchr(a.p, '\\', a.n) && !memchr(b.p, '\\', b.n))
		return str_eq(a, b);
	if (!effort_spend(e, (uint64_t)a.n + b.n))
		return false;
	buf_init(&x, a.n);
	buf_init(&y, b.n);
	same = json_text(a, &x) == EXS_OK && json_text(b, &y) == EXS_OK &&
	       str_eq(buf_view(&x), buf_view(&y));
	if (x.status == EXS_NOMEM || y.status == EXS_NOMEM)
		e->no_memory = true;
	buf_release(&x);
	buf_release(&y);
	return same;
}

/* Bytes of the escape at p[i]; \ud800 to \udbff and the escape behind it are one character. */
static size_t escape_bytes(exs_str text, size_t i)
{
	if (i + 3 >= text.n || text.p[i + 1] != 'u')
		return 2;
	if (text.p[i + 2] != 'd' && text.p[i + 2] != 'D')
		return 6;
	return memchr("89abAB", text.p[i + 3], 6) ? 12 : 6;
}

uint64_t value_chars(exs_str text)
{
	uint64_t n = 0;

	for (size_t i = 1; i + 1 < text.n; n++) {
		if (text.p[i] == '\\') {
			i += escape_bytes(text, i);
			continue;
		}
		do
			i++;
		while (i + 1 < text.n && ((unsigned char)text.p[i] & 0xc0) == 0x80);
	}
	return n;
}

/* ---- containers ---- */

uint64_t value_count(exs_str container)
{
	struct json_iter it;
	uint64_t n = 0;

	for (json_iter_init(&it, container); json_next(&it, NULL, NULL);)
		n++;
	return n;
}

bool value_member(struct effort *e, exs_str object, exs_str name, exs_str *out)
{
	struct json_iter it;
	exs_str key, value;

	if (json_type(object) != JSON_OBJECT || !effort_spend(e, object.n))
		return false;
	for (json_iter_init(&it, object); json_next(&it, &key, &value);) {
		if (!same_text(e, key, name))
			continue;
		*out = value;
		return true;
	}
	return false;
}

static bool same(struct effort *e, exs_str a, exs_str b, unsigned depth);

static bool same_items(struct effort *e, exs_str a, exs_str b, unsigned depth)
{
	struct json_iter x, y;
	exs_str v, w;

	json_iter_init(&x, a);
	json_iter_init(&y, b);
	while (json_next(&x, NULL, &v))
		if (!json_next(&y, NULL, &w) || !same(e, v, w, depth))
			return false;
	return !json_next(&y, NULL, &w);
}

/* Names are unique in both, so as many members and each one found is all of them. */
static bool same_members(struct effort *e, exs_str a, exs_str b, unsigned depth)
{
	struct json_iter it;
	exs_str key, v, w;

	if (value_count(a) != value_count(b))
		return false;
	for (json_iter_init(&it, a); json_next(&it, &key, &v);)
		if (!value_member(e, b, key, &w) || !same(e, v, w, depth))
			return false;
	return true;
}

static bool same(struct effort *e, exs_str a, exs_str b, unsigned depth)
{
	enum json_type type = json_type(a);

	if (type != json_type(b) || depth > JSON_DEPTH_MAX || !effort_spend(e, (uint64_t)a.n + b.n))
		return false;
	switch (type) {
	case JSON_NUMBER:
		return value_order(a, b) == 0;
	case JSON_STRING:
		return same_text(e, a, b);
	case JSON_ARRAY:
		return same_items(e, a, b, depth + 1);
	case JSON_OBJECT:
		return same_members(e, a, b, depth + 1);
	case JSON_BAD:
	case JSON_NULL:
	case JSON_TRUE:
	case JSON_FALSE:
	default:
		return type != JSON_BAD;
	}
}

bool value_same(struct effort *e, exs_str a, exs_str b)
{
	return same(e, a, b, 0);
}
