/* SPDX-License-Identifier: MIT */
/* test_fold.c - what the beginning, turns and their order make of a state, and which facts cannot
 * follow. */
#include "plan_kit.h"

/* ---- the beginning ---- */

static void the_first_fact_says_who_and_what(void **state)
{
	const struct state *s;
	struct tale t;

	(void)state;
	tell_start_parking(&t);
	must_fold(&t);
	s = &t.state;
	assert_string_equal(s->agent, "reviewer");
	assert_string_equal(s->caller, "ann");
	assert_string_equal(s->channel, "terminal");
	assert_string_equal(s->parent, "");
	assert_string_equal(s->tier, "fast");
	assert_string_equal(s->input, "What is in it?");
	assert_string_equal(s->system, "Be brief.");
	assert_string_equal(s->models[0], "one/a");
	assert_string_equal(s->tools[1], "list");
	assert_string_equal(s->deliver[0], "stdout:-");
	assert_int_equal(s->limits.steps, 12);
	assert_int_equal(s->limits.same_calls, 3);
	assert_int_equal(s->limits.failed_steps, 3);
	assert_int_equal(s->limits.attempts, 3);
	assert_int_equal(s->limits.runtime_ms, 60000);
	assert_true(s->park_in_doubt);
	assert_false(s->relaxed);
	assert_int_equal(s->started_ms, 1700000000001);
	assert_int_equal(s->attempt, 1);
	segment_is(
		&t, 0,
		"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"What is in it?\"}]}");
	tale_release(&t);
}

static void start_refused(const char *body, const char *why)
{
	struct tale t;

	tale_init(&t);
	tell(&t, EXS_FACT_RUN_STARTED, NULL, NULL, NULL, body);
	refused(&t, why);
}

static void a_beginning_that_lacks_what_a_run_needs_is_corrupt(void **state)
{
	(void)state;
	start_refused("{}", "run_started has version 0; this release reads 1");
	start_refused("{\"v\":2}", "run_started has version 2; this release reads 1");
	start_refused("{\"v\":1}", "fact 1 (run_started): its limits are missing or out of range");
	start_refused("{\"v\":1,\"agent\":7}",
		      "fact 1 (run_started): a text is missing, too long or not a text");
	start_refused("{\"v\":1," TALE_LIMITS "}",
		      "fact 1 (run_started): it names no model, or more than 8");
	start_refused("{\"v\":1," TALE_LIMITS ",\"models\":[]}",
		      "fact 1 (run_started): it names no model, or more than 8");
	start_refused("{\"v\":1," TALE_LIMITS ",\"models\":[1]}",
		      "fact 1 (run_started): it names no model, or more than 8");
	start_refused("{\"v\":1," TALE_LIMITS
		      ",\"models\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
		      "fact 1 (run_started): it names no model, or more than 8");
	start_refused("{\"v\":1," TALE_LIMITS ",\"models\":[\"m\"],\"tools\":[{}]}",
		      "fact 1 (run_started): its lists cannot be read");
	start_refused(
		"[]",
		"fact 1 (run_started): the JSON text is refused at byte 0: it is not an object");
	start_refused(
		"",
		"fact 1 (run_started): the JSON text is refused at byte 0: the text ends where a "
		"value should stand");
}

static void limits_out_of_range_are_corrupt(void **state)
{
	static const char *const rows[] = {
		"\"steps\":0,\"runtime_ms\":1,\"same_calls\":1,\"failed_steps\":1",
		"\"steps\":1,\"runtime_ms\":0,\"same_calls\":1,\"failed_steps\":1",
		"\"steps\":1,\"runtime_ms\":1,\"same_calls\":0,\"failed_steps\":1",
		"\"steps\":1,\"runtime_ms\":1,\"same_calls\":1,\"failed_steps\":0",
		"\"steps\":1.5,\"runtime_ms\":1,\"same_calls\":1,\"failed_steps\":1",
		"\"steps\":2147483648,\"runtime_ms\":1,\"same_calls\":1,"
		"\"failed_steps\":1"
	};
	char body[512];
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		snprintf(body, sizeof body,
			 "{\"v\":1,\"models\":[\"m\"],\"limits\":{%s,\"answer_tokens\":0,"
			 "\"attempts\":0}}",
			 rows[i]);
		start_refused(body, "fact 1 (run_started): its limits are missing or out of range");
	}
}

