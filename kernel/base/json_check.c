/* SPDX-License-Identifier: MIT */
/*
 * json_check.c - the gate: one pass over the text, no recursion, no conversion.
 *
 * Names of members are kept on one stack for all open objects, because an inner object's names are
 * gone before the outer one adds its next. Up to PAIRWISE_MAX names are compared as they come; a
 * bigger object's names are sorted when it closes, so no choice of names makes the check quadratic.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/log.h"
#include "base/text.h"

#define TEXT_MAX     (1u << 30) /* bytes of one text: nothing that is kept comes near */
#define NAMES_INLINE 64u	/* names of open objects before the heap is asked */
#define NAMES_MAX    (1u << 20) /* of all open objects together: 16 MiB of bookkeeping */
#define PAIRWISE_MAX 32u	/* members of one object that are compared pair by pair */

struct name {
	const char *p; /* between the quotes */
	uint32_t n;
	uint32_t hash; /* of the decoded bytes */
};

struct level {
	uint32_t first; /* the object's first name on the stack */
	bool object;
};

struct gate {
	const char *start, *p, *end;
	exs_err *err;
	struct name *names; /* inline_names or heap */
	uint32_t n_names, cap_names;
	uint32_t depth, depth_max;
	struct level levels[JSON_DEPTH_MAX];
	struct name inline_names[NAMES_INLINE];
};

/* What a step of the gate found. */
enum step { STEP_FAIL, STEP_VALUE, STEP_DONE };

static exs_status refuse(struct gate *g, exs_status status, const char *at, const char *what)
{
	err_set(g->err, status, 0, "the JSON text is refused at byte %zu: %s",
		(size_t)(at - g->start), what);
	if (g->err)
		g->err->at = at - g->start;
	return status;
}

static enum step fail(struct gate *g, const char *at, const char *what)
{
	refuse(g, EXS_INVALID, at, what);
	return STEP_FAIL;
}

/* ---- strings ---- */

static const char *escape_fault(const char *p, const char *end)
{
	if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
		return "a NUL (\\u0000) is not allowed in text";
	if (end - p >= 6 && p[1] == 'u')
		return "the \\u escape is not four hex digits of a character (a lone surrogate is "
		       "none)";
	return "there is no such escape";
}

/* From behind the opening quote; NULL after a refusal. *escaped is set when a backslash was met. */
static const char *string_end(struct gate *g, const char *p, bool *escaped)
{
	const char *end = g->end, *at;
	char out[4];
	size_t len;

	for (;;) {
		p = json_skip_plain(p, end);
		if (p == end) {
			fail(g, p, "the text ends inside a string");
			return NULL;
		}
		if (*p == '"')
			return p;
		if (*p == '\\') {
			*escaped = true;
			at = p;
			if (json_unescape(&p, end, out))
				continue;
			fail(g, at, escape_fault(at, end));
			return NULL;
		}
		len = (unsigned char)*p < 0x20 ? 0 : utf8_len(p, end);
		if (!len) {
			fail(g, p,
			     (unsigned char)*p < 0x20 ? "a bare control character in a string"
						      : "bytes that are not UTF-8");
			return NULL;
		}
		p += len;
	}
}

/* ---- names ---- */

static uint32_t hash_add(uint32_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619u;
	return h;
}

/* FNV-1a: cheap for short names; a text made to collide costs comparisons, not a wrong answer. */
static uint32_t hash_name(const char *p, const char *end, bool escaped)
{
	uint32_t h = 2166136261u;
	char out[4];
	size_t n;

	if (!escaped)
		return hash_add(h, p, (size_t)(end - p));
	while (p != end) {
		n = json_unescape(&p, end, out);
		h = hash_add(h, out, n);
	}
	return h;
}

static int name_order(const struct name *a, const struct name *b)
{
	exs_str x = { a->p, a->n }, y = { b->p, b->n };

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return json_key_order(x, y);
}

static void sift(struct name *v, size_t root, size_t n)
{
	struct name moved = v[root];
	size_t child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n && name_order(&v[child], &v[child + 1]) < 0)
			child++;
		if (name_order(&moved, &v[child]) >= 0)
			break;
		v[root] = v[child];
		root = child;
	}
	v[root] = moved;
}

