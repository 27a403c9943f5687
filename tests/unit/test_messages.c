/* SPDX-License-Identifier: MIT */
/* test_messages.c - events of the Messages API become one neutral message, and a stream without
 * message_stop never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/answer_kit.h"

#include "../../plugins/model_anthropic/blocks.c"
#include "../../plugins/model_anthropic/messages.c"

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct messages),
	.answer_own_release = messages_release,
	.event = messages_event,
	.whole = messages_whole,
};

#include "unit/reader_kit.h"

#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define OPEN(i, block)                                                                             \
	EVENT("content_block_start", ",\"index\":" i ",\"content_block\":{" block "}")
#define DELTA(i, delta) EVENT("content_block_delta", ",\"index\":" i ",\"delta\":{" delta "}")
#define CLOSE(i)	EVENT("content_block_stop", ",\"index\":" i)
#define BEGIN		EVENT("message_start", ",\"message\":{\"role\":\"assistant\",\"content\":[]}")
#define WHY(reason)	EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" reason "\"}")
#define STOP		EVENT("message_stop", "")
#define PIECE(i, t)	DELTA(i, "\"type\":\"text_delta\",\"text\":\"" t "\"")
#define ARGS(i, json)	DELTA(i, "\"type\":\"input_json_delta\",\"partial_json\":\"" json "\"")
#define TEXT_AT(i)	OPEN(i, "\"type\":\"text\",\"text\":\"\"")
#define CALL_AT(i, id, name)                                                                       \
	OPEN(i, "\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":{}")
#define THINK(i, t)                                                                                \
	OPEN(i, "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"")                      \
	DELTA(i, "\"type\":\"thinking_delta\",\"thinking\":\"" t "\"")
#define SIGN(i, s) DELTA(i, "\"type\":\"signature_delta\",\"signature\":\"" s "\"")

#define SAID(t, stop)                                                                              \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"" t                      \
	"\"}],\"stop\":\"" stop "\"}"
#define CALLED(calls)                                                                              \
	"{\"role\":\"assistant\",\"parts\":[],\"calls\":[" calls "],\"stop\":\"calls\"}"

static void joins_text_and_says_why_it_stopped(void **state)
{
	(void)state;
	gives(BEGIN TEXT_AT("0") EVENT("ping", "") PIECE("0", "a\\nb") PIECE("0", "c") CLOSE("0")
		      WHY("end_turn") STOP,
	      SAID("a\\nbc", "end"));
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") WHY("stop_sequence") STOP, SAID("a", "end"));
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") WHY("max_tokens") STOP, SAID("a", "length"));
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") WHY("model_context_window_exceeded") STOP,
	      SAID("a", "length"));
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") WHY("refusal") STOP, SAID("a", "refusal"));
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") STOP, SAID("a", "end"));
	gives(BEGIN WHY("end_turn") STOP, "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"end\"}");
	/* what has text in its start, and a server that sends no index */
	gives(EVENT("content_block_start", ",\"content_block\":{\"type\":\"text\",\"text\":\"a\"}")
		      EVENT("content_block_delta", ",\"delta\":{\"text\":\"b\"}") STOP,
	      SAID("ab", "end"));
}

static void says_why_it_refuses_and_makes_no_call_then(void **state)
{
	(void)state;
	gives(BEGIN CALL_AT("0", "t1", "f") ARGS("0", "{}") EVENT(
		      "message_delta", ",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":"
				       "{\"type\":\"refusal\",\"explanation\":\"not this\"}}") STOP,
	      SAID("not this", "refusal"));
}

static void a_paused_turn_is_no_end(void **state)
{
	struct answer a;

	(void)state;
	gives_nothing(BEGIN TEXT_AT("0") PIECE("0", "a") WHY("pause_turn") STOP);
	answer_kit_init(&a, &dialect);
	assert_int_equal(messages_event(&a, exs_cstr("{\"type\":\"message_delta\",\"delta\":"
						     "{\"stop_reason\":\"pause_turn\"}}")),
			 EXS_IO);
	assert_non_null(strstr(a.error.mem.p, "pause_turn"));
	assert_true(scan_is_value(text_view(&a.error)));
	answer_release(&a);
}

