/* SPDX-License-Identifier: MIT */
/* test_tool_fs_pattern.c - what grep's patterns mean, which are refused, and that none takes long.
 */
#include "tool_fs_kit.h"

#define LINE_MAX_BYTES 65536 /* the longest line that is searched */
#define COSTLY	       20    /* lines given up before the search is */
#define DEEP	       64    /* groups in each other */

/* ---- the language ---- */

/* Does the pattern match this line? Anything but a yes or no fails the test. */
static bool matches(struct kit *k, const char *pattern, const char *line, const char *more)
{
	put_text(k, "f", line);
	if (ask(k, "grep", "{'pattern':'%s'%s}", pattern, more))
		fail_msg("pattern %s: %s", pattern, k->err.text);
	if (strcmp(k->text, "(no matches)\n") == 0)
		return false;
	assert_memory_equal(k->text, "f:1: ", 5);
	return true;
}

struct meaning {
	const char *pattern, *yes, *no; /* JSON text: each backslash of the pattern stands twice */
};

static void assert_means(struct kit *k, const struct meaning *m, size_t n)
{
	for (; n > 0; n--, m++) {
		if (!matches(k, m->pattern, m->yes, ""))
			fail_msg("%s does not match %s", m->pattern, m->yes);
		if (matches(k, m->pattern, m->no, ""))
			fail_msg("%s matches %s", m->pattern, m->no);
	}
}

static void finds_literal_text(void **state)
{
	static const struct meaning rows[] = {
		{ "abc", "xabcx", "ab" },
		{ "main\\\\(void\\\\) {", "int main(void) {", "main()" },
		{ "\\\\Qa.b(\\\\E", "a.b(", "axb(" },
		{ "\\\\.c$", "a.c", "abc" },
		{ "\\u00e4\\u00df", "\xc3\xa4\xc3\x9f", "\xc3\xa4" },
	};

	assert_means(*state, rows, sizeof rows / sizeof *rows);
}

static void knows_classes_over_characters_and_not_bytes(void **state)
{
	static const struct meaning rows[] = {
		{ "[abc]x", "bx", "dx" },
		{ "[^abc]x", "dx", "ax" },
		{ "[[:digit:][:upper:]]x", "Qx", "qx" },
		{ "^[\xd0\xb0-\xd1\x8f]+$", "\xd0\xbf\xd1\x80", "pr" },
		{ "\\\\d{3}", "a123", "12a" },
		{ "^\\\\w+$", "a_1", "a-1" },
		{ "^.$", "\xc3\xa4", "ab" },
		{ "^\\\\p{L}$", "\xc3\xa4", "1" },
	};

	assert_means(*state, rows, sizeof rows / sizeof *rows);
}

static void knows_anchors_groups_and_counts(void **state)
{
	static const struct meaning rows[] = {
		{ "^abc$", "abc", "abcd" },	   { "^b", "b", "ab\r" },
		{ "b$", "ab\r\n", "ba" },	   { "\\\\bint\\\\b", "an int x", "print" },
		{ "^(a|bc)*d", "abcad", "bd" },	   { "^a{2,3}$", "aaa", "aaaa" },
		{ "^a.*?b$", "axxb", "axx" },	   { "(\\\\w+) \\\\1\\\\b", "the the", "the then" },
		{ "(?<!un)do", "redo", "undo" },   { "(?<=\\\\$)[0-9]+", "$12", "12" },
		{ "x(?=y)", "xy", "xz" },	   { "(?i)abc", "aBc", "ab" },
		{ "^(?:(\\\\()|a)+$", "(a", "b" },
	};

	assert_means(*state, rows, sizeof rows / sizeof *rows);
	assert_true(matches(*state, "^$", "\n", ""));
}

static void ignores_case_only_when_asked(void **state)
{
	struct kit *k = *state;

	assert_true(matches(k, "HeLLo", "say hEllO", ",'ignore_case':true"));
	assert_false(matches(k, "HeLLo", "say hEllO", ",'ignore_case':false"));
	assert_true(matches(k, "\xc3\xa4", "\xc3\x84", ",'ignore_case':true"));
	assert_false(matches(k, "\xc3\xa4", "\xc3\x84", ""));
	assert_true(matches(k, "[^a-c]", "aBC", ""));
	assert_false(matches(k, "[^a-c]", "aBC", ",'ignore_case':true"));
}

static void searches_around_bytes_that_are_not_utf8(void **state)
{
	struct kit *k = *state;
	char *line = malloc(LINE_MAX_BYTES + 1);

	assert_true(matches(k, "^ab", "ab \xff", ""));
	assert_true(matches(k, "yz$", "\xff\xc3 xyz", ""));
	assert_false(matches(k, "b.y", "ab\xffyz", ""));
	assert_non_null(line);
	memset(line, 0xff, LINE_MAX_BYTES);
	memcpy(line + LINE_MAX_BYTES - 4, "here", 5);
	assert_true(matches(k, "[a-h]ere", line, ""));
	assert_says(k->text, "f:1: \xef\xbf\xbd");
	free(line);
}

