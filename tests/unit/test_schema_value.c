/* SPDX-License-Identifier: MIT */
/* test_schema_value.c - order, sameness, length and members of JSON values, without converting
 * them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "base/schema_value.h"
#include "base/text.h"

#define PLENTY (1u << 20)

static void gate(const char *text)
{
	exs_err err = EXS_ERR_INIT;

	if (json_check(str_of(text), JSON_DEPTH_MAX, &err))
		fail_msg("the test is wrong: %s: %s", text, err.text);
}

static void orders_numbers_by_every_digit(void **state)
{
	/* Strictly rising. */
	static const char *const rising[] = {
		"-1e99999999999999999999",
		"-123456789012345678901234567890",
		"-9007199254740993",
		"-9007199254740992",
		"-1.5",
		"-1.25",
		"-1e-1",
		"-1e-99999999999999999999",
		"0",
		"1e-400",
		"0.001",
		"0.0010000000000000000000000001",
		"0.1",
		"1",
		"1.0000000000000000000000000000000000001",
		"2",
		"10",
		"99",
		"1e2",
		"100.5",
		"9007199254740992",
		"9007199254740993",
		"9007199254740993.1",
		"123456789012345678901234567890",
		"123456789012345678901234567891",
		"1e400",
	};
	static const char *const same[][2] = {
		{ "0", "-0" },	      { "0", "0.000e10" },	   { "1", "1.0" },
		{ "100", "1e2" },     { "100", "1E+2" },	   { "100", "0.1e3" },
		{ "0.01", "1e-2" },   { "1.50", "15e-1" },	   { "-12.5", "-0.125e2" },
		{ "1000", "1000.0" }, { "0.00100", "0.001" },	   { "10", "0.0010e4" },
		{ "1e00002", "100" }, { "100020", "1.00020e005" },
	};
	const size_t n = sizeof rising / sizeof rising[0];

	(void)state;
	for (size_t i = 0; i < n; i++)
		gate(rising[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (value_order(str_of(rising[i]), str_of(rising[j])) != (i > j) - (i < j))
				fail_msg("%s and %s", rising[i], rising[j]);
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		gate(same[i][0]);
		gate(same[i][1]);
		if (value_order(str_of(same[i][0]), str_of(same[i][1])) != 0)
			fail_msg("%s is not %s", same[i][0], same[i][1]);
	}
}

static void knows_a_number_without_a_fraction(void **state)
{
	static const char *const whole[] = {
		"0", "-0.00", "1.0", "1e2", "12.50e1", "1200e-2", "0e-9", "1e999999999999999999999"
	};
	static const char *const broken[] = { "0.1",
					      "1.5",
					      "12e-1",
					      "-1.25e1",
					      "1e-999999999999999999999",
					      "1234567890123456789.01" };

	(void)state;
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		if (!value_is_whole(str_of(whole[i])))
			fail_msg("%s", whole[i]);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		if (value_is_whole(str_of(broken[i])))
			fail_msg("%s", broken[i]);
}

static bool same(const char *a, const char *b)
{
	struct effort e = { PLENTY, false };
	bool there = value_same(&e, str_of(a), str_of(b));

	gate(a);
	gate(b);
	assert_int_equal(there, value_same(&e, str_of(b), str_of(a)));
	return there;
}

static void knows_the_same_value_written_in_two_ways(void **state)
{
	(void)state;
	assert_true(same("null", "null"));
	assert_true(same("1e1", "10.0"));
	assert_true(same("\"\\u00e9\\/\"", "\"\xc3\xa9/\""));
	assert_true(same("[ 1 , [] ]", "[1.0,[ ]]"));
	assert_true(same("{\"a\":{\"x\":1},\"b\":[null]}",
			 "{ \"\\u0062\" : [ null ], \"a\":{\"x\":1} }"));
	assert_false(same("true", "false"));
	assert_false(same("0", "false"));
	assert_false(same("\"\"", "null"));
	assert_false(same("\"a\"", "\"\\u0041\""));
	assert_false(same("[]", "{}"));
	assert_false(same("[1,2]", "[1]"));
	assert_false(same("[1,2]", "[2,1]"));
	assert_false(same("{\"a\":1}", "{\"a\":1,\"b\":1}"));
	assert_false(same("{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}"));
	assert_false(same("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2}}"));
}

