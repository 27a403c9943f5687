/* SPDX-License-Identifier: MIT */
/* test_tool_fs_read.c - read_file and list_dir: honest about what is shown and what is not. */
#include "tool_fs_kit.h"

#include "base/cancel.h"

#define GIB (1ll << 30)

static void put_sparse(const struct kit *k, const char *name, const char *begin, off_t size)
{
	char path[KIT_PATH];

	put_text(k, name, begin);
	kit_path(path, k->root, name);
	assert_int_equal(truncate(path, size), 0);
}

/* ---- read_file ---- */

static void gives_a_file_as_it_is(void **state)
{
	struct kit *k = *state;

	put_text(k, "f", "one\ntwo\r\n\tthree \xc3\xa4\xf0\x9f\x90\x8e\n\nno end");
	assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_OK);
	assert_string_equal(k->text, "one\ntwo\r\n\tthree \xc3\xa4\xf0\x9f\x90\x8e\n\nno end");
	put_text(k, "empty", "");
	assert_int_equal(ask(k, "read_file", "{'path':'empty'}"), EXS_OK);
	assert_string_equal(k->text, "(the file is empty)\n");
	put_text(k, "newline", "\n");
	assert_int_equal(ask(k, "read_file", "{'path':'newline'}"), EXS_OK);
	assert_string_equal(k->text, "\n");
}

static void gives_the_lines_asked_for_and_says_which(void **state)
{
	struct kit *k = *state;

	put_text(k, "f", "one\ntwo\nthree\nfour\nfive\n");
	assert_int_equal(ask(k, "read_file", "{'path':'f','offset':2,'limit':2}"), EXS_OK);
	assert_string_equal(k->text, "(lines 2-3 of 5; ask with offset 4 for more)\ntwo\nthree\n");
	assert_int_equal(ask(k, "read_file", "{'path':'f','limit':1}"), EXS_OK);
	assert_string_equal(k->text, "(lines 1-1 of 5; ask with offset 2 for more)\none\n");
	assert_int_equal(ask(k, "read_file", "{'path':'f','offset':4}"), EXS_OK);
	assert_string_equal(k->text, "(lines 4-5 of 5)\nfour\nfive\n");
	assert_int_equal(ask(k, "read_file", "{'path':'f','limit':5}"), EXS_OK);
	assert_string_equal(k->text, "one\ntwo\nthree\nfour\nfive\n");
	assert_int_equal(ask(k, "read_file", "{'path':'f','offset':5,'limit':9000000000000}"),
			 EXS_OK);
	assert_string_equal(k->text, "(lines 5-5 of 5)\nfive\n");
	put_text(k, "g", "one\ntwo");
	assert_int_equal(ask(k, "read_file", "{'path':'g','offset':2}"), EXS_OK);
	assert_string_equal(k->text, "(lines 2-2 of 2)\ntwo");
}

static void says_when_a_line_is_past_the_end(void **state)
{
	struct kit *k = *state;

	put_text(k, "f", "one\ntwo\n");
	put_text(k, "empty", "");
	assert_int_equal(ask(k, "read_file", "{'path':'f','offset':3}"), EXS_INVALID);
	assert_string_equal(k->err.text, "line 3 is past the end: 'f' has 2 lines");
	assert_int_equal(ask(k, "read_file", "{'path':'empty','offset':2}"), EXS_INVALID);
	assert_string_equal(k->err.text, "line 2 is past the end: 'empty' has 0 lines");
}

static void refuses_a_binary_file_with_its_size(void **state)
{
	struct kit *k = *state;

	put_bytes(k, "f",
		  "\x7f"
		  "ELF\0\0\0",
		  7);
	assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_INVALID);
	assert_string_equal(k->err.text,
			    "'f' is a binary file of 7 bytes and cannot be read as text");
}

static void repairs_what_is_not_utf8_and_says_so(void **state)
{
	struct kit *k = *state;
	char big[9000];

	put_text(k, "f", "a\xff\xc3(\xed\xa0\x80\xc0\x80\xf5z\xe2\x82\n");
	assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_OK);
	assert_string_equal(
		k->text,
		"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\n"
		"(10 bytes that are not UTF-8 text are shown as U+FFFD)\n");
	put_text(k, "overlong", "\xe0\x9f\xbf\xf0\x8f\xbf\xbf\xf4\x90\x80\x80");
	assert_int_equal(ask(k, "read_file", "{'path':'overlong'}"), EXS_OK);
	assert_says(k->text, "(11 bytes that are not UTF-8");
	put_text(k, "g", "cut \xe2\x82");
	assert_int_equal(ask(k, "read_file", "{'path':'g'}"), EXS_OK);
	assert_string_equal(k->text, "cut \xef\xbf\xbd\xef\xbf\xbd\n"
				     "(2 bytes that are not UTF-8 text are shown as U+FFFD)\n");
	memset(big, 'x', sizeof big);
	big[8500] = '\0';
	put_bytes(k, "h", big, sizeof big);
	assert_int_equal(ask(k, "read_file", "{'path':'h'}"), EXS_OK);
	assert_int_equal(strlen(k->text), k->n); /* the NUL behind the probe became a character */
	assert_says(k->text, "x\xef\xbf\xbdx");
}