/* Heap sort: in place, no recursion, no worst case to find. */
static void sort_names(struct name *v, size_t n)
{
	struct name last;

	for (size_t i = n / 2; i-- > 0;)
		sift(v, i, n);
	for (size_t i = n; i-- > 1;) {
		last = v[i];
		v[i] = v[0];
		v[0] = last;
		sift(v, 0, i);
	}
}

static bool more_names(struct gate *g, const char *at)
{
	uint32_t cap = g->cap_names * 2;
	struct name *heap = g->names == g->inline_names ? NULL : g->names, *grown;

	if (cap > NAMES_MAX) {
		refuse(g, EXS_TOOBIG, at, "its open objects have too many members");
		return false;
	}
	grown = realloc(heap, cap * sizeof *grown);
	if (!grown) {
		refuse(g, EXS_NOMEM, at, "no memory to compare the names of members");
		return false;
	}
	if (!heap)
		memcpy(grown, g->inline_names, g->n_names * sizeof *grown);
	g->names = grown;
	g->cap_names = cap;
	return true;
}

static bool keep_name(struct gate *g, const char *p, const char *end, bool escaped)
{
	const struct level *level = &g->levels[g->depth - 1];
	struct name name = { p, (uint32_t)(end - p), hash_name(p, end, escaped) };

	if (g->n_names - level->first < PAIRWISE_MAX) {
		for (uint32_t i = level->first; i < g->n_names; i++) {
			if (g->names[i].hash != name.hash || name_order(&g->names[i], &name) != 0)
				continue;
			fail(g, p - 1, "the object has a member of this name already");
			return false;
		}
	}
	if (g->n_names == g->cap_names && !more_names(g, p))
		return false;
	g->names[g->n_names++] = name;
	return true;
}

/* The names of the object that closes are all different; they leave the stack. */
static bool close_names(struct gate *g, const struct level *level)
{
	struct name *v = g->names + level->first;
	size_t n = g->n_names - level->first;

	g->n_names = level->first;
	if (n <= PAIRWISE_MAX)
		return true;
	sort_names(v, n);
	for (size_t i = 1; i < n; i++) {
		if (name_order(&v[i - 1], &v[i]) != 0)
			continue;
		fail(g, (v[i].p > v[i - 1].p ? v[i].p : v[i - 1].p) - 1,
		     "the object has a member of this name already");
		return false;
	}
	return true;
}

/* ---- values ---- */