/* ---- what is refused ---- */

static void refuses_a_wrong_pattern_with_the_place_and_the_reason(void **state)
{
	static const char *const rows[][2] = {
		{ "(ab", "offset 3: missing closing parenthesis" },
		{ "ab)", "offset 2: unmatched closing parenthesis" },
		{ "[a", "offset 2: missing terminating ]" },
		{ "[z-a]", "offset 3: range out of order" },
		{ "*a", "offset 0: quantifier does not follow" },
		{ "a\\\\", "offset 2: \\ at end of pattern" },
		{ "(a)\\\\2", "reference to non-existent subpattern" },
		{ "\\\\C", "\\C is disabled" },
		{ "a{70000}", "number too big" },
		{ "\xff", "UTF-8 error" },
		{ "", "is empty" },
	};
	struct kit *k = *state;
	size_t i;

	put_text(k, "f", "abc\n");
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (ask(k, "grep", "{'pattern':'%s'}", rows[i][0]) != EXS_INVALID)
			fail_msg("%s is taken", rows[i][0]);
		assert_says(k->err.text, rows[i][1]);
	}
}

static void refuses_a_pattern_of_1025_bytes(void **state)
{
	struct kit *k = *state;
	char pattern[1026];

	memset(pattern, 'a', 1025);
	pattern[1025] = '\0';
	assert_int_equal(ask(k, "grep", "{'pattern':'%s'}", pattern), EXS_TOOBIG);
	assert_says(k->err.text, "more than 1024 bytes");
	assert_int_equal(ask(k, "grep", "{'pattern':'%s'}", pattern + 1), EXS_OK);
}

static void refuses_counts_that_grow_too_big(void **state)
{
	static const char *const rows[] = {
		"(((a{255}){255}){255}){255}", /* over what the library itself compiles */
		"((ab){30}){60}",	       /* below that */
	};
	struct kit *k = *state;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(ask(k, "grep", "{'pattern':'%s'}", rows[i]), EXS_TOOBIG);
		assert_says(k->err.text, "counts");
	}
	assert_int_equal(ask(k, "grep", "{'pattern':'((ab){3}){60}'}"), EXS_OK);
}

static void refuses_groups_too_deep_in_each_other(void **state)
{
	struct kit *k = *state;
	char pattern[2 * DEEP + 4] = "";

	memset(pattern, '(', DEEP + 1);
	memset(pattern + DEEP + 1, ')', DEEP + 1);
	assert_int_equal(ask(k, "grep", "{'pattern':'%s'}", pattern), EXS_INVALID);
	assert_says(k->err.text, "too deeply nested");
	pattern[2 * DEEP + 1] = '\0';
	assert_int_equal(ask(k, "grep", "{'pattern':'%s'}", pattern + 1), EXS_OK);
}

static void refuses_a_recursion_without_end_when_it_meets_it(void **state)
{
	struct kit *k = *state;

	put_text(k, "f", "ab\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'^(?:a|(?=(?R))|b)c'}"), EXS_INVALID);
	assert_says(k->err.text, "without recursion");
}

static void takes_any_garbage_as_a_pattern_to_an_end(void **state)
{
	static const char *const parts[] = {
		"a",	 "(",	  ")",	"[",	 "]",	      "{",     "}",
		"*",	 "+",	  "?",	"|",	 "^",	      "$",     ".",
		"-",	 ",",	  "1",	"9",	 ":",	      "=",     "\\\\",
		"\\\\b", "\\\\K", "[:", ":]",	 "\xc3\xa4",  "?:",    "(?<=",
		"(?R)",	 "{2,3}", "[^", "(?C1)", "(*ACCEPT)", "\\\\1", "(*LIMIT_DEPTH=1)",
	};
	struct kit *k = *state;
	uint64_t x = 7;
	int round, taken = 0;

	put_text(k, "f", "abc {1} [x] a-b 99\nab\xc3\xa4\xff\n\n");
	for (round = 0; round < 4000; round++) {
		char pattern[400] = "";
		unsigned n = 1 + (unsigned)round % 14;

		for (; n > 0; n--) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			strcat(pattern, parts[(x >> 33) % (sizeof parts / sizeof *parts)]);
		}
		taken += ask(k, "grep", "{'pattern':'%s'}", pattern) == EXS_OK;
		ask(k, "grep", "{'pattern':'a','glob':'%s'}", pattern);
	}
	assert_true(taken > 50);
}