static void joins_arguments_byte_for_byte(void **state)
{
	(void)state;
	gives(BEGIN CALL_AT("0", "t1", "f") ARGS("0", "") ARGS("0", "{\\\"id\\\": 90071992")
		      ARGS("0", "54740993}") CLOSE("0") CALL_AT("1", "t2", "g") CLOSE("1")
			      WHY("tool_use") STOP,
	      CALLED("{\"id\":\"t1\",\"name\":\"f\",\"arguments\":\"{\\\"id\\\": "
		     "9007199254740993}\"},"
		     "{\"id\":\"t2\",\"name\":\"g\",\"arguments\":\"{}\"}"));
}

#define GIVEN(i, id, input)                                                                        \
	OPEN(i, "\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":" input)

static void takes_calls_in_every_shape_of_the_field(void **state)
{
	(void)state;
	/* the input whole with the start; "end_turn" although there are calls */
	gives(BEGIN GIVEN("0", "a", "{\"n\": 1e999}") WHY("end_turn") STOP,
	      CALLED("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"n\\\": 1e999}\"}"));
	/* with the start and once more in deltas */
	gives(BEGIN GIVEN("0", "a", "{\"n\":1}") ARGS("0", "") ARGS("0", "{\\\"n\\\":")
		      ARGS("0", "1}") WHY("tool_use") STOP,
	      CALLED("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"n\\\":1}\"}"));
	/* a text with the start, an object as a piece */
	gives(BEGIN GIVEN("0", "a", "\"{}\"") GIVEN("1", "b", "\"\"")
		      DELTA("1", "\"partial_json\":{\"n\":1}") WHY("tool_use") STOP,
	      CALLED("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"},"
		     "{\"id\":\"b\",\"name\":\"f\",\"arguments\":\"{\\\"n\\\":1}\"}"));
	/* pieces of two calls in turns */
	gives(BEGIN CALL_AT("0", "a", "f") CALL_AT("1", "b", "f") ARGS("0", "{") ARGS("1", "{")
		      ARGS("0", "}") ARGS("1", "\\\"x\\\":1}") WHY("tool_use") STOP,
	      CALLED("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"},"
		     "{\"id\":\"b\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}"));
	/* index and id repeat, nothing is whole: each start is a call */
	gives(BEGIN CALL_AT("0", "a", "f") ARGS("0", "{\\\"x\\\":1}") CALL_AT("0", "a", "f")
		      ARGS("0", "{\\\"x\\\":2}") WHY("tool_use") STOP,
	      CALLED("{\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"},"
		     "{\"id\":\"call_3_2\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":2}\"}"));
	/* no id at all; a tool of the server's own is passed over */
	gives(BEGIN OPEN("0", "\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web\"")
		      ARGS("0", "{}") OPEN("1", "\"type\":\"tool_use\",\"name\":\"f\"")
			      WHY("tool_use") STOP,
	      CALLED("{\"id\":\"call_3_1\",\"name\":\"f\",\"arguments\":\"{}\"}"));
}

static void drops_a_call_that_was_cut_at_the_length(void **state)
{
	(void)state;
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") CALL_AT("1", "a", "f") ARGS("1", "{\\\"p\\\":")
		      WHY("max_tokens") STOP,
	      SAID("a", "length"));
}

static void keeps_thinking_unchanged_and_in_its_place(void **state)
{
	(void)state;
	gives(BEGIN THINK("0", "h\\u00e9") SIGN("0", "s1==") TEXT_AT("1") PIECE("1", "\\u00e9\xff")
		      OPEN("2", "\"type\":\"redacted_thinking\",\"data\":\"enc\"") THINK("3", "m")
			      SIGN("3", "s2") TEXT_AT("4") PIECE("4", "b") CALL_AT("5", "t", "f")
				      WHY("tool_use") STOP,
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":"
	      "\"h\xc3\xa9\\nm\"},"
	      "{\"type\":\"text\",\"text\":\"\xc3\xa9\xef\xbf\xbd"
	      "b\"}],\"calls\":[{\"id\":\"t\",\"name\":\"f\",\"arguments\":\"{}\"}],\"stop\":"
	      "\"calls\",\"provider\":{\"anthropic\":["
	      "{\"type\":\"thinking\",\"thinking\":\"h\xc3\xa9\",\"signature\":\"s1==\"},"
	      "{\"type\":\"text\",\"bytes\":5},{\"type\":\"redacted_thinking\",\"data\":\"enc\"},"
	      "{\"type\":\"thinking\",\"thinking\":\"m\",\"signature\":\"s2\"},"
	      "{\"type\":\"text\",\"bytes\":1},{\"type\":\"tool_use\"}]}}");
	/* thinking that is not shown has a signature all the same */
	gives(BEGIN THINK("0", "") SIGN("0", "s") TEXT_AT("1") PIECE("1", "b") WHY("end_turn") STOP,
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"b\"}],\"stop\":"
	      "\"end\","
	      "\"provider\":{\"anthropic\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":"
	      "\"s\"},{\"type\":\"text\",\"bytes\":1}]}}");
}

