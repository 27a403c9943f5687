/* SPDX-License-Identifier: MIT */
/* fields.c - see fields.h. */
#include "fields.h"

#include "fill.h"

#define WORD_MAX 32u /* bytes of a word that a suggestion is looked for */

static exs_status no_memory(struct reader *r)
{
	return exs_fail(r->err, EXS_NOMEM, 0, "no memory for the script '%.120s'", r->tree->path);
}

/* ---- words ---- */

/* Edits that lead from a to b, both at most WORD_MAX long. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t n = strlen(b), i, j;

	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (j = 1; j <= n; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

/* How much nearer `candidate` is than what was found before. */
static void nearer(const char *word, const char *candidate, const char **best, size_t *least)
{
	size_t d = strlen(word) <= WORD_MAX ? distance(word, candidate) : SIZE_MAX;

	if (d >= *least)
		return;
	*least = d;
	*best = candidate;
}

static exs_status unknown(struct reader *r, const struct node *at, const char *what,
			  const char *best)
{
	return tree_fail(r->tree, at, r->err, "%s has no '%.40s'%s%s%s", what, at->text,
			 best ? "; did you mean '" : "", best ? best : "", best ? "'?" : "");
}

exs_status field_word(struct reader *r, const struct node *value, const char *what,
		      const char *const *words, size_t *out)
{
	const char *best = NULL;
	size_t i, least = 4;

	if (value->kind != NODE_TEXT)
		return tree_fail(r->tree, value, r->err, "%s is one word", what);
	for (i = 0; words[i]; i++) {
		if (strcmp(words[i], value->text) == 0) {
			*out = i;
			return EXS_OK;
		}
		nearer(value->text, words[i], &best, &least);
	}
	return unknown(r, value, what, best);
}

/* ---- maps ---- */

exs_status fields_read(struct reader *r, const struct node *map, const char *what,
		       const struct field *fields, void *object)
{
	const struct node *key, *value;

	if (map->kind != NODE_MAP)
		return tree_fail(r->tree, map, r->err, "%s is a map of keys and values", what);
	for (key = tree_child(r->tree, map); key; key = tree_next(r->tree, value)) {
		const struct field *f = fields;
		const char *best = NULL;
		size_t least = 4;

		value = tree_next(r->tree, key);
		for (; f->key && strcmp(f->key, key->text) != 0; f++)
			nearer(key->text, f->key, &best, &least);
		if (!f->key)
			return unknown(r, key, what, best);
		if (f->read(r, value, (char *)object + f->offset))
			return r->err->status;
	}
	return EXS_OK;
}

bool fields_given(const struct reader *r, const struct node *map, const char *key)
{
	const struct node *k;

	for (k = tree_child(r->tree, map); k; k = tree_next(r->tree, tree_next(r->tree, k)))
		if (strcmp(k->text, key) == 0)
			return true;
	return false;
}

exs_status field_list(struct reader *r, const struct node *list, size_t max, size_t item_size,
		      void *items_out, size_t *n_out)
{
	size_t n;
	void *items;

	if (list->kind != NODE_LIST)
		return tree_fail(r->tree, list, r->err,
				 "this is a list: begin each item with '- '");
	n = tree_count(r->tree, list);
	if (n > max)
		return tree_fail(r->tree, list, r->err,
				 "this list has %zu items, at most %zu are allowed", n, max);
	if (n == 0)
		return EXS_OK;
	items = calloc(n, item_size);
	if (!items)
		return no_memory(r);
	memcpy(items_out, &items, sizeof items);
	*n_out = n;
	return EXS_OK;
}

/* ---- texts ---- */

exs_status field_text(struct reader *r, const struct node *value, void *at)
{
	struct text *out = at;
	char *p;

	if (value->kind != NODE_TEXT)
		return tree_fail(r->tree, value, r->err, "this is a text, not a list or map");
	p = malloc(value->n + 1);
	if (!p)
		return no_memory(r);
	memcpy(p, value->text, value->n + 1);
	out->p = p;
	out->n = value->n;
	return EXS_OK;
}

