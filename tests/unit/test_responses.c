/* SPDX-License-Identifier: MIT */
/* test_responses.c - events become one neutral message, and a stream that broke off never does. */
#include "unit/responses_kit.h"

static void the_end_says_why_it_stopped(void **state)
{
	(void)state;
	gives(TEXT(0, "a\\nb") TEXT(0, "c") COMPLETED(MESSAGE(0, "a\\nbc")), SAID("a\\nbc", "end"));
	gives(INCOMPLETE("max_output_tokens", MESSAGE(0, "a")), SAID("a", "length"));
	gives(INCOMPLETE("content_filter", MESSAGE(0, "a")), SAID("a", "filter"));
	gives(INCOMPLETE("content_filter", MESSAGE(0, "a") "," MESSAGE(1, "")),
	      SAID("a", "filter"));
	gives(INCOMPLETE("of a kind to come", MESSAGE(0, "a")), SAID("a", "length"));
	gives(EVENT("response.incomplete", ""),
	      "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"length\"}");
	gives(COMPLETED("{\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":"
			"\"no\"}]}"),
	      SAID("no", "refusal"));
	gives(COMPLETED(""), "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"end\"}");
	gives(COMPLETED(MESSAGE(0, "a")) "data: [DONE]\n\n", SAID("a", "end"));
	/* what comes behind the end does not count */
	gives(COMPLETED(MESSAGE(0, "a")) TEXT(0, "b") "data: oh\n\n", SAID("a", "end"));
}

static void believes_nothing_without_the_end(void **state)
{
	(void)state;
	gives_nothing(TEXT(0, "a") DONE(0, MESSAGE(0, "a")) "data: [DONE]\n\n");
	gives_nothing(TEXT(0, "a") EVENT("response.failed", ",\"response\":{\"status\":\"failed\","
							    "\"error\":null,\"output\":[]}"));
	gives_nothing(TEXT(0, "a") EVENT("error", ",\"message\":\"x\"") COMPLETED(MESSAGE(0, "a")));
	gives_nothing(EVENT("response.completed", ",\"response\":{\"error\":{\"code\":\"x\"}}"));
}

static void the_output_of_the_end_is_the_truth(void **state)
{
	(void)state;
	gives(TEXT(0, "not this") DONE(0, MESSAGE(0, "nor this")) COMPLETED(MESSAGE(0, "a")),
	      SAID("a", "end"));
	gives(ADDED(0, CALL(0, "c0", "f", "")) ARGS(0, "{}") DONE(0, CALL(0, "c0", "f", "{}"))
		      COMPLETED(CALL(7, "c1", "g", "{\\\"n\\\": 9007199254740993}")),
	      CALLS(NEUTRAL("c1", "g", "{\\\"n\\\": 9007199254740993}")));
}

static void items_that_are_done_stand_in_for_an_empty_output(void **state)
{
	(void)state;
	gives(ADDED(0, CALL(0, "c1", "f", "")) ARGS(0, "{\\\"a\\\"")
		      DONE(0, CALL(0, "c1", "f", "{}")) COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}")));
	/* in the order of the output, whichever was done first */
	gives(ADDED(0, CALL(0, "c1", "f", "")) ADDED(1, CALL(1, "c2", "g", ""))
		      DONE(1, CALL(1, "c2", "g", "{}")) DONE(0, CALL(0, "c1", "f", "{}"))
			      COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}") "," NEUTRAL("c2", "g", "{}")));
	/* no deltas at all */
	gives(DONE(0, MESSAGE(0, "a")) EVENT("response.completed", ""), SAID("a", "end"));
}

