/* SPDX-License-Identifier: MIT */
/* test_json.c - what the gate takes and refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define ROOMY (8u << 20)

static void takes_what_the_standard_takes(void **state)
{
	static const char *const good[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"-0.5e+10",
		"1E9",
		"123456789012345678901234567890.5",
		"\"\"",
		"\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\\u00e9\"",
		"\"\\ud83d\\ude00\"",
		"\"\xf0\x9f\x98\x80 \x7f\"",
		"\"eight plain bytes and then \xc3\xa9\"",
		"[]",
		"[ ]",
		"{}",
		"{ }",
		" \t\r\n[1 , 2,[3],{\"a\" : {}}]\n ",
		"{\"a\":1,\"b\":[true,false,null],\"c\":{\"a\":1}}",
		"{\"\":0}",
		"[{\"a\":1},{\"a\":1}]",
		"{\"a\":{\"a\":{\"a\":1}},\"b\":1}",
		"{\"a\":1,\"A\":2,\"aa\":3}",
	};
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		if (json_check(str_of(good[i]), JSON_DEPTH_MAX, &err))
			fail_msg("%s: %s", good[i], err.text);
	}
}

static void refuses_all_else_and_names_the_byte(void **state)
{
	static const struct {
		const char *text;
		int64_t at;
	} bad[] = {
		{ "", 0 },
		{ "  ", 2 },
		{ "\xef\xbb\xbf{}", 0 },
		{ "nul", 0 },
		{ "nulL", 0 },
		{ "truex", 4 },
		{ "True", 0 },
		{ "NaN", 0 },
		{ "'a'", 0 },
		{ "01", 0 },
		{ "-01", 1 },
		{ "-", 1 },
		{ "+1", 0 },
		{ ".5", 0 },
		{ "1.", 2 },
		{ "1.e1", 2 },
		{ "1e", 2 },
		{ "1e+", 3 },
		{ "0x10", 1 },
		{ "1 2", 2 },
		{ "{} {}", 3 },
		{ "[1]]", 3 },
		{ "\"", 1 },
		{ "\"abc", 4 },
		{ "\"a\nb\"", 2 },
		{ "\"a\tb\"", 2 },
		{ "\"a\\", 2 },
		{ "\"a\\x\"", 2 },
		{ "\"\\u12\"", 1 },
		{ "\"\\u12g4\"", 1 },
		{ "\"\\u0000\"", 1 },
		{ "\"\\ud800\"", 1 },
		{ "\"\\udc00\"", 1 },
		{ "\"\\ud800\\u0041\"", 1 },
		{ "\"\\ud800\\ud800\"", 1 },
		{ "\"a\xff\"", 2 },
		{ "\"\xed\xa0\x80\"", 1 },
		{ "\"\xc3\"", 1 },
		{ "[", 1 },
		{ "[1", 2 },
		{ "[1,", 3 },
		{ "[1,]", 3 },
		{ "[,1]", 1 },
		{ "[1 2]", 3 },
		{ "[1}", 2 },
		{ "{", 1 },
		{ "{]", 1 },
		{ "{1:2}", 1 },
		{ "{\"a\"}", 4 },
		{ "{\"a\" 1}", 5 },
		{ "{\"a\":}", 5 },
		{ "{\"a\":1", 6 },
		{ "{\"a\":1,", 7 },
		{ "{\"a\":1,}", 7 },
		{ "{\"a\":1]", 6 },
		{ "{\"a\":1 \"b\":2}", 7 },
		{ "{a:1}", 1 },
		{ "/* c */ 1", 0 },
		{ "[1] // c", 4 },
		{ "{\"a\":1,\"a\":2}", 7 },
		{ "{\"a\":1,\"\\u0061\":2}", 7 },
		{ "{\"\\u00e9\":1,\"\xc3\xa9\":2}", 12 },
		{ "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", 18 },
		{ "{\"a\\/\":1,\"a/\":2}", 9 },
		{ "{\"\":1,\"\":2}", 6 },
		{ "{\"a\":{\"b\":1,\"c\":2},\"d\":[{}],\"a\":3}", 28 },
		{ "[{\"x\":{\"a\":1,\"b\":1,\"a\":1}}]", 19 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		exs_err err = EXS_ERR_INIT;

		if (json_check(str_of(bad[i].text), JSON_DEPTH_MAX, &err) != EXS_INVALID)
			fail_msg("%s was taken", bad[i].text);
		if (err.at != bad[i].at)
			fail_msg("%s: at %d, not %d: %s", bad[i].text, (int)err.at, (int)bad[i].at,
				 err.text);
		assert_non_null(strstr(err.text, "byte "));
		assert_int_equal(json_check(str_of(bad[i].text), JSON_DEPTH_MAX, NULL),
				 EXS_INVALID);
	}
}

static void refuses_a_nul_byte_anywhere(void **state)
{
	(void)state;
	assert_int_equal(json_check(str_n("1\0", 2), 1, NULL), EXS_INVALID);
	assert_int_equal(json_check(str_n("\"a\0b\"", 5), 1, NULL), EXS_INVALID);
	assert_int_equal(json_check(str_n("[\0]", 3), 1, NULL), EXS_INVALID);
}

/* The gate looks at eight bytes at once: no place among them may hide one. */
static void sees_every_byte_at_every_place(void **state)
{
	char text[24];

	(void)state;
	for (size_t at = 1; at + 1 < sizeof text; at++) {
		for (int c = 0; c < 256; c++) {
			bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

			memset(text, 'a', sizeof text);
			text[0] = text[sizeof text - 1] = '"';
			text[at] = (char)c;
			assert_int_equal(json_check(str_n(text, sizeof text), 0, NULL),
					 plain ? EXS_OK : EXS_INVALID);
		}
	}
}

