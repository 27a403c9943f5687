/* SPDX-License-Identifier: MIT */
/* options.c - a map of the conf becomes settings that a battery can read without fail. */
#include "conf/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/file.h"
#include "conf/options_build.h"
#include "conf/ref.h"
#include "conf/tree_build.h"

#define LABEL_MAX 112u /* "battery 'fs': 'root'" */

struct setting {
	exs_option opt;
	bool given;
	int64_t number;
	exs_str text; /* or the JSON of a TREE */
	exs_str *items;
	size_t count;
	char *owned;	    /* what text points to, unless it is a secret */
	struct tree *deflt; /* of a LIST or TREE that is not given */
	char where[WHERE_MAX];
};

struct settings {
	exs_conf pub; /* the first member: a const exs_conf * is a struct settings */
	char *what;
	struct log *log;
	struct vault vault;
	size_t n;
	struct setting list[];
};

static const exs_str empty = { "", 0 };

/* ---- what a battery asks ---- */

static const struct settings *settings_of(const exs_conf *conf)
{
	return (const struct settings *)(const void *)conf;
}

static const struct setting *find(const struct settings *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->list[i].opt.key, key) == 0)
			return &s->list[i];
	}
	return NULL;
}

/* The setting, when it was declared with one of these types. */
static const struct setting *ask(const exs_conf *conf, const char *key, unsigned types)
{
	const struct settings *s = settings_of(conf);
	const struct setting *x = find(s, key);

	if (!x)
		log_warn(s->log, "%s: asks for the option '%s', which it does not declare", s->what,
			 key);
	else if (!(types & (1u << x->opt.type)))
		log_warn(s->log, "%s: asks for the option '%s' as another type than %s", s->what,
			 key, option_type_word(x->opt.type));
	else
		return x;
	return NULL;
}

#define ANY_TYPE (~0u)
#define TEXT_TYPES                                                                                 \
	(1u << EXS_OPT_TEXT | 1u << EXS_OPT_PATH | 1u << EXS_OPT_CHOICE | 1u << EXS_OPT_SECRET)
#define NUMBER_TYPES                                                                               \
	(1u << EXS_OPT_INT | 1u << EXS_OPT_BOOL | 1u << EXS_OPT_SIZE | 1u << EXS_OPT_DURATION)

static int32_t conf_given(const exs_conf *conf, const char *key)
{
	const struct setting *x = ask(conf, key, ANY_TYPE);

	return x ? x->given : 0;
}

static exs_str conf_text(const exs_conf *conf, const char *key)
{
	const struct setting *x = ask(conf, key, TEXT_TYPES);

	return x ? x->text : empty;
}

static int64_t conf_number(const exs_conf *conf, const char *key)
{
	const struct setting *x = ask(conf, key, NUMBER_TYPES);

	return x ? x->number : 0;
}

static int64_t conf_count(const exs_conf *conf, const char *key)
{
	const struct setting *x = ask(conf, key, 1u << EXS_OPT_LIST);

	return x ? (int64_t)x->count : 0;
}

static exs_str conf_item(const exs_conf *conf, const char *key, int64_t index)
{
	const struct setting *x = ask(conf, key, 1u << EXS_OPT_LIST);

	if (!x || index < 0 || (uint64_t)index >= x->count)
		return empty;
	return x->items[index];
}

static exs_str conf_json(const exs_conf *conf, const char *key)
{
	const struct setting *x = ask(conf, key, 1u << EXS_OPT_TREE);

	return x ? x->text : str_of("null");
}

static exs_str conf_where(const exs_conf *conf, const char *key)
{
	const struct setting *x = ask(conf, key, ANY_TYPE);

	return x ? str_of(x->where) : empty;
}

/* ---- filling one setting ---- */

static exs_status fill_number(struct setting *x, const struct node *n, const char *label,
			      const char *text, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	char s[SHOWN_MAX];

	if (!option_number(&x->opt, text, &x->number, &why))
		return EXS_OK;
	/* What a reference brings in may be a secret that was put into the wrong option. */
	if (ref_is(n->value))
		return node_fail(err, n, "%s: what '%s' brings in is not %s%s", label,
				 shown(s, n->value), option_type_word(x->opt.type),
				 x->opt.flags & EXS_POSITIVE ? " greater than 0" : "");
	return node_fail_why(err, n, label, &why);
}