static void deltas_count_when_not_all_items_were_done(void **state)
{
	(void)state;
	gives(ADDED(0, MESSAGE(0, "")) TEXT(0, "a") TEXT(0, "b") COMPLETED(""), SAID("ab", "end"));
	gives(ADDED(0, CALL(0, "c1", "f", "")) ARGS(0, "{") ARGS(0, "}")
		      ADDED(1, CALL(1, "c2", "f", "")) ARGS(1, "{ ") ARGS(1, "}")
			      DONE(0, CALL(0, "c1", "f", "{}")) COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}") "," NEUTRAL("c2", "f", "{ }")));
	gives(TEXT(0, "a") ADDED(1, MESSAGE(1, "")) TEXT(1, "b") COMPLETED(""),
	      SAID("a\\nb", "end"));
	gives(TEXT(0, "a") EVENT("response.output_text.done", ",\"output_index\":0,\"text\":\"a\"")
		      COMPLETED(""),
	      SAID("a", "end"));
	/* texts and arguments that come only whole */
	gives(ADDED(0, CALL(0, "c1", "f", "")) EVENT("response.function_call_arguments.done",
						     ",\"output_index\":0,\"arguments\":\"{}\"")
		      EVENT("response.output_text.done", ",\"output_index\":1,\"text\":\"a\"")
			      COMPLETED(""),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],\"calls\":"
	      "[" NEUTRAL("c1", "f", "{}") "],\"stop\":\"calls\"}");
	gives(EVENT("response.refusal.delta", ",\"delta\":\"no\"")
		      EVENT("response.refusal.done", ",\"refusal\":\"no\"") COMPLETED(""),
	      SAID("no", "refusal"));
	gives(EVENT("response.refusal.done", ",\"refusal\":\"no\"") COMPLETED(""),
	      SAID("no", "refusal"));
	gives(EVENT("response.reasoning_summary_part.added", "")
		      EVENT("response.reasoning_summary_text.delta", ",\"delta\":\"h\"")
			      EVENT("response.reasoning_summary_part.added", "")
				      EVENT("response.reasoning_text.delta", ",\"delta\":\"m\"")
					      COMPLETED(""),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"h\\nm\"}],"
	      "\"stop\":\"end\"}");
}

/* Proxies give an item a new id in each event; servers forget to count; both may leave one out. */
static void finds_items_by_id_or_by_place(void **state)
{
	(void)state;
	gives(ADDED(0, CALL(8, "c1", "f", "")) ARGS(0, "{}") ADDED(1, CALL(9, "c2", "g", ""))
		      ARGS(1, "{ }") COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}") "," NEUTRAL("c2", "g", "{ }")));
#define SAME(id, t)                                                                                \
	EVENT("response.function_call_arguments.delta",                                            \
	      ",\"item_id\":\"" id "\",\"output_index\":0,\"delta\":\"" t "\"")
	gives(ADDED(0, CALL(8, "c1", "f", "")) ADDED(0, CALL(9, "c2", "g", "")) SAME("i8", "{}")
		      SAME("i9", "{ }") COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}") "," NEUTRAL("c2", "g", "{ }")));
	gives(EVENT("response.output_item.added", ",\"item\":" CALL(0, "c1", "f", ""))
		      EVENT("response.function_call_arguments.delta", ",\"delta\":\"{}\"")
			      COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}")));
	/* all items at place 0, told by id alone */
	gives(DONE(0, CALL(1, "c1", "f", "{}")) DONE(0, CALL(2, "c2", "f", "{}")) COMPLETED(""),
	      CALLS(NEUTRAL("c1", "f", "{}") "," NEUTRAL("c2", "f", "{}")));
}

static void takes_a_whole_answer(void **state)
{
	static const char body[] =
		"{\"model\":\"m\",\"status\":\"completed\",\"error\":null,"
		"\"output\":[" MESSAGE(0, "a") "],\"usage\":{\"input_tokens\":9,"
					       "\"input_tokens_details\":{\"cached_tokens\":5,"
					       "\"cache_write_tokens\":2},"
					       "\"output_tokens\":4,\"output_tokens_details\":{"
					       "\"reasoning_tokens\":3}}}";
	struct answer a;

	(void)state;
	answer_kit_init(&a, &dialect);
	assert_int_equal(events_whole(&a, exs_cstr(body)), EXS_OK);
	assert_true(a.complete && a.has_usage);
	assert_int_equal(a.usage.in_tokens, 9);
	assert_int_equal(a.usage.cache_read_tokens, 5);
	assert_int_equal(a.usage.cache_write_tokens, 2);
	assert_int_equal(a.usage.out_tokens, 4);
	assert_int_equal(a.usage.reasoning_tokens, 3);
	assert_string_equal(a.model.mem.p, "m");
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	assert_int_equal(events_whole(&a, exs_cstr("{\"output\":[],\"usage\":{\"input_tokens\":0,"
						   "\"output_tokens\":0}}")),
			 EXS_OK);
	assert_true(a.complete && !a.has_usage); /* what counts nothing has not counted */
	answer_release(&a);
}

