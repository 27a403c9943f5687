/* SPDX-License-Identifier: MIT */
/* test_options_check.c - tables of declared options: older ones, and ones that contradict
 * themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "conf/options.h"

static void assert_says(const exs_err *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("expected \"%s\" in \"%s\"", part, err->text);
}

static void assert_text(exs_str s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_string_equal(s.p, want);
}

static void reads_an_older_table_without_choices(void **state)
{
	struct old_option {
		const char *key;
		int32_t type;
		uint32_t flags;
		const char *deflt, *help;
	};
	static const struct old_option old[] = {
		{ "a", EXS_OPT_INT, 0, "1", "one" },
		{ "b", EXS_OPT_TEXT, 0, "x", "two" },
		{ NULL, 0, 0, NULL, NULL },
	};
	const exs_option *options = (const exs_option *)(const void *)old;
	exs_err err = EXS_ERR_INIT;
	struct settings *s = NULL;
	const exs_conf *c;

	(void)state;
	assert_int_equal(options_check(options, sizeof old[0], &err), EXS_OK);
	assert_int_equal(settings_new(options, sizeof old[0], NULL, "battery 'old'", &s, &err),
			 EXS_OK);
	c = settings_public(s);
	assert_int_equal(c->number(c, "a"), 1);
	assert_text(c->text(c, "b"), "x");
	assert_text(c->where(c, "b"), "");
	settings_free(s);
	assert_int_equal(options_check(options, 8, &err), EXS_INVALID);
	assert_int_equal(options_check(options, 36, &err), EXS_INVALID);
	assert_int_equal(options_check(NULL, 0, &err), EXS_OK);
}

static void refuses_tables_that_contradict_themselves(void **state)
{
	static const struct {
		exs_option o;
		const char *words;
	} bad[] = {
		{ { "x", 99, 0, NULL, "", NULL }, "type 99 is not known" },
		{ { "x", 0, 0, NULL, "", NULL }, "type 0 is not known" },
		{ { "x", EXS_OPT_INT, 64, NULL, "", NULL }, "flags 0x40" },
		{ { "x", EXS_OPT_INT, 0, "wide", "", NULL },
		  "its default 'wide' is not a whole number" },
		{ { "x", EXS_OPT_INT, EXS_POSITIVE, "0", "", NULL }, "greater than 0" },
		{ { "x", EXS_OPT_DURATION, 0, "90", "", NULL }, "has no unit" },
		{ { "x", EXS_OPT_BOOL, 0, "yes", "", NULL }, "write true" },
		{ { "x", EXS_OPT_SIZE, 0, "1q", "", NULL }, "not a size" },
		{ { "x", EXS_OPT_SECRET, 0, "abc", "", NULL }, "no default but a reference" },
		{ { "x", EXS_OPT_PATH, 0, "", "", NULL }, "empty path" },
		{ { "x", EXS_OPT_LIST, 0, "a", "", NULL }, "not a list of texts" },
		{ { "x", EXS_OPT_LIST, 0, "[[a]]", "", NULL }, "not a list of texts" },
		{ { "x", EXS_OPT_TREE, 0, "[", "", NULL }, "not YAML" },
		{ { "x", EXS_OPT_CHOICE, 0, "c", "", "a|b" }, "its default 'c' is not one of a|b" },
		{ { "x", EXS_OPT_CHOICE, 0, NULL, "", NULL }, "a choice needs its words" },
		{ { "", EXS_OPT_TEXT, 0, NULL, "", NULL }, "not free" },
		{ { "so", EXS_OPT_TEXT, 0, NULL, "", NULL }, "not free" },
		{ { "y", EXS_OPT_TEXT, 0, NULL, "", NULL }, "'y' is declared twice" },
	};
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		exs_option list[3] = { { "y", EXS_OPT_INT, 0, NULL, "", NULL } };

		list[1] = bad[i].o;
		if (options_check(list, sizeof list[0], &err) != EXS_INVALID)
			fail_msg("accepted: %s", bad[i].words);
		assert_says(&err, bad[i].words);
	}
}

static void refuses_a_table_without_an_end(void **state)
{
	exs_option list[OPTIONS_MAX + 1];
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (exs_option){ "x", EXS_OPT_TEXT, 0, NULL, "", NULL };
	assert_int_equal(options_check(list, sizeof list[0], &err), EXS_TOOBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_older_table_without_choices),
		cmocka_unit_test(refuses_tables_that_contradict_themselves),
		cmocka_unit_test(refuses_a_table_without_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
