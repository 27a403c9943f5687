/* SPDX-License-Identifier: MIT */
/* scan.c - see scan.h. */
#include "scan.h"

#define COUNT_MAX   (1ll << 53) /* more tokens than there are: a broken number */
#define SHORT_BYTES 32		/* of a text that is looked through by hand */

static const char *space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte behind the escape whose backslash stands at p. */
static const char *escape(const char *p, const char *end)
{
	int i;

	if (end - p < 2)
		return NULL;
	if (p[1] != 'u')
		return memchr("\"\\/bfnrt", p[1], 8) ? p + 2 : NULL;
	if (end - p < 6)
		return NULL;
	for (i = 2; i < 6; i++)
		if (hex(p[i]) < 0)
			return NULL;
	return p + 6;
}

/* Names and words end soon: two calls of memchr would cost more than they save. */
static const char *short_string(const char *p, const char *end)
{
	const char *stop = end - p > SHORT_BYTES ? p + SHORT_BYTES : end;

	while (p < stop && *p != '"' && *p != '\\')
		p++;
	return p < stop && *p == '"' ? p + 1 : NULL;
}

/* Long texts are most of what is read: memchr finds their ends, each byte is looked at twice at
 * most, and the first few once more. */
static const char *string(const char *p, const char *end)
{
	const char *quote, *back;

	if (p == end || *p != '"')
		return NULL;
	quote = short_string(p + 1, end);
	if (quote)
		return quote;
	for (quote = p++; p; p = escape(back, end)) {
		if (quote < p)
			quote = memchr(p, '"', (size_t)(end - p));
		if (!quote)
			return NULL;
		back = memchr(p, '\\', (size_t)(quote - p));
		if (!back)
			return quote + 1;
	}
	return NULL;
}

static const char *digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == from ? NULL : p;
}

static const char *number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	p = p < end && *p == '0' ? p + 1 : digits(p, end);
	if (p && p < end && *p == '.')
		p = digits(p + 1, end);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits(p, end);
	}
	return p;
}

static const char *word(const char *p, const char *end, const char *w)
{
	size_t n = strlen(w);

	return (size_t)(end - p) >= n && memcmp(p, w, n) == 0 ? p + n : NULL;
}

static const char *scalar(const char *p, const char *end)
{
	switch (*p) {
	case '"':
		return string(p, end);
	case 't':
		return word(p, end, "true");
	case 'f':
		return word(p, end, "false");
	case 'n':
		return word(p, end, "null");
	default:
		return number(p, end);
	}
}

/* A member's name and its colon. */
static const char *name(const char *p, const char *end)
{
	p = string(space(p, end), end);
	if (!p)
		return NULL;
	p = space(p, end);
	return p < end && *p == ':' ? p + 1 : NULL;
}

/* What is open: one bit a level, 1 for an object. */
struct nest {
	uint64_t objects;
	unsigned depth;
};

/* Behind a value: closes what ends here; goes to the next value, or to the end (depth 0). */
static const char *after(const char *p, const char *end, struct nest *nest)
{
	while (nest->depth) {
		bool object = nest->objects & 1;

		p = space(p, end);
		if (p == end)
			return NULL;
		if (*p == ',')
			return object ? name(p + 1, end) : p + 1;
		if (*p != (object ? '}' : ']'))
			return NULL;
		p++;
		nest->objects >>= 1;
		nest->depth--;
	}
	return p;
}

const char *scan_skip(const char *p, const char *end)
{
	struct nest nest = { 0, 0 };

	for (;;) {
		p = space(p, end);
		if (p == end)
			return NULL;
		if (*p == '{' || *p == '[') {
			bool object = *p == '{';

			if (nest.depth++ == SCAN_DEPTH_MAX)
				return NULL;
			nest.objects = nest.objects << 1 | object;
			p = space(p + 1, end);
			if (p == end)
				return NULL;
			if (*p != (object ? '}' : ']')) {
				p = object ? name(p, end) : p;
				if (!p)
					return NULL;
				continue;
			}
		} else {
			p = scalar(p, end);
		}
		p = p ? after(p, end, &nest) : NULL;
		if (!p || nest.depth == 0)
			return p;
	}
}

bool scan_is_value(exs_str text)
{
	const char *end = text.p + text.n, *p = text.n ? scan_skip(text.p, end) : NULL;

	return p && space(p, end) == end;
}

char scan_kind(exs_str value)
{
	const char *p = value.n ? space(value.p, value.p + value.n) : NULL;

	return p && p < value.p + value.n ? *p : 0;
}

void scan_begin(struct scan_iter *it, exs_str value)
{
	char kind = scan_kind(value);

	it->end = value.p + value.n;
	it->object = kind == '{';
	it->p = kind == '{' || kind == '[' ? space(value.p, it->end) + 1 : it->end;
}

/* Where the next member or item begins; NULL: there is none. */
static const char *upcoming(const struct scan_iter *it)
{
	const char *p = space(it->p, it->end);

	if (p < it->end && *p == ',')
		p = space(p + 1, it->end);
	return p == it->end || *p == '}' || *p == ']' ? NULL : p;
}

