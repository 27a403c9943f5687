/* SPDX-License-Identifier: MIT */
/* test_plan_recovery.c - what comes next after a crash, a park, and one crash too many. */
#include "plan_kit.h"

/* ---- recovery ---- */

static void a_turn_that_a_crash_lost_is_asked_again(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_resumed(&t);
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void each_effect_has_its_recovery(void **state)
{
	static const struct {
		const char *effect;
		enum action_kind kind, parking;
	} rows[] = { { "pure", ACT_CALLS, ACT_CALLS },
		     { "idempotent", ACT_CALLS, ACT_CALLS },
		     { "keyed", ACT_CALLS, ACT_CALLS },
		     { "reconcilable", ACT_RECONCILE, ACT_RECONCILE },
		     { "unsafe", ACT_DOUBT, ACT_PARK } };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		tell_start(&t);
		tell_asks(&t, ONE);
		tell_call_started(&t, 0, rows[i].effect);
		plans(&t, ACT_WAIT);
		tell_resumed(&t);
		plans_calls(&t, rows[i].kind, 1);
		assert_string_equal(t.state.calls[0].key, "key-1.0");
		tale_release(&t);

		tell_start_parking(&t);
		tell_asks(&t, ONE);
		tell_call_started(&t, 0, rows[i].effect);
		tell_resumed(&t);
		plans(&t, rows[i].parking);
		tale_release(&t);
	}
}

static void what_can_run_again_goes_before_questions_and_doubts(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER
			  "," CALL_READ("c", "z") "," CALL_READ("d", "w") "," CALL_READ("e", "v"));
	tell_call_started(&t, 0, "unsafe");
	tell_call_started(&t, 1, "reconcilable");
	tell_call_started(&t, 2, "keyed");
	tell_call_started(&t, 3, "pure");
	tell_call_ended(&t, 3, "ok");
	tell_resumed(&t);
	plans_calls(&t, ACT_CALLS, 4);
	tell_call_started(&t, 2, "keyed");
	plans_calls(&t, ACT_RECONCILE, 2);
	tell_call_ended(&t, 1, "ok");
	plans_calls(&t, ACT_DOUBT, 1);
	tell_call_ended(&t, 0, "in_doubt");
	plans_calls(&t, ACT_CALLS, 16);
	tell_call_started(&t, 4, "pure");
	plans(&t, ACT_WAIT);
	tale_release(&t);
}

static void a_park_waits_for_the_calls_that_run_again(void **state)
{
	struct tale t;

	(void)state;
	tell_start_parking(&t);
	tell_asks(&t, ONE "," OTHER "," CALL_READ("c", "z"));
	tell_call_started(&t, 0, "unsafe");
	tell_call_started(&t, 1, "keyed");
	tell_resumed(&t);
	plans_calls(&t, ACT_CALLS, 2);
	tell_call_started(&t, 1, "keyed");
	plans(&t, ACT_WAIT);
	tell_call_ended(&t, 1, "ok");
	plans(&t, ACT_PARK);
	assert_true(planned(&t).why[0]);
	tale_release(&t);
}

