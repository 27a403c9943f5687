/* SPDX-License-Identifier: MIT */
/* test_fold_call.c - what calls, messages in between, limits and ends make of a state, and which
 * cannot follow. */
#include "plan_kit.h"

/* ---- calls ---- */

static void results_become_one_message_in_the_order_of_the_calls(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 1, "pure");
	tell_call_ended(&t, 1, "ok");
	assert_int_equal(t.state.segment_count, 2);
	tell_call_ended(&t, 0, "denied");
	must_fold(&t);
	segment_is(
		&t, 2,
		"{\"role\":\"tool\",\"results\":[{\"id\":\"a\",\"name\":\"read\",\"status\":"
		"\"denied\","
		"\"content\":\"result of 1.0\"},{\"id\":\"b\",\"name\":\"read\",\"status\":\"ok\","
		"\"content\":\"result of 1.1\"}]}");
	assert_int_equal(t.state.call_count, 0);
	assert_int_equal(t.state.calls_ended, 2);
	tale_release(&t);
}

static void a_call_is_found_by_its_place_and_by_nothing_else(void **state)
{
	static const char *const ids[] = { "",
					   "1",
					   "1.",
					   ".0",
					   "1.2",
					   "2.0",
					   "1.00",
					   "1.0x",
					   "01.0",
					   "1.-0",
					   "-1.0",
					   "1.64",
					   "1.18446744073709551616" };
	struct tale t;
	size_t i;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	for (i = 0; i < 13; i++)
		assert_int_equal(call_index(&t.state, exs_cstr(ids[i])), -1);
	assert_int_equal(call_index(&t.state, exs_cstr("1.0")), 0);
	assert_int_equal(call_index(&t.state, exs_cstr("1.1")), 1);
	tale_release(&t);
}

static void sixty_four_calls_are_told_apart(void **state)
{
	struct buf calls;
	struct tale t;
	char id[CALL_ID_MAX];
	int32_t i;

	(void)state;
	buf_init(&calls, 1u << 20);
	for (i = 0; i < (int32_t)CALLS_MAX; i++)
		buf_printf(&calls, "%s{\"id\":\"%d\",\"name\":\"read\",\"arguments\":\"%d\"}",
			   i ? "," : "", i, i);
	tell_start(&t);
	tell_asks(&t, calls.p);
	must_fold(&t);
	for (i = 0; i < (int32_t)CALLS_MAX; i++) {
		call_id(&t.state, (uint32_t)i, id);
		assert_int_equal(call_index(&t.state, exs_cstr(id)), i);
	}
	tale_release(&t);
	buf_puts(&calls, "," ONE);
	tell_start(&t);
	tell_asks(&t, calls.p);
	refused(&t, "fact 3: the model's answer is not a message: it asks for more than 64 calls");
	buf_release(&calls);
}

static void calls_that_do_not_follow_are_corrupt(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell(&t, EXS_FACT_CALL_STARTED, "read", "1.0", NULL, "{\"effect\":\"pure\",\"key\":\"\"}");
	refused(&t, "fact 2 (call_started 1.0): no such call was asked for");
	tell_start(&t);
	tell_asks(&t, ONE);
	tell(&t, EXS_FACT_CALL_ENDED, "read", "1.7", NULL, "{\"status\":\"ok\",\"content\":\"\"}");
	refused(&t, "fact 4 (call_ended 1.7): no such call was asked for");
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "pure");
	tell_call_started(&t, 0, "pure");
	refused(&t, "fact 5 (call_started 1.0): the call was started already, or has ended");
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_ended(&t, 0, "ok");
	tell_call_ended(&t, 0, "ok");
	refused(&t, "fact 5 (call_ended 1.0): the call ends twice");
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_ended(&t, 0, "ok");
	tell_call_started(&t, 0, "pure");
	refused(&t, "fact 5 (call_started 1.0): the call was started already, or has ended");
}

static void call_refused(int32_t kind, const char *body, const char *why)
{
	struct tale t;

	tell_start(&t);
	tell_asks(&t, ONE);
	tell(&t, kind, "read", "1.0", NULL, body);
	refused(&t, why);
}

static void calls_whose_bodies_cannot_be_read_are_corrupt(void **state)
{
	static const char started[] =
		"fact 4 (call_started 1.0): its effect or its key cannot be read";
	static const char ended[] =
		"fact 4 (call_ended 1.0): its status or its content cannot be read";

	(void)state;
	call_refused(EXS_FACT_CALL_STARTED, "{\"effect\":\"pure\"}", started);
	call_refused(EXS_FACT_CALL_STARTED, "{\"key\":\"k\"}", started);
	call_refused(EXS_FACT_CALL_STARTED, "{\"effect\":\"odd\",\"key\":\"k\"}", started);
	call_refused(EXS_FACT_CALL_STARTED,
		     "{\"effect\":\"pure\",\"key\":"
		     "\"0123456789012345678901234567890123456789012345678901234"
		     "56789012345\"}",
		     started);
	call_refused(EXS_FACT_CALL_ENDED, "{\"status\":\"ok\"}", ended);
	call_refused(EXS_FACT_CALL_ENDED, "{\"content\":\"\"}", ended);
	call_refused(EXS_FACT_CALL_ENDED, "{\"status\":\"ok\",\"content\":{}}", ended);
	call_refused(EXS_FACT_CALL_ENDED, "{\"status\":\"done\",\"content\":\"\"}", ended);
}

static void the_key_is_read_back_after_a_crash(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "keyed");
	tell_resumed(&t);
	assert_int_equal(t.state.calls[0].stage, CALL_STALE);
	assert_string_equal(t.state.calls[0].key, "key-1.0");
	assert_int_equal(t.state.calls[0].tries, 1);
	tell_call_started(&t, 0, "keyed");
	must_fold(&t);
	assert_int_equal(t.state.calls[0].tries, 2);
	tale_release(&t);
}

