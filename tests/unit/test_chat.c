/* SPDX-License-Identifier: MIT */
/* test_chat.c - chunks become one neutral message, and a stream that broke off never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/answer_kit.h"

#include "../../plugins/model_openai/chat.c"

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct chat),
	.event = chat_event,
	.whole = chat_whole,
};

#include "unit/reader_kit.h"

#define CHUNK(delta) "data: {\"choices\":[{\"index\":0,\"delta\":" delta "}]}\n\n"
#define FINISH(why)  "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" why "\"}]}\n\n"
#define DONE	     "data: [DONE]\n\n"
#define CALL(fields) CHUNK("{\"tool_calls\":[{" fields "}]}")
#define WITH(calls)  "{\"role\":\"assistant\",\"parts\":[],\"calls\":[" calls "],\"stop\":\"calls\"}"
#define TEXT(t, stop)                                                                              \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"" t                      \
	"\"}],\"stop\":\"" stop "\"}"

static void joins_text_and_says_why_it_stopped(void **state)
{
	(void)state;
	gives(CHUNK("{\"role\":\"assistant\",\"content\":null}") CHUNK("{\"content\":\"a\\nb\"}")
		      CHUNK("{\"content\":\"c\"}") FINISH("stop") DONE,
	      TEXT("a\\nbc", "end"));
	gives(CHUNK("{\"content\":\"a\"}") FINISH("length"), TEXT("a", "length"));
	gives(CHUNK("{\"content\":\"a\"}") FINISH("content_filter"), TEXT("a", "filter"));
	gives(CHUNK("{\"refusal\":\"no\"}") FINISH("stop"), TEXT("no", "refusal"));
	gives(CHUNK("{\"content\":\"a\"}") DONE, TEXT("a", "end"));
	gives(FINISH("stop"), "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"end\"}");
}

static void keeps_reasoning_apart(void **state)
{
	(void)state;
	gives(CHUNK("{\"reasoning_content\":\"hm\"}") CHUNK("{\"reasoning\":\"m\"}")
		      CHUNK("{\"content\":\"a\"}") FINISH("stop"),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"hmm\"},"
	      "{\"type\":\"text\",\"text\":\"a\"}],\"stop\":\"end\"}");
}

static void joins_arguments_byte_for_byte(void **state)
{
	(void)state;
	gives(CALL("\"index\":0,\"id\":\"c1\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")
		      CALL("\"index\":0,\"function\":{\"arguments\":\"{\\\"id\\\": 90071992\"}")
			      CALL("\"index\":0,\"function\":{\"arguments\":\"54740993}\"}")
				      FINISH("tool_calls") DONE,
	      WITH("{\"id\":\"c1\",\"name\":\"f\",\"arguments\":\"{\\\"id\\\": "
		   "9007199254740993}\"}"));
}

static void takes_calls_in_every_shape_of_the_field(void **state)
{
	(void)state;
	/* whole, without index or id, an object instead of a string; "stop" although there are
	 * calls */
	gives(CHUNK("{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"n\": 1e999}}},"
		    "{\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}") FINISH("stop"),
	      WITH("{\"id\":\"call_3_1\",\"name\":\"f\",\"arguments\":\"{\\\"n\\\": 1e999}\"},"
		   "{\"id\":\"call_3_2\",\"name\":\"f\",\"arguments\":\"{}\"}"));
	/* the index repeats, the id is new */
	gives(CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}")
		      CALL("\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{"
			   "}\"}") FINISH("tool_calls"),
	      WITH("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"},"
		   "{\"id\":\"b\",\"name\":\"g\",\"arguments\":\"{}\"}"));
	/* id and name come again with each piece */
	gives(CALL("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}")
		      CALL("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"}\"}")
			      CALL("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")
				      FINISH("tool_calls"),
	      WITH("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"}"));
	/* pieces of two calls in turns */
	gives(CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}")
		      CALL("\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
			   "\"}") CALL("\"index\":0,\"function\":{\"arguments\":\"}\"}")
			      CALL("\"index\":1,\"function\":{\"arguments\":\"}\"}")
				      FINISH("tool_calls"),
	      WITH("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"},"
		   "{\"id\":\"b\",\"name\":\"f\",\"arguments\":\"{}\"}"));
}