static void thinking_that_nobody_signed_does_not_go_back(void **state)
{
	(void)state;
	gives(BEGIN THINK("0", "hm") TEXT_AT("1") PIECE("1", "a") WHY("end_turn") STOP,
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"hm\"},"
	      "{\"type\":\"text\",\"text\":\"a\"}],\"stop\":\"end\"}");
}

static void repairs_text_and_refuses_arguments_that_are_not_utf8(void **state)
{
	(void)state;
	gives(BEGIN TEXT_AT("0") PIECE("0", "\\ud83d") PIECE("0", "\\ude00\\udead\\u0000") STOP,
	      SAID("\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd", "end"));
	gives(BEGIN TEXT_AT("0") PIECE("0", "\xc3") PIECE("0", "\xa9\xff") STOP,
	      SAID("\xc3\xa9\xef\xbf\xbd", "end"));
	gives_nothing(BEGIN CALL_AT("0", "a", "f") ARGS("0", "{\\\"p\\\":\\\"\\u0000\\\"}")
			      WHY("tool_use") STOP);
	gives_nothing(BEGIN CALL_AT("0", "a", "f") ARGS("0", "\\ud83d") WHY("tool_use") STOP);
}

/* ---- the usage ---- */

static struct answer *heard(struct answer *a, const char *const *events)
{
	answer_kit_init(a, &dialect);
	for (; *events; events++)
		assert_int_equal(messages_event(a, exs_cstr(*events)), EXS_OK);
	return a;
}

static void counts_what_was_cached_into_the_input(void **state)
{
	static const char *const events[] = {
		"{\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\",\"usage\":{"
		"\"input_tokens\":10,\"cache_creation_input_tokens\":200,"
		"\"cache_read_input_tokens\":3000,\"output_tokens\":1}}}",
		"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
		"\"input_tokens\":0,\"output_tokens\":50,\"output_tokens_details\":{"
		"\"thinking_tokens\":40}}}",
		"{\"type\":\"message_stop\"}", NULL
	};
	struct answer a;

	(void)state;
	heard(&a, events);
	assert_true(a.has_usage);
	assert_int_equal(a.usage.in_tokens, 3210);
	assert_int_equal(a.usage.cache_write_tokens, 200);
	assert_int_equal(a.usage.cache_read_tokens, 3000);
	assert_int_equal(a.usage.out_tokens, 50);
	assert_int_equal(a.usage.reasoning_tokens, 40);
	assert_string_equal(a.model.mem.p, "claude-x");
	answer_release(&a);
}

static void takes_the_largest_counts_of_the_stream(void **state)
{
	static const char *const late[] = {
		"{\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{}}}",
		"{\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_"
		"tokens\":0}}}",
		"{\"type\":\"message_delta\",\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}",
		"{\"type\":\"message_delta\",\"usage\":{\"input_tokens\":9,\"output_tokens\":7}}",
		"{\"type\":\"message_stop\"}",
		NULL
	};
	static const char *const never[] = { "{\"type\":\"message_start\",\"message\":{}}",
					     "{\"type\":\"message_stop\"}", NULL };
	struct answer a;

	(void)state;
	heard(&a, late);
	assert_int_equal(a.usage.in_tokens, 9);
	assert_int_equal(a.usage.out_tokens, 7);
	assert_string_equal(a.model.mem.p, "m");
	answer_release(&a);
	assert_false(heard(&a, never)->has_usage); /* so it is estimated */
	answer_release(&a);
}