static void nothing_comes_before_the_beginning_and_it_comes_once(void **state)
{
	struct tale t;

	(void)state;
	tale_init(&t);
	tell_steered(&t, "x");
	refused(&t, "fact 1 (steered): the run has not begun");
	tell_start(&t);
	tell_start_with(&t, "[\"one/a\"]", TALE_LIMITS, "");
	refused(&t, "fact 2 (run_started): the run begins twice");
}

/* ---- order ---- */

static exs_status fold_with(struct tale *t, int64_t seq, int32_t attempt)
{
	exs_fact f = { 0 };

	f.size = sizeof f;
	f.kind = EXS_FACT_PORT_FAILED;
	f.seq = seq;
	f.attempt = attempt;
	f.body = exs_cstr("{}");
	t->status = fold(&t->state, &f, &t->err);
	return t->status;
}

static void a_hole_and_a_double_in_the_log_are_corrupt(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	fold_with(&t, 3, 1);
	refused(&t, "fact 3 follows fact 1: the log has a hole");
	tell_start(&t);
	fold_with(&t, 1, 1);
	refused(&t, "fact 1 follows fact 1: the log has a hole");
	tell_start(&t);
	fold_with(&t, INT64_MIN, 1);
	refused(&t, "fact -9223372036854775808 follows fact 1: the log has a hole");
}

static void a_fact_of_another_attempt_is_corrupt(void **state)
{
	exs_fact f = { 0 };
	struct tale t;

	(void)state;
	tell_start(&t);
	fold_with(&t, 2, 2);
	refused(&t, "fact 2 (port_failed): it belongs to another attempt");
	tell_start(&t);
	t.state.attempt = 2; /* the kit makes it 3 */
	tell_resumed(&t);
	must_fold(&t);
	tale_release(&t);
	tell_start(&t);
	f.kind = EXS_FACT_RUN_RESUMED;
	f.seq = 2;
	f.attempt = 3;
	f.body = exs_cstr("{}");
	t.status = fold(&t.state, &f, &t.err);
	refused(&t, "fact 2 (run_resumed): the attempts have a hole");
	tale_init(&t);
	f.kind = EXS_FACT_RUN_STARTED;
	f.seq = 1;
	t.status = fold(&t.state, &f, &t.err);
	refused(&t, "fact 1 (run_started): it belongs to another attempt");
}

static void only_two_kinds_follow_the_end_and_no_resume(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_ended(&t, "error");
	assert_string_equal(t.state.why, "it ended");
	assert_string_equal(t.state.reason, "model");
	tellf(&t, EXS_FACT_DELIVERY_ENDED, "{}");
	tellf(&t, EXS_FACT_PORT_FAILED, "{}");
	must_fold(&t);
	tell_resumed(&t);
	refused(&t, "fact 5 (run_resumed): the run had ended");
}

static void only_a_resume_and_port_failed_follow_a_park(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_parked(&t, "in_doubt");
	assert_string_equal(t.state.why, "parked: in_doubt");
	tellf(&t, EXS_FACT_PORT_FAILED, "{}");
	must_fold(&t);
	tell_steered(&t, "x");
	refused(&t, "fact 4 (steered): the run was parked");
}

static void a_body_that_is_no_json_is_corrupt_and_says_where(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell(&t, EXS_FACT_STEERED, NULL, NULL, NULL, "{\"text\":\"a\",}");
	refused(&t, "fact 2 (steered): the JSON text is refused at byte 12: a member's name in "
		    "quotes is "
		    "missing");
	tell_start(&t);
	tell(&t, 200, NULL, NULL, NULL, "{\"a\":1,\"a\":2}");
	refused(&t, "fact 2 (fact): the JSON text is refused at byte 7: the object has a member of "
		    "this name "
		    "already");
}