static void gives_each_call_an_id_of_its_own(void **state)
{
	(void)state;
	gives(CALL("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}") CALL(
		      "\"id\":\"a\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}")
		      CALL("\"id\":\"call_3_2\",\"function\":{\"name\":\"h\",\"arguments\":\"{}\"}")
			      FINISH("tool_calls"),
	      WITH("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"},"
		   "{\"id\":\"call_3_2x\",\"name\":\"g\",\"arguments\":\"{}\"},"
		   "{\"id\":\"call_3_2\",\"name\":\"h\",\"arguments\":\"{}\"}"));
}

static void drops_a_call_that_was_cut_at_the_length(void **state)
{
	(void)state;
	gives(CHUNK("{\"content\":\"a\"}") CALL(
		      "\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")
		      FINISH("length"),
	      TEXT("a", "length"));
}

static void repairs_text_and_refuses_arguments_that_are_not_utf8(void **state)
{
	char *got;
	static const char bad[] = CALL("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":"
				       "\"{\\\"p\\\":\\\"\\u0000\\\"}\"}") FINISH("tool_calls");
	static const char half[] = CALL("\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":"
					"\"\\ud83d\"}") FINISH("tool_calls");

	(void)state;
	gives(CHUNK("{\"content\":\"\\ud83d\"}") CHUNK("{\"content\":\"\\ude00\\udead\\u0000\"}")
		      FINISH("stop"),
	      TEXT("\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd", "end"));
	gives(CHUNK("{\"content\":\"\xc3\"}") CHUNK("{\"content\":\"\xa9\xff\"}") FINISH("stop"),
	      TEXT("\xc3\xa9\xef\xbf\xbd", "end"));
	got = message_of(bad, sizeof bad - 1);
	assert_null(got);
	got = message_of(half, sizeof half - 1);
	assert_null(got);
}

static void takes_a_whole_answer(void **state)
{
	static const char body[] =
		"{\"model\":\"m\",\"choices\":[{\"message\":{\"content\":[{\"type\":"
		"\"text\",\"text\":\"a\"}]}}],\"usage\":{\"prompt_tokens\":9,"
		"\"completion_tokens\":4,\"total_tokens\":18,\"cost\":0.0025,"
		"\"prompt_tokens_details\":{\"cached_tokens\":5},"
		"\"completion_tokens_details\":{\"reasoning_tokens\":5}}}";
	struct answer c;

	(void)state;
	answer_kit_init(&c, &dialect);
	assert_int_equal(chat_whole(&c, exs_bytes(body, sizeof body - 1)), EXS_OK);
	assert_true(c.complete);
	assert_int_equal(c.usage.in_tokens, 9);
	assert_int_equal(c.usage.cache_read_tokens, 5);
	assert_int_equal(c.usage.out_tokens, 9); /* reasoning was counted beside the output */
	assert_int_equal(c.usage.cost_micro, 2500);
	answer_release(&c);
}

static void tells_garbage_from_an_error_object(void **state)
{
	struct answer c;

	(void)state;
	answer_kit_init(&c, &dialect);
	assert_int_equal(chat_event(&c, exs_cstr("{\"choices\":[")), EXS_INVALID);
	assert_int_equal(chat_event(&c, exs_cstr("{} {}")), EXS_INVALID);
	assert_int_equal(chat_event(&c, exs_cstr("7")), EXS_INVALID);
	assert_int_equal(chat_event(&c, exs_cstr("{\"error\":{\"message\":\"x\"}}")), EXS_IO);
	assert_string_equal(c.error.mem.p, "{\"message\":\"x\"}");
	assert_int_equal(chat_event(&c, exs_cstr("{\"error\":null,\"choices\":[]}")), EXS_OK);
	assert_false(c.complete);
	answer_release(&c);
}