static void a_parked_doubt_parks_again_when_it_is_resumed_unsettled(void **state)
{
	struct tale t;

	(void)state;
	tell_start_parking(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_resumed(&t);
	tell_parked(&t, "in_doubt");
	plans(&t, ACT_NOTHING);
	tell_resumed(&t);
	plans(&t, ACT_PARK);
	tell_call_ended(&t, 0, "ok");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void a_doubt_told_to_the_model_goes_on_with_a_turn(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_resumed(&t);
	tell_call_ended(&t, 0, "in_doubt");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void a_run_that_dies_too_often_is_given_up(void **state)
{
	struct tale t;
	int i;

	(void)state;
	tell_start(&t);
	for (i = 0; i < 3; i++) {
		tell_turn_started(&t);
		tell_resumed(&t);
		plans(&t, ACT_TURN);
	}
	tell_resumed(&t);
	ends(&t, EXS_ENDED_ERROR, "attempts");
	tale_release(&t);
}

static void progress_resets_the_count_of_deaths(void **state)
{
	struct tale t;
	int i;

	(void)state;
	tell_start(&t);
	for (i = 0; i < 3; i++)
		tell_resumed(&t);
	step_with(&t, ONE, "ok");
	for (i = 0; i < 3; i++)
		tell_resumed(&t);
	plans(&t, ACT_TURN);
	tell_resumed(&t);
	ends(&t, EXS_ENDED_ERROR, "attempts");
	tale_release(&t);
}

static void leaving_in_good_order_is_no_death(void **state)
{
	struct tale t;
	int i;

	(void)state;
	tell_start(&t);
	for (i = 0; i < 10; i++) {
		tell_parked(&t, "shutdown");
		tell_resumed(&t);
	}
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void a_decided_run_keeps_its_outcome_over_any_number_of_deaths(void **state)
{
	struct tale t;
	int i;

	(void)state;
	tell_start(&t);
	tell_answer(&t, "Headers.");
	for (i = 0; i < 9; i++)
		tell_resumed(&t);
	ends(&t, EXS_ENDED_OK, "");
	tale_release(&t);
}

static void every_action_has_a_word(void **state)
{
	int32_t i;

	(void)state;
	for (i = ACT_NOTHING; i <= ACT_END; i++)
		assert_true(action_word((enum action_kind)i)[0]);
}

/* ---- a person's word ---- */

static void tell_settled(struct tale *t, const char *call, const char *word)
{
	char body[128];

	snprintf(body, sizeof body, "{\"word\":\"%s\",\"who\":\"uid 7\",\"text\":\"\"}", word);
	tell(t, EXS_FACT_CALL_SETTLED, "read", call, NULL, body);
}

static void in_doubt(struct tale *t)
{
	tell_start_parking(t);
	tell_asks(t, ONE);
	tell_call_started(t, 0, "unsafe");
	tell_resumed(t);
	plans(t, ACT_PARK);
	assert_non_null(strstr(planned(t).why, "call 1.0 (read) was started before a crash"));
	assert_int_equal(t->state.calls[0].started_ms, t->facts[3].at_ms);
}

static void a_call_that_is_to_be_run_again_is(void **state)
{
	struct tale t;

	(void)state;
	in_doubt(&t);
	tell_settled(&t, "1.0", "retry");
	plans_calls(&t, ACT_CALLS, 1);
	tell_call_started(&t, 0, "unsafe");
	assert_int_equal(t.state.calls[0].tries, 2);
	tell_resumed(&t); /* in doubt once more */
	plans(&t, ACT_PARK);
	tale_release(&t);
}

static void a_call_that_was_done_or_not_ends_with_the_fact_behind_it(void **state)
{
	static const char *const words[] = { "done", "not-done" };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		in_doubt(&t);
		tell_settled(&t, "1.0", words[i]);
		plans(&t, ACT_PARK); /* a word alone is no end */
		tell_call_ended(&t, 0, i ? "error" : "ok");
		plans(&t, ACT_TURN);
		tale_release(&t);
	}
}

static void only_a_call_in_doubt_is_settled(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_settled(&t, "1.0", "done");
	refused(&t, "fact 5 (call_settled 1.0): the call is not in doubt");
	in_doubt(&t);
	tell_settled(&t, "1.1", "done");
	refused(&t, "fact 6 (call_settled 1.1): no such call was asked for");
	in_doubt(&t);
	tell_settled(&t, "1.0", "perhaps");
	refused(&t, "fact 6 (call_settled 1.0): its word is unknown");
}

static void ten_calls_in_doubt_are_counted_and_some_named(void **state)
{
	char calls[1024] = "", id[8];
	struct tale t;
	uint32_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		snprintf(calls + strlen(calls), sizeof calls - strlen(calls),
			 "%s{\"id\":\"c%u\",\"name\":\"read\",\"arguments\":\"{\\\"n\\\":%u}\"}",
			 i ? "," : "", i, i);
	tell_start_parking(&t);
	tell_asks(&t, calls);
	for (i = 0; i < 10; i++)
		tell_call_started(&t, i, "unsafe");
	tell_resumed(&t);
	plans(&t, ACT_PARK);
	assert_non_null(strstr(planned(&t).why, "calls 1.0 (read), 1.1 (read)"));
	assert_non_null(strstr(planned(&t).why, "1.7 (read) and 2 more were started"));
	snprintf(id, sizeof id, "1.8 (");
	assert_null(strstr(planned(&t).why, id));
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_that_a_crash_lost_is_asked_again),
		cmocka_unit_test(each_effect_has_its_recovery),
		cmocka_unit_test(what_can_run_again_goes_before_questions_and_doubts),
		cmocka_unit_test(a_park_waits_for_the_calls_that_run_again),
		cmocka_unit_test(a_parked_doubt_parks_again_when_it_is_resumed_unsettled),
		cmocka_unit_test(a_doubt_told_to_the_model_goes_on_with_a_turn),
		cmocka_unit_test(a_run_that_dies_too_often_is_given_up),
		cmocka_unit_test(progress_resets_the_count_of_deaths),
		cmocka_unit_test(leaving_in_good_order_is_no_death),
		cmocka_unit_test(a_decided_run_keeps_its_outcome_over_any_number_of_deaths),
		cmocka_unit_test(every_action_has_a_word),
		cmocka_unit_test(a_call_that_is_to_be_run_again_is),
		cmocka_unit_test(a_call_that_was_done_or_not_ends_with_the_fact_behind_it),
		cmocka_unit_test(only_a_call_in_doubt_is_settled),
		cmocka_unit_test(ten_calls_in_doubt_are_counted_and_some_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
