/* SPDX-License-Identifier: MIT */
/*
 * schema.c - see schema.h. One walk over a schema collects its keywords as spans; then each kind of
 * question is asked in an order that gives the most useful sentence. It recurses into schemas only,
 * SCHEMA_DEPTH_MAX deep.
 */
#include "base/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/schema_say.h"
#include "base/schema_value.h"
#include "base/text.h"

#define NUMBER_SHOWN_MAX 40 /* bytes of a limit in a sentence */

struct check {
	exs_err *err;
	struct effort *effort;
};

enum keyword {
	K_TYPE,
	K_ENUM,
	K_CONST,
	K_PROPERTIES,
	K_REQUIRED,
	K_ADDITIONAL,
	K_PATTERNS,
	K_ITEMS,
	K_PREFIX_ITEMS,
	K_MINIMUM,
	K_MAXIMUM,
	K_ABOVE,
	K_BELOW,
	K_MIN_LENGTH,
	K_MAX_LENGTH,
	K_MIN_ITEMS,
	K_MAX_ITEMS,
	K_ANY_OF,
	KEYWORDS
};

/* patternProperties and prefixItems are not checked, but change what their neighbours mean. */
static const char *const keywords[KEYWORDS] = {
	"\"type\"",
	"\"enum\"",
	"\"const\"",
	"\"properties\"",
	"\"required\"",
	"\"additionalProperties\"",
	"\"patternProperties\"",
	"\"items\"",
	"\"prefixItems\"",
	"\"minimum\"",
	"\"maximum\"",
	"\"exclusiveMinimum\"",
	"\"exclusiveMaximum\"",
	"\"minLength\"",
	"\"maxLength\"",
	"\"minItems\"",
	"\"maxItems\"",
	"\"anyOf\"",
};

/* One value under one schema. */
struct subject {
	const struct check *c;
	exs_str schema, value;
	enum json_type type; /* of the value */
	const struct place *at;
	unsigned depth;
	exs_str kw[KEYWORDS]; /* n = 0: absent */
};

static exs_status check_value(const struct check *c, exs_str schema, exs_str value,
			      const struct place *at, unsigned depth);

/* ---- type ---- */

static const struct type {
	const char *word, *wanted;
	enum json_type type;
} types[] = {
	{ "\"object\"", "an object", JSON_OBJECT },
	{ "\"array\"", "a list", JSON_ARRAY },
	{ "\"string\"", "a text", JSON_STRING },
	{ "\"integer\"", "a whole number", JSON_NUMBER },
	{ "\"number\"", "a number", JSON_NUMBER },
	{ "\"boolean\"", "true or false", JSON_TRUE },
	{ "\"null\"", "null", JSON_NULL },
};

#define TYPE_INTEGER (&types[3])

/* NULL: no such type, passed over. */
static const struct type *type_of(exs_str word)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_is(word, types[i].word))
			return &types[i];
	return NULL;
}

static bool fits(const struct subject *s, const struct type *t)
{
	if (t == TYPE_INTEGER)
		return s->type == JSON_NUMBER && value_is_whole(s->value);
	return s->type == t->type || (t->type == JSON_TRUE && s->type == JSON_FALSE);
}

/* What a value is when it is none of the wanted. */
static const char *const found[] = {
	[JSON_BAD] = "that",	    [JSON_NULL] = "null",	 [JSON_TRUE] = "a boolean",
	[JSON_FALSE] = "a boolean", [JSON_NUMBER] = "a number",	 [JSON_STRING] = "a text",
	[JSON_ARRAY] = "a list",    [JSON_OBJECT] = "an object",
};

/* The types as a bit set; those that do not exist are not in it. */
static unsigned wanted_types(exs_str spec)
{
	const struct type *t = type_of(spec);
	struct json_iter it;
	unsigned set = 0;
	exs_str word;

	if (t)
		return 1u << (t - types);
	if (json_type(spec) != JSON_ARRAY)
		return 0;
	for (json_iter_init(&it, spec); json_next(&it, NULL, &word);) {
		t = type_of(word);
		if (t)
			set |= 1u << (t - types);
	}
	return set;
}

/* By `type` alone. */
static bool takes(const struct subject *s, exs_str spec)
{
	unsigned set = wanted_types(spec);

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (set >> i & 1 && fits(s, &types[i]))
			return true;
	return !set;
}

