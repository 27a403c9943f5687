/* SPDX-License-Identifier: MIT */
/* test_buf.c - bytes that grow up to their bound, and JSON strings that are always valid. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#define ROOMY 4096u

/* A request for more memory than there is must answer NULL here too, as malloc does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void an_empty_buffer_is_an_empty_text(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, ROOMY);
	assert_string_equal(b.p, "");
	assert_int_equal(buf_view(&b).n, 0);
	assert_true(buf_ok(&b));
	buf_release(&b);
	buf_release(&b);
}

static void appends_are_joined_and_nul_terminated(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, ROOMY);
	buf_puts(&b, "a");
	buf_put(&b, "bc", 2);
	buf_put(&b, NULL, 0);
	buf_str(&b, str_of("d"));
	buf_printf(&b, "-%s-%d", "x", 7);
	assert_string_equal(b.p, "abcd-x-7");
	assert_int_equal(b.n, 8);
	buf_truncate(&b, 2);
	assert_string_equal(b.p, "ab");
	buf_release(&b);
	assert_string_equal(b.p, "");
}

static void integers_are_written_to_their_limits(void **state)
{
	static const struct {
		int64_t v;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -1, "-1" },
		{ 42, "42" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, ROOMY);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&b);
		buf_int(&b, rows[i].v);
		assert_string_equal(b.p, rows[i].text);
	}
	buf_release(&b);
}

static void takes_exactly_its_bound_and_not_a_byte_more(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 300);
	for (int i = 0; i < 300; i++)
		buf_put(&b, "x", 1);
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, 300);
	assert_true(b.cap <= 301);
	buf_put(&b, "x", 1);
	assert_int_equal(b.status, EXS_TOOBIG);
	assert_int_equal(b.n, 300);
	buf_release(&b);
}

static void a_failure_sticks_until_clear(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "12345");
	buf_puts(&b, "1");
	assert_int_equal(b.status, EXS_TOOBIG);
	assert_int_equal(b.n, 0);
	buf_printf(&b, "%d", 1);
	buf_int(&b, 1);
	buf_json(&b, str_of("x"));
	assert_int_equal(b.n, 0);
	assert_null(buf_take(&b));
	assert_true(buf_ok(&b));
	buf_puts(&b, "12345");
	buf_clear(&b);
	buf_puts(&b, "1234");
	assert_true(buf_ok(&b));
	assert_string_equal(b.p, "1234");
	buf_release(&b);
}

static void a_printf_that_does_not_fit_appends_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "ab");
	buf_printf(&b, "%s", "cde");
	assert_int_equal(b.status, EXS_TOOBIG);
	assert_string_equal(b.p, "ab");
	buf_release(&b);
}

static void says_nomem_when_there_is_none(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX / 8);
	buf_puts(&b, "kept");
	buf_put(&b, "", SIZE_MAX / 16);
	assert_int_equal(b.status, EXS_NOMEM);
	assert_string_equal(b.p, "kept");
	buf_release(&b);
}

static void an_absurd_bound_is_refused_and_not_wrapped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_puts(&b, "x");
	assert_int_equal(b.status, EXS_TOOBIG);
	buf_release(&b);
}

static void taken_bytes_belong_to_the_caller(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, ROOMY);
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	buf_puts(&b, "mine");
	p = buf_take(&b);
	assert_string_equal(p, "mine");
	assert_string_equal(b.p, "");
	free(p);
	buf_puts(&b, "again");
	assert_string_equal(b.p, "again");
	buf_release(&b);
}

static void is_json(const char *text, size_t n, const char *want)
{
	struct buf b;

	buf_init(&b, ROOMY);
	buf_json(&b, str_n(text, n));
	assert_true(buf_ok(&b));
	assert_string_equal(b.p, want);
	assert_int_equal(json_check(buf_view(&b), 0, NULL), EXS_OK);
	buf_release(&b);
}

static void json_strings_escape_what_they_must(void **state)
{
	(void)state;
	is_json(NULL, 0, "\"\"");
	is_json("plain text, long enough for eight", 33, "\"plain text, long enough for eight\"");
	is_json("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
	is_json("\n\r\t\x01\x1f\x7f", 6, "\"\\n\\r\\t\\u0001\\u001f\x7f\"");
	is_json("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 12,
		"\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

static void json_strings_are_valid_whatever_the_bytes(void **state)
{
	struct buf b;
	char bytes[3];

	(void)state;
	is_json("a\xff"
		"b",
		3,
		"\"a\xef\xbf\xbd"
		"b\"");
	is_json("\0x", 2, "\"\xef\xbf\xbdx\"");
	is_json("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	is_json("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_init(&b, ROOMY);
	for (unsigned i = 0; i < 0x10000; i++) {
		bytes[0] = (char)(i >> 8);
		bytes[1] = (char)(i & 255);
		bytes[2] = 'x';
		buf_clear(&b);
		buf_json(&b, str_n(bytes, 3));
		assert_int_equal(json_check(buf_view(&b), 0, NULL), EXS_OK);
	}
	buf_release(&b);
}

static void a_sink_appends_and_says_when_it_is_full(void **state)
{
	struct buf b;
	struct buf_sink s;
	exs_sink *sink;

	(void)state;
	buf_init(&b, 4);
	sink = buf_sink_init(&s, &b);
	assert_int_equal(sink->size, sizeof *sink);
	assert_int_equal(sink->put(sink, "abc", 3), EXS_OK);
	assert_int_equal(sink->put(sink, "de", 2), EXS_TOOBIG);
	assert_string_equal(b.p, "abc");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_text),
		cmocka_unit_test(appends_are_joined_and_nul_terminated),
		cmocka_unit_test(integers_are_written_to_their_limits),
		cmocka_unit_test(takes_exactly_its_bound_and_not_a_byte_more),
		cmocka_unit_test(a_failure_sticks_until_clear),
		cmocka_unit_test(a_printf_that_does_not_fit_appends_nothing),
		cmocka_unit_test(says_nomem_when_there_is_none),
		cmocka_unit_test(an_absurd_bound_is_refused_and_not_wrapped),
		cmocka_unit_test(taken_bytes_belong_to_the_caller),
		cmocka_unit_test(json_strings_escape_what_they_must),
		cmocka_unit_test(json_strings_are_valid_whatever_the_bytes),
		cmocka_unit_test(a_sink_appends_and_says_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