exs_status field_template(struct reader *r, const struct node *value, void *at)
{
	const char *wrong;

	if (field_text(r, value, at))
		return r->err->status;
	wrong = fill_check(value->text, value->n);
	return wrong ? tree_fail(r->tree, value, r->err, "%s", wrong) : EXS_OK;
}

exs_status field_name(struct reader *r, const struct node *value, void *at)
{
	if (value->kind == NODE_TEXT && (value->n == 0 || strlen(value->text) != value->n))
		return tree_fail(r->tree, value, r->err,
				 "this text must not be empty or hold a NUL");
	return field_text(r, value, at);
}

exs_status field_variable(struct reader *r, const struct node *value, void *at)
{
	if (value->kind == NODE_TEXT &&
	    (strlen(value->text) != value->n || !fill_name_ok(value->text)))
		return tree_fail(r->tree, value, r->err,
				 "'%.40s' cannot name a capture: use letters, digits and _ (at "
				 "most %u), and "
				 "not input, result, item or lines",
				 value->text, FILL_NAME_MAX);
	return field_text(r, value, at);
}

/* ---- numbers ---- */

exs_status field_flag(struct reader *r, const struct node *value, void *at)
{
	bool yes = value->kind == NODE_TEXT && strcmp(value->text, "true") == 0;

	if (!yes && (value->kind != NODE_TEXT || strcmp(value->text, "false") != 0))
		return tree_fail(r->tree, value, r->err, "this is true or false");
	*(bool *)at = yes;
	return EXS_OK;
}

/* Digits at the beginning of p; the rest of the text, or NULL when there are none or too many. */
static const char *digits(const char *p, int64_t *out)
{
	const char *q = p;
	int64_t v = 0;

	for (; *q >= '0' && *q <= '9'; q++) {
		if (q - p == 18)
			return NULL;
		v = v * 10 + (*q - '0');
	}
	*out = v;
	return q == p ? NULL : q;
}

exs_status field_number(struct reader *r, const struct node *value, void *at)
{
	const char *rest;
	int64_t v;

	rest = value->kind == NODE_TEXT ? digits(value->text, &v) : NULL;
	if (!rest || *rest)
		return tree_fail(r->tree, value, r->err, "this is a whole number from 0 up");
	*(int64_t *)at = v;
	return EXS_OK;
}

exs_status field_duration(struct reader *r, const struct node *value, void *at)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	const char *rest;
	int64_t v = 0;
	size_t i;

	rest = value->kind == NODE_TEXT ? digits(value->text, &v) : NULL;
	for (i = 0; rest && i < sizeof units / sizeof units[0]; i++)
		if (strcmp(rest, units[i].unit) == 0 && v <= DURATION_MAX_MS / units[i].ms) {
			*(int64_t *)at = v * units[i].ms;
			return EXS_OK;
		}
	return tree_fail(r->tree, value, r->err,
			 "this is a duration like 50ms, 2s, 1m or 1h, at most 168h");
}

exs_status field_stall(struct reader *r, const struct node *value, void *at)
{
	if (value->kind != NODE_TEXT || strcmp(value->text, "forever") != 0)
		return field_duration(r, value, at);
	*(int64_t *)at = STALL_FOREVER;
	return EXS_OK;
}

/* ---- patterns ---- */

exs_status field_pattern(struct reader *r, const struct node *value, void *at)
{
	struct pattern *out = at;
	struct text source = { NULL, 0 };
	char why[80];
	int code;

	if (field_name(r, value, &source))
		return r->err->status;
	code = regcomp(&out->regex, source.p, REG_EXTENDED | REG_NEWLINE);
	if (code) {
		regerror(code, &out->regex, why, sizeof why);
		free(source.p);
		return tree_fail(r->tree, value, r->err, "the pattern '%.60s' is wrong: %s",
				 value->text, why);
	}
	out->source = source.p;
	return EXS_OK;
}