/* ---- what a match may cost ---- */

/* A file of `lines` lines of a's, each with '!' at its end. */
static void put_as(const struct kit *k, const char *name, size_t lines, size_t bytes)
{
	char *text = malloc(lines * (bytes + 1));
	size_t i;

	assert_non_null(text);
	memset(text, 'a', lines * (bytes + 1));
	for (i = 0; i < lines; i++)
		memcpy(text + i * (bytes + 1) + bytes - 1, "!\n", 2);
	put_bytes(k, name, text, lines * (bytes + 1));
	free(text);
}

/* Each is stopped by another bound: steps, memory, its own limit, time. The last two stay below the
 * limit of steps at every place of the line. */
static void gives_up_lines_on_which_a_pattern_explodes(void **state)
{
	static const char *const patterns[] = {
		"(a+)+$",
		"(a|aa)+$",
		"((a|b)*)*[cd]",
		"(*LIMIT_DEPTH=2)(a|b)+(c|d)",
		"(?:a*+[bc]|aa)++[de]",
		"(?:a*+[bc]|a)+[de]",
	};
	struct kit *k = *state;
	size_t i;

	put_as(k, "f", 1, LINE_MAX_BYTES);
	put_text(k, "g", "a\n");
	for (i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		if (ask(k, "grep", "{'pattern':'%s'}", patterns[i]))
			fail_msg("%s: %s", patterns[i], k->err.text);
		if (!strstr(k->text, "1 lines given up because the pattern is expensive"))
			fail_msg("%s: %s", patterns[i], k->text);
	}
	assert_int_equal(ask(k, "grep", "{'pattern':'(a+)+$'}"), EXS_OK);
	assert_string_equal(
		k->text, "g:1: a\n(skipped: 1 lines given up because the pattern is expensive)\n");
}

static void ends_a_search_whose_pattern_is_too_expensive(void **state)
{
	struct kit *k = *state;

	put_as(k, "f", COSTLY - 1, LINE_MAX_BYTES);
	assert_int_equal(ask(k, "grep", "{'pattern':'(a+)+$'}"), EXS_OK);
	assert_says(k->text, "19 lines given up");
	put_as(k, "g", 3, LINE_MAX_BYTES);
	assert_int_equal(ask(k, "grep", "{'pattern':'(a+)+$'}"), EXS_TOOBIG);
	assert_says(k->err.text, "too expensive");
	assert_says(k->err.text, "repeat no group that repeats inside");
	assert_says(k->err.text, "line 1 of 'g'");
	assert_int_equal(k->n, 0);
	assert_int_equal(ask(k, "grep", "{'pattern':'(a+)+$','path':'g'}"), EXS_OK);
}

static void ends_inside_a_line_when_the_token_fires(void **state)
{
	struct kit *k = *state;
	struct late l = late(4); /* after the call's start and one look at each read */

	put_as(k, "f", 1, LINE_MAX_BYTES);
	k->cancel = &l.token;
	assert_int_equal(ask(k, "grep", "{'pattern':'(?:a*+[bc]|a)+[de]','path':'f'}"),
			 EXS_CANCELLED);
	assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
	assert_int_equal(k->n, 0);
	assert_int_equal(l.looks, 4);
}

static void ends_between_two_lines_when_the_token_fires(void **state)
{
	struct kit *k = *state;
	struct late l = late(5); /* after the call's start, one read and two thousand lines */

	put_as(k, "f", 5000, 10);
	k->cancel = &l.token;
	assert_int_equal(ask(k, "grep", "{'pattern':'nowhere','path':'f'}"), EXS_CANCELLED);
	assert_int_equal(l.looks, 5);
	l = late(100);
	assert_int_equal(ask(k, "grep", "{'pattern':'nowhere','path':'f'}"), EXS_OK);
	assert_int_equal(l.looks, 1 + 2 + 5);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(finds_literal_text),
		T(knows_classes_over_characters_and_not_bytes),
		T(knows_anchors_groups_and_counts),
		T(ignores_case_only_when_asked),
		T(searches_around_bytes_that_are_not_utf8),
		T(refuses_a_wrong_pattern_with_the_place_and_the_reason),
		T(refuses_a_pattern_of_1025_bytes),
		T(refuses_counts_that_grow_too_big),
		T(refuses_groups_too_deep_in_each_other),
		T(refuses_a_recursion_without_end_when_it_meets_it),
		T(takes_any_garbage_as_a_pattern_to_an_end),
		T(gives_up_lines_on_which_a_pattern_explodes),
		T(ends_a_search_whose_pattern_is_too_expensive),
		T(ends_inside_a_line_when_the_token_fires),
		T(ends_between_two_lines_when_the_token_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
