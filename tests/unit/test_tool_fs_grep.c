/* SPDX-License-Identifier: MIT */
/* test_tool_fs_grep.c - grep finds what the expression means, within its bounds, and says what it
 * left out. */
#include "tool_fs_kit.h"

/* ---- bounds ---- */

static void cuts_long_lines_at_a_character(void **state)
{
	struct kit *k = *state;
	char line[1003], want[500];
	int i;

	line[0] = 'x';
	for (i = 0; i < 500; i++)
		memcpy(line + 1 + 2 * i, "\xc3\xa4", 2);
	line[1001] = '\0';
	put_text(k, "f", line);
	assert_int_equal(ask(k, "grep", "{'pattern':'x'}"), EXS_OK);
	snprintf(want, sizeof want, "f:1: %.399s...\n", line);
	assert_string_equal(k->text, want);
}

static void skips_and_counts_what_is_no_text_or_too_big(void **state)
{
	const struct double_setting set[] = { { "max_file", "500000" }, { NULL, NULL } };
	struct kit *k = *state;
	char *big = malloc(500001), *p;

	memset(big, 'm', 500001);
	put_bytes(k, "big", big, 500001);
	memcpy(big + 65000, "\nmatch\n", 7);
	p = big + 65007 + 65537; /* one byte too long */
	memcpy(p, "\nmatch again\n", 13);
	p += 13 + 300000; /* longer than what is read at once */
	memcpy(p, "match\nend\n", 10);
	put_bytes(k, "long", big, (size_t)(p + 10 - big));
	put_bytes(k, "binary", "match\0", 6);
	put_text(k, ".hidden", "match\n");
	put_folder(k, ".git");
	put_text(k, ".git/x", "match\n");
	kit_reopen(k, set);
	assert_int_equal(ask(k, "grep", "{'pattern':'match|end'}"), EXS_OK);
	assert_string_equal(k->text, "long:2: match\nlong:4: match again\nlong:6: end\n"
				     "(skipped: 1 binary files, 1 files over 500000 bytes, "
				     "2 lines over 65536 bytes, 2 hidden or closed names)\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'match','path':'.git/x'}"), EXS_OK);
	assert_string_equal(k->text, ".git/x:1: match\n");
	free(big);
}

static void stops_at_the_greatest_count_of_matches(void **state)
{
	struct kit *k = *state;

	put_text(k, "a", "x1\nx2\n");
	put_text(k, "b", "x3\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'x','max':2}"), EXS_OK);
	assert_string_equal(k->text,
			    "a:1: x1\na:2: x2\n"
			    "(there are more matches: narrow the pattern, path or glob)\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'x','max':3}"), EXS_OK);
	assert_string_equal(k->text, "a:1: x1\na:2: x2\nb:1: x3\n");
}

static void keeps_its_answer_below_max_read(void **state)
{
	const struct double_setting set[] = { { "max_read", "4096" }, { NULL, NULL } };
	struct kit *k = *state;
	char text[8001];
	int i;

	memset(text, 'x', 8000);
	text[8000] = '\0';
	for (i = 99; i < 8000; i += 100)
		text[i] = '\n';
	put_text(k, "f", text);
	kit_reopen(k, set);
	assert_int_equal(ask(k, "grep", "{'pattern':'x'}"), EXS_OK);
	assert_true(k->n <= 4096 && k->n > 3000);
	assert_says(k->text, "there are more matches");
}

/* ---- what is searched ---- */

static void searches_below_a_folder_sorted_by_path(void **state)
{
	struct kit *k = *state;
	char absolute[KIT_PATH];

	put_folder(k, "src");
	put_folder(k, "src/deep");
	put_text(k, "src/b.c", "int x;\n\nint y;\r\n");
	put_text(k, "src/deep/a.h", "int z;\n");
	put_text(k, "src.c", "int w;\n");
	put_link(k, "src", "link");
	put_link(k, "src.c", "other.c");
	assert_int_equal(ask(k, "grep", "{'pattern':'int .;$'}"), EXS_OK);
	assert_string_equal(k->text, "src.c:1: int w;\nsrc/b.c:1: int x;\nsrc/b.c:3: int y;\n"
				     "src/deep/a.h:1: int z;\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'int','path':'src/deep/'}"), EXS_OK);
	assert_string_equal(k->text, "src/deep/a.h:1: int z;\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'int z','path':'link'}"), EXS_OK);
	assert_string_equal(k->text, "src/deep/a.h:1: int z;\n");
	assert_int_equal(ask(k, "grep", "{'pattern':'int','path':'other.c'}"), EXS_OK);
	assert_string_equal(k->text, "src.c:1: int w;\n");
	kit_path(absolute, k->root, "src.c");
	assert_int_equal(ask(k, "grep", "{'pattern':'int','path':'%s'}", absolute), EXS_OK);
	assert_int_equal(ask(k, "grep", "{'pattern':'int','path':'missing'}"), EXS_NOTFOUND);
}

