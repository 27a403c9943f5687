/* SPDX-License-Identifier: MIT */
/* test_plan_ends.c - what stops a run and what it says then: causes and refusals. */
#include "plan_kit.h"

static void each_cause_has_its_status(void **state)
{
	static const struct {
		const char *cause, *reason;
		int32_t status;
	} rows[] = { { "caller", "cancelled", EXS_ENDED_CANCELLED },
		     { "preempt", "cancelled", EXS_ENDED_CANCELLED },
		     { "timeout", "timeout", EXS_ENDED_TIMEOUT },
		     { "kill", "killed", EXS_ENDED_KILLED },
		     { "budget", "budget", EXS_ENDED_DENIED } };
	char why[64];
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		tell_start(&t);
		tell_cancelled(&t, rows[i].cause);
		snprintf(why, sizeof why, "because of %s", rows[i].cause);
		ends_saying(&t, rows[i].status, rows[i].reason, why);
		tale_release(&t);

		tell_start(&t);
		tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"%s\"}", rows[i].cause);
		ends(&t, rows[i].status, rows[i].reason); /* and says something */
		tale_release(&t);
	}
}

static void the_first_cause_wins(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_cancelled(&t, "timeout");
	tell_cancelled(&t, "kill");
	ends_saying(&t, EXS_ENDED_TIMEOUT, "timeout", "because of timeout");
	tale_release(&t);
}

static void a_cancelled_run_waits_for_its_turn_and_keeps_its_reason(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_cancelled(&t, "timeout");
	plans(&t, ACT_WAIT);
	tell_turn_ended(&t, "I look.", ONE);
	ends_saying(&t, EXS_ENDED_TIMEOUT, "timeout", "because of timeout");
	tale_release(&t);
}

static void a_turn_cut_by_the_token_is_not_the_models_failure(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_cancelled(&t, "caller");
	tellf(&t, EXS_FACT_TURN_FAILED,
	      "{\"status\":\"cancelled\",\"class\":\"permanent\",\"text\":\"cut\",\"cut\":true}");
	ends_saying(&t, EXS_ENDED_CANCELLED, "cancelled", "because of caller");
	assert_int_equal(t.state.tries, 0);
	tale_release(&t);
}

static void a_cancelled_run_waits_for_started_calls_and_starts_no_other(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "unsafe");
	tell_cancelled(&t, "caller");
	plans(&t, ACT_WAIT);
	tell_call_ended(&t, 0, "ok");
	ends(&t, EXS_ENDED_CANCELLED, "cancelled");
	tale_release(&t);
}

static void a_final_answer_is_not_relabelled_by_a_later_cancel(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_answer(&t, "Headers.");
	tell_cancelled(&t, "kill");
	ends(&t, EXS_ENDED_OK, "");
	tale_release(&t);
}

static void an_answer_that_came_in_spite_of_the_cancel_counts(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_cancelled(&t, "timeout");
	tell_turn_ended(&t, "Headers.", NULL);
	ends(&t, EXS_ENDED_OK, "");
	tale_release(&t);
}

static void a_failed_model_is_not_relabelled_by_a_later_cancel(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_failure(&t, "one/a", "invalid", "permanent", 0);
	tell_cancelled(&t, "kill");
	ends_saying(&t, EXS_ENDED_ERROR, "model", "one/a: one/a says permanent");
	tale_release(&t);
}

static void a_denied_turn_ends_denied(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tellf(&t, EXS_FACT_BUDGET_DENIED, "{\"text\":\"600 seconds a week are used up\"}");
	tell_cancelled(&t, "timeout");
	ends_saying(&t, EXS_ENDED_DENIED, "budget", "600 seconds a week are used up");
	tale_release(&t);
}

static void the_reason_of_a_cancel_outlives_a_park(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_cancelled(&t, "caller");
	tell_parked(&t, "shutdown");
	tell_resumed(&t);
	ends_saying(&t, EXS_ENDED_CANCELLED, "cancelled", "because of caller");
	tale_release(&t);
}

static void nothing_ends_with_a_call_in_the_air(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "pure");
	tellf(&t, EXS_FACT_BUDGET_DENIED, "{\"text\":\"no\"}");
	plans(&t, ACT_WAIT);
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cause_has_its_status),
		cmocka_unit_test(the_first_cause_wins),
		cmocka_unit_test(a_cancelled_run_waits_for_its_turn_and_keeps_its_reason),
		cmocka_unit_test(a_turn_cut_by_the_token_is_not_the_models_failure),
		cmocka_unit_test(a_cancelled_run_waits_for_started_calls_and_starts_no_other),
		cmocka_unit_test(a_final_answer_is_not_relabelled_by_a_later_cancel),
		cmocka_unit_test(an_answer_that_came_in_spite_of_the_cancel_counts),
		cmocka_unit_test(a_failed_model_is_not_relabelled_by_a_later_cancel),
		cmocka_unit_test(a_denied_turn_ends_denied),
		cmocka_unit_test(the_reason_of_a_cancel_outlives_a_park),
		cmocka_unit_test(nothing_ends_with_a_call_in_the_air),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