static exs_status fill_choice(const struct setting *x, const struct node *n, const char *label,
			      const char *text, exs_err *err)
{
	char s[SHOWN_MAX];
	char hint[SHOWN_MAX];

	if (choice_has(x->opt.choices, text))
		return EXS_OK;
	choice_hint(x->opt.choices, text, hint);
	if (ref_is(n->value))
		return node_fail(err, n, "%s: what '%s' brings in is not one of %.80s", label,
				 shown(s, n->value), x->opt.choices);
	return node_fail(err, n, "%s: '%s' is not one of %.80s%s", label, shown(s, text),
			 x->opt.choices, hint);
}

static exs_status fill_scalar(struct settings *s, struct setting *x, const struct node *n,
			      const char *label, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	auto_free char *text = NULL;
	exs_status st = EXS_OK;
	char *path = NULL;

	if (n->type != NODE_SCALAR)
		return node_fail(err, n, "%s: expected %s, found %s", label,
				 option_type_word(x->opt.type), node_type_word(n));
	if (node_is_empty(n))
		return node_fail(err, n, "%s has no value%s", label,
				 x->opt.type == EXS_OPT_TEXT ? ": write \"\" for an empty text"
							     : "");
	if (x->opt.type == EXS_OPT_SECRET)
		return ref_secret(n, label, &s->vault, &x->text, err);
	st = ref_text(n, label, &text, err);
	if (!st && option_is_number(x->opt.type))
		return fill_number(x, n, label, text, err);
	if (!st && x->opt.type == EXS_OPT_CHOICE)
		st = fill_choice(x, n, label, text, err);
	if (st)
		return st;
	if (x->opt.type == EXS_OPT_PATH) {
		if (file_path(n->source, text, &path, &why))
			return node_fail_why(err, n, label, &why);
		free(text);
		text = path;
	}
	x->owned = take(text);
	x->text = str_of(x->owned);
	return EXS_OK;
}

/* Nothing is resolved inside lists and trees: a reference there would reach the battery as it is
 * written. */
static exs_status refuse_refs(const struct node *top, const char *label, exs_err *err)
{
	const struct node *n = top;
	char s[SHOWN_MAX];

	for (;;) {
		if (n->type == NODE_SCALAR && ref_is(n->value))
			return node_fail(err, n,
					 "%s: '%s' stands inside a list or map: references are "
					 "for options with one value",
					 label, shown(s, n->value));
		if (n->first) {
			n = n->first;
			continue;
		}
		while (n != top && !n->next)
			n = n->parent;
		if (n == top)
			return EXS_OK;
		n = n->next;
	}
}

static exs_status fill_list(struct setting *x, const struct node *n, const char *label,
			    exs_err *err)
{
	if (node_is_empty(n))
		return EXS_OK;
	if (n->type == NODE_SCALAR)
		return node_fail(err, n, "%s: expected a list of texts: write it as [a, b]", label);
	if (n->type != NODE_SEQ)
		return node_fail(err, n, "%s: expected a list of texts, found %s", label,
				 node_type_word(n));
	x->items = calloc(n->count ? n->count : 1, sizeof *x->items);
	if (!x->items)
		return tree_nomem(err);
	for (const struct node *item = n->first; item; item = item->next) {
		if (item->type != NODE_SCALAR)
			return node_fail(err, item, "%s: expected a text, found %s", label,
					 node_type_word(item));
		x->items[x->count++] = str_n(item->value, item->value_n);
	}
	return refuse_refs(n, label, err);
}

static exs_status fill_tree(struct setting *x, const struct node *n, const char *label,
			    exs_err *err)
{
	exs_status st = refuse_refs(n, label, err);
	struct buf b;

	if (st || node_is_empty(n))
		return st;
	buf_init(&b, OPTION_JSON_MAX);
	node_json(&b, n);
	x->text.n = b.n;
	if (!buf_ok(&b)) {
		st = b.status;
		buf_release(&b);
		return st == EXS_NOMEM ? tree_nomem(err)
				       : node_fail(err, n, "%s: is too big", label);
	}
	x->owned = buf_take(&b);
	x->text.p = x->owned;
	return EXS_OK;
}

static exs_status fill(struct settings *s, struct setting *x, const struct node *n, exs_err *err)
{
	char label[LABEL_MAX];

	snprintf(label, sizeof label, "%.60s: '%.40s'", s->what, x->opt.key);
	if (x->opt.type == EXS_OPT_LIST)
		return fill_list(x, n, label, err);
	if (x->opt.type == EXS_OPT_TREE)
		return fill_tree(x, n, label, err);
	return fill_scalar(s, x, n, label, err);
}

/* A default secret is an offer: an unset variable means that there is none. */
static bool is_unset_offer(const exs_option *o)
{
	return o->type == EXS_OPT_SECRET && strncmp(o->deflt, "$env:", 5) == 0 &&
	       !getenv(o->deflt + 5);
}