static void reserved_kinds_and_those_of_a_newer_release_change_nothing(void **state)
{
	static const int32_t kinds[] = { 31, 32, 40, 41, 50,  51,  60, 70,
					 80, 81, 90, 91, 92, 100, 101, 0,  -7 };
	struct tale t;
	struct buf before, after;
	size_t i;

	(void)state;
	tell_start(&t);
	buf_init(&before, 1u << 20);
	buf_init(&after, 1u << 20);
	kit_print(&t.state, &before);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		tell(&t, kinds[i], "x", "y", NULL, "{\"any\":[]}");
		must_fold(&t);
		t.state.seq = 1;
		t.state.at_ms = t.facts[0].at_ms;
		t.state.run_ms = t.facts[0].run_ms;
		buf_clear(&after);
		kit_print(&t.state, &after);
		assert_string_equal(before.p, after.p);
	}
	buf_release(&before);
	buf_release(&after);
	tale_release(&t);
}

static void the_clock_of_the_run_never_goes_back(void **state)
{
	exs_fact f = { 0 };
	struct tale t;

	(void)state;
	tell_start(&t);
	f.kind = EXS_FACT_PORT_FAILED;
	f.seq = 2;
	f.attempt = 1;
	f.run_ms = 3;
	f.body = exs_cstr("{}");
	assert_int_equal(fold(&t.state, &f, &t.err), EXS_OK);
	assert_int_equal(t.state.run_ms, 10);
	tale_release(&t);
}

/* ---- turns ---- */

static void turns_that_do_not_follow_are_corrupt(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_ended(&t, "x", NULL);
	refused(&t, "fact 2 (turn_ended): no such turn is open");
	tell_start(&t);
	tell_turn_failed(&t, "one/a", "i/o", "none", 0);
	refused(&t, "fact 2 (turn_failed): no such turn is open");
	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_started(&t);
	refused(&t, "fact 3 (turn_started): a turn begins while something is open");
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_turn_started(&t);
	refused(&t, "fact 4 (turn_started): a turn begins while something is open");
}

static void no_turn_begins_once_the_run_is_decided(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_answer(&t, "done");
	tell_turn_started(&t);
	refused(&t, "fact 4 (turn_started): a turn begins after the run was decided");
	tell_start(&t);
	tell_cancelled(&t, "kill");
	tell_turn_started(&t);
	refused(&t, "fact 3 (turn_started): a turn begins after the run was decided");
	tell_start(&t);
	tell_failure(&t, "one/a", "invalid", "none", 0);
	tell_turn_started(&t);
	refused(&t, "fact 4 (turn_started): a turn begins after the run was decided");
}

static void an_answer_that_is_no_message_is_corrupt(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tellf(&t, EXS_FACT_TURN_ENDED, "{\"ms\":1}");
	refused(&t, "fact 3 (turn_ended): it holds no message");
	tell_start(&t);
	tell_turn_started(&t);
	tellf(&t, EXS_FACT_TURN_ENDED, "{\"message\":{\"role\":\"user\"}}");
	refused(&t, "fact 3: the model's answer is not a message: its role is not 'assistant'");
	tell_start(&t);
	tell_asks(&t, ONE "," ONE);
	refused(&t, "fact 3: the model's answer is not a message: two calls have one id");
}

static void an_answer_is_kept_byte_for_byte(void **state)
{
	static const char message[] =
		"{ \"role\":\"assistant\" , "
		"\"calls\":[{\"id\":\"c\",\"name\":\"read\",\"arguments\":"
		"\"{\\\"n\\\": 123456789012345678901 }\"}],\"provider\":{\"sig\":\"\\u00e9\"}}";
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tellf(&t, EXS_FACT_TURN_ENDED, "{\"message\":%s,\"ms\":1}", message);
	must_fold(&t);
	segment_is(&t, 1, message);
	assert_string_equal(t.state.calls[0].args, "{\"n\": 123456789012345678901 }");
	assert_string_equal(t.state.calls[0].id, "\"c\"");
	tale_release(&t);
}

