/* SPDX-License-Identifier: MIT */
/* test_plan.c - each row of the decision on the ordinary way: turns, calls, answers, loop guards,
 * limits. */
#include "plan_kit.h"

/* ---- the ordinary way ---- */

static void nothing_is_planned_before_the_beginning(void **state)
{
	struct tale t;

	(void)state;
	tale_init(&t);
	plans(&t, ACT_NOTHING);
	tale_release(&t);
}

static void a_run_begins_with_a_turn_at_once(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	plans(&t, ACT_TURN);
	assert_int_equal(planned(&t).delay_ms, 0);
	tale_release(&t);
}

static void an_open_turn_is_waited_for(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	plans(&t, ACT_WAIT);
	tale_release(&t);
}

static void all_planned_calls_go_together_and_the_rest_is_waited_for(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	plans_calls(&t, ACT_CALLS, 3);
	tell_call_started(&t, 0, "pure");
	plans_calls(&t, ACT_CALLS, 2);
	tell_call_started(&t, 1, "unsafe");
	plans(&t, ACT_WAIT);
	tell_call_ended(&t, 1, "ok");
	plans(&t, ACT_WAIT);
	tell_call_ended(&t, 0, "ok");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void an_answer_without_calls_ends_ok(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_answer(&t, "Headers.");
	ends_saying(&t, EXS_ENDED_OK, "", "");
	assert_string_equal(t.state.output, "Headers.");
	tale_release(&t);
}

static void an_ended_run_plans_nothing(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_answer(&t, "Headers.");
	tell_ended(&t, "ok");
	plans(&t, ACT_NOTHING);
	tellf(&t, EXS_FACT_PORT_FAILED, "{\"port\":\"audit\",\"status\":\"i/o\",\"text\":\"t\"}");
	plans(&t, ACT_NOTHING);
	tale_release(&t);
}

static void a_parked_run_does_nothing_until_it_is_resumed(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_parked(&t, "shutdown");
	plans(&t, ACT_NOTHING);
	tell_resumed(&t);
	plans(&t, ACT_TURN);
	assert_int_equal(t.state.crashes, 0);
	tale_release(&t);
}

/* ---- answers ---- */

static void output_is(const char *earlier, const char *last, const char *want)
{
	struct tale t;

	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_ended(&t, earlier, ONE);
	tell_call_ended(&t, 0, "ok");
	tell_answer(&t, last);
	ends(&t, EXS_ENDED_OK, "");
	assert_string_equal(t.state.output, want);
	tale_release(&t);
}

static void a_weak_last_answer_falls_back_to_the_one_of_substance(void **state)
{
	static const char report[] =
		"The report: three headers, each with a thread tag on each function.";

	(void)state;
	output_is(report, "See the report above.", report);
	output_is(report, "", report);
	output_is(report, " \n", report);
	output_is(report, "As I ANSWERED already.", report);
}

static void a_short_last_answer_that_says_something_stays(void **state)
{
	(void)state;
	output_is("I look at the files first, that may take a while.", "42", "42");
	output_is("Let me see what is there before I answer you.", "No.", "No.");
	output_is("", "See above.", "See above.");
	output_is("Short.", "See the answer above.", "See the answer above.");
}

static void a_steer_during_the_last_turn_asks_once_more(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_steered(&t, "and the sources?");
	tell_turn_ended(&t, "Headers.", NULL);
	plans(&t, ACT_TURN);
	tell_answer(&t, "Sources too.");
	ends(&t, EXS_ENDED_OK, "");
	assert_string_equal(t.state.output, "Sources too.");
	tale_release(&t);
}

/* ---- loop guards and limits ---- */

static void three_equal_calls_over_three_turns_end_the_run(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	step_with(&t, ONE, "ok");
	plans(&t, ACT_TURN);
	tell_asks(&t, ONE);
	ends(&t, EXS_ENDED_ERROR, "tool_loop");
	tale_release(&t);
}

static void three_equal_calls_in_one_turn_end_the_run_before_any_runs(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, CALL_READ("a", "x") "," CALL_READ("b", "x") "," CALL_READ("c", "x"));
	ends_saying(&t, EXS_ENDED_ERROR, "tool_loop",
		    "the model asked for 'read' with the same arguments 3 times in a row");
	tale_release(&t);
}

static void equal_calls_behind_each_other_count_over_the_turns_border(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, OTHER "," ONE);
	tell_call_ended(&t, 0, "ok");
	tell_call_ended(&t, 1, "ok");
	tell_asks(&t, CALL_READ("c", "x") "," CALL_READ("d", "x") "," OTHER);
	ends(&t, EXS_ENDED_ERROR, "tool_loop");
	tale_release(&t);
}

