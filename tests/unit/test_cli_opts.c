/* SPDX-License-Identifier: MIT */
/* test_cli_opts.c - the command line: its table, its parser, and what is generated from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The command is no library: its sources are compiled in here. */
#include "base/auto.h"
#include "cli/exit.c"
#include "cli/help.c"
#include "cli/opts.c"
#include "cli/opts_table.c"

#define WORDS_MAX 16

static exs_status parse(struct opts *o, exs_err *err, const char *line)
{
	static char words[1024];
	static char *argv[WORDS_MAX + 1];
	int argc = 0;
	char *p, *save = NULL;

	assert_true(strlen(line) < sizeof words);
	snprintf(words, sizeof words, "executus %s", line);
	for (p = strtok_r(words, " ", &save); p; p = strtok_r(NULL, " ", &save))
		if (argc < WORDS_MAX)
			argv[argc++] = p;
	*err = (exs_err)EXS_ERR_INIT;
	return opts_parse(argc, argv, o, err);
}

static void accept(struct opts *o, const char *line)
{
	exs_err err;

	if (parse(o, &err, line))
		fail_msg("'%s' was refused: %s", line, err.text);
}

static void refuse(const char *line, const char *words)
{
	struct opts o;
	exs_err err;

	assert_int_equal(parse(&o, &err, line), EXS_INVALID);
	if (!strstr(err.text, words))
		fail_msg("'%s': expected \"%s\" in \"%s\"", line, words, err.text);
}

/* ---- the table ---- */

static void every_row_is_complete(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < OPTIONS; i++) {
		assert_non_null(opts_options[i].name);
		assert_non_null(opts_options[i].help);
		assert_int_not_equal(opts_options[i].commands, 0);
		if (opts_options[i].choices || opts_options[i].flags)
			assert_non_null(opts_options[i].value);
	}
	for (i = 0; i < COMMANDS; i++) {
		assert_non_null(opts_commands[i].summary);
		assert_non_null(opts_commands[i].about);
		assert_non_null(opts_commands[i].examples);
		assert_true(opts_commands[i].args_min <= opts_commands[i].args_max);
		assert_true(opts_commands[i].args_max <= OPTS_ARGS_MAX);
	}
}

static void no_name_or_letter_stands_twice(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < OPTIONS; i++) {
		for (j = 0; j < i; j++) {
			assert_string_not_equal(opts_options[i].name, opts_options[j].name);
			if (opts_options[i].letter)
				assert_int_not_equal(opts_options[i].letter,
						     opts_options[j].letter);
		}
	}
}

static void exclusion_is_mutual(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < OPTIONS; i++)
		for (j = 0; j < OPTIONS; j++)
			assert_int_equal((opts_options[i].excludes & OPT_BIT(j)) != 0,
					 (opts_options[j].excludes & OPT_BIT(i)) != 0);
}

/* ---- the parser ---- */

static void reads_options_before_and_behind_the_command(void **state)
{
	struct opts o;

	(void)state;
	accept(&o, "-c a.yaml run --agent=x -qd file:1 --deliver file:2 question");
	assert_int_equal(o.command, CMD_RUN);
	assert_string_equal(opts_value(&o, OPT_CONF), "a.yaml");
	assert_string_equal(opts_value(&o, OPT_AGENT), "x");
	assert_true(opts_has(&o, OPT_QUIET));
	assert_false(opts_has(&o, OPT_JSON));
	assert_int_equal(o.arg_n, 1);
	assert_string_equal(o.args[0], "question");
}

static void the_last_value_counts_and_repeated_ones_all(void **state)
{
	struct opts o;
	uint32_t at = 0;

	(void)state;
	accept(&o, "run -cone -c two -d file:1 -d file:2 hi");
	assert_string_equal(opts_value(&o, OPT_CONF), "two");
	assert_string_equal(opts_next(&o, OPT_DELIVER, &at), "file:1");
	assert_string_equal(opts_next(&o, OPT_DELIVER, &at), "file:2");
	assert_null(opts_next(&o, OPT_DELIVER, &at));
	assert_null(opts_value(&o, OPT_AGENT));
}

static void two_dashes_end_the_options(void **state)
{
	struct opts o;

	(void)state;
	accept(&o, "run -- --help");
	assert_false(opts_has(&o, OPT_HELP));
	assert_string_equal(o.args[0], "--help");
	accept(&o, "run -i -");
	assert_string_equal(opts_value(&o, OPT_INPUT), "-");
}

static void help_needs_no_words_and_no_command(void **state)
{
	struct opts o;

	(void)state;
	accept(&o, "show --help");
	assert_int_equal(o.command, CMD_SHOW);
	accept(&o, "--version");
	assert_int_equal(o.command, -1);
	accept(&o, "");
	assert_int_equal(o.command, -1);
}

static void says_what_was_probably_meant(void **state)
{
	(void)state;
	refuse("rum hi", "no command 'rum': did you mean 'run'?");
	refuse("xyzzyxyzzy", "'executus help' lists them");
	refuse("run --jsonm hi", "no option '--jsonm': did you mean '--json'?");
	refuse("run --agnt=x hi", "did you mean '--agent'?");
	refuse("run --xyzzyxyzzy", "see 'executus help run'");
	refuse("run -Z", "no option '-Z'");
}