static void a_stream_that_broke_off_has_no_usage(void **state)
{
	static const char *const events[] = {
		"{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10}}}",
		"{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":5}}", NULL
	};
	struct answer a;

	(void)state;
	assert_false(heard(&a, events)->has_usage);
	answer_release(&a);
}

/* ---- whole answers, errors, bounds ---- */

static void takes_a_whole_answer(void **state)
{
	static const char body[] =
		"{\"type\":\"message\",\"model\":\"m\",\"content\":[{\"type\":\"thinking\","
		"\"thinking\":\"t\",\"signature\":\"s\"},{\"type\":\"text\",\"text\":\"a\"},"
		"{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{\"n\": 1.50}}],"
		"\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}";
	char *got;

	(void)state;
	got = answer_kit_whole(&dialect, body, sizeof body - 1);
	assert_non_null(got);
	assert_string_equal(
		got,
		"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"t\"},"
		"{\"type\":\"text\",\"text\":\"a\"}],\"calls\":[{\"id\":\"c\",\"name\":\"f\","
		"\"arguments\":\"{\\\"n\\\": 1.50}\"}],\"stop\":\"calls\",\"model\":\"m\","
		"\"provider\":{\"anthropic\":[{\"type\":\"thinking\",\"thinking\":\"t\","
		"\"signature\":\"s\"},{\"type\":\"text\",\"bytes\":1},{\"type\":\"tool_use\"}]}}");
	free(got);
	assert_null(answer_kit_whole(&dialect, "{\"type\":\"message\"}", 18));
	assert_null(answer_kit_whole(&dialect, body, sizeof body - 2));
}

static void tells_garbage_from_an_error_event(void **state)
{
	struct answer a;

	(void)state;
	answer_kit_init(&a, &dialect);
	assert_int_equal(messages_event(&a, exs_cstr("{\"type\":[")), EXS_INVALID);
	assert_int_equal(messages_event(&a, exs_cstr("{} {}")), EXS_INVALID);
	assert_int_equal(messages_event(&a, exs_cstr("[DONE]")), EXS_INVALID);
	assert_int_equal(
		messages_event(&a, exs_cstr("{\"type\":\"content_block_delta\",\"index\":4,"
					    "\"delta\":{\"text\":\"lost\"}}")),
		EXS_INVALID);
	assert_int_equal(messages_event(&a, exs_cstr("{\"type\":\"from_the_future\",\"x\":[1]}")),
			 EXS_OK);
	assert_int_equal(messages_event(&a, exs_cstr("{}")), EXS_OK);
	assert_int_equal(messages_event(&a, exs_cstr("{\"type\":\"error\",\"error\":{\"type\":"
						     "\"overloaded_error\",\"message\":\"x\"}}")),
			 EXS_IO);
	assert_string_equal(a.error.mem.p, "{\"type\":\"overloaded_error\",\"message\":\"x\"}");
	assert_int_equal(messages_event(&a, exs_cstr("{\"type\":\"error\",\"message\":\"y\"}")),
			 EXS_IO);
	assert_false(a.complete);
	answer_release(&a);
}

static void what_comes_behind_the_end_cannot_spoil_it(void **state)
{
	(void)state;
	gives(BEGIN TEXT_AT("0") PIECE("0", "a") WHY("end_turn")
		      STOP PIECE("0", "b") "data: [DONE]\n\n" EVENT("error", ""),
	      SAID("a", "end"));
}

static exs_status opened(struct answer *a, const char *block, int times)
{
	exs_status status = EXS_OK;
	char event[256];
	int i;

	for (i = 0; status == EXS_OK && i < times; i++) {
		snprintf(event, sizeof event,
			 "{\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{%s}}",
			 i, block);
		status = messages_event(a, exs_cstr(event));
	}
	return status;
}

/* An event with more than a MiB between head and tail. */
static exs_status overlong(struct answer *a, const char *head, const char *tail)
{
	static char event[(1 << 20) + 512];
	size_t n = strlen(head);

	memcpy(event, head, n + 1);
	memset(event + n, 'x', (1 << 20) + 1);
	strcpy(event + n + (1 << 20) + 1, tail);
	return messages_event(a, exs_cstr(event));
}

