/* SPDX-License-Identifier: MIT */
/* test_schema.c - what the subset of JSON Schema takes, and the sentences that it refuses with. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/schema.h"
#include "base/text.h"

/* NULL: it is taken; else the sentence. */
struct row {
	const char *schema, *value, *says;
};

static void gate(const char *text)
{
	exs_err err = EXS_ERR_INIT;

	if (json_check(str_of(text), JSON_DEPTH_MAX, &err))
		fail_msg("the test is wrong: %s: %s", text, err.text);
}

static void check_row(const struct row *row)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status;

	gate(row->schema);
	gate(row->value);
	status = schema_check(str_of(row->schema), str_of(row->value), &err);
	if (status == EXS_OK) {
		if (row->says)
			fail_msg("%s takes %s", row->schema, row->value);
		return;
	}
	if (!row->says)
		fail_msg("%s refuses %s: %s", row->schema, row->value, err.text);
	assert_int_equal(status, EXS_INVALID);
	assert_int_equal(err.status, EXS_INVALID);
	assert_string_equal(err.text, row->says);
}

#define CHECK_ROWS(rows)                                                                           \
	for (size_t row_ = 0; row_ < sizeof(rows) / sizeof((rows)[0]); row_++)                     \
	check_row(&(rows)[row_])

static void takes_each_type_and_says_what_it_wanted(void **state)
{
	static const struct row rows[] = {
		{ "{\"type\":\"object\"}", " {} ", NULL },
		{ "{\"type\":\"array\"}", "[]", NULL },
		{ "{\"type\":\"string\"}", "\"\"", NULL },
		{ "{\"type\":\"number\"}", "1.5", NULL },
		{ "{\"type\":\"integer\"}", "1", NULL },
		{ "{\"type\":\"boolean\"}", "true", NULL },
		{ "{\"type\":\"boolean\"}", "false", NULL },
		{ "{\"type\":\"null\"}", "null", NULL },
		{ "{\"type\":[\"string\",\"null\"]}", "null", NULL },
		{ "{\"type\":\"object\"}", "[]", "the arguments must be an object, not a list" },
		{ "{\"type\":\"array\"}", "{}", "the arguments must be a list, not an object" },
		{ "{\"type\":\"string\"}", "1", "the arguments must be a text, not a number" },
		{ "{\"type\":\"number\"}", "\"1\"", "the arguments must be a number, not a text" },
		{ "{\"type\":\"integer\"}", "true",
		  "the arguments must be a whole number, not a boolean" },
		{ "{\"type\":\"boolean\"}", "null",
		  "the arguments must be true or false, not null" },
		{ "{\"type\":\"null\"}", "false", "the arguments must be null, not a boolean" },
		{ "{\"type\":[\"string\",\"null\",\"array\"]}", "1",
		  "the arguments must be a list, a text or null, not a number" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void knows_a_whole_number_however_it_is_written(void **state)
{
	static const struct row rows[] = {
		{ "{\"type\":\"integer\"}", "1e2", NULL },
		{ "{\"type\":\"integer\"}", "123456789012345678901234567890", NULL },
		{ "{\"type\":\"integer\"}", "9007199254740993.5",
		  "the arguments must be a whole number, not a number with a fraction" },
		{ "{\"type\":[\"integer\",\"null\"]}", "12e-1",
		  "the arguments must be a whole number or null, not a number with a fraction" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void holds_numbers_to_their_bounds(void **state)
{
	static const struct row rows[] = {
		{ "{\"minimum\":1}", "1", NULL },
		{ "{\"minimum\":1}", "\"0\"", NULL },
		{ "{\"minimum\":1}", "0.999", "the arguments must be at least 1" },
		{ "{\"minimum\":9007199254740993}", "9007199254740993", NULL },
		{ "{\"minimum\":9007199254740993}", "9007199254740992",
		  "the arguments must be at least 9007199254740993" },
		{ "{\"maximum\":10}", "1e1", NULL },
		{ "{\"maximum\":10}", "1e2", "the arguments must be at most 10" },
		{ "{\"maximum\":-1}", "-0", "the arguments must be at most -1" },
		{ "{\"exclusiveMinimum\":0}", "0.1", NULL },
		{ "{\"exclusiveMinimum\":0}", "0.0", "the arguments must be more than 0" },
		{ "{\"exclusiveMaximum\":1}", "0.9", NULL },
		{ "{\"exclusiveMaximum\":1}", "1", "the arguments must be less than 1" },
		{ "{\"minimum\":5,\"exclusiveMinimum\":true}", "5", NULL },
		{ "{\"maximum\":1.0000000000000000000000000000000000000000001}", "2",
		  "the arguments must be at most 1.00000000000000000000000000000000000000" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void counts_characters_and_items(void **state)
{
	static const struct row rows[] = {
		{ "{\"minLength\":1}", "\"\"", "the arguments must have at least 1 character" },
		{ "{\"minLength\":2.0}", "\"ab\"", NULL },
		{ "{\"maxLength\":2}", "\"abc\"", "the arguments must have at most 2 characters" },
		{ "{\"maxLength\":3}", "\"\xc3\xa4\xf0\x9f\x98\x80z\"", NULL },
		{ "{\"maxLength\":1}", "\"\\ud83d\\ude00\"", NULL },
		{ "{\"maxLength\":1}", "\"\\uD83D\\uDE00\\n\"",
		  "the arguments must have at most 1 character" },
		{ "{\"maxLength\":4}", "\"\\n\\\"\\u00e9\\u0041\"", NULL },
		{ "{\"maxLength\":3}", "\"\\n\\\"\\u00e9\\ud7ff\"",
		  "the arguments must have at most 3 characters" },
		{ "{\"minLength\":5}", "1", NULL },
		{ "{\"minItems\":1}", "[]", "the arguments must have at least 1 item" },
		{ "{\"minItems\":2}", "[[1,2],[3]]", NULL },
		{ "{\"maxItems\":1}", "[1,2]", "the arguments must have at most 1 item" },
		{ "{\"maxItems\":0}", "[1]", "the arguments must have at most 0 items" },
		{ "{\"maxItems\":0}", "{\"a\":1}", NULL },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void compares_choices_by_what_they_mean(void **state)
{
	static const struct row rows[] = {
		{ "{\"enum\":[\"a\",\"b\"]}", "\"b\"", NULL },
		{ "{\"enum\":[\"a\",\"b\"]}", "\"\\u0062\"", NULL },
		{ "{\"enum\":[\"a\",\"b\"]}", "\"c\"",
		  "the arguments must be one of [\"a\",\"b\"]" },
		{ "{\"enum\":[1,null,true]}", "1.0", NULL },
		{ "{\"enum\":[1,null,true]}", "null", NULL },
		{ "{\"enum\":[1,null,true]}", "false",
		  "the arguments must be one of [1,null,true]" },
		{ "{\"enum\":[9007199254740993]}", "9007199254740992",
		  "the arguments must be one of [9007199254740993]" },
		{ "{\"enum\":[]}", "1", "the arguments must be one of []" },
		{ "{\"const\":{\"a\":[1,2],\"b\":\"x\"}}", "{\"b\":\"x\", \"\\u0061\":[1.0,20e-1]}",
		  NULL },
		{ "{\"const\":{\"a\":[1,2]}}", "{\"a\":[2,1]}",
		  "the arguments must be {\"a\":[1,2]}" },
		{ "{\"const\":{\"a\":1}}", "{\"a\":1,\"b\":2}", "the arguments must be {\"a\":1}" },
		{ "{\"const\":{\"a\":1,\"b\":2}}", "{\"a\":1,\"c\":2}",
		  "the arguments must be {\"a\":1,\"b\":2}" },
		{ "{\"const\":[1]}", "[1,1]", "the arguments must be [1]" },
		{ "{\"const\":[1,1]}", "[1]", "the arguments must be [1,1]" },
		{ "{\"const\":\"1\"}", "1", "the arguments must be \"1\"" },
		{ "{\"const\":true}", "true", NULL },
		{ "{\"const\":[]}", "{}", "the arguments must be []" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

#define FILTER                                                                                     \
	"{\"type\":\"object\",\"properties\":{"                                                    \
	"\"path\":{\"type\":\"string\"},\"limit\":{\"type\":\"integer\",\"minimum\":1},"           \
	"\"filter\":{\"type\":\"object\",\"properties\":{\"max\":{\"type\":\"integer\"}},"         \
	"\"required\":[\"max\"],\"additionalProperties\":false},"                                  \
	"\"names\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":"             \
	"{\"n\":{\"type\":\"string\",\"minLength\":1}}}}},"                                        \
	"\"required\":[\"path\"],\"additionalProperties\":false}"

static void names_the_member_by_its_path(void **state)
{
	static const struct row rows[] = {
		{ FILTER,
		  "{\"path\":\"a\",\"limit\":3,\"filter\":{\"max\":1},\"names\":[{\"n\":\"x\"},{}]"
		  "}",
		  NULL },
		{ FILTER, "{}", "'path' is missing" },
		{ FILTER, "{\"path\":1}", "'path' must be a text, not a number" },
		{ FILTER, "{\"path\":\"a\",\"limit\":0}", "'limit' must be at least 1" },
		{ FILTER, "{\"path\":\"a\",\"filter\":{\"max\":\"9\"}}",
		  "'filter.max' must be a whole number, not a text" },
		{ FILTER, "{\"path\":\"a\",\"filter\":{}}", "'filter.max' is missing" },
		{ FILTER, "{\"path\":\"a\",\"names\":[{\"n\":\"x\"},{\"n\":\"\"}]}",
		  "'names[1].n' must have at least 1 character" },
		{ FILTER, "{\"path\":\"a\",\"names\":[\"x\"]}",
		  "'names[0]' must be an object, not a text" },
		{ FILTER, "{\"p\\u0061th\":\"a\"}", NULL },
		{ "{\"items\":{\"items\":{\"type\":\"null\"}}}", "[[null],[null,1]]",
		  "'[1][1]' must be null, not a number" },
		{ "{\"properties\":{\"a\\tb\\u001b\":{\"type\":\"null\"}}}", "{\"a\\tb\\u001b\":1}",
		  "'a b\\x1b' must be null, not a number" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void tells_a_slip_of_the_finger_from_a_stranger(void **state)
{
	static const struct row rows[] = {
		{ FILTER, "{\"pth\":\"a\"}", "'pth' is not known; did you mean 'path'?" },
		{ FILTER, "{\"path\":\"a\",\"filter\":{\"mx\":1}}",
		  "'filter.mx' is not known; did you mean 'max'?" },
		{ FILTER, "{\"path\":\"a\",\"recursive\":true}",
		  "'recursive' is not known; there are path, limit, filter, names" },
		{ FILTER, "{\"path\":\"a\",\"filter\":{\"recursive\":1}}",
		  "'filter.recursive' is not known; there is only max" },
		{ "{\"additionalProperties\":false}", "{\"a\":1}",
		  "'a' is not known; nothing may be given there" },
		{ "{\"properties\":{},\"additionalProperties\":false}", "{\"\":1}",
		  "'' is not known; nothing may be given there" },
		{ "{\"properties\":{\"a\":{}}}", "{\"b\":1}", NULL },
		{ "{\"properties\":{\"a\":{}},\"additionalProperties\":true}", "{\"b\":1}", NULL },
		{ "{\"additionalProperties\":{\"type\":\"string\"}}", "{\"b\":1}",
		  "'b' must be a text, not a number" },
		{ "{\"additionalProperties\":{\"type\":\"string\"}}", "{\"b\":\"1\"}", NULL },
		{ "{\"properties\":{\"a\":false}}", "{\"a\":1}", "'a' must not be given" },
		{ "{\"properties\":{\"a\":true}}", "{\"a\":1}", NULL },
		{ "false", "{}", "the arguments must not be given" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void passes_over_what_it_does_not_know(void **state)
{
	static const struct row rows[] = {
		{ "{\"type\":\"strnig\"}", "1", NULL },
		{ "{\"type\":[]}", "1", NULL },
		{ "{\"type\":5}", "1", NULL },
		{ "{\"type\":[5,\"null\"]}", "1", "the arguments must be null, not a number" },
		{ "{\"enum\":5}", "1", NULL },
		{ "{\"required\":\"a\"}", "{}", NULL },
		{ "{\"required\":[1,{}]}", "{}", NULL },
		{ "{\"properties\":[]}", "{\"a\":1}", NULL },
		{ "{\"properties\":{\"a\":5}}", "{\"a\":1}", NULL },
		{ "{\"items\":[{\"type\":\"null\"}]}", "[1]", NULL },
		{ "{\"anyOf\":{}}", "[1]", NULL },
		{ "{\"anyOf\":[]}", "[1]", NULL },
		{ "{\"minLength\":\"3\"}", "\"a\"", NULL },
		{ "{\"pattern\":\"^a$\",\"format\":\"uri\"}", "\"b\"", NULL },
		/* With these two, more is allowed than their neighbours say. */
		{ "{\"patternProperties\":{\"^x\":{}},\"additionalProperties\":false}",
		  "{\"xa\":1}", NULL },
		{ "{\"prefixItems\":[{}],\"items\":{\"type\":\"null\"}}", "[1]", NULL },
		{ "true", "{}", NULL },
		{ "5", "{}", NULL },
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void takes_any_of_several_forms(void **state)
{
	static const char forms[] =
		"{\"properties\":{\"at\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\","
		"\"required\":[\"line\"]},{\"type\":\"object\",\"required\":[\"column\"]}]}}}";
	const struct row rows[] = {
		{ forms, "{\"at\":null}", NULL },
		{ forms, "{\"at\":{\"line\":1}}", NULL },
		{ forms, "{\"at\":{\"column\":1}}", NULL },
		{ forms, "{\"at\":{}}",
		  "'at' must fit one of 3 forms; one says: 'at.line' is missing" },
		{ forms, "{\"at\":1}",
		  "'at' must fit one of 3 forms; one says: 'at' must be null, not a number" },
		{ "{\"anyOf\":[{\"minimum\":5},{\"maximum\":1}]}", "3",
		  "the arguments must fit one of 2 forms; one says: the arguments must be at least "
		  "5" },
	};

	(void)state;
	CHECK_ROWS(rows);
}

/* A list in a list and so on, and a schema that follows it. */
static void nest(struct buf *schema, struct buf *value, unsigned levels)
{
	buf_clear(schema);
	buf_clear(value);
	for (unsigned i = 0; i < levels; i++) {
		buf_puts(schema, "{\"items\":");
		buf_puts(value, "[");
	}
	buf_puts(schema, "{}");
	buf_puts(value, "1");
	for (unsigned i = 0; i < levels; i++) {
		buf_puts(schema, "}");
		buf_puts(value, "]");
	}
}

static void follows_schemas_as_deep_as_it_says(void **state)
{
	struct buf schema, value;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	buf_init(&schema, 4096);
	buf_init(&value, 4096);
	nest(&schema, &value, SCHEMA_DEPTH_MAX - 1);
	assert_int_equal(schema_check(buf_view(&schema), buf_view(&value), &err), EXS_OK);
	nest(&schema, &value, SCHEMA_DEPTH_MAX);
	assert_int_equal(schema_check(buf_view(&schema), buf_view(&value), &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "must not go deeper than the 16 levels that are checked"));
	/* A value that is not as deep as its schema never gets there. */
	assert_int_equal(schema_check(buf_view(&schema), str_of("[[1]]"), &err), EXS_OK);
	buf_release(&schema);
	buf_release(&value);
}

static void gives_up_on_what_would_take_for_ever(void **state)
{
	struct buf schema, value;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	buf_init(&schema, 1u << 20);
	buf_init(&value, 1u << 20);
	buf_puts(&schema, "{\"items\":{\"title\":\"");
	for (unsigned i = 0; i < 60000; i++)
		buf_puts(&schema, "x");
	buf_puts(&schema, "\"}}");
	buf_puts(&value, "[1");
	for (unsigned i = 0; i < 1000; i++)
		buf_puts(&value, ",1");
	buf_puts(&value, "]");
	assert_int_equal(schema_check(buf_view(&schema), buf_view(&value), &err), EXS_OK);
	buf_truncate(&value, value.n - 1);
	for (unsigned i = 0; i < 400000; i++)
		buf_puts(&value, ",1");
	buf_puts(&value, "]");
	assert_true(buf_ok(&schema) && buf_ok(&value));
	assert_int_equal(schema_check(buf_view(&schema), buf_view(&value), &err), EXS_INVALID);
	assert_string_equal(err.text, "the arguments hold too many values to check; give fewer");
	buf_release(&schema);
	buf_release(&value);
}

static void keeps_a_sentence_in_bounds(void **state)
{
	struct buf value;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	buf_init(&value, 1u << 16);
	buf_puts(&value, "{\"");
	for (unsigned i = 0; i < 500; i++)
		buf_puts(&value, "\xc3\xa4");
	buf_puts(&value, "\":1}");
	assert_int_equal(schema_check(str_of("{\"additionalProperties\":{\"type\":\"null\"}}"),
				      buf_view(&value), &err),
			 EXS_INVALID);
	assert_true(utf8_ok(str_of(err.text)));
	assert_non_null(strstr(err.text, "\xe2\x80\xa6' must be null, not a number"));

	buf_clear(&value);
	buf_puts(&value, "{\"");
	for (unsigned i = 0; i < 5000; i++)
		buf_puts(&value, "a");
	buf_puts(&value, "\":1}");
	assert_int_equal(
		schema_check(str_of("{\"additionalProperties\":false}"), buf_view(&value), &err),
		EXS_INVALID);
	assert_string_equal(err.text,
			    "a member with a long name is not known; nothing may be given there");
	buf_release(&value);
}

static void never_shows_what_a_value_holds(void **state)
{
	static const char *const schemas[] = {
		"{\"type\":\"integer\"}",
		"{\"enum\":[\"a\"]}",
		"{\"const\":1}",
		"{\"maxLength\":1}",
		"{\"type\":\"string\",\"minLength\":100}",
		"{\"anyOf\":[{\"type\":\"null\"},{\"minLength\":99}]}",
	};
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
		assert_int_equal(schema_check(str_of(schemas[i]), str_of("\"hunter2\""), &err),
				 EXS_INVALID);
		assert_null(strstr(err.text, "hunter"));
	}
}

static void bears_text_that_is_no_json(void **state)
{
	static const char *const odd[] = { "",	 " ",	 "{", "[", "[1,", "{\"a", "{\"a\"",
					   "\"", "\"\\", "-", "e", ".",	  "}" };
	static const char schema[] =
		"{\"type\":[\"object\",\"integer\"],\"properties\":{\"a\":{\"minLength\":1}},"
		"\"items\":{\"minimum\":1},\"enum\":[{\"a\":1},\"\\u0061\"],\"maxLength\":1}";
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		(void)schema_check(str_of(schema), str_of(odd[i]), &err);
		(void)schema_check(str_of(odd[i]), str_of("{\"a\":1}"), &err);
	}
	assert_int_equal(schema_check(str_of(NULL), str_of(NULL), &err), EXS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_type_and_says_what_it_wanted),
		cmocka_unit_test(knows_a_whole_number_however_it_is_written),
		cmocka_unit_test(holds_numbers_to_their_bounds),
		cmocka_unit_test(counts_characters_and_items),
		cmocka_unit_test(compares_choices_by_what_they_mean),
		cmocka_unit_test(names_the_member_by_its_path),
		cmocka_unit_test(tells_a_slip_of_the_finger_from_a_stranger),
		cmocka_unit_test(passes_over_what_it_does_not_know),
		cmocka_unit_test(takes_any_of_several_forms),
		cmocka_unit_test(follows_schemas_as_deep_as_it_says),
		cmocka_unit_test(gives_up_on_what_would_take_for_ever),
		cmocka_unit_test(keeps_a_sentence_in_bounds),
		cmocka_unit_test(never_shows_what_a_value_holds),
		cmocka_unit_test(bears_text_that_is_no_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
