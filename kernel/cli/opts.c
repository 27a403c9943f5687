/* SPDX-License-Identifier: MIT */
/* opts.c - reads a command line by the table. See opts.h. */
#include "cli/opts.h"

#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"

#define LONG_NAME_MAX 64u /* "--name" in a suggestion */

static bool known(enum option_id id, int command)
{
	return command < 0 || opts_options[id].commands & CMD_BIT((unsigned)command);
}

int opts_command(const char *name)
{
	int i;

	for (i = 0; i < COMMANDS; i++)
		if (strcmp(opts_commands[i].name, name) == 0)
			return i;
	return -1;
}

bool opts_has(const struct opts *o, enum option_id id)
{
	uint32_t i;

	for (i = 0; i < o->given_n; i++)
		if (o->given[i].id == id)
			return true;
	return false;
}

const char *opts_value(const struct opts *o, enum option_id id)
{
	const char *value = NULL;
	uint32_t i;

	for (i = 0; i < o->given_n; i++)
		if (o->given[i].id == id)
			value = o->given[i].value;
	return value;
}

const char *opts_foreign(const struct opts *o, uint64_t takes)
{
	uint32_t i;

	for (i = 0; i < o->given_n; i++) {
		const struct option_row *row = &opts_options[o->given[i].id];

		if (row->commands != CMD_EVERY && !(takes & OPT_BIT(o->given[i].id)))
			return row->name;
	}
	return NULL;
}

const char *opts_next(const struct opts *o, enum option_id id, uint32_t *at)
{
	while (*at < o->given_n) {
		const struct given *g = &o->given[(*at)++];

		if (g->id == id)
			return g->value;
	}
	return NULL;
}

/* ---- what was probably meant ---- */

static exs_status unknown_command(const char *name, exs_err *err)
{
	const char *names[COMMANDS + 1], *near;
	int i;

	for (i = 0; i < COMMANDS; i++)
		names[i] = opts_commands[i].name;
	names[COMMANDS] = NULL;
	near = suggest(name, names);
	if (near)
		return err_set(err, EXS_INVALID, 0, "no command '%.40s': did you mean '%s'?", name,
			       near);
	return err_set(err, EXS_INVALID, 0, "no command '%.40s': 'executus help' lists them", name);
}

static exs_status unknown_option(const char *word, size_t n, int command, exs_err *err)
{
	char typed[LONG_NAME_MAX];
	const char *names[OPTIONS + 1], *near;
	size_t i, count = 0;

	for (i = 0; i < OPTIONS; i++)
		if (known((enum option_id)i, command))
			names[count++] = opts_options[i].name;
	names[count] = NULL;
	if (n >= sizeof typed)
		n = sizeof typed - 1;
	memcpy(typed, word, n);
	typed[n] = '\0';
	near = suggest(typed, names);
	if (near)
		return err_set(err, EXS_INVALID, 0, "no option '--%s': did you mean '--%s'?", typed,
			       near);
	return err_set(err, EXS_INVALID, 0, "no option '--%s': see 'executus help%s%s'", typed,
		       command < 0 ? "" : " ", command < 0 ? "" : opts_commands[command].name);
}

/* ---- reading ---- */

struct reader {
	int argc, at;
	char *const *argv;
	struct opts *out;
	exs_err *err;
};

static exs_status add(struct reader *r, enum option_id id, const char *value)
{
	if (r->out->given_n == OPTS_GIVEN_MAX)
		return err_set(r->err, EXS_INVALID, 0, "more than %u options", OPTS_GIVEN_MAX);
	r->out->given[r->out->given_n++] = (struct given){ id, value };
	return EXS_OK;
}

/* The word behind an option, which it needs. */
static exs_status need_value(struct reader *r, enum option_id id, const char **out)
{
	if (r->at >= r->argc)
		return err_set(r->err, EXS_INVALID, 0, "'--%s' needs a value: --%s %s",
			       opts_options[id].name, opts_options[id].name,
			       opts_options[id].value);
	*out = r->argv[r->at++];
	return EXS_OK;
}

static exs_status read_long(struct reader *r, const char *word)
{
	size_t n = strcspn(word, "="), i;
	const char *value = word[n] ? word + n + 1 : NULL;

	for (i = 0; i < OPTIONS; i++)
		if (strlen(opts_options[i].name) == n && memcmp(opts_options[i].name, word, n) == 0)
			break;
	if (i == OPTIONS)
		return unknown_option(word, n, r->out->command, r->err);
	if (value && !opts_options[i].value)
		return err_set(r->err, EXS_INVALID, 0, "'--%s' takes no value",
			       opts_options[i].name);
	if (!value && opts_options[i].value && need_value(r, (enum option_id)i, &value))
		return r->err->status;
	return add(r, (enum option_id)i, value);
}