static void judges_a_whole_answer_by_its_status(void **state)
{
	static const struct {
		const char *body;
		exs_status status;
		bool complete;
		enum stop stop;
	} bodies[] = {
		{ "{\"status\":\"incomplete\",\"output\":[]}", EXS_OK, true, STOP_LENGTH },
		{ "{\"status\":\"in_progress\",\"output\":[]}", EXS_OK, false, STOP_NONE },
		{ "{\"status\":\"cancelled\",\"output\":[]}", EXS_OK, false, STOP_BROKEN },
		{ "{\"status\":\"failed\",\"error\":{\"code\":\"x\"}}", EXS_IO, false, STOP_NONE },
		{ "{\"status\":\"queued\",\"error\":{\"code\":\"x\"}}", EXS_IO, false, STOP_NONE },
		{ "{\"error\":{\"message\":\"x\"}}", EXS_IO, false, STOP_NONE },
		{ "{\"output\":[]}", EXS_OK, true, STOP_END },
		{ "{\"choices\":[]}", EXS_OK, false, STOP_NONE },
		{ "[]", EXS_INVALID, false, STOP_NONE },
		{ "{\"output\":[", EXS_INVALID, false, STOP_NONE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		struct answer a;

		answer_kit_init(&a, &dialect);
		if (events_whole(&a, exs_cstr(bodies[i].body)) != bodies[i].status ||
		    a.complete != bodies[i].complete || a.stop != bodies[i].stop)
			fail_msg("%s", bodies[i].body);
		answer_release(&a);
	}
}

static void tells_garbage_from_an_error(void **state)
{
	struct answer a;

	(void)state;
	answer_kit_init(&a, &dialect);
	assert_int_equal(events_event(&a, exs_cstr("{\"type\":")), EXS_INVALID);
	assert_int_equal(events_event(&a, exs_cstr("{} {}")), EXS_INVALID);
	assert_int_equal(events_event(&a, exs_cstr("7")), EXS_INVALID);
	assert_int_equal(events_event(&a, exs_cstr("{}")), EXS_OK);
	assert_int_equal(events_event(&a, exs_cstr("{\"type\":\"response.of.2030\"}")), EXS_OK);
	assert_int_equal(events_event(&a, exs_cstr("{\"type\":\"response.output_item.done\"}")),
			 EXS_OK);
	assert_int_equal(events_event(&a, exs_cstr("{\"error\":{\"message\":\"x\"}}")), EXS_IO);
	assert_string_equal(a.error.mem.p, "{\"message\":\"x\"}");
	assert_int_equal(events_event(&a, exs_cstr("{\"type\":\"error\",\"code\":\"y\"}")), EXS_IO);
	assert_string_equal(a.error.mem.p, "{\"type\":\"error\",\"code\":\"y\"}");
	assert_int_equal(events_event(&a, exs_cstr("{\"type\":\"response.failed\",\"response\":{"
						   "\"error\":{\"code\":\"z\"}}}")),
			 EXS_IO);
	assert_string_equal(a.error.mem.p, "{\"code\":\"z\"}");
	assert_false(a.complete);
	answer_release(&a);
}

static exs_status feed(struct answer *a, const char *fmt, int i)
	__attribute__((format(printf, 2, 0)));
static exs_status feed(struct answer *a, const char *fmt, int i)
{
	char event[256];

	(void)snprintf(event, sizeof event, fmt, i);
	return events_event(a, exs_cstr(event));
}

static void holds_its_bounds(void **state)
{
	static char big[EVENTS_DONE_MAX / 2 + 256];
	struct answer a;
	int i;

	(void)state;
	answer_kit_init(&a, &dialect);
	for (i = 0; i <= (int)CALLS_MAX; i++)
		assert_int_equal(feed(&a,
				      "{\"type\":\"response.output_item.done\",\"output_index\":%d,"
				      "\"item\":{\"type\":\"function_call\"}}",
				      i),
				 i < (int)CALLS_MAX ? EXS_OK : EXS_TOOBIG);
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	for (i = 0; i <= (int)EVENTS_SLOTS_MAX; i++)
		assert_int_equal(
			feed(&a,
			     "{\"type\":\"response.output_item.added\",\"output_index\":%d,"
			     "\"item\":{\"type\":\"x\"}}",
			     i),
			i < (int)EVENTS_SLOTS_MAX ? EXS_OK : EXS_TOOBIG);
	answer_release(&a);
	answer_kit_init(&a, &dialect);
	i = sprintf(big, "{\"type\":\"response.output_item.done\",\"item\":{\"x\":\"");
	memset(big + i, 'x', EVENTS_DONE_MAX / 2);
	strcpy(big + i + EVENTS_DONE_MAX / 2, "\"}}");
	assert_int_equal(events_event(&a, exs_cstr(big)), EXS_OK);
	assert_int_equal(events_event(&a, exs_cstr(big)), EXS_TOOBIG);
	answer_release(&a);
	/* an id, and reasoning to be kept, that are too long */
	answer_kit_init(&a, &dialect);
	i = sprintf(big, "{\"type\":\"response.output_text.delta\",\"delta\":\"\",\"item_id\":\"");
	memset(big + i, 'x', EVENTS_ID_MAX + 1);
	strcpy(big + i + EVENTS_ID_MAX + 1, "\"}");
	assert_int_equal(events_event(&a, exs_cstr(big)), EXS_TOOBIG);
	i = sprintf(big, "{\"output\":[{\"encrypted_content\":\"");
	memset(big + i, 'x', EXS_TURN_ANSWER_MAX);
	strcpy(big + i + EXS_TURN_ANSWER_MAX, "\"},{\"type\":\"message\"}]}");
	assert_int_equal(events_whole(&a, exs_cstr(big)), EXS_TOOBIG);
	assert_false(a.complete);
	answer_release(&a);
}

/* 42 events: texts, calls and reasoning, and an end that repeats them. */
static size_t write_stream(char *out)
{
	size_t n;
	int i;

	n = (size_t)sprintf(out, "%s%s", EVENT("response.created", ",\"response\":{}"),
			    ADDED(0, MESSAGE(0, "")));
	for (i = 0; i < 18; i++)
		n += (size_t)sprintf(out + n, TEXT(0, "piece %d \\u00e9"), i);
	n += (size_t)sprintf(out + n, "%s%s", DONE(0, MESSAGE(0, "pieces")),
			     ADDED(1, CALL(1, "c1", "f", "")));
	for (i = 0; i < 17; i++)
		n += (size_t)sprintf(out + n, ARGS(1, "%s"),
				     i == 0    ? "{\\\"a\\\":["
				     : i == 16 ? "0]}"
					       : "1,");
	return n +
	       (size_t)sprintf(out + n, "%s%s", DONE(1, CALL(1, "c1", "f", "{}")),
			       COMPLETED(REASONING(2, ",\"encrypted_content\":\"x\"") "," MESSAGE(
				       0, "pieces") "," CALL(1, "c1", "f", "{}")));
}

static void never_believes_a_stream_cut_at_any_byte(void **state)
{
	static char stream[32768];
	size_t n = write_stream(stream), whole = n;

	(void)state;
	n += (size_t)sprintf(stream + n, "data: [DONE]\n\n");
	believed_only_whole(stream, n, whole);
}

static void shows_text_as_it_comes_and_no_more_than_there_is(void **state)
{
	struct text out;
	struct answer a;

	(void)state;
	answer_kit_init(&a, &dialect);
	text_init(&out, 100);
	(void)feed(&a, "{\"type\":\"response.output_text.delta\",\"delta\":\"a\xc3\"}", 0);
	answer_fresh(&a, &out);
	assert_string_equal(out.mem.p, "a");
	(void)feed(&a, "{\"type\":\"response.output_text.delta\",\"delta\":\"\xa9 long\"}", 0);
	answer_fresh(&a, &out);
	assert_string_equal(out.mem.p, "a\xc3\xa9 long");
	/* the truth is shorter, and ends in half a character */
	(void)feed(
		&a,
		"{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\","
		"\"content\":\"x\xc3\"}]}}",
		0);
	answer_fresh(&a, &out);
	assert_string_equal(out.mem.p, "a\xc3\xa9 long");
	text_release(&out);
	answer_release(&a);
	/* the truth is longer: the rest is shown */
	answer_kit_init(&a, &dialect);
	text_init(&out, 100);
	(void)feed(&a, "{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}", 0);
	answer_fresh(&a, &out);
	(void)feed(
		&a,
		"{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\","
		"\"content\":\"ab\"}]}}",
		0);
	answer_fresh(&a, &out);
	assert_string_equal(out.mem.p, "ab");
	text_release(&out);
	answer_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_says_why_it_stopped),
		cmocka_unit_test(believes_nothing_without_the_end),
		cmocka_unit_test(the_output_of_the_end_is_the_truth),
		cmocka_unit_test(items_that_are_done_stand_in_for_an_empty_output),
		cmocka_unit_test(deltas_count_when_not_all_items_were_done),
		cmocka_unit_test(finds_items_by_id_or_by_place),
		cmocka_unit_test(takes_a_whole_answer),
		cmocka_unit_test(judges_a_whole_answer_by_its_status),
		cmocka_unit_test(tells_garbage_from_an_error),
		cmocka_unit_test(holds_its_bounds),
		cmocka_unit_test(never_believes_a_stream_cut_at_any_byte),
		cmocka_unit_test(shows_text_as_it_comes_and_no_more_than_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