/* No prefix of a text may be read past its end, and none is a whole object. */
static void refuses_every_prefix(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"\\ud83d\\ude00\\n\",null],\"\\u0062\":{"
				   "\"c\":true},\"d\":\"\xe2\x82\xac\"}";
	char *copy;

	(void)state;
	for (size_t n = 0; n + 1 < sizeof text; n++) {
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy + 1, text, n);
		assert_int_equal(json_check(str_n(copy + 1, n), 8, NULL), EXS_INVALID);
		free(copy);
	}
	assert_int_equal(json_check(str_of(text), 8, NULL), EXS_OK);
}

static void depth_ends_where_the_caller_says(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char deep[2 * JSON_DEPTH_MAX + 3];

	(void)state;
	assert_int_equal(json_check(str_of("1"), 0, &err), EXS_OK);
	assert_int_equal(json_check(str_of("[]"), 0, &err), EXS_TOOBIG);
	assert_int_equal(json_check(str_of("[{\"a\":1}]"), 2, &err), EXS_OK);
	assert_int_equal(json_check(str_of("[{\"a\":[]}]"), 2, &err), EXS_TOOBIG);
	assert_int_equal(err.at, 6);
	memset(deep, '[', JSON_DEPTH_MAX);
	memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(json_check(str_n(deep, 2 * JSON_DEPTH_MAX), UINT32_MAX, &err), EXS_OK);
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(json_check(str_n(deep, sizeof deep - 1), UINT32_MAX, &err), EXS_TOOBIG);
	assert_int_equal(err.at, JSON_DEPTH_MAX);
}

static void an_object_is_asked_for_and_nothing_else(void **state)
{
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_int_equal(json_check_object(str_of(" {\"a\":1}"), 4, &err), EXS_OK);
	assert_int_equal(json_check_object(str_of("  [1]"), 4, &err), EXS_INVALID);
	assert_int_equal(err.at, 2);
	assert_non_null(strstr(err.text, "not an object"));
	assert_int_equal(json_check_object(str_of("1"), 4, NULL), EXS_INVALID);
	assert_int_equal(json_check_object(str_of("{"), 4, &err), EXS_INVALID);
	assert_int_equal(json_check_object(str_of("{\"a\":[]}"), 1, &err), EXS_TOOBIG);
}

/* An object of n members, of which the last repeats member `twin`, unless twin < 0. */
static void many_members(struct buf *b, int n, int twin)
{
	buf_clear(b);
	buf_puts(b, "{\"outer\":{");
	for (int i = 0; i < n; i++)
		buf_printf(b, "%s\"k%d\":{\"in\":1}", i ? "," : "",
			   i + 1 == n && twin >= 0 ? twin : i);
	buf_puts(b, "},\"k1\":2}");
	assert_true(buf_ok(b));
}

static void finds_a_twin_among_any_number_of_members(void **state)
{
	static const int counts[] = { 2, 31, 32, 33, 34, 63, 64, 65, 127, 1000, 20000 };
	exs_err err = EXS_ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, ROOMY);
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		many_members(&b, counts[i], -1);
		assert_int_equal(json_check(buf_view(&b), 8, &err), EXS_OK);
		many_members(&b, counts[i], 0);
		assert_int_equal(json_check(buf_view(&b), 8, &err), EXS_INVALID);
		assert_memory_equal(b.p + err.at, "\"k0\"", 4);
		assert_true(err.at > 10);
		many_members(&b, counts[i], counts[i] - 2);
		assert_int_equal(json_check(buf_view(&b), 8, &err), EXS_INVALID);
	}
	buf_release(&b);
}

static void an_escaped_twin_among_many_is_found(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, ROOMY);
	buf_puts(&b, "{\"a\":1");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, ",\"n\\u00e9%d\":1", i);
	assert_true(buf_ok(&b));
	buf_puts(&b, ",\"b\":1}");
	assert_int_equal(json_check(buf_view(&b), 1, NULL), EXS_OK);
	buf_truncate(&b, b.n - 1);
	buf_puts(&b, ",\"n\xc3\xa9"
		     "50\":1}");
	assert_int_equal(json_check(buf_view(&b), 1, NULL), EXS_INVALID);
	buf_release(&b);
}

static void open_members_have_a_bound(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 32u << 20);
	buf_puts(&b, "{\"x\":0");
	for (int i = 0; i <= 1 << 20; i++) {
		buf_puts(&b, ",\"");
		buf_int(&b, i);
		buf_puts(&b, "\":0");
	}
	buf_puts(&b, "}");
	assert_true(buf_ok(&b));
	assert_int_equal(json_check(buf_view(&b), 1, &err), EXS_TOOBIG);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_standard_takes),
		cmocka_unit_test(refuses_all_else_and_names_the_byte),
		cmocka_unit_test(refuses_a_nul_byte_anywhere),
		cmocka_unit_test(sees_every_byte_at_every_place),
		cmocka_unit_test(refuses_every_prefix),
		cmocka_unit_test(depth_ends_where_the_caller_says),
		cmocka_unit_test(an_object_is_asked_for_and_nothing_else),
		cmocka_unit_test(finds_a_twin_among_any_number_of_members),
		cmocka_unit_test(an_escaped_twin_among_many_is_found),
		cmocka_unit_test(open_members_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