/* A default reads as if it stood in the conf, at the place of the entry. */
static exs_status fill_default(struct settings *s, struct setting *x, const struct node *map,
			       exs_err *err)
{
	auto_free char *here = getcwd(NULL, 0);
	struct source nowhere = { .name = "default", .real = "default", .dir = here ? here : "/" };
	struct node n = { .type = NODE_SCALAR, .source = &nowhere, .line = 1, .column = 1 };
	exs_status st;

	if (!x->opt.deflt || is_unset_offer(&x->opt))
		return EXS_OK;
	if (!here && errno == ENOMEM)
		return tree_nomem(err);
	if (x->opt.type == EXS_OPT_LIST || x->opt.type == EXS_OPT_TREE) {
		st = tree_parse("default", str_of(x->opt.deflt), &x->deflt, err);
		return st ? st : fill(s, x, tree_root(x->deflt), err);
	}
	if (map) {
		n.source = map->source;
		n.line = map->line;
		n.column = map->column;
	}
	n.value = x->opt.deflt;
	n.value_n = strlen(x->opt.deflt);
	return fill(s, x, &n, err);
}

/* ---- the whole ---- */

static exs_status check_keys(const struct settings *s, const struct node *map, exs_err *err)
{
	const char *words[OPTIONS_MAX + 1];
	char key[SHOWN_MAX];
	const char *near;

	for (size_t i = 0; i < s->n; i++)
		words[i] = s->list[i].opt.key;
	words[s->n] = NULL;
	for (const struct node *n = map->first; n; n = n->next) {
		if (find(s, n->key))
			continue;
		near = suggest(n->key, words);
		if (near)
			return node_fail_key(err, n, "%s has no option '%s': did you mean '%s'?",
					     s->what, shown(key, n->key), near);
		return node_fail_key(err, n, "%s has no option '%s'", s->what, shown(key, n->key));
	}
	return EXS_OK;
}

static exs_status fill_all(struct settings *s, const struct node *map, exs_err *err)
{
	exs_status st = map ? check_keys(s, map, err) : EXS_OK;

	for (size_t i = 0; i < s->n && !st; i++) {
		struct setting *x = &s->list[i];
		const struct node *n = node_get(map, x->opt.key);

		x->given = n != NULL;
		x->text = x->opt.type == EXS_OPT_TREE ? str_of("null") : empty;
		if (n)
			node_where_key(n, x->where);
		else if (map)
			node_where_key(map, x->where);
		if (n)
			st = fill(s, x, n, err);
		else if (!(x->opt.flags & EXS_REQUIRED))
			st = fill_default(s, x, map, err);
		else if (map)
			st = node_fail_key(
				err, map, "%s needs the option '%s' (%s)", s->what, x->opt.key,
				x->opt.help ? x->opt.help : option_type_word(x->opt.type));
		else
			st = err_set(err, EXS_INVALID, 0, "%s needs the option '%s'", s->what,
				     x->opt.key);
	}
	return st;
}

exs_status settings_new(const exs_option *options, uint32_t option_size, const struct node *map,
			const char *what, struct settings **out, exs_err *err)
{
	static const exs_conf verbs = { sizeof(exs_conf), 0,	       conf_given,
					conf_text,	  conf_number, conf_count,
					conf_item,	  conf_json,   conf_where };
	size_t n = option_count(options, option_size);
	struct settings *s;
	exs_status st;

	if (map && map->type != NODE_MAP)
		return node_fail(err, map, "%s: expected its options, found %s", what,
				 node_type_word(map));
	if (n > OPTIONS_MAX)
		return err_set(err, EXS_TOOBIG, 0, "%s: more than %u options", what, OPTIONS_MAX);
	s = calloc(1, sizeof *s + n * sizeof s->list[0]);
	if (!s)
		return tree_nomem(err);
	s->pub = verbs;
	s->n = n;
	for (size_t i = 0; i < n; i++)
		s->list[i].opt = option_at(options, option_size, i);
	s->what = str_dup(str_of(what));
	st = s->what ? fill_all(s, map, err) : tree_nomem(err);
	if (st) {
		settings_free(s);
		return st;
	}
	*out = s;
	return EXS_OK;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->list[i].owned);
		free(s->list[i].items);
		tree_free(s->list[i].deflt);
	}
	vault_release(&s->vault);
	free(s->what);
	free(s);
}

const exs_conf *settings_public(const struct settings *s)
{
	return &s->pub;
}

void settings_log_to(struct settings *s, struct log *log)
{
	s->log = log;
}

size_t settings_secrets(const struct settings *s, const exs_str **out)
{
	*out = s->vault.list;
	return s->vault.n;
}