static void refuses_what_does_not_belong_together(void **state)
{
	(void)state;
	refuse("check --json", "'check' has no option '--json'");
	refuse("--facts runs", "'runs' has no option '--facts'");
	refuse("run --json --jsonl hi", "exclude each other");
	refuse("show --facts -t x", "exclude each other");
	refuse("run --durability maybe hi", "is one of strict|relaxed|none, not 'maybe'");
	refuse("run --durability stric hi", "is one of");
	refuse("run --quiet=yes hi", "takes no value");
	refuse("run hi -c", "'--conf' needs a value");
	refuse("run --agent", "'--agent' needs a value");
	refuse("runs -n 0", "whole number from 1 on");
	refuse("runs -n 1x", "whole number");
	refuse("runs --limit=", "whole number");
}

static void counts_the_words(void **state)
{
	(void)state;
	refuse("show", "'show' needs more: executus show RUN");
	refuse("steer x", "needs more");
	refuse("check x", "'check' takes options only");
	refuse("run two words", "one too many is 'words': quote a text with spaces");
}

static void bounds_hold(void **state)
{
	static char program[] = "executus", command[] = "batteries", word[] = "x", quiet[] = "-q";
	char *argv[OPTS_ARGS_MAX + 8] = { program, command };
	struct opts o;
	exs_err err = EXS_ERR_INIT;
	int i;

	(void)state;
	for (i = 2; i < (int)ARRAY_LEN(argv); i++)
		argv[i] = word;
	assert_int_equal(opts_parse(2 + (int)OPTS_ARGS_MAX, argv, &o, &err), EXS_OK);
	assert_int_equal(opts_parse(3 + (int)OPTS_ARGS_MAX, argv, &o, &err), EXS_INVALID);
	for (i = 2; i < (int)ARRAY_LEN(argv); i++)
		argv[i] = quiet;
	assert_int_equal(opts_parse(2 + (int)OPTS_GIVEN_MAX, argv, &o, &err), EXS_OK);
	assert_int_equal(opts_parse(3 + (int)OPTS_GIVEN_MAX, argv, &o, &err), EXS_INVALID);
}

/* ---- what is generated ---- */

static void help_names_every_option_of_a_command(void **state)
{
	char name[64];
	struct buf text;
	size_t i;
	int c;

	(void)state;
	for (c = 0; c < COMMANDS; c++) {
		buf_init(&text, HELP_MAX);
		help_command(&text, c);
		assert_true(buf_ok(&text));
		for (i = 0; i < OPTIONS; i++) {
			snprintf(name, sizeof name, "--%s", opts_options[i].name);
			if (opts_options[i].commands & CMD_BIT((unsigned)c))
				assert_non_null(strstr(text.p, name));
		}
		buf_release(&text);
	}
}

static void help_fits_a_terminal(void **state)
{
	struct buf text;
	const char *line;
	int c;

	(void)state;
	for (c = -1; c < COMMANDS; c++) {
		buf_init(&text, HELP_MAX);
		if (c < 0)
			help_all(&text);
		else
			help_command(&text, c);
		for (line = text.p; *line; line += strcspn(line, "\n") + 1)
			assert_true(strcspn(line, "\n") <= 80);
		buf_release(&text);
	}
}

static void exit_statuses_are_as_documented(void **state)
{
	static const struct {
		int32_t status;
		const char *reason;
		int code;
	} rows[] = {
		{ EXS_ENDED_OK, "", 0 },
		{ EXS_ENDED_ERROR, "tool_loop", 1 },
		{ EXS_ENDED_ERROR, "model", 69 },
		{ EXS_ENDED_ERROR, "storage", 73 },
		{ EXS_ENDED_DENIED, "budget", 4 },
		{ EXS_ENDED_CANCELLED, "cancelled", 5 },
		{ EXS_ENDED_TIMEOUT, "timeout", 6 },
		{ EXS_ENDED_KILLED, "killed", 7 },
		{ EXS_ENDED_PARKED, "in_doubt", 8 },
		{ EXS_ENDED_PARKED, "storage", 73 },
		{ EXS_ENDED_INTERRUPTED, "owner", 75 },
		{ EXS_ENDED_INTERRUPTED, "shutdown", 75 },
	};
	struct run_result r = { .status = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		r.status = rows[i].status;
		r.reason = rows[i].reason;
		assert_int_equal(exit_of_run(&r), rows[i].code);
	}
	assert_int_equal(exit_worse(EXIT_OK, EXIT_RUN), EXIT_RUN);
	assert_int_equal(exit_worse(EXIT_CANCELLED, EXIT_STORAGE), EXIT_STORAGE);
	assert_int_equal(exit_worse(EXIT_OK, EXIT_OK), EXIT_OK);
	assert_int_equal(exit_worse(EXIT_CONF, EXIT_OK), EXIT_CONF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(no_name_or_letter_stands_twice),
		cmocka_unit_test(exclusion_is_mutual),
		cmocka_unit_test(reads_options_before_and_behind_the_command),
		cmocka_unit_test(the_last_value_counts_and_repeated_ones_all),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(help_needs_no_words_and_no_command),
		cmocka_unit_test(says_what_was_probably_meant),
		cmocka_unit_test(refuses_what_does_not_belong_together),
		cmocka_unit_test(counts_the_words),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(help_names_every_option_of_a_command),
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(exit_statuses_are_as_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