/* ---- messages in between ---- */

static const char steer_segment[] =
	"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"and the sources?\"}]}";

static void a_steer_waits_until_all_calls_have_their_results(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_steered(&t, "and the sources?");
	assert_int_equal(t.state.segment_count, 2);
	tell_call_ended(&t, 0, "ok");
	assert_int_equal(t.state.segment_count, 4);
	segment_is(&t, 3, steer_segment);
	tale_release(&t);
}

static void a_steer_during_a_turn_goes_with_the_next_try(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_steered(&t, "and the sources?");
	assert_int_equal(t.state.segment_count, 1);
	tell_turn_failed(&t, "one/a", "i/o", "transient", 0);
	segment_is(&t, 1, steer_segment);
	tale_release(&t);
	tell_start(&t);
	tell_turn_started(&t);
	tell_steered(&t, "and the sources?");
	tell_resumed(&t);
	segment_is(&t, 1, steer_segment);
	tale_release(&t);
}

static void steers_without_text_or_without_number_are_corrupt(void **state)
{
	struct tale t;
	uint32_t i;

	(void)state;
	tell_start(&t);
	tellf(&t, EXS_FACT_STEERED, "{\"from\":\"caller\"}");
	refused(&t, "fact 2 (steered): it holds no text");
	tell_start(&t);
	tell_turn_started(&t);
	for (i = 0; i < STEERS_MAX; i++) {
		tell_steered(&t, "x");
		must_fold(&t);
	}
	tell_steered(&t, "x");
	refused(&t, "fact 67 (steered): more messages wait than the kernel lets in");
}

/* ---- limits, causes, ends ---- */

static void limits_move_and_what_moves_no_limit_is_corrupt(void **state)
{
	static const char *const bodies[] = { "{\"what\":\"steps\"}",
					      "{\"what\":\"steps\",\"now\":0}",
					      "{\"what\":\"hope\",\"now\":5}", "{\"now\":5}" };
	struct tale t;
	size_t i;

	(void)state;
	tell_start(&t);
	tellf(&t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"steps\",\"now\":9999999999}");
	tellf(&t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"runtime_ms\",\"now\":90000}");
	must_fold(&t);
	assert_int_equal(t.state.limits.steps, INT32_MAX);
	assert_int_equal(t.state.limits.runtime_ms, 90000);
	tale_release(&t);
	for (i = 0; i < 4; i++) {
		tell_start(&t);
		tell(&t, EXS_FACT_LIMIT_RAISED, NULL, NULL, NULL, bodies[i]);
		refused(&t, "fact 2 (limit_raised): it does not say which limit is what now");
	}
}

static void a_cause_that_ends_no_run_is_corrupt(void **state)
{
	static const char *const causes[] = { "none", "shutdown", "boredom", "" };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		tell_start(&t);
		tell_cancelled(&t, causes[i]);
		refused(&t, "fact 2 (run_cancelled): its cause is unknown");
	}
}

static void texts_that_are_no_texts_are_corrupt(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"kill\",\"text\":1}");
	refused(&t, "fact 2 (run_cancelled): its text cannot be read");
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"text\":[]}");
	refused(&t, "fact 2 (run_parked): its text cannot be read");
	tell_start(&t);
	tellf(&t, EXS_FACT_BUDGET_DENIED, "{\"text\":null}");
	refused(&t, "fact 2 (budget_denied): its text cannot be read");
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_ENDED, "{\"status\":\"ok\",\"output\":1}");
	refused(&t, "fact 2 (run_ended): its output cannot be read");
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_ENDED, "{\"status\":\"error\",\"error\":1}");
	refused(&t, "fact 2 (run_ended): its error cannot be read");
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_ENDED, "{\"status\":\"running\"}");
	refused(&t, "fact 2 (run_ended): its status is unknown");
}

static void a_run_that_ended_ok_has_no_sentence_of_failure(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_parked(&t, "shutdown");
	tell_resumed(&t);
	assert_null(t.state.why);
	tell_answer(&t, "Headers.");
	tell_ended(&t, "ok");
	must_fold(&t);
	assert_null(t.state.why);
	assert_string_equal(t.state.output, "out");
	tale_release(&t);
}

static void releasing_twice_and_an_empty_state_do_no_harm(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	state_release(&t.state);
	tale_release(&t);
	tale_init(&t);
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_become_one_message_in_the_order_of_the_calls),
		cmocka_unit_test(a_call_is_found_by_its_place_and_by_nothing_else),
		cmocka_unit_test(sixty_four_calls_are_told_apart),
		cmocka_unit_test(calls_that_do_not_follow_are_corrupt),
		cmocka_unit_test(calls_whose_bodies_cannot_be_read_are_corrupt),
		cmocka_unit_test(the_key_is_read_back_after_a_crash),
		cmocka_unit_test(a_steer_waits_until_all_calls_have_their_results),
		cmocka_unit_test(a_steer_during_a_turn_goes_with_the_next_try),
		cmocka_unit_test(steers_without_text_or_without_number_are_corrupt),
		cmocka_unit_test(limits_move_and_what_moves_no_limit_is_corrupt),
		cmocka_unit_test(a_cause_that_ends_no_run_is_corrupt),
		cmocka_unit_test(texts_that_are_no_texts_are_corrupt),
		cmocka_unit_test(a_run_that_ended_ok_has_no_sentence_of_failure),
		cmocka_unit_test(releasing_twice_and_an_empty_state_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