static void usage_adds_up_over_turns_that_ended_and_that_failed(void **state)
{
	static const exs_usage more = { sizeof more, 1, 50, -3, INT64_MAX, 1, 0, 2 };
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_ended(&t, "", ONE);
	tell_call_ended(&t, 0, "ok");
	assert_int_equal(t.state.usage.in_tokens, 100);
	assert_int_equal(t.state.usage.estimated, 0);
	tell_turn_started(&t);
	tell(&t, EXS_FACT_TURN_FAILED, "one/a", NULL, &more,
	     "{\"status\":\"i/o\",\"class\":\"truncated\"}");
	must_fold(&t);
	assert_int_equal(t.state.usage.in_tokens, 150);
	assert_int_equal(t.state.usage.cache_read_tokens, 10);
	assert_int_equal(t.state.usage.cache_write_tokens, 5); /* a sum that would overflow stays */
	assert_int_equal(t.state.usage.out_tokens, 21);
	assert_int_equal(t.state.usage.cost_micro, 9);
	assert_int_equal(t.state.usage.estimated, 1);
	tale_release(&t);
}

static void a_failure_without_words_that_we_know_is_corrupt(void **state)
{
	static const char *const bodies[] = { "{\"class\":\"none\"}", "{\"status\":\"i/o\"}",
					      "{\"status\":\"ok\",\"class\":\"none\"}",
					      "{\"status\":\"i/o\",\"class\":\"odd\"}",
					      "{\"status\":3,\"class\":\"none\"}" };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		tell_start(&t);
		tell_turn_started(&t);
		tell(&t, EXS_FACT_TURN_FAILED, "one/a", NULL, NULL, bodies[i]);
		refused(&t, "fact 3 (turn_failed): its status or its class is unknown");
	}
}

static void the_pause_asked_for_is_the_one_of_the_last_failure(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_failure(&t, "one/a", "try again", "limit", 7000);
	assert_int_equal(t.state.retry_after_ms, 7000);
	tell_turn_started(&t);
	tellf(&t, EXS_FACT_TURN_FAILED,
	      "{\"status\":\"cancelled\",\"class\":\"none\",\"cut\":true}");
	assert_int_equal(t.state.retry_after_ms, 7000); /* a cut says nothing of the server */
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_fact_says_who_and_what),
		cmocka_unit_test(a_beginning_that_lacks_what_a_run_needs_is_corrupt),
		cmocka_unit_test(limits_out_of_range_are_corrupt),
		cmocka_unit_test(nothing_comes_before_the_beginning_and_it_comes_once),
		cmocka_unit_test(a_hole_and_a_double_in_the_log_are_corrupt),
		cmocka_unit_test(a_fact_of_another_attempt_is_corrupt),
		cmocka_unit_test(only_two_kinds_follow_the_end_and_no_resume),
		cmocka_unit_test(only_a_resume_and_port_failed_follow_a_park),
		cmocka_unit_test(a_body_that_is_no_json_is_corrupt_and_says_where),
		cmocka_unit_test(reserved_kinds_and_those_of_a_newer_release_change_nothing),
		cmocka_unit_test(the_clock_of_the_run_never_goes_back),
		cmocka_unit_test(turns_that_do_not_follow_are_corrupt),
		cmocka_unit_test(no_turn_begins_once_the_run_is_decided),
		cmocka_unit_test(an_answer_that_is_no_message_is_corrupt),
		cmocka_unit_test(an_answer_is_kept_byte_for_byte),
		cmocka_unit_test(usage_adds_up_over_turns_that_ended_and_that_failed),
		cmocka_unit_test(a_failure_without_words_that_we_know_is_corrupt),
		cmocka_unit_test(the_pause_asked_for_is_the_one_of_the_last_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