bool scan_next(struct scan_iter *it, exs_str *key, exs_str *value)
{
	const char *p = upcoming(it), *behind;

	*key = exs_bytes("", 0);
	if (!p)
		return false;
	if (it->object) {
		behind = string(p, it->end);
		if (!behind)
			return false;
		*key = exs_bytes(p, (size_t)(behind - p));
		p = name(p, it->end);
		if (!p)
			return false;
	}
	p = space(p, it->end);
	behind = scan_skip(p, it->end);
	if (!behind)
		return false;
	*value = exs_bytes(p, (size_t)(behind - p));
	it->p = behind;
	return true;
}

bool scan_is(exs_str value, const char *text)
{
	size_t n = strlen(text);

	return value.n == n + 2 && value.p[0] == '"' && memcmp(value.p + 1, text, n) == 0;
}

/* Most names differ in their first letter. */
static bool is_name(const char *key, const char *end, const char *wanted)
{
	for (key++; *wanted && key < end && *key == *wanted; key++)
		wanted++;
	return !*wanted && key < end && *key == '"';
}

static const char absent[] = ""; /* where the value of a member points that did not come */

/* Of a member that comes again the first counts, also when it was null. */
static void note(const struct scan_member *members, size_t n, const char *key, const char *value,
		 const char *behind)
{
	size_t i;

	for (i = 0; i < n && !is_name(key, value, members[i].name); i++)
		;
	if (i < n && members[i].value->p == absent)
		*members[i].value = exs_bytes(value, *value == 'n' ? 0 : (size_t)(behind - value));
}

/* The byte behind the object that begins at p; NULL: it is none, or not whole. */
static const char *walk(const char *p, const char *end, const struct scan_member *members, size_t n)
{
	const char *key, *value;
	size_t i;

	for (i = 0; i < n; i++)
		*members[i].value = exs_bytes(absent, 0);
	p = space(p + 1, end);
	if (p < end && *p == '}')
		return p + 1;
	for (;;) {
		key = p;
		value = name(key, end);
		p = value ? scan_skip(value, end) : NULL;
		if (!p)
			return NULL;
		note(members, n, key, space(value, end), p);
		p = space(p, end);
		if (p < end && *p == '}')
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = space(p + 1, end);
	}
}

bool scan_members(exs_str object, const struct scan_member *members, size_t n)
{
	const char *p, *end;

	if (scan_kind(object) != '{')
		return false;
	end = object.p + object.n;
	p = walk(space(object.p, end), end, members, n);
	return p && space(p, end) == end;
}

bool scan_next_members(struct scan_iter *it, const struct scan_member *members, size_t n)
{
	exs_str key, value;
	const char *p;

	while ((p = upcoming(it)) && *p != '{')
		if (!scan_next(it, &key, &value))
			return false;
	if (p)
		p = walk(p, it->end, members, n);
	it->p = p ? p : it->end;
	return p != NULL;
}

bool scan_get(exs_str object, const char *member, exs_str *out)
{
	struct scan_iter it;
	exs_str key, value;

	if (scan_kind(object) != '{')
		return false;
	scan_begin(&it, object);
	while (scan_next(&it, &key, &value))
		if (scan_is(key, member)) {
			if (value.p[0] == 'n')
				return false;
			*out = value;
			return true;
		}
	return false;
}

static uint32_t hex4(const char *p)
{
	return (uint32_t)(hex(p[0]) << 12 | hex(p[1]) << 8 | hex(p[2]) << 4 | hex(p[3]));
}

bool scan_text(exs_str value, struct text *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p, *end, *run;

	if (value.n < 2 || string(value.p, value.p + value.n) != value.p + value.n)
		return false;
	end = value.p + value.n - 1;
	for (p = run = value.p + 1; p < end;) {
		if (*p != '\\') {
			p++;
			continue;
		}
		text_add(out, run, (size_t)(p - run));
		if (p[1] == 'u') {
			text_add_rune(out, hex4(p + 2));
			p += 6;
		} else {
			text_add(out, to + ((const char *)memchr(from, p[1], 8) - from), 1);
			p += 2;
		}
		run = p;
	}
	text_add(out, run, (size_t)(p - run));
	return true;
}

bool scan_get_text(exs_str object, const char *member, struct text *out)
{
	exs_str value;

	return scan_get(object, member, &value) && scan_text(value, out);
}

bool scan_count(exs_str value, int64_t *out)
{
	int64_t v = 0;
	size_t i;

	for (i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9' || v > COUNT_MAX / 10)
			return false;
		v = v * 10 + (value.p[i] - '0');
	}
	if (i == 0 || v > COUNT_MAX)
		return false;
	*out = v;
	return true;
}

bool scan_get_count(exs_str object, const char *member, int64_t *out)
{
	exs_str value;

	return scan_get(object, member, &value) && scan_count(value, out);
}

exs_str scan_get_list(exs_str object, const char *name)
{
	exs_str list;

	return scan_get(object, name, &list) ? list : exs_cstr("[]");
}

bool scan_is_type(exs_str object, const char *type)
{
	exs_str value;

	return scan_get(object, "type", &value) && scan_is(value, type);
}