static void refuses_65_calls_and_arguments_over_1_mib(void **state)
{
	static char chunk[(1 << 20) + 512];
	struct answer c;
	int i, n;

	(void)state;
	answer_kit_init(&c, &dialect);
	for (i = 0; i <= 64; i++) {
		n = snprintf(
			chunk, sizeof chunk,
			"{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"c%d\",\"function\":"
			"{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}",
			i);
		assert_int_equal(chat_event(&c, exs_bytes(chunk, (size_t)n)),
				 i < 64 ? EXS_OK : EXS_TOOBIG);
	}
	answer_release(&c);
	answer_kit_init(&c, &dialect);
	n = snprintf(chunk, sizeof chunk, "%s",
		     "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"");
	memset(chunk + n, 'x', (1 << 20) + 1);
	strcpy(chunk + n + (1 << 20) + 1, "\"}}]}}]}");
	assert_int_equal(chat_event(&c, exs_cstr(chunk)), EXS_TOOBIG);
	answer_release(&c);
}

static void never_believes_a_stream_cut_at_any_byte(void **state)
{
	static char stream[16384];
	size_t n = 0, whole;
	int i;

	(void)state;
	for (i = 0; i < 20; i++)
		n += (size_t)sprintf(stream + n, CHUNK("{\"content\":\"piece %d \\u00e9\"}"), i);
	n += (size_t)sprintf(stream + n, "%s",
			     CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}"));
	for (i = 0; i < 17; i++)
		n += (size_t)sprintf(stream + n,
				     CALL("\"index\":0,\"function\":{\"arguments\":\"%s\"}"),
				     i == 0    ? "{\\\"a\\\":["
				     : i == 16 ? "0]}"
					       : "1,");
	n += (size_t)sprintf(stream + n, "%s", FINISH("tool_calls"));
	whole = n;
	n += (size_t)sprintf(stream + n, "%s", DONE);
	believed_only_whole(stream, n, whole);
}

static void shows_text_cut_between_characters(void **state)
{
	struct text out;
	struct answer c;

	(void)state;
	answer_kit_init(&c, &dialect);
	text_init(&out, 100);
	(void)chat_event(&c, exs_cstr("{\"choices\":[{\"delta\":{\"content\":\"a\xc3\"}}]}"));
	answer_fresh(&c, &out);
	assert_string_equal(out.mem.p, "a");
	(void)chat_event(&c, exs_cstr("{\"choices\":[{\"delta\":{\"content\":\"\xa9\\ud83d\"}}]}"));
	answer_fresh(&c, &out);
	assert_string_equal(out.mem.p, "a\xc3\xa9");
	(void)chat_event(&c, exs_cstr("{\"choices\":[{\"delta\":{\"content\":\"\\ude00\"}}]}"));
	answer_fresh(&c, &out);
	assert_string_equal(out.mem.p, "a\xc3\xa9\xf0\x9f\x98\x80");
	text_release(&out);
	answer_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_text_and_says_why_it_stopped),
		cmocka_unit_test(keeps_reasoning_apart),
		cmocka_unit_test(joins_arguments_byte_for_byte),
		cmocka_unit_test(takes_calls_in_every_shape_of_the_field),
		cmocka_unit_test(gives_each_call_an_id_of_its_own),
		cmocka_unit_test(drops_a_call_that_was_cut_at_the_length),
		cmocka_unit_test(repairs_text_and_refuses_arguments_that_are_not_utf8),
		cmocka_unit_test(takes_a_whole_answer),
		cmocka_unit_test(tells_garbage_from_an_error_object),
		cmocka_unit_test(refuses_65_calls_and_arguments_over_1_mib),
		cmocka_unit_test(never_believes_a_stream_cut_at_any_byte),
		cmocka_unit_test(shows_text_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
