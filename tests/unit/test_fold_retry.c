/* SPDX-License-Identifier: MIT */
/* test_fold_retry.c - a run that failed begins again where it stood, and what ended it counts from zero. */
#include "plan_kit.h"

static void tell_retried(struct tale *t, const char *more)
{
	tellf(t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"O\",\"parked\":false,\"retry\":true%s}", more);
}

static void a_run_whose_model_failed_asks_it_again_from_the_head_of_the_tier(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "invalid", "permanent", 0);
	assert_true(t.state.failed);
	tell_ended(&t, "error");
	plans(&t, ACT_NOTHING);
	tell_retried(&t, "");
	must_fold(&t);
	assert_false(t.state.ended);
	assert_false(t.state.failed);
	assert_int_equal(t.state.retried, 2);
	assert_int_equal(t.state.attempt, 2);
	assert_int_equal(t.state.crashes, 0);
	assert_int_equal(t.state.target, 0);
	assert_null(t.state.failures);
	assert_null(t.state.why);
	assert_string_equal(t.state.reason, "");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void what_it_has_done_and_what_that_cost_stays(void **state)
{
	struct tale t;
	int64_t in;
	size_t segments;

	(void)state;
	tell_start(&t);
	step_at(&t, "a", "ok");
	in = t.state.usage.in_tokens;
	segments = t.state.segment_count;
	tell_failure(&t, "one/a", "invalid", "permanent", 0);
	tell_ended(&t, "error");
	tell_retried(&t, "");
	must_fold(&t);
	assert_int_equal(t.state.usage.in_tokens, in);
	assert_int_equal(t.state.segment_count, segments);
	assert_int_equal(t.state.calls_ended, 1);
	assert_int_equal(t.state.step, 1);
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void a_verdict_that_ended_it_is_gone(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_cancelled(&t, "kill");
	tell_ended(&t, "killed");
	tell_retried(&t, "");
	must_fold(&t);
	assert_int_equal(t.state.cancelled, EXS_CAUSE_NONE);
	assert_null(t.state.cancel_why);
	plans(&t, ACT_TURN);
	tellf(&t, EXS_FACT_BUDGET_DENIED, "{\"text\":\"too dear\"}");
	must_fold(&t);
	assert_true(t.state.denied);
	tell_ended(&t, "denied");
	tellf(&t, EXS_FACT_RUN_RESUMED, "{\"retry\":true}");
	must_fold(&t);
	assert_false(t.state.denied);
	assert_int_equal(t.state.retried, 3);
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void it_may_be_given_more_steps_and_time(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_ended(&t, "error");
	tell_retried(&t, ",\"steps\":40,\"runtime_ms\":90000");
	must_fold(&t);
	assert_int_equal(t.state.limits.steps, 40);
	assert_int_equal(t.state.limits.runtime_ms, 90000);
	tale_release(&t);
}

static void a_crash_of_the_retry_is_resumed_like_any_other(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_ended(&t, "error");
	tell_retried(&t, "");
	tell_resumed(&t);
	must_fold(&t);
	assert_int_equal(t.state.retried, 2);
	assert_int_equal(t.state.attempt, 3);
	assert_int_equal(t.state.crashes, 1);
	tale_release(&t);
}

static void only_what_failed_is_retried(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_retried(&t, "");
	refused(&t, "fact 2 (run_resumed): it retries a run that did not fail");
	tell_start(&t);
	tell_ended(&t, "ok");
	tell_retried(&t, "");
	refused(&t, "fact 3 (run_resumed): it retries a run that did not fail");
	tell_start(&t);
	tell_ended(&t, "error");
	tell_retried(&t, ",\"steps\":0");
	refused(&t, "fact 3 (run_resumed): its limits are out of range");
	tell_start(&t);
	tell_ended(&t, "error");
	tell_retried(&t, ",\"runtime_ms\":\"1m\"");
	refused(&t, "fact 3 (run_resumed): its limits are out of range");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_whose_model_failed_asks_it_again_from_the_head_of_the_tier),
		cmocka_unit_test(what_it_has_done_and_what_that_cost_stays),
		cmocka_unit_test(a_verdict_that_ended_it_is_gone),
		cmocka_unit_test(it_may_be_given_more_steps_and_time),
		cmocka_unit_test(a_crash_of_the_retry_is_resumed_like_any_other),
		cmocka_unit_test(only_what_failed_is_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