static void searches_only_files_of_the_name_asked_for(void **state)
{
	static const struct {
		const char *glob, *found;
	} rows[] = {
		{ "*.c", "a.c b.c " },
		{ "*.[ch]", "a.c a.h b.c " },
		{ "a.?", "a.c a.h " },
		{ "[!a].c", "b.c " },
		{ "[^a].c", "b.c " },
		{ "[a-b].[ch]", "a.c a.h b.c " },
		{ "a.c", "a.c " },
		{ ".c", "" },
		{ "*", "a.c a.h b.c x+(1).txt " },
		{ "x+(1).*", "x+(1).txt " },
		{ "\\\\a.c", "a.c " },
		{ "[a", "" },
		{ "a}", "" },
		{ "*a*a*a*a*a*a*a*a*b", "" },
	};
	static const char *const names[] = { "a.c", "a.h", "b.c", "x+(1).txt" };
	struct kit *k = *state;
	size_t i, n;

	for (n = 0; n < 4; n++)
		put_text(k, names[n], "hit\n");
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		char found[256] = "";

		if (ask(k, "grep", "{'pattern':'hit','glob':'%s'}", rows[i].glob))
			fail_msg("%s: %s", rows[i].glob, k->err.text);
		for (n = 0; n < 4; n++)
			if (strstr(k->text, names[n]))
				strcat(strcat(found, names[n]), " ");
		if (strcmp(found, rows[i].found) != 0)
			fail_msg("%s finds %s instead of %s", rows[i].glob, found, rows[i].found);
	}
}

static void refuses_globs_that_could_never_find_what_is_meant(void **state)
{
	struct kit *k = *state;
	char glob[1026];

	assert_int_equal(ask(k, "grep", "{'pattern':'hit','glob':'*.{c,h}'}"), EXS_INVALID);
	assert_says(k->err.text, "'*.{c,h}'");
	assert_int_equal(ask(k, "grep", "{'pattern':'hit','glob':'src/**/*.c'}"), EXS_INVALID);
	assert_says(k->err.text, "give the folder as path");
	memset(glob, '*', 1025);
	glob[1025] = '\0';
	assert_int_equal(ask(k, "grep", "{'pattern':'hit','glob':'%s'}", glob), EXS_TOOBIG);
	assert_says(k->err.text, "*.c");
	assert_int_equal(ask(k, "grep", "{'pattern':'hit','glob':'%s'}", glob + 1), EXS_OK);
}

static void ends_between_two_files_when_the_token_fires(void **state)
{
	struct kit *k = *state;
	struct late l = late(6);
	char name[16];
	int i;

	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "f%d", i);
		put_text(k, name, "hit\n");
	}
	k->cancel = &l.token;
	assert_int_equal(ask(k, "grep", "{'pattern':'hit'}"), EXS_CANCELLED);
	assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
	assert_int_equal(k->n, 0);
	assert_int_equal(l.looks, 6);
}

static void ends_inside_a_file_when_the_token_fires(void **state)
{
	const struct double_setting set[] = { { "max_file", "1g" }, { NULL, NULL } };
	struct kit *k = *state;
	struct late l = late(9);
	char path[KIT_PATH], begin[8193];

	memset(begin, 'a', 8192);
	begin[8192] = '\0';
	put_text(k, "f", begin);
	kit_path(path, k->root, "f");
	assert_int_equal(truncate(path, 1 << 30), 0);
	kit_reopen(k, set);
	k->cancel = &l.token;
	assert_int_equal(ask(k, "grep", "{'pattern':'hit'}"), EXS_CANCELLED);
	assert_int_equal(l.looks, 9);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(cuts_long_lines_at_a_character),
		T(skips_and_counts_what_is_no_text_or_too_big),
		T(stops_at_the_greatest_count_of_matches),
		T(keeps_its_answer_below_max_read),
		T(searches_below_a_folder_sorted_by_path),
		T(searches_only_files_of_the_name_asked_for),
		T(refuses_globs_that_could_never_find_what_is_meant),
		T(ends_between_two_files_when_the_token_fires),
		T(ends_inside_a_file_when_the_token_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