static void a_different_call_resets_the_count(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	step_with(&t, ONE, "ok");
	step_with(&t, OTHER, "ok");
	step_with(&t, ONE, "ok");
	step_with(&t, ONE, "ok");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void the_same_arguments_in_other_bytes_are_another_call(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	step_with(&t, ONE, "ok");
	step_at(&t, " x", "ok");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void another_limit_of_equal_calls_holds(void **state)
{
	struct tale t;

	(void)state;
	tell_start_limits(&t, "\"limits\":{\"steps\":12,\"runtime_ms\":60000,\"same_calls\":1,"
			      "\"failed_steps\":3,\"answer_tokens\":0,\"attempts\":3}");
	tell_asks(&t, ONE);
	ends(&t, EXS_ENDED_ERROR, "tool_loop");
	tale_release(&t);
}

static void three_steps_in_which_all_calls_failed_end_the_run(void **state)
{
	static const char *const outcomes[] = { "error", "denied", "in_doubt", "skipped" };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		tell_start(&t);
		step_at(&t, "1", "error");
		step_at(&t, "2", "error");
		plans(&t, ACT_TURN);
		step_at(&t, "3", outcomes[i]);
		ends_saying(&t, EXS_ENDED_ERROR, "tool_loop",
			    "every tool call failed in 3 steps in a row");
		tale_release(&t);
	}
}

static void one_good_call_of_a_step_resets_the_streak(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_at(&t, "1", "error");
	step_at(&t, "2", "error");
	tell_asks(&t, ONE "," OTHER);
	tell_call_ended(&t, 0, "error");
	tell_call_ended(&t, 1, "ok");
	step_at(&t, "4", "error");
	step_at(&t, "5", "error");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void tell_steps(struct tale *t, int n)
{
	char path[12];

	while (n-- > 0) {
		snprintf(path, sizeof path, "p%d", n);
		step_at(t, path, "ok");
	}
}

static void twelve_steps_without_an_answer_are_the_limit(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_steps(&t, 11);
	plans(&t, ACT_TURN);
	tell_asks(&t, ONE);
	plans(&t, ACT_CALLS); /* the calls of the last step still run */
	tell_call_ended(&t, 0, "ok");
	ends_saying(&t, EXS_ENDED_ERROR, "step_limit",
		    "the limit of 12 steps was reached before the answer");
	tale_release(&t);
}

static void an_answer_in_the_last_step_is_in_time(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_steps(&t, 11);
	tell_answer(&t, "Done.");
	ends(&t, EXS_ENDED_OK, "");
	tale_release(&t);
}

static void a_raised_limit_lets_the_run_go_on(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_steps(&t, 12);
	ends(&t, EXS_ENDED_ERROR, "step_limit");
	tellf(&t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"steps\",\"now\":14}");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_planned_before_the_beginning),
		cmocka_unit_test(a_run_begins_with_a_turn_at_once),
		cmocka_unit_test(an_open_turn_is_waited_for),
		cmocka_unit_test(all_planned_calls_go_together_and_the_rest_is_waited_for),
		cmocka_unit_test(an_answer_without_calls_ends_ok),
		cmocka_unit_test(an_ended_run_plans_nothing),
		cmocka_unit_test(a_parked_run_does_nothing_until_it_is_resumed),
		cmocka_unit_test(a_weak_last_answer_falls_back_to_the_one_of_substance),
		cmocka_unit_test(a_short_last_answer_that_says_something_stays),
		cmocka_unit_test(a_steer_during_the_last_turn_asks_once_more),
		cmocka_unit_test(three_equal_calls_over_three_turns_end_the_run),
		cmocka_unit_test(three_equal_calls_in_one_turn_end_the_run_before_any_runs),
		cmocka_unit_test(equal_calls_behind_each_other_count_over_the_turns_border),
		cmocka_unit_test(a_different_call_resets_the_count),
		cmocka_unit_test(the_same_arguments_in_other_bytes_are_another_call),
		cmocka_unit_test(another_limit_of_equal_calls_holds),
		cmocka_unit_test(three_steps_in_which_all_calls_failed_end_the_run),
		cmocka_unit_test(one_good_call_of_a_step_resets_the_streak),
		cmocka_unit_test(twelve_steps_without_an_answer_are_the_limit),
		cmocka_unit_test(an_answer_in_the_last_step_is_in_time),
		cmocka_unit_test(a_raised_limit_lets_the_run_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