static exs_status check_type(const struct subject *s)
{
	unsigned left = wanted_types(s->kw[K_TYPE]);
	const char *is = found[s->type];
	char list[128];
	size_t n = 0;

	if (takes(s, s->kw[K_TYPE]))
		return EXS_OK;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (!(left >> i & 1))
			continue;
		if (&types[i] == TYPE_INTEGER && s->type == JSON_NUMBER)
			is = "a number with a fraction";
		left &= ~(1u << i);
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s",
				      !n     ? ""
				      : left ? ", "
					     : " or ",
				      types[i].wanted);
	}
	return say_wrong(s->c->err, s->at, "must be %s, not %s", list, is);
}

/* ---- enum and const ---- */

static exs_status check_choice(const struct subject *s)
{
	exs_str list = s->kw[K_ENUM], only = s->kw[K_CONST], item;
	struct json_iter it;

	if (only.n && !value_same(s->c->effort, only, s->value))
		return say_value(s->c->err, s->at, "must be", only);
	if (json_type(list) != JSON_ARRAY)
		return EXS_OK;
	for (json_iter_init(&it, list); json_next(&it, NULL, &item);)
		if (value_same(s->c->effort, item, s->value))
			return EXS_OK;
	return say_value(s->c->err, s->at, "must be one of", list);
}

/* ---- bounds ---- */

static const struct bound {
	enum keyword keyword;
	enum json_type type;
	int sign, least; /* of sign times the order of the value and the limit */
	const char *how, *unit;
} bounds[] = {
	{ K_MINIMUM, JSON_NUMBER, 1, 0, "must be at least", NULL },
	{ K_MAXIMUM, JSON_NUMBER, -1, 0, "must be at most", NULL },
	{ K_ABOVE, JSON_NUMBER, 1, 1, "must be more than", NULL },
	{ K_BELOW, JSON_NUMBER, -1, 1, "must be less than", NULL },
	{ K_MIN_LENGTH, JSON_STRING, 1, 0, "must have at least", "character" },
	{ K_MAX_LENGTH, JSON_STRING, -1, 0, "must have at most", "character" },
	{ K_MIN_ITEMS, JSON_ARRAY, 1, 0, "must have at least", "item" },
	{ K_MAX_ITEMS, JSON_ARRAY, -1, 0, "must have at most", "item" },
};

static exs_status out_of_bound(const struct subject *s, const struct bound *b, exs_str limit)
{
	int n = limit.n < NUMBER_SHOWN_MAX ? (int)limit.n : NUMBER_SHOWN_MAX;

	if (!b->unit)
		return say_wrong(s->c->err, s->at, "%s %.*s", b->how, n, limit.p);
	return say_wrong(s->c->err, s->at, "%s %.*s %s%s", b->how, n, limit.p, b->unit,
			 str_is(limit, "1") ? "" : "s");
}

static exs_status check_bounds(const struct subject *s)
{
	exs_str size = s->value, limit;
	char count[24];
	int n;

	if (s->type == JSON_STRING || s->type == JSON_ARRAY) {
		n = snprintf(count, sizeof count, "%" PRIu64,
			     s->type == JSON_STRING ? value_chars(s->value)
						    : value_count(s->value));
		size = str_n(count, (size_t)n);
	}
	for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
		const struct bound *b = &bounds[i];

		limit = s->kw[b->keyword];
		if (b->type == s->type && json_type(limit) == JSON_NUMBER &&
		    b->sign * value_order(size, limit) < b->least)
			return out_of_bound(s, b, limit);
	}
	return EXS_OK;
}

/* ---- objects ---- */

static exs_status check_member(const struct subject *s, exs_str name, exs_str value)
{
	const struct place at = { s->at, name, 0 };
	exs_str schema, others = s->kw[K_ADDITIONAL];

	if (value_member(s->c->effort, s->kw[K_PROPERTIES], name, &schema))
		return check_value(s->c, schema, value, &at, s->depth + 1);
	if (!others.n || s->kw[K_PATTERNS].n)
		return EXS_OK;
	if (json_type(others) == JSON_FALSE)
		return say_unknown(s->c->err, &at, s->kw[K_PROPERTIES]);
	return check_value(s->c, others, value, &at, s->depth + 1);
}