/* "-qv", "-c FILE", "-cFILE" */
static exs_status read_letters(struct reader *r, const char *letters)
{
	const char *value;
	size_t i;

	for (; *letters; letters++) {
		for (i = 0; i < OPTIONS; i++)
			if (opts_options[i].letter == *letters)
				break;
		if (i == OPTIONS)
			return err_set(r->err, EXS_INVALID, 0,
				       "no option '-%.8s': see 'executus help'", letters);
		value = NULL;
		if (opts_options[i].value && letters[1])
			value = letters + 1;
		else if (opts_options[i].value && need_value(r, (enum option_id)i, &value))
			return r->err->status;
		if (add(r, (enum option_id)i, value))
			return r->err->status;
		if (value)
			return EXS_OK;
	}
	return EXS_OK;
}

static exs_status read_word(struct reader *r, const char *word)
{
	struct opts *o = r->out;

	if (o->command < 0) {
		o->command = opts_command(word);
		return o->command < 0 ? unknown_command(word, r->err) : EXS_OK;
	}
	if (o->arg_n == OPTS_ARGS_MAX)
		return err_set(r->err, EXS_INVALID, 0, "more than %u words", OPTS_ARGS_MAX);
	o->args[o->arg_n++] = word;
	return EXS_OK;
}

static exs_status read_all(struct reader *r)
{
	bool words = false; /* behind "--" */
	exs_status status = EXS_OK;

	while (status == EXS_OK && r->at < r->argc) {
		const char *word = r->argv[r->at++];

		if (words || word[0] != '-' || word[1] == '\0')
			status = read_word(r, word);
		else if (strcmp(word, "--") == 0)
			words = true;
		else if (word[1] == '-')
			status = read_long(r, word + 2);
		else
			status = read_letters(r, word + 1);
	}
	return status;
}

/* ---- checking ---- */

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	while (n && choices) {
		if (strncmp(choices, value, n) == 0 && (choices[n] == '|' || !choices[n]))
			return true;
		choices = strchr(choices, '|');
		choices = choices ? choices + 1 : NULL;
	}
	return false;
}

static bool is_number(const char *value)
{
	return value[strspn(value, "0123456789")] == '\0' && value[0] != '\0' && value[0] != '0' &&
	       strlen(value) <= 9;
}

static exs_status check_option(const struct opts *o, const struct given *g, exs_err *err)
{
	const struct option_row *row = &opts_options[g->id];
	size_t i;

	if (!known(g->id, o->command))
		return err_set(err, EXS_INVALID, 0, "'%s' has no option '--%s'",
			       opts_commands[o->command].name, row->name);
	if (row->choices && !is_choice(row->choices, g->value))
		return err_set(err, EXS_INVALID, 0, "'--%s' is one of %s, not '%.40s'", row->name,
			       row->choices, g->value);
	if (row->flags & OPT_NUMBER && !is_number(g->value))
		return err_set(err, EXS_INVALID, 0,
			       "'--%s' is a whole number from 1 on, not '%.40s'", row->name,
			       g->value);
	for (i = 0; i < OPTIONS; i++)
		if (row->excludes & OPT_BIT(i) && opts_has(o, (enum option_id)i))
			return err_set(err, EXS_INVALID, 0, "'--%s' and '--%s' exclude each other",
				       row->name, opts_options[i].name);
	return EXS_OK;
}

static exs_status check_words(const struct opts *o, exs_err *err)
{
	const struct command_row *c = &opts_commands[o->command];

	if (o->arg_n < c->args_min)
		return err_set(err, EXS_INVALID, 0, "'%s' needs more: executus %s %s", c->name,
			       c->name, c->args);
	if (o->arg_n <= c->args_max)
		return EXS_OK;
	if (c->args_max == 0)
		return err_set(err, EXS_INVALID, 0, "'%s' takes options only, not '%.40s'", c->name,
			       o->args[0]);
	return err_set(err, EXS_INVALID, 0,
		       "'%s' takes no more than %u word%s; one too many is '%.40s': quote a text "
		       "with spaces",
		       c->name, c->args_max, c->args_max == 1 ? "" : "s", o->args[c->args_max]);
}

exs_status opts_parse(int argc, char *const *argv, struct opts *out, exs_err *err)
{
	struct opts o = { .command = -1 };
	struct reader r = { argc, 1, argv, &o, err };
	uint32_t i;

	if (read_all(&r))
		return err->status;
	if (!opts_has(&o, OPT_HELP) && !opts_has(&o, OPT_VERSION) && o.command >= 0) {
		for (i = 0; i < o.given_n; i++)
			if (check_option(&o, &o.given[i], err))
				return err->status;
		if (check_words(&o, err))
			return err->status;
	}
	*out = o;
	return EXS_OK;
}