static const char *digits(const char *p, const char *end)
{
	while (p != end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static enum step number(struct gate *g)
{
	const char *p = g->p, *end = g->end, *from;

	if (*p == '-')
		p++;
	from = p;
	p = digits(p, end);
	if (p == from)
		return fail(g, p, "a number has no digits");
	if (*from == '0' && p != from + 1)
		return fail(g, from, "a number begins with a needless 0");
	if (p != end && *p == '.') {
		from = ++p;
		p = digits(p, end);
		if (p == from)
			return fail(g, p, "no digit behind the decimal point");
	}
	if (p != end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p != end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = digits(p, end);
		if (p == from)
			return fail(g, p, "no digit in the exponent");
	}
	g->p = p;
	return STEP_DONE;
}

static enum step literal(struct gate *g, const char *word, size_t n)
{
	if ((size_t)(g->end - g->p) < n || memcmp(g->p, word, n) != 0)
		return fail(g, g->p, "a word that is not null, true or false");
	g->p += n;
	return STEP_DONE;
}

/* A member's name and its colon. */
static enum step name(struct gate *g)
{
	bool escaped = false;
	const char *from, *close;

	g->p = json_skip_space(g->p, g->end);
	if (g->p == g->end || *g->p != '"')
		return fail(g, g->p, "a member's name in quotes is missing");
	from = g->p + 1;
	close = string_end(g, from, &escaped);
	if (!close || !keep_name(g, from, close, escaped))
		return STEP_FAIL;
	g->p = json_skip_space(close + 1, g->end);
	if (g->p == g->end || *g->p != ':')
		return fail(g, g->p, "a ':' is missing behind a member's name");
	g->p++;
	return STEP_VALUE;
}

static enum step open_container(struct gate *g)
{
	bool object = *g->p == '{';

	if (g->depth == g->depth_max) {
		refuse(g, EXS_TOOBIG, g->p, "it is nested too deep");
		return STEP_FAIL;
	}
	g->levels[g->depth].object = object;
	g->levels[g->depth].first = g->n_names;
	g->depth++;
	g->p = json_skip_space(g->p + 1, g->end);
	if (g->p != g->end && *g->p == (object ? '}' : ']')) {
		g->p++;
		g->depth--;
		return STEP_DONE;
	}
	return object ? name(g) : STEP_VALUE;
}

static enum step value(struct gate *g)
{
	bool escaped;
	const char *close;

	g->p = json_skip_space(g->p, g->end);
	if (g->p == g->end)
		return fail(g, g->p, "the text ends where a value should stand");
	switch (*g->p) {
	case '"':
		close = string_end(g, g->p + 1, &escaped);
		if (!close)
			return STEP_FAIL;
		g->p = close + 1;
		return STEP_DONE;
	case '{':
	case '[':
		return open_container(g);
	case 'n':
		return literal(g, "null", 4);
	case 't':
		return literal(g, "true", 4);
	case 'f':
		return literal(g, "false", 5);
	case '-':
		return number(g);
	default:
		if (*g->p >= '0' && *g->p <= '9')
			return number(g);
		return fail(g, g->p, "no value begins like this");
	}
}

/* Behind a value: the next one of its container, or out of the containers that close here. */
static enum step after(struct gate *g)
{
	const struct level *level;

	while (g->depth) {
		level = &g->levels[g->depth - 1];
		g->p = json_skip_space(g->p, g->end);
		if (g->p == g->end)
			return fail(g, g->p, "the text ends inside an object or array");
		if (*g->p == ',') {
			g->p++;
			return level->object ? name(g) : STEP_VALUE;
		}
		if (*g->p != (level->object ? '}' : ']'))
			return fail(g, g->p,
				    level->object ? "a ',' or '}' is missing"
						  : "a ',' or ']' is missing");
		if (level->object && !close_names(g, level))
			return STEP_FAIL;
		g->p++;
		g->depth--;
	}
	g->p = json_skip_space(g->p, g->end);
	if (g->p != g->end)
		return fail(g, g->p, "something follows behind the value");
	return STEP_DONE;
}

exs_status json_check(exs_str text, uint32_t depth_max, exs_err *err)
{
	struct gate g;
	enum step step;
	exs_err own = EXS_ERR_INIT;

	g.start = g.p = text.n ? text.p : "";
	g.end = g.start + text.n;
	g.err = err ? err : &own;
	g.names = g.inline_names;
	g.n_names = 0;
	g.cap_names = NAMES_INLINE;
	g.depth = 0;
	g.depth_max = depth_max < JSON_DEPTH_MAX ? depth_max : JSON_DEPTH_MAX;
	if (text.n > TEXT_MAX)
		return refuse(&g, EXS_TOOBIG, g.start, "it is longer than 1 GiB");
	do {
		step = value(&g);
		if (step == STEP_DONE)
			step = after(&g);
	} while (step == STEP_VALUE);
	if (g.names != g.inline_names)
		free(g.names);
	return step == STEP_DONE ? EXS_OK : g.err->status;
}

exs_status json_check_object(exs_str text, uint32_t depth_max, exs_err *err)
{
	exs_status status = json_check(text, depth_max, err);
	size_t at;

	if (status != EXS_OK)
		return status;
	at = (size_t)(json_skip_space(text.p, text.p + text.n) - text.p);
	if (text.p[at] == '{')
		return EXS_OK;
	err_set(err, EXS_INVALID, 0, "the JSON text is refused at byte %zu: it is not an object",
		at);
	if (err)
		err->at = (int64_t)at;
	return EXS_INVALID;
}
