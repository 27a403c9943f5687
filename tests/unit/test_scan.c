/* SPDX-License-Identifier: MIT */
/* test_scan.c - members of an object in one walk, and texts around the length up to which they are
 * read by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../plugins/common_json/scan.c"
#include "../../plugins/common_json/text.c"

#define MEMBERS 3

/* Whether the walk takes it, and what it gives for three names. */
static bool taken(exs_str object, exs_str value[MEMBERS])
{
	const struct scan_member members[MEMBERS] = { { "a", &value[0] },
						      { "b", &value[1] },
						      { "cc", &value[2] } };

	return SCAN_MEMBERS(object, members);
}

static void assert_gives(const char *object, const char *a, const char *b, const char *cc)
{
	const char *want[MEMBERS] = { a, b, cc };
	exs_str value[MEMBERS];
	size_t i;

	assert_true(taken(exs_cstr(object), value));
	for (i = 0; i < MEMBERS; i++) {
		assert_non_null(value[i].p); /* also of what did not come: it is looked behind */
		assert_int_equal(value[i].n, strlen(want[i]));
		assert_memory_equal(value[i].n ? value[i].p : "", want[i], value[i].n);
	}
}

static void finds_members_wherever_they_stand(void **state)
{
	(void)state;
	assert_gives("{}", "", "", "");
	assert_gives(" \t{ } \r\n", "", "", "");
	assert_gives("{\"a\":1,\"b\":\"x\",\"cc\":[2,{\"a\":3}]}", "1", "\"x\"", "[2,{\"a\":3}]");
	assert_gives("{ \"cc\" : true , \"x\" : {\"b\":1} , \"a\" :-1.5e3 }", "-1.5e3", "", "true");
	assert_gives("{\"aa\":1,\"c\":2,\"\":3,\"ccc\":4}", "", "", "");
}

static void the_first_of_two_counts_and_null_is_none(void **state)
{
	(void)state;
	assert_gives("{\"a\":1,\"a\":2,\"b\":null,\"b\":3}", "1", "", "");
	assert_gives("{\"a\":null}", "", "", "");
}

static void names_are_compared_byte_for_byte(void **state)
{
	(void)state;
	assert_gives("{\"\\u0061\":1,\"a\\\"\":2,\"b\\\\\":3,\"A\":4}", "", "", "");
}

static void takes_nothing_but_one_whole_object(void **state)
{
	static const char *const broken[] = {
		"",
		" ",
		"1",
		"\"a\"",
		"null",
		"[]",
		"[{\"a\":1}]",
		"{",
		"{,}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1,,\"b\":2}",
		"{\"a\":1]",
		"{\"a\":1}x",
		"{\"a\":1}{}",
		"{a:1}",
		"{\"a\":tru}",
		"{\"a\":01}",
		"{\"a\":\"x}",
		"{1:2}",
		"{\"a\":1,null}",
	};
	exs_str value[MEMBERS];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof broken / sizeof broken[0]; i++)
		if (taken(exs_cstr(broken[i]), value))
			fail_msg("it took '%s'", broken[i]);
	assert_false(taken(exs_bytes(NULL, 0), value));
}

/* No beginning of an object is one; what is cut off is not read. */
static void an_object_that_was_cut_is_none(void **state)
{
	static const char whole[] =
		"{\"a\":\"x\\u00e9\\\"y\",\"b\":[1,{\"k\":null}],\"cc\":-0.5e+1}";
	exs_str value[MEMBERS];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof whole - 1; n++) {
		char *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut, whole, n);
		assert_false(taken(exs_bytes(cut, n), value));
		free(cut);
	}
	assert_true(taken(exs_bytes(whole, n), value));
}

static void assert_lists(const char *list, size_t objects, const char *a)
{
	exs_str value[MEMBERS];
	const struct scan_member members[] = { { "a", &value[0] }, { "b", &value[1] } };
	char got[64] = "";
	struct scan_iter it;
	size_t n = 0;

	for (scan_begin(&it, exs_cstr(list)); SCAN_NEXT_MEMBERS(&it, members); n++)
		strncat(got, value[0].n ? value[0].p : "-", value[0].n ? value[0].n : 1);
	assert_int_equal(n, objects);
	assert_string_equal(got, a);
}

static void walks_the_objects_of_a_list(void **state)
{
	(void)state;
	assert_lists("[]", 0, "");
	assert_lists("[{}]", 1, "-");
	assert_lists(" [ {\"a\":1} , {\"b\":2,\"a\":3} ] ", 2, "13");
	assert_lists("[7,\"x\",{\"a\":1},null,[{\"a\":5}],{\"b\":6},{\"a\":2}]", 3, "1-2");
	assert_lists("[{\"a\":1},{\"a\":2", 1, "1");
	assert_lists("[{\"a\":1},{\"a\" 2},{\"a\":3}]", 1, "1");
	assert_lists("{\"a\":1}", 0, "");
	assert_lists("\"a\"", 0, "");
}

/* A text of n letters, with `mark` at that place. */
static void assert_text(size_t n, size_t at, const char *mark, const char *means)
{
	char json[4 * SHORT_BYTES], want[4 * SHORT_BYTES];
	size_t rest = n - at;
	struct text got;

	memset(want, 'x', sizeof want);
	snprintf(json, sizeof json, "\"%.*s%s%.*s\"", (int)at, want, mark, (int)rest, want);
	text_init(&got, sizeof want);
	assert_true(scan_is_value(exs_cstr(json)));
	assert_true(scan_text(exs_cstr(json), &got));
	assert_int_equal(got.mem.n, n + strlen(means));
	assert_memory_equal(got.mem.p + at, means, strlen(means));
	assert_false(scan_is_value(exs_bytes(json, strlen(json) - 1)));
	text_release(&got);
}

static void texts_end_where_they_end_whatever_their_length(void **state)
{
	size_t n, at;

	(void)state;
	for (n = 1; n < 2 * SHORT_BYTES + 2; n++)
		for (at = 0; at <= n; at++) {
			assert_text(n, at, "", "");
			assert_text(n, at, "\\\"", "\"");
			assert_text(n, at, "\\\\", "\\");
			assert_text(n, at, "\\u0041\\n", "A\n");
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_members_wherever_they_stand),
		cmocka_unit_test(the_first_of_two_counts_and_null_is_none),
		cmocka_unit_test(names_are_compared_byte_for_byte),
		cmocka_unit_test(takes_nothing_but_one_whole_object),
		cmocka_unit_test(an_object_that_was_cut_is_none),
		cmocka_unit_test(walks_the_objects_of_a_list),
		cmocka_unit_test(texts_end_where_they_end_whatever_their_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