static exs_status check_object(const struct subject *s)
{
	struct json_iter it;
	exs_str name, value;

	for (json_iter_init(&it, s->value); json_next(&it, &name, &value);)
		if (check_member(s, name, value))
			return EXS_INVALID;
	if (json_type(s->kw[K_REQUIRED]) != JSON_ARRAY)
		return EXS_OK;
	for (json_iter_init(&it, s->kw[K_REQUIRED]); json_next(&it, NULL, &name);) {
		const struct place at = { s->at, name, 0 };

		if (json_type(name) == JSON_STRING &&
		    !value_member(s->c->effort, s->value, name, &value))
			return say_wrong(s->c->err, &at, "is missing");
	}
	return EXS_OK;
}

/* ---- lists and choices of schemas ---- */

static exs_status check_items(const struct subject *s)
{
	struct place at = { s->at, { NULL, 0 }, 0 };
	struct json_iter it;
	exs_str item;

	if (!s->kw[K_ITEMS].n || s->kw[K_PREFIX_ITEMS].n)
		return EXS_OK;
	for (json_iter_init(&it, s->value); json_next(&it, NULL, &item); at.index++)
		if (check_value(s->c, s->kw[K_ITEMS], item, &at, s->depth + 1))
			return EXS_INVALID;
	return EXS_OK;
}

/* Of the forms that do not fit, the first whose type does says most. */
static exs_status check_any(const struct subject *s)
{
	exs_err why = EXS_ERR_INIT, best = EXS_ERR_INIT;
	const struct check trial = { &why, s->c->effort };
	struct json_iter it;
	bool near = false;
	exs_str form, type;
	unsigned n = 0;

	if (json_type(s->kw[K_ANY_OF]) != JSON_ARRAY)
		return EXS_OK;
	for (json_iter_init(&it, s->kw[K_ANY_OF]); json_next(&it, NULL, &form); n++) {
		if (check_value(&trial, form, s->value, s->at, s->depth + 1) == EXS_OK)
			return EXS_OK;
		if (n == 0)
			best = why;
		if (near || json_get(form, "type", &type) != EXS_OK || !takes(s, type))
			continue;
		near = true;
		best = why;
	}
	if (n == 0)
		return EXS_OK;
	return say_wrong(s->c->err, s->at, "must fit one of %u forms; one says: %s", n, best.text);
}

/* ---- one value ---- */

static void collect(struct subject *s)
{
	struct json_iter it;
	exs_str name, value;

	memset(s->kw, 0, sizeof s->kw);
	for (json_iter_init(&it, s->schema); json_next(&it, &name, &value);)
		for (unsigned k = 0; k < KEYWORDS; k++)
			if (str_is(name, keywords[k]))
				s->kw[k] = value;
}

static exs_status check_value(const struct check *c, exs_str schema, exs_str value,
			      const struct place *at, unsigned depth)
{
	struct subject s = { c, schema, value, json_type(value), at, depth, { { NULL, 0 } } };

	if (json_type(schema) == JSON_FALSE)
		return say_wrong(c->err, at, "must not be given");
	if (json_type(schema) != JSON_OBJECT)
		return EXS_OK;
	if (depth == SCHEMA_DEPTH_MAX)
		return say_wrong(c->err, at,
				 "must not go deeper than the %u levels that are checked",
				 SCHEMA_DEPTH_MAX);
	if (!effort_spend(c->effort, (uint64_t)schema.n + value.n))
		return EXS_INVALID; /* schema_check says it */
	collect(&s);
	if (check_type(&s) || check_choice(&s) || check_bounds(&s))
		return EXS_INVALID;
	if (s.type == JSON_OBJECT && check_object(&s))
		return EXS_INVALID;
	if (s.type == JSON_ARRAY && check_items(&s))
		return EXS_INVALID;
	return check_any(&s);
}

exs_status schema_check(exs_str schema, exs_str value, exs_err *err)
{
	static const struct place root = { NULL, { NULL, 0 }, 0 };
	struct effort effort = { SCHEMA_WORK_MAX, false };
	const struct check c = { err, &effort };
	exs_status status = check_value(&c, str_trim(schema), str_trim(value), &root, 0);

	if (effort.no_memory)
		return err_set(err, EXS_NOMEM, 0, "no memory to check the arguments");
	if (effort.left == 0)
		return err_set(err, EXS_INVALID, 0,
			       "the arguments hold too many values to check; give fewer");
	return status;
}