static void never_answers_more_than_max_read(void **state)
{
	const struct double_setting set[] = { { "max_read", "4096" }, { NULL, NULL } };
	struct kit *k = *state;
	char *big = malloc(200000), *p = big;
	int i;

	kit_reopen(k, set);
	for (i = 1; i <= 10000; i++)
		p += sprintf(p, "line %d\n", i);
	put_bytes(k, "f", big, (size_t)(p - big));
	assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_OK);
	assert_true(k->n <= 4096 && k->n > 3000);
	assert_int_equal(sscanf(k->text, "(lines 1-%d of 10000;", &i), 1);
	p = strrchr(k->text, 'l');
	assert_int_equal(atoi(p + 5), i);
	assert_int_equal(k->text[k->n - 1], '\n');
	memset(big, '\xff', 200000);
	put_bytes(k, "g", big, 200000);
	assert_int_equal(ask(k, "read_file", "{'path':'g'}"), EXS_OK);
	assert_true(k->n <= 4096);
	free(big);
}

static void cuts_a_huge_line_at_a_character(void **state)
{
	const struct double_setting set[] = { { "max_read", "4096" }, { NULL, NULL } };
	struct kit *k = *state;
	char *big = malloc(30003);
	int i, shift;

	kit_reopen(k, set);
	for (shift = 0; shift < 4; shift++) {
		memset(big, 'a', 4);
		for (i = 0; i < 7000; i++)
			memcpy(big + shift + 4 * i, "\xf0\x9f\x90\x8e", 4);
		memcpy(big + shift + 28000, "\nend\n", 6);
		put_text(k, "f", big);
		assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_OK);
		assert_true(k->n <= 4096 && k->n > 3500);
		assert_says(k->text, "of line 1 of 2, which is too long; ask with offset 2");
		assert_null(strstr(k->text, "\xef\xbf\xbd"));
		assert_null(strstr(k->text, "U+FFFD"));
		assert_memory_equal(k->text + k->n - 4, "\xf0\x9f\x90\x8e", 4);
	}
	assert_int_equal(ask(k, "read_file", "{'path':'f','offset':2}"), EXS_OK);
	assert_string_equal(k->text, "(lines 2-2 of 2)\nend\n");
	free(big);
}

static void reads_of_a_file_of_a_gibibyte_only_what_it_needs(void **state)
{
	struct kit *k = *state;
	struct late l = late(4);
	char begin[9001];

	put_sparse(k, "zeros", "", GIB);
	assert_int_equal(ask(k, "read_file", "{'path':'zeros'}"), EXS_INVALID);
	assert_says(k->err.text, "a binary file of 1073741824 bytes");
	memset(begin, 'a', 9000);
	memcpy(begin, "one\ntwo\n", 8);
	begin[9000] = '\0';
	put_sparse(k, "f", begin, GIB);
	k->cancel = &l.token; /* fires when it looks a fourth time: two pieces of the file may be
				 read */
	assert_int_equal(ask(k, "read_file", "{'path':'f','limit':2}"), EXS_OK);
	assert_string_equal(
		k->text, "(lines 1-2 of a file of 1073741824 bytes; ask with offset 3 for more)\n"
			 "one\ntwo\n");
	l = late(20);
	assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_OK);
	assert_true(k->n <= 256 << 10);
	l = late(20);
	assert_int_equal(ask(k, "read_file", "{'path':'f','offset':4}"), EXS_CANCELLED);
	assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
}

static void does_nothing_for_a_token_that_has_fired(void **state)
{
	static const char *const calls[][2] = { { "read_file", "{'path':'f'}" },
						{ "list_dir", "{}" },
						{ "grep", "{'pattern':'x'}" },
						{ "write_file", "{'path':'f','content':'new'}" } };
	const struct double_setting set[] = { { "write", "true" }, { NULL, NULL } };
	struct kit *k = *state;
	struct cancel *token = cancel_new(NULL);
	size_t i;

	put_text(k, "f", "old");
	kit_reopen(k, set);
	assert_true(cancel_fire(token, EXS_CAUSE_KILL));
	k->cancel = cancel_public(token);
	for (i = 0; i < 4; i++) {
		assert_int_equal(ask(k, calls[i][0], "%s", calls[i][1]), EXS_CANCELLED);
		assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
		assert_int_equal(k->n, 0);
	}
	assert_holds(k, "f", "old");
	cancel_unref(token);
}

/* ---- list_dir ---- */

