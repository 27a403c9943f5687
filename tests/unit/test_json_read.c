/* SPDX-License-Identifier: MIT */
/* test_json_read.c - what the readers find in checked text, and how they bear broken text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static const char sample[] =
	" { \"n\" : -12 , \"big\":9223372036854775807,\"over\":9223372036854775808,"
	"\"low\":-9223372036854775808,\"half\":1.0,\"exp\":1e2,\"yes\":true,\"no\":false,\"nil\":"
	"null,"
	"\"text\":\"a\\u00e9\\n\\ud83d\\ude00\\\"]}\",\"list\":[ 1, \"]\" ,[2],{}],"
	"\"obj\":{\"n\":5,\"q\":\"\\\\\"},\"e\\u0073c\":\"found\",\"empty\":\"\" } ";

static void members_are_found_by_their_name(void **state)
{
	exs_str object = str_of(sample), value;

	(void)state;
	assert_int_equal(json_check_object(object, 4, NULL), EXS_OK);
	assert_int_equal(json_get(object, "n", &value), EXS_OK);
	assert_true(str_is(value, "-12"));
	assert_int_equal(json_get(object, "list", &value), EXS_OK);
	assert_true(str_is(value, "[ 1, \"]\" ,[2],{}]"));
	assert_int_equal(json_get(object, "obj", &value), EXS_OK);
	assert_true(str_is(value, "{\"n\":5,\"q\":\"\\\\\"}"));
	assert_int_equal(json_get(object, "esc", &value), EXS_OK);
	assert_true(str_is(value, "\"found\""));
	assert_int_equal(json_get(object, "e", &value), EXS_NOTFOUND);
	assert_int_equal(json_get(object, "escs", &value), EXS_NOTFOUND);
	assert_int_equal(json_get(object, "", &value), EXS_NOTFOUND);
	assert_int_equal(json_get(str_of("[1]"), "n", &value), EXS_INVALID);
	assert_int_equal(json_get(str_of(""), "n", &value), EXS_INVALID);
	assert_true(str_is(value, "\"found\""));
}

static void integers_are_read_when_they_fit(void **state)
{
	exs_str object = str_of(sample);
	int64_t v = 77;

	(void)state;
	assert_false(json_get_int(object, "over", &v));
	assert_false(json_get_int(object, "half", &v));
	assert_false(json_get_int(object, "exp", &v));
	assert_false(json_get_int(object, "text", &v));
	assert_false(json_get_int(object, "absent", &v));
	assert_int_equal(v, 77);
	assert_true(json_get_int(object, "n", &v));
	assert_int_equal(v, -12);
	assert_true(json_get_int(object, "big", &v));
	assert_true(v == INT64_MAX);
	assert_true(json_get_int(object, "low", &v));
	assert_true(v == INT64_MIN);
	assert_true(json_int(str_of(" -0 "), &v));
	assert_int_equal(v, 0);
	assert_false(json_int(str_of(""), &v));
	assert_false(json_int(str_of("-"), &v));
	assert_false(json_int(str_of("01"), &v));
	assert_false(json_int(str_of("-9223372036854775809"), &v));
	assert_false(json_int(str_of("99999999999999999999999"), &v));
}

static void other_members_are_read_by_their_type(void **state)
{
	exs_str object = str_of(sample), span = str_of("kept");
	bool flag = false;

	(void)state;
	assert_true(json_get_bool(object, "yes", &flag));
	assert_true(flag);
	assert_true(json_get_bool(object, "no", &flag));
	assert_false(flag);
	assert_false(json_get_bool(object, "nil", &flag));
	assert_false(json_get_bool(object, "absent", &flag));
	assert_false(json_get_object(object, "list", &span));
	assert_false(json_get_array(object, "obj", &span));
	assert_true(str_is(span, "kept"));
	assert_true(json_get_object(object, "obj", &span));
	assert_true(json_get_array(object, "list", &span));
	assert_int_equal(json_type(str_of("")), JSON_BAD);
	assert_int_equal(json_type(str_of("x")), JSON_BAD);
	assert_int_equal(json_type(str_of("null")), JSON_NULL);
	assert_int_equal(json_type(str_of("true")), JSON_TRUE);
	assert_int_equal(json_type(str_of("false")), JSON_FALSE);
	assert_int_equal(json_type(str_of("-1")), JSON_NUMBER);
	assert_int_equal(json_type(str_of("\"\"")), JSON_STRING);
}

static void texts_are_decoded(void **state)
{
	exs_str object = str_of(sample);
	struct buf b;
	char *z;

	(void)state;
	buf_init(&b, 64);
	assert_true(json_get_text(object, "text", &b));
	assert_string_equal(b.p, "a\xc3\xa9\n\xf0\x9f\x98\x80\"]}");
	buf_clear(&b);
	assert_int_equal(json_text(str_of("\"\\b\\f\\n\\r\\t\\/\\\\\\u20ac\\u0041\""), &b), EXS_OK);
	assert_string_equal(b.p, "\b\f\n\r\t/\\\xe2\x82\xac"
				 "A");
	assert_false(json_get_text(object, "n", &b));
	assert_false(json_get_text(object, "absent", &b));
	buf_release(&b);

	z = json_get_textz(object, "esc", 5);
	assert_string_equal(z, "found");
	free(z);
	z = json_get_textz(object, "empty", 0);
	assert_string_equal(z, "");
	free(z);
	assert_null(json_get_textz(object, "esc", 4));
	assert_null(json_get_textz(object, "n", 64));
	assert_null(json_get_textz(object, "absent", 64));
}

static void a_text_that_fails_appends_nothing(void **state)
{
	static const char *const bad[] = { "",	       "\"",	       "x",
					   "\"a\\x\"", "\"a\\u12\"",   "\"a\"b\"",
					   "\"a\nb\"", "\"a\\ud800\"", "\"a\\u0000\"",
					   "\"a\\\"" };
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_puts(&b, "kept");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(json_text(str_of(bad[i]), &b), EXS_INVALID);
	assert_string_equal(b.p, "kept");
	assert_true(buf_ok(&b));
	assert_int_equal(json_text(str_of("\"abc\\ndef\""), &b), EXS_TOOBIG);
	assert_string_equal(b.p, "kept");
	buf_release(&b);
}

static void items_come_in_order(void **state)
{
	struct json_iter it;
	exs_str key, value;
	char seen[64] = "";

	(void)state;
	json_iter_init(&it, str_of(" [ 1, \"]\" ,[2 ,3], {} ] "));
	while (json_next(&it, &key, &value)) {
		assert_int_equal(key.n, 0);
		strncat(seen, value.p, value.n);
		strcat(seen, ";");
	}
	assert_string_equal(seen, "1;\"]\";[2 ,3];{};");
	assert_false(it.bad);
	assert_false(json_next(&it, &key, &value));

	seen[0] = '\0';
	for (json_iter_init(&it, str_of("{\"a\" : 1,\"b\":{ } }")); json_next(&it, &key, &value);) {
		strncat(seen, key.p, key.n);
		strncat(seen, value.p, value.n);
	}
	assert_string_equal(seen, "\"a\"1\"b\"{ }");
	assert_false(it.bad);
	json_iter_init(&it, str_of("[]"));
	assert_false(json_next(&it, NULL, NULL));
	assert_false(it.bad);
}

static void walking_broken_text_says_so(void **state)
{
	static const char *const bad[] = {
		"",	   "1",	       "[",	     "{",	  "[1",	       "[1,",
		"[1,]",	   "[1 2]",    "[1}",	     "{1:2}",	  "{\"a",      "{\"a\"",
		"{\"a\":", "{\"a\":}", "{\"a\":1",   "{\"a\":1]", "[\"a]",     "[]]",
		"[[1]",	   "[\"a\\",   "{\"a\":1,}", "[,1]",	  "{\"a\" 1}", "[1]x",
	};
	struct json_iter it;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		exs_str value;

		for (json_iter_init(&it, str_of(bad[i])); json_next(&it, NULL, &value);)
			;
		if (!it.bad)
			fail_msg("%s was walked", bad[i]);
		assert_int_equal(json_get(str_of(bad[i]), "none", &value), EXS_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_by_their_name),
		cmocka_unit_test(integers_are_read_when_they_fit),
		cmocka_unit_test(other_members_are_read_by_their_type),
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(a_text_that_fails_appends_nothing),
		cmocka_unit_test(items_come_in_order),
		cmocka_unit_test(walking_broken_text_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