static void stops_when_the_effort_is_spent(void **state)
{
	struct effort e = { 20, false };
	exs_str value, object = str_of("{\"a\":1}");

	(void)state;
	assert_true(value_member(&e, object, str_of("\"a\""), &value));
	assert_true(str_is(value, "1"));
	assert_int_equal(e.left, 13);
	assert_false(value_same(&e, object, object));
	assert_int_equal(e.left, 0);
	assert_false(value_member(&e, object, str_of("\"a\""), &value));
	assert_false(e.no_memory);
}

static void finds_a_member_by_its_decoded_name(void **state)
{
	struct effort e = { PLENTY, false };
	exs_str value = { NULL, 0 };

	(void)state;
	assert_true(value_member(&e, str_of("{\"ab\":1,\"\\u0061\":2}"), str_of("\"a\""), &value));
	assert_true(str_is(value, "2"));
	assert_true(value_member(&e, str_of("{\"a\":3}"), str_of("\"\\u0061\""), &value));
	assert_true(str_is(value, "3"));
	assert_false(value_member(&e, str_of("{\"A\":1}"), str_of("\"a\""), &value));
	assert_false(value_member(&e, str_of("[1]"), str_of("\"a\""), &value));
	assert_false(value_member(&e, str_of(NULL), str_of("\"a\""), &value));
	assert_true(str_is(value, "3"));
}

static void counts_characters_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(value_chars(str_of("\"\"")), 0);
	assert_int_equal(value_chars(str_of("\"abc\"")), 3);
	assert_int_equal(value_chars(str_of("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"")), 3);
	assert_int_equal(value_chars(str_of("\"\\\\\\\"\\n\\u0041\"")), 4);
	assert_int_equal(value_chars(str_of("\"\\ud83d\\ude00x\\uDBFF\\uDFFF\"")), 3);
	assert_int_equal(value_chars(str_of("\"\\ud7ff\\ue000\"")), 2);
	assert_int_equal(value_count(str_of("[]")), 0);
	assert_int_equal(value_count(str_of("[[1,2],{\"a\":[3]}]")), 2);
	assert_int_equal(value_count(str_of("{\"a\":1,\"b\":[1,2]}")), 2);
}

static void bears_text_that_is_no_json(void **state)
{
	static const char *const odd[] = { "",	   " ",	      "{",	   "[1",       "{\"a", "\"",
					   "\"\\", "\"\\u\"", "\"\\ud8\"", "\"\xc3\"", "-",    "e",
					   ".",	   "1e",      "..",	   "-.e+",     "}" };
	const size_t n = sizeof odd / sizeof odd[0];
	exs_str value;

	(void)state;
	for (size_t i = 0; i < n * n; i++) {
		struct effort e = { PLENTY, false };
		exs_str a = str_of(odd[i / n]), b = str_of(odd[i % n]);

		(void)value_order(a, b);
		(void)value_is_whole(a);
		(void)value_same(&e, a, b);
		(void)value_member(&e, a, b, &value);
		(void)value_chars(a);
		(void)value_count(a);
	}
	assert_int_equal(value_chars(str_of(NULL)), 0);
	assert_int_equal(value_order(str_of(NULL), str_of(NULL)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_numbers_by_every_digit),
		cmocka_unit_test(knows_a_number_without_a_fraction),
		cmocka_unit_test(knows_the_same_value_written_in_two_ways),
		cmocka_unit_test(stops_when_the_effort_is_spent),
		cmocka_unit_test(finds_a_member_by_its_decoded_name),
		cmocka_unit_test(counts_characters_not_bytes),
		cmocka_unit_test(bears_text_that_is_no_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
