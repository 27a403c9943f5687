/* SPDX-License-Identifier: MIT */
/* options_check.c - is a table of declared options right, before any conf is held against it? */
#include "conf/options_build.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "conf/options.h"
#include "conf/ref.h"
#include "conf/units.h"

#define OPTION_SIZE_MIN offsetof(exs_option, choices)
#define OPTION_SIZE_MAX 1024u

static const char *const type_words[] = {
	[EXS_OPT_TEXT] = "a text",	   [EXS_OPT_INT] = "a whole number",
	[EXS_OPT_BOOL] = "a boolean",	   [EXS_OPT_SIZE] = "a size",
	[EXS_OPT_DURATION] = "a duration", [EXS_OPT_PATH] = "a path",
	[EXS_OPT_SECRET] = "a secret",	   [EXS_OPT_LIST] = "a list of texts",
	[EXS_OPT_TREE] = "a tree",	   [EXS_OPT_CHOICE] = "a word",
};

const char *option_type_word(int32_t type)
{
	if (type < EXS_OPT_TEXT || type > EXS_OPT_CHOICE)
		return NULL;
	return type_words[type];
}

exs_option option_at(const exs_option *options, uint32_t option_size, size_t i)
{
	exs_option o = { 0 };
	size_t n = option_size < sizeof o ? option_size : sizeof o;

	memcpy(&o, (const char *)options + i * option_size, n);
	return o;
}

size_t option_count(const exs_option *options, uint32_t option_size)
{
	size_t n = 0;

	while (options && n <= OPTIONS_MAX && option_at(options, option_size, n).key)
		n++;
	return n;
}

bool option_is_number(int32_t type)
{
	return type == EXS_OPT_INT || type == EXS_OPT_BOOL || type == EXS_OPT_SIZE ||
	       type == EXS_OPT_DURATION;
}

exs_status option_number(const exs_option *o, const char *text, int64_t *out, exs_err *err)
{
	int64_t v = 0;
	exs_status st;

	if (o->type == EXS_OPT_INT)
		st = units_int(text, &v, err);
	else if (o->type == EXS_OPT_BOOL)
		st = units_bool(text, &v, err);
	else if (o->type == EXS_OPT_SIZE)
		st = units_size(text, &v, err);
	else
		st = units_duration(text, &v, err);
	if (st)
		return st;
	if ((o->flags & EXS_POSITIVE) && o->type != EXS_OPT_BOOL && v <= 0)
		return err_set(err, EXS_INVALID, 0, "'%.40s' must be greater than 0", text);
	*out = v;
	return EXS_OK;
}

/* The next word of "a|b|c"; false: none is left. */
static bool choice_next(const char **choices, exs_str *word)
{
	const char *p = *choices;

	if (!p)
		return false;
	*word = str_n(p, strcspn(p, "|"));
	*choices = p[word->n] ? p + word->n + 1 : NULL;
	return true;
}

bool choice_has(const char *choices, const char *text)
{
	exs_str word;

	while (choice_next(&choices, &word)) {
		if (str_is(word, text))
			return true;
	}
	return false;
}

void choice_hint(const char *choices, const char *text, char out[SHOWN_MAX])
{
	char copies[CHOICES_MAX][32];
	const char *words[CHOICES_MAX + 1];
	const char *near;
	exs_str word;
	size_t n = 0;

	while (n < CHOICES_MAX && choice_next(&choices, &word)) {
		if (word.n >= sizeof copies[0])
			continue;
		memcpy(copies[n], word.p, word.n);
		copies[n][word.n] = '\0';
		words[n] = copies[n];
		n++;
	}
	words[n] = NULL;
	near = suggest(text, words);
	out[0] = '\0';
	if (near)
		snprintf(out, SHOWN_MAX, " (did you mean '%s'?)", near);
}

static exs_status check_tree(const exs_option *o, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct tree *t = NULL;
	bool texts = true;

	if (tree_parse("default", str_of(o->deflt), &t, &why))
		return err_set(err, EXS_INVALID, 0, "option '%s': %s", o->key, why.text);
	if (o->type == EXS_OPT_LIST) {
		texts = tree_root(t)->type == NODE_SEQ;
		for (const struct node *n = tree_root(t)->first; n; n = n->next)
			texts = texts && n->type == NODE_SCALAR;
	}
	tree_free(t);
	if (!texts)
		return err_set(err, EXS_INVALID, 0,
			       "option '%s': its default is not a list of texts: "
			       "write it as [a, b]",
			       o->key);
	return EXS_OK;
}

static exs_status check_default(const exs_option *o, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	int64_t v;

	if (o->type == EXS_OPT_LIST || o->type == EXS_OPT_TREE)
		return check_tree(o, err);
	if (o->type == EXS_OPT_SECRET && !ref_is(o->deflt))
		return err_set(err, EXS_INVALID, 0,
			       "option '%s': a secret has no default but a reference", o->key);
	if (ref_is(o->deflt))
		return EXS_OK;
	if (option_is_number(o->type) && option_number(o, o->deflt, &v, &why))
		return err_set(err, EXS_INVALID, 0, "option '%s': its default %s", o->key,
			       why.text);
	if (o->type == EXS_OPT_CHOICE && !choice_has(o->choices, o->deflt))
		return err_set(err, EXS_INVALID, 0,
			       "option '%s': its default '%s' is not one of %.100s", o->key,
			       o->deflt, o->choices);
	if (o->type == EXS_OPT_PATH && !*o->deflt)
		return err_set(err, EXS_INVALID, 0, "option '%s': its default is an empty path",
			       o->key);
	return EXS_OK;
}

static exs_status check_option(const exs_option *o, exs_err *err)
{
	if (!*o->key || strcmp(o->key, "so") == 0)
		return err_set(err, EXS_INVALID, 0,
			       "option '%s': this key is not free for an option", o->key);
	if (!option_type_word(o->type))
		return err_set(err, EXS_INVALID, 0, "option '%s': type %d is not known", o->key,
			       (int)o->type);
	if (o->flags & ~(uint32_t)(EXS_REQUIRED | EXS_POSITIVE))
		return err_set(err, EXS_INVALID, 0, "option '%s': flags 0x%x are not known", o->key,
			       (unsigned)o->flags);
	if (o->type == EXS_OPT_CHOICE && (!o->choices || !*o->choices))
		return err_set(err, EXS_INVALID, 0, "option '%s': a choice needs its words",
			       o->key);
	return o->deflt ? check_default(o, err) : EXS_OK;
}

exs_status options_check(const exs_option *options, uint32_t option_size, exs_err *err)
{
	size_t n;

	if (!options)
		return EXS_OK;
	if (option_size < OPTION_SIZE_MIN || option_size > OPTION_SIZE_MAX ||
	    option_size % _Alignof(exs_option))
		return err_set(err, EXS_INVALID, 0,
			       "an option of %u bytes is not one of this contract",
			       (unsigned)option_size);
	n = option_count(options, option_size);
	if (n > OPTIONS_MAX)
		return err_set(err, EXS_TOOBIG, 0,
			       "more than %u options, or a table without an end", OPTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		exs_option o = option_at(options, option_size, i);
		exs_status st = check_option(&o, err);

		if (st)
			return st;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(option_at(options, option_size, k).key, o.key) == 0)
				return err_set(err, EXS_INVALID, 0, "option '%s' is declared twice",
					       o.key);
		}
	}
	return EXS_OK;
}
