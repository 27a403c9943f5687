/* SPDX-License-Identifier: MIT */
/* test_message.c - the neutral message form: what a model may put, and how its text and calls are
 * read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/message.h"
#include "fact/state.h"
#include "fact/words.h"

#define SAYS "the model's answer is not a message: "

static exs_str str(const char *s)
{
	return str_of(s);
}

static void accepts(const char *message)
{
	exs_err err = EXS_ERR_INIT;

	if (message_check_assistant(str(message), &err))
		fail_msg("%s: %s", message, err.text);
	assert_int_equal(message_check_shape(str(message), &err), EXS_OK);
}

static void refuses(const char *message, const char *why)
{
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(message_check_assistant(str(message), &err), EXS_INVALID);
	assert_string_equal(err.text, why);
}

static void a_message_may_hold_little_or_more_than_we_know(void **state)
{
	(void)state;
	accepts("{\"role\":\"assistant\"}");
	accepts("{\"role\":\"assistant\",\"parts\":[],\"calls\":[]}");
	accepts("{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"\"},{\"type\":"
		"\"image\"}]}");
	accepts("{\"role\":\"assistant\",\"calls\":[{\"id\":\"1\",\"name\":\"n\",\"arguments\":"
		"\"\"}]}");
	accepts("{\"new\":{\"x\":[]},\"role\":\"assistant\",\"stop\":\"odd\",\"provider\":{\"a\":"
		"null}}");
}

static void text_that_is_no_json_object_is_refused(void **state)
{
	exs_err err = EXS_ERR_INIT;

	(void)state;
	refuses("", SAYS
		"the JSON text is refused at byte 0: the text ends where a value should stand");
	refuses("[]", SAYS "the JSON text is refused at byte 0: it is not an object");
	refuses("{\"role\":\"assistant\",\"role\":\"assistant\"}",
		SAYS "the JSON text is refused at byte 20: the object has a member of this name "
		     "already");
	refuses("{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"\\u0000\"}]}",
		SAYS "the JSON text is refused at byte 52: a NUL (\\u0000) is not allowed in text");
	assert_int_equal(message_check_assistant(str_of(NULL), &err), EXS_INVALID);
}

static void a_message_that_fits_in_no_fact_is_refused(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct buf b;
	uint32_t i;

	(void)state;
	buf_init(&b, 1u << 16);
	buf_puts(&b, "{\"role\":\"assistant\",\"x\":");
	for (i = 1; i < MESSAGE_DEPTH_MAX; i++)
		buf_puts(&b, "[");
	for (i = 1; i < MESSAGE_DEPTH_MAX; i++)
		buf_puts(&b, "]");
	buf_puts(&b, "}");
	assert_int_equal(message_check_assistant(buf_view(&b), &err), EXS_OK);
	buf_clear(&b);
	buf_puts(&b, "{\"role\":\"assistant\",\"x\":");
	for (i = 0; i < MESSAGE_DEPTH_MAX; i++)
		buf_puts(&b, "[");
	for (i = 0; i < MESSAGE_DEPTH_MAX; i++)
		buf_puts(&b, "]");
	buf_puts(&b, "}");
	assert_int_equal(message_check_assistant(buf_view(&b), &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "nested too deep"));
	buf_release(&b);
}

static void roles_parts_and_calls_have_their_types(void **state)
{
	(void)state;
	refuses("{}", SAYS "its role is not 'assistant'");
	refuses("{\"role\":\"user\"}", SAYS "its role is not 'assistant'");
	refuses("{\"role\":1}", SAYS "its role is not 'assistant'");
	refuses("{\"role\":\"assistant\",\"parts\":{}}", SAYS "'parts' is not a list");
	refuses("{\"role\":\"assistant\",\"parts\":null}", SAYS "'parts' is not a list");
	refuses("{\"role\":\"assistant\",\"parts\":[1]}", SAYS "a part has no type");
	refuses("{\"role\":\"assistant\",\"parts\":[{\"type\":1}]}", SAYS "a part has no type");
	refuses("{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\"}]}",
		SAYS "a text part has no text");
	refuses("{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":1}]}",
		SAYS "a text part has no text");
	refuses("{\"role\":\"assistant\",\"calls\":1}", SAYS "'calls' is not a list");
	refuses("{\"role\":\"assistant\",\"calls\":[1]}", SAYS "a call is not an object");
}

static void refuses_call(const char *call, const char *why)
{
	struct buf b;

	buf_init(&b, 1u << 16);
	buf_printf(&b, "{\"role\":\"assistant\",\"calls\":[%s]}", call);
	refuses(b.p, why);
	buf_release(&b);
}

static void a_call_has_an_id_a_name_and_arguments(void **state)
{
	char call[700], name[300];

	(void)state;
	refuses_call("{\"name\":\"n\",\"arguments\":\"\"}", SAYS "a call has no id");
	refuses_call("{\"id\":\"\",\"name\":\"n\",\"arguments\":\"\"}", SAYS "a call has no id");
	refuses_call("{\"id\":1,\"name\":\"n\",\"arguments\":\"\"}", SAYS "a call has no id");
	refuses_call("{\"id\":\"1\",\"arguments\":\"\"}", SAYS "a call has no name");
	refuses_call("{\"id\":\"1\",\"name\":\"\",\"arguments\":\"\"}", SAYS "a call has no name");
	refuses_call("{\"id\":\"1\",\"name\":\"n\"}", SAYS "a call has no arguments text");
	refuses_call("{\"id\":\"1\",\"name\":\"n\",\"arguments\":{}}",
		     SAYS "a call has no arguments text");
	memset(name, 'n', sizeof name);
	name[255] = '\0';
	snprintf(call, sizeof call, "{\"id\":\"1\",\"name\":\"%s\",\"arguments\":\"\"}", name);
	refuses_call(call, SAYS "a call's id or name is longer than 256 bytes");
	snprintf(call, sizeof call, "{\"id\":\"%s\",\"name\":\"n\",\"arguments\":\"\"}", name);
	refuses_call(call, SAYS "a call's id or name is longer than 256 bytes");
}

static void ids_are_unique_and_calls_at_most_64(void **state)
{
	struct buf b;
	int i;

	(void)state;
	refuses_call(
		"{\"id\":\"1\",\"name\":\"n\",\"arguments\":\"\"},{\"id\":\"2\",\"name\":\"n\","
		"\"arguments\":\"\"},{\"id\":\"1\",\"name\":\"m\",\"arguments\":\"\"}",
		SAYS "two calls have one id");
	buf_init(&b, 1u << 16);
	for (i = 0; i < 64; i++)
		buf_printf(&b, "%s{\"id\":\"%d\",\"name\":\"n\",\"arguments\":\"\"}", i ? "," : "",
			   i);
	{
		struct buf whole;

		buf_init(&whole, 1u << 16);
		buf_printf(&whole, "{\"role\":\"assistant\",\"calls\":[%s]}", b.p);
		accepts(whole.p);
		buf_release(&whole);
	}
	buf_puts(&b, ",{\"id\":\"x\",\"name\":\"n\",\"arguments\":\"\"}");
	refuses_call(b.p, SAYS "it asks for more than 64 calls");
	buf_release(&b);
}

static void calls_are_walked_in_order_as_spans(void **state)
{
	static const char message[] = "{\"role\":\"assistant\",\"calls\":[{\"arguments\":\"{}\","
				      "\"id\":\"a\",\"name\":\"x\"},"
				      "{\"id\":\"b\",\"name\":\"y\",\"arguments\":\"\\u007b}\"}]}";
	struct message_calls it;
	struct message_call c;

	(void)state;
	message_calls_init(&it, str(message));
	assert_true(message_calls_next(&it, &c));
	assert_true(str_is(c.id, "\"a\"") && str_is(c.name, "\"x\"") &&
		    str_is(c.arguments, "\"{}\""));
	assert_true(message_calls_next(&it, &c));
	assert_true(str_is(c.arguments, "\"\\u007b}\""));
	assert_false(message_calls_next(&it, &c));
	message_calls_init(&it, str("{\"role\":\"assistant\"}"));
	assert_false(message_calls_next(&it, &c));
	message_calls_init(&it, str("{\"calls\":7}"));
	assert_false(message_calls_next(&it, &c));
	message_calls_init(&it, str("broken"));
	assert_false(message_calls_next(&it, &c));
}

static void text_is_the_text_parts_joined_without_the_reasoning(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	message_text(str("{\"parts\":[{\"type\":\"text\",\"text\":\"a\\n\"},{\"type\":"
			 "\"reasoning\",\"text\":"
			 "\"r\"},{\"type\":\"text\",\"text\":\"\\u00fc\"}]}"),
		     &b);
	assert_string_equal(b.p, "a\n\xc3\xbc");
	buf_clear(&b);
	message_text(str("{\"parts\":3}"), &b);
	message_text(str("{}"), &b);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void a_user_message_escapes_what_it_is_given(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	message_user(&b, str("a\"b\n\xff"));
	assert_string_equal(
		b.p,
		"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"a\\\"b\\n\xef\xbf\xbd"
		"\"}]}");
	assert_int_equal(json_check_object(buf_view(&b), 8, &err), EXS_OK);
	buf_release(&b);
}

static void weak_answers_are_empty_or_short_pointers_back(void **state)
{
	static const char earlier[] =
		"A long answer that was given before, with all that there is to say.";
	char text[200];

	(void)state;
	assert_true(answer_is_weak(str(""), str("")));
	assert_true(answer_is_weak(str(" \t\n"), str(earlier)));
	assert_true(answer_is_weak(str("See above."), str(earlier)));
	assert_true(answer_is_weak(str("I gave the ANSWER Earlier."), str(earlier)));
	assert_true(answer_is_weak(str("The summary is in the previous message"), str(earlier)));
	assert_false(answer_is_weak(str("42"), str(earlier)));
	assert_false(answer_is_weak(str("already"), str(earlier)));
	assert_false(answer_is_weak(str("the report"), str(earlier)));
	assert_false(answer_is_weak(str("See above."), str("")));
	assert_false(answer_is_weak(str("See above."), str("See ab....")));
	memset(text, ' ', sizeof text);
	memcpy(text, "see above", 9);
	text[121] = 'x';
	text[122] = '\0';
	assert_false(answer_is_weak(str(text), str_n(text, sizeof text)));
}

static void words_and_numbers_answer_each_other(void **state)
{
	int32_t i;

	(void)state;
	for (i = 1; i < EXS_ENDED_COUNT; i++)
		assert_int_equal(ended_of(str(ended_word(i))), i);
	for (i = EXS_EFFECT_UNSAFE; i <= EXS_EFFECT_RECONCILABLE; i++)
		assert_int_equal(effect_of(str(effect_word(i))), i);
	for (i = EXS_CLASS_NONE; i <= EXS_CLASS_NOT_DONE; i++)
		assert_int_equal(class_of(str(class_word(i))), i);
	for (i = CALL_OK; i < CALL_OUTCOMES; i++)
		assert_int_equal(outcome_of(str(outcome_word(i))), i);
	for (i = 0; i < EXS_STATUS_COUNT; i++)
		assert_int_equal(status_of(str(status_word(i))), i);
	for (i = EXS_CAUSE_NONE; i <= EXS_CAUSE_BUDGET; i++)
		assert_int_equal(cause_of(str(cause_word(i))), i);
}

static void what_is_no_word_has_no_number_and_the_other_way_round(void **state)
{
	static const int32_t odd[] = { -1, 99, 101, INT32_MIN, INT32_MAX };
	size_t i;

	(void)state;
	assert_int_equal(ended_of(str("odd")), -1);
	assert_int_equal(effect_of(str("")), -1);
	assert_int_equal(class_of(str("none ")), -1);
	assert_int_equal(outcome_of(str("OK")), -1);
	assert_int_equal(status_of(str_of(NULL)), -1);
	assert_int_equal(cause_of(str("unknown")), -1);
	for (i = 0; i < 5; i++) {
		assert_string_equal(fact_word(odd[i]), "fact");
		assert_string_equal(ended_word(odd[i]), "unknown");
		assert_string_equal(effect_word(odd[i]), "unsafe");
		assert_string_equal(class_word(odd[i]), "none");
		assert_string_equal(outcome_word(odd[i]), "error");
		assert_string_equal(verdict_word(odd[i]), "wait");
	}
	assert_string_equal(fact_word(EXS_FACT_PORT_FAILED), "port_failed");
	assert_string_equal(fact_word(EXS_FACT_RUN_STARTED), "run_started");
	assert_string_equal(fact_word(7), "fact");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_may_hold_little_or_more_than_we_know),
		cmocka_unit_test(text_that_is_no_json_object_is_refused),
		cmocka_unit_test(a_message_that_fits_in_no_fact_is_refused),
		cmocka_unit_test(roles_parts_and_calls_have_their_types),
		cmocka_unit_test(a_call_has_an_id_a_name_and_arguments),
		cmocka_unit_test(ids_are_unique_and_calls_at_most_64),
		cmocka_unit_test(calls_are_walked_in_order_as_spans),
		cmocka_unit_test(text_is_the_text_parts_joined_without_the_reasoning),
		cmocka_unit_test(a_user_message_escapes_what_it_is_given),
		cmocka_unit_test(weak_answers_are_empty_or_short_pointers_back),
		cmocka_unit_test(words_and_numbers_answer_each_other),
		cmocka_unit_test(what_is_no_word_has_no_number_and_the_other_way_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