static void refuses_what_is_over_a_bound(void **state)
{
	static const char call[] = "\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"f\"";
	static const char delta[] = "{\"type\":\"content_block_delta\",\"delta\":{";
	struct answer a;
	char head[128];

	(void)state;
	answer_kit_init(&a, &dialect);
	assert_int_equal(opened(&a, call, 64), EXS_OK);
	assert_int_equal(opened(&a, call, 1), EXS_TOOBIG);
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	assert_int_equal(opened(&a, "\"type\":\"odd\"", BLOCKS_MAX), EXS_OK);
	assert_int_equal(opened(&a, "\"type\":\"odd\"", 1), EXS_TOOBIG);
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	assert_int_equal(opened(&a, call, 1), EXS_OK);
	snprintf(head, sizeof head, "%s\"partial_json\":\"", delta);
	assert_int_equal(overlong(&a, head, "\"}}"), EXS_TOOBIG);
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	assert_int_equal(opened(&a, "\"type\":\"thinking\"", 1), EXS_OK);
	snprintf(head, sizeof head, "%s\"signature\":\"", delta);
	assert_int_equal(overlong(&a, head, "\"}}"), EXS_TOOBIG);
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	assert_int_equal(
		overlong(&a, "{\"type\":\"content_block_start\",\"content_block\":{\"data\":\"",
			 "\",\"type\":\"redacted_thinking\"}}"),
		EXS_TOOBIG);
	assert_int_equal(overlong(&a,
				  "{\"type\":\"content_block_start\",\"content_block\":{\"id\":\"",
				  "\",\"type\":\"tool_use\"}}"),
			 EXS_TOOBIG);
	answer_release(&a);
}

static void never_believes_a_stream_cut_at_any_byte(void **state)
{
	static char stream[16384];
	size_t n = 0, whole;
	int i;

	(void)state;
	n += (size_t)sprintf(stream, "%s",
			     BEGIN THINK("0", "hm") SIGN("0", "sig") CLOSE("0") TEXT_AT("1"));
	for (i = 0; i < 12; i++)
		n += (size_t)sprintf(stream + n, PIECE("1", "piece %d \\u00e9"), i);
	n += (size_t)sprintf(stream + n, "%s", CLOSE("1") CALL_AT("2", "t", "f"));
	for (i = 0; i < 17; i++)
		n += (size_t)sprintf(stream + n, ARGS("2", "%s"),
				     i == 0    ? "{\\\"a\\\":["
				     : i == 16 ? "0]}"
					       : "1,");
	n += (size_t)sprintf(stream + n, "%s", CLOSE("2") WHY("tool_use") STOP);
	whole = n;
	n += (size_t)sprintf(stream + n, "%s", EVENT("ping", ""));
	believed_only_whole(stream, n, whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_text_and_says_why_it_stopped),
		cmocka_unit_test(says_why_it_refuses_and_makes_no_call_then),
		cmocka_unit_test(a_paused_turn_is_no_end),
		cmocka_unit_test(joins_arguments_byte_for_byte),
		cmocka_unit_test(takes_calls_in_every_shape_of_the_field),
		cmocka_unit_test(drops_a_call_that_was_cut_at_the_length),
		cmocka_unit_test(keeps_thinking_unchanged_and_in_its_place),
		cmocka_unit_test(thinking_that_nobody_signed_does_not_go_back),
		cmocka_unit_test(repairs_text_and_refuses_arguments_that_are_not_utf8),
		cmocka_unit_test(counts_what_was_cached_into_the_input),
		cmocka_unit_test(takes_the_largest_counts_of_the_stream),
		cmocka_unit_test(a_stream_that_broke_off_has_no_usage),
		cmocka_unit_test(takes_a_whole_answer),
		cmocka_unit_test(tells_garbage_from_an_error_event),
		cmocka_unit_test(what_comes_behind_the_end_cannot_spoil_it),
		cmocka_unit_test(refuses_what_is_over_a_bound),
		cmocka_unit_test(never_believes_a_stream_cut_at_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