static void lists_a_folder_sorted_with_sizes(void **state)
{
	struct kit *k = *state;

	put_folder(k, "b");
	put_folder(k, "b/inner");
	put_text(k, "b/inner/x", "12345");
	put_text(k, "b.c", "123");
	put_text(k, "b0", "");
	put_text(k, "A", "1");
	put_text(k, ".hidden", "1");
	put_link(k, "nowhere", "link");
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_OK);
	assert_string_equal(k->text, "A  1\nb.c  3\nb/\nb0  0\nlink -> nowhere\n"
				     "(1 hidden or closed names are left out)\n");
	assert_int_equal(ask(k, "list_dir", "{'path':'.','depth':8}"), EXS_OK);
	assert_string_equal(k->text,
			    "A  1\nb.c  3\nb/\nb/inner/\nb/inner/x  5\nb0  0\nlink -> nowhere\n"
			    "(1 hidden or closed names are left out)\n");
	assert_int_equal(ask(k, "list_dir", "{'path':'b','depth':2}"), EXS_OK);
	assert_string_equal(k->text, "inner/\ninner/x  5\n");
	put_folder(k, "empty");
	assert_int_equal(ask(k, "list_dir", "{'path':'empty'}"), EXS_OK);
	assert_string_equal(k->text, "(the folder is empty)\n");
}

static void shows_hidden_names_when_the_conf_says_so(void **state)
{
	const struct double_setting set[] = { { "hidden", "true" }, { NULL, NULL } };
	struct kit *k = *state;

	put_text(k, ".hidden", "1");
	kit_reopen(k, set);
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_OK);
	assert_string_equal(k->text, ".hidden  1\n");
}

static void says_how_much_more_there_is(void **state)
{
	const struct double_setting few[] = { { "max_results", "3" }, { NULL, NULL } };
	const struct double_setting small[] = { { "max_read", "4096" }, { NULL, NULL } };
	struct kit *k = *state;
	char name[240];
	int i, more;

	for (i = 0; i < 30; i++) {
		memset(name, 'n', sizeof name);
		snprintf(name + 200, 20, "%03d", i);
		put_text(k, name, "");
	}
	kit_reopen(k, few);
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_OK);
	assert_says(k->text, "002  0\n... 27 more\n");
	kit_reopen(k, small);
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_OK);
	assert_true(k->n <= 4096);
	assert_int_equal(sscanf(strstr(k->text, "..."), "... %d more", &more), 1);
	assert_true(more > 10 && more < 20);
}

static void shows_a_name_of_any_bytes_on_one_line(void **state)
{
	struct kit *k = *state;

	put_text(k, "a\nb\x1b[2J\xff", "");
	put_text(k, "gr\xc3\xbc\xc3\x9f", "");
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_OK);
	assert_string_equal(k->text, "a\\x0ab\\x1b[2J\\xff  0\ngr\xc3\xbc\xc3\x9f  0\n");
}

static void stops_at_the_bound_of_names_and_says_so(void **state)
{
	const struct double_setting few[] = { { "max_results", "2" }, { NULL, NULL } };
	struct kit *k = *state;
	char path[KIT_PATH], name[32];
	int i, dir;

	put_folder(k, "d");
	kit_path(path, k->root, "d");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	for (i = 0; i < 20001; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(mknodat(dir, name, S_IFREG | 0644, 0), 0);
	}
	close(dir);
	kit_reopen(k, few);
	assert_int_equal(ask(k, "list_dir", "{'path':'d'}"), EXS_OK);
	assert_says(k->text, "... at least 19999 more\n");
}

static void goes_no_deeper_than_asked(void **state)
{
	struct kit *k = *state;
	char name[200] = "d";
	int i;

	for (i = 0; i < 40; i++) {
		put_folder(k, name);
		strcat(name, "/d");
	}
	assert_int_equal(ask(k, "list_dir", "{'depth':8}"), EXS_OK);
	assert_says(k->text, "d/d/d/d/d/d/d/d/\n");
	assert_null(strstr(k->text, "d/d/d/d/d/d/d/d/d/"));
	assert_int_equal(ask(k, "list_dir", "{'depth':9}"), EXS_OK);
	assert_null(strstr(k->text, "d/d/d/d/d/d/d/d/d/"));
	assert_int_equal(ask(k, "grep", "{'pattern':'x'}"), EXS_OK);
}

static void ends_a_walk_when_the_token_fires(void **state)
{
	struct kit *k = *state;
	struct late l = late(3);

	put_text(k, "a", "");
	put_text(k, "b", "");
	put_text(k, "c", "");
	k->cancel = &l.token;
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_CANCELLED);
	assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(gives_a_file_as_it_is),
		T(gives_the_lines_asked_for_and_says_which),
		T(says_when_a_line_is_past_the_end),
		T(refuses_a_binary_file_with_its_size),
		T(repairs_what_is_not_utf8_and_says_so),
		T(never_answers_more_than_max_read),
		T(cuts_a_huge_line_at_a_character),
		T(reads_of_a_file_of_a_gibibyte_only_what_it_needs),
		T(does_nothing_for_a_token_that_has_fired),
		T(lists_a_folder_sorted_with_sizes),
		T(shows_hidden_names_when_the_conf_says_so),
		T(says_how_much_more_there_is),
		T(shows_a_name_of_any_bytes_on_one_line),
		T(stops_at_the_bound_of_names_and_says_so),
		T(goes_no_deeper_than_asked),
		T(ends_a_walk_when_the_token_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
