/* SPDX-License-Identifier: MIT */
/* test_text.c - views, UTF-8, terminal text and suggestions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static void null_is_the_empty_text(void **state)
{
	exs_str s = str_of(NULL);
	char *copy;

	(void)state;
	assert_int_equal(s.n, 0);
	assert_true(str_eq(s, str_of("")));
	assert_true(str_is(s, ""));
	assert_true(str_starts(s, ""));
	assert_false(str_starts(s, "a"));
	assert_true(utf8_ok(s));
	copy = str_dup(s);
	assert_string_equal(copy, "");
	free(copy);
}

static void views_compare_by_bytes(void **state)
{
	exs_str s = str_n("abcdef", 3);
	char *copy;

	(void)state;
	assert_true(str_is(s, "abc"));
	assert_false(str_is(s, "abcd"));
	assert_false(str_is(s, "abd"));
	assert_true(str_starts(s, "ab"));
	assert_true(str_starts(s, "abc"));
	assert_false(str_starts(s, "abcd"));
	copy = str_dup(s);
	assert_string_equal(copy, "abc");
	free(copy);
}

static void trim_takes_white_space_off_both_ends(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(str_of(" \t\r\n a b \v\f")), "a b"));
	assert_true(str_is(str_trim(str_of("ab")), "ab"));
	assert_true(str_is(str_trim(str_of(" \n ")), ""));
}

static void utf8_is_judged_by_the_standard(void **state)
{
	static const char *const good[] = {
		"",
		"ascii",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"eight bytes \xe2\x82\xac and more than eight",
	};
	static const struct {
		const char *text;
		size_t at;
	} bad[] = {
		{ "\x80", 0 },
		{ "a\xbf", 1 },
		{ "\xc0\xaf", 0 },
		{ "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xed\xa0\x80", 0 },
		{ "\xed\xbf\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 },
		{ "\xff", 0 },
		{ "ab\xc3", 2 },
		{ "\xe2\x82", 0 },
		{ "\xe2\x28\xa1", 0 },
		{ "\xf0\x9f\x98", 0 },
		{ "\xf0\x9f\x28\x80", 0 },
		{ "12345678\xc3\xa9\xfe", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(utf8_ok(str_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(utf8_bad(bad[i].text, strlen(bad[i].text)), bad[i].at);
}

static void a_cut_never_splits_a_character(void **state)
{
	const exs_str s = str_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };

	(void)state;
	for (size_t max = 0; max < sizeof want / sizeof want[0]; max++)
		assert_int_equal(utf8_cut(s, max), want[max]);
	/* What is no character is not kept together. */
	assert_int_equal(utf8_cut(str_of("\x80\x80\x80\x80\x80"), 4), 4);
}

static void shows(const char *text, size_t n, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	text_for_terminal(&b, str_n(text, n));
	assert_string_equal(b.p, want);
	buf_release(&b);
}

static void control_characters_become_visible(void **state)
{
	(void)state;
	shows("two\nlines\tand", 13, "two\nlines\tand");
	shows("\x1b[31mred\x07\r\x7f", 11, "\\x1b[31mred\\x07\\x0d\\x7f");
	shows("a\0b", 3, "a\\x00b");
	shows("\xc2\x9b"
	      "2J",
	      4, "\\u009b2J");
	shows("\xe2\x80\xae"
	      "evil",
	      7, "\\u202eevil");
	shows("\xe2\x81\xa6\xf3\xa0\x81\x81", 7, "\\u2066\\U000e0041");
	shows("\xff\xc3", 2, "\\xff\\xc3");
	shows("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	shows("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", 11,
	      "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb");
}

static void one_line(const char *text, size_t max, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_puts(&b, "> ");
	text_one_line(&b, str_of(text), max);
	assert_memory_equal(b.p, "> ", 2);
	assert_string_equal(b.p + 2, want);
	assert_true(b.n - 2 <= max);
	buf_release(&b);
}

static void a_line_is_one_line_and_not_too_long(void **state)
{
	(void)state;
	one_line("a\nb\tc\rd", 100, "a b c d");
	one_line("abcdef", 6, "abcdef");
	one_line("abcdefg", 6, "abc\xe2\x80\xa6");
	one_line("ab\xc3\xa9\xc3\xa9"
		 "f",
		 6, "ab\xe2\x80\xa6");
	one_line("ab\xc3\xa9\xc3\xa9", 6, "ab\xc3\xa9\xc3\xa9");
	one_line("\x1b\x1b", 7, "\\x1b\xe2\x80\xa6");
	one_line("abc", 2, "");
	one_line("", 0, "");
}

static void suggests_what_was_probably_meant(void **state)
{
	static const char *const words[] = { "checkpoint", "critic", "audit", "model", "so", NULL };
	char longer[SUGGEST_WORD_MAX + 2];

	(void)state;
	assert_string_equal(suggest("checkpiont", words), "checkpoint");
	assert_string_equal(suggest("Audti", words), "audit");
	assert_string_equal(suggest("MODEL", words), "model");
	assert_string_equal(suggest("modle", words), "model");
	assert_string_equal(suggest("critics", words), "critic");
	assert_string_equal(suggest("os", words), "so");
	assert_null(suggest("budget", words));
	assert_null(suggest("x", words));
	assert_null(suggest("", words));
	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_null(suggest(longer, words));
	assert_null(suggest("a", words + 5));
}

static void the_nearest_word_wins(void **state)
{
	static const char *const words[] = { "max_stops", "max_steps", "max_step", NULL };

	(void)state;
	assert_string_equal(suggest("max_steps", words), "max_steps");
	assert_string_equal(suggest("mxa_steps", words), "max_steps");
}

static void times_are_shown_in_utc(void **state)
{
	char text[CLOCK_TEXT_MAX];
	int64_t before = clock_mono_ms();

	(void)state;
	clock_text(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	clock_text(1769860800999, text);
	assert_string_equal(text, "2026-01-31T12:00:00Z");
	clock_text(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
	clock_text(INT64_MAX, text);
	assert_true(strlen(text) < CLOCK_TEXT_MAX);
	assert_true(clock_mono_ms() >= before);
	assert_true(clock_mono_ns() / 1000000 >= before);
	assert_true(clock_coarse_ms() <= clock_mono_ms());
	assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_is_the_empty_text),
		cmocka_unit_test(views_compare_by_bytes),
		cmocka_unit_test(trim_takes_white_space_off_both_ends),
		cmocka_unit_test(utf8_is_judged_by_the_standard),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(control_characters_become_visible),
		cmocka_unit_test(a_line_is_one_line_and_not_too_long),
		cmocka_unit_test(suggests_what_was_probably_meant),
		cmocka_unit_test(the_nearest_word_wins),
		cmocka_unit_test(times_are_shown_in_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
