/* SPDX-License-Identifier: MIT */
/* test_plan_models.c - models that fail: who is asked next, after which pause, and what is said when nobody is left. */
#include "plan_kit.h"

static void a_transient_failure_is_tried_once_more_after_a_pause(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	plans(&t, ACT_TURN);
	assert_int_equal(planned(&t).delay_ms, RETRY_PAUSE_MS);
	assert_int_equal(t.state.target, 0);
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	plans(&t, ACT_TURN);
	assert_int_equal(planned(&t).delay_ms, 0);
	assert_int_equal(t.state.target, 1);
	tale_release(&t);
}

static void the_server_says_how_long_the_pause_is(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_failure(&t, "one/a", "try again", "limit", 7000);
	assert_int_equal(planned(&t).delay_ms, 7000);
	tale_release(&t);
	tell_start(&t);
	tell_failure(&t, "one/a", "try again", "limit", RETRY_ASKED_MAX_MS);
	assert_int_equal(planned(&t).delay_ms, RETRY_ASKED_MAX_MS);
	tale_release(&t);
	tell_start(&t);
	tell_failure(&t, "one/a", "try again", "limit", -5);
	assert_int_equal(planned(&t).delay_ms, RETRY_PAUSE_MS);
	tale_release(&t);
}

static void a_server_that_asks_for_too_long_a_pause_is_passed_over(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "try again", "limit", RETRY_ASKED_MAX_MS + 1);
	plans(&t, ACT_TURN);
	assert_int_equal(t.state.target, 1);
	assert_int_equal(planned(&t).delay_ms, 0);
	tale_release(&t);
}

static void a_truncated_answer_is_tried_again(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_failure(&t, "one/a", "i/o", "truncated", 0);
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void a_missing_model_gives_way_to_the_next_at_once(void **state)
{
	static const char *const rows[][2] = { { "not found", "no_model" },
					       { "not found", "none" } };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
		tell_failure(&t, "one/a", rows[i][0], rows[i][1], 0);
		plans(&t, ACT_TURN);
		assert_int_equal(t.state.target, 1);
		assert_int_equal(planned(&t).delay_ms, 0);
		tale_release(&t);
	}
}

static void a_permanent_failure_ends_the_run_though_others_are_left(void **state)
{
	static const char *const rows[][2] = { { "i/o", "permanent" },
					       { "invalid", "none" },
					       { "denied", "none" },
					       { "unsupported", "none" },
					       { "too big", "none" } };
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
		tell_failure(&t, "one/a", rows[i][0], rows[i][1], 0);
		ends(&t, EXS_ENDED_ERROR, "model");
		tale_release(&t);
	}
}

static void when_all_models_failed_the_error_names_each(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\",\"one/c\"]");
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	tell_failure(&t, "one/a", "i/o", "truncated", 0);
	tell_failure(&t, "two/b", "not found", "no_model", 0);
	tell_failure(&t, "one/c", "lost", "none", 0);
	tell_failure(&t, "one/c", "lost", "none", 0);
	ends_saying(
		&t, EXS_ENDED_ERROR, "model",
		"one/a: one/a says truncated; two/b: two/b says no_model; one/c: one/c says none");
	tale_release(&t);
}

static void a_model_that_is_passed_over_is_named_as_well(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\",\"one/c\"]");
	tell_turn_at(&t, 2);
	assert_int_equal(t.state.target, 2);
	tell(&t, EXS_FACT_TURN_FAILED, "one/c", NULL, NULL,
	     "{\"status\":\"not found\",\"class\":\"no_model\",\"text\":\"it is gone\"}");
	ends_saying(&t, EXS_ENDED_ERROR, "model",
		    "one/a: passed over, it had failed again and again or asked for a pause; "
		    "two/b: passed over, it had failed again and again or asked for a pause; "
		    "one/c: it is gone");
	tale_release(&t);
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_turn_at(&t, 1);
	tell_turn_ended(&t, "Well.", NULL);
	assert_int_equal(t.state.target, 0);
	assert_null(t.state.failures);
	tale_release(&t);
}

static void a_model_that_rests_before_its_retry_is_named_with_what_it_said(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	tell_turn_at(&t, 1); /* another run made it rest */
	assert_int_equal(t.state.retries, 0);
	tell(&t, EXS_FACT_TURN_FAILED, "two/b", NULL, NULL,
	     "{\"status\":\"not found\",\"class\":\"no_model\",\"text\":\"it is gone\"}");
	ends_saying(&t, EXS_ENDED_ERROR, "model",
		    "one/a: one/a says transient; two/b: it is gone");
	tale_release(&t);
}

static void an_account_that_is_empty_is_not_asked_twice(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "denied", "limit", 0);
	assert_int_equal(t.state.target, 1);
	assert_int_equal(t.state.retries, 0);
	tell_failure(&t, "two/b", "try again", "limit", 0);
	assert_int_equal(t.state.target, 1);
	assert_int_equal(t.state.retries, 0);
	tell_turn_started(&t);
	assert_int_equal(t.state.retries, 1);
	tale_release(&t);
}

static void a_turn_is_for_a_model_that_is_left_of_the_chain(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_turn_at(&t, 2);
	refused(&t, "fact 2 (turn_started): it is for no model that is left of the chain");
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "not found", "no_model", 0);
	tell_turn_at(&t, 0);
	refused(&t, "fact 4 (turn_started): it is for no model that is left of the chain");
}

#define TWO_RETRIES                                                                                \
	"{\"steps\":9,\"runtime_ms\":9000,\"same_calls\":3,\"failed_steps\":3,\"answer_tokens\":0,"       \
	"\"attempts\":3,\"retries\":2}"

static void a_run_that_used_its_retries_tries_no_model_twice(void **state)
{
	struct tale t;

	(void)state;
	tale_init(&t);
	tell_start_with(&t, "[\"one/a\",\"two/b\"]", "\"limits\":" TWO_RETRIES, "");
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	step_at(&t, "x", "ok");
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	step_at(&t, "y", "ok");
	assert_int_equal(t.state.retries, 2);
	tell_failure(&t, "one/a", "i/o", "transient", 0);
	assert_int_equal(t.state.target, 1);
	tell_failure(&t, "two/b", "i/o", "transient", 0);
	ends_saying(&t, EXS_ENDED_ERROR, "model",
		    "one/a: one/a says transient (not tried again: the run has used its 2 retries); "
		    "two/b: two/b says transient (not tried again: the run has used its 2 retries)");
	tale_release(&t);
}

/* However much each of them says. */
static void eight_models_that_say_much_are_all_named(void **state)
{
	char models[256] = "[", body[512], text[256];
	struct tale t;
	int i;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (i = 0; i < 8; i++)
		snprintf(models + strlen(models), sizeof models - strlen(models), "%s\"m/%d\"", i ? "," : "",
			 i);
	strcat(models, "]");
	tell_start_chain(&t, models);
	for (i = 0; i < 8; i++) {
		tell_turn_started(&t);
		snprintf(body, sizeof body,
			 "{\"status\":\"not found\",\"class\":\"no_model\",\"text\":\"%s\"}", text);
		tell(&t, EXS_FACT_TURN_FAILED, i == 7 ? "m/last" : "m/any", NULL, NULL, body);
	}
	assert_non_null(strstr(planned(&t).why, "m/last: x"));
	assert_true(strlen(planned(&t).why) > 8 * 255);
	tale_release(&t);
}

static void a_park_between_two_failures_is_none_of_them(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "not found", "no_model", 0);
	tell_parked(&t, "shutdown");
	tell_resumed(&t);
	tell_failure(&t, "two/b", "not found", "no_model", 0);
	ends_saying(&t, EXS_ENDED_ERROR, "model",
		    "one/a: one/a says no_model; two/b: two/b says no_model");
	tale_release(&t);
}

static void the_next_turn_begins_at_the_head_of_the_chain_again(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_failure(&t, "one/a", "not found", "no_model", 0);
	step_with(&t, ONE, "ok");
	assert_int_equal(t.state.target, 0);
	assert_int_equal(planned(&t).delay_ms, 0);
	tell_failure(&t, "one/a", "not found", "no_model", 0);
	tell_failure(&t, "two/b", "not found", "no_model", 0);
	ends_saying(&t, EXS_ENDED_ERROR, "model",
		    "one/a: one/a says no_model; two/b: two/b says no_model");
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transient_failure_is_tried_once_more_after_a_pause),
		cmocka_unit_test(the_server_says_how_long_the_pause_is),
		cmocka_unit_test(a_server_that_asks_for_too_long_a_pause_is_passed_over),
		cmocka_unit_test(a_truncated_answer_is_tried_again),
		cmocka_unit_test(a_missing_model_gives_way_to_the_next_at_once),
		cmocka_unit_test(a_permanent_failure_ends_the_run_though_others_are_left),
		cmocka_unit_test(when_all_models_failed_the_error_names_each),
		cmocka_unit_test(a_model_that_is_passed_over_is_named_as_well),
		cmocka_unit_test(a_model_that_rests_before_its_retry_is_named_with_what_it_said),
		cmocka_unit_test(an_account_that_is_empty_is_not_asked_twice),
		cmocka_unit_test(a_turn_is_for_a_model_that_is_left_of_the_chain),
		cmocka_unit_test(a_run_that_used_its_retries_tries_no_model_twice),
		cmocka_unit_test(eight_models_that_say_much_are_all_named),
		cmocka_unit_test(a_park_between_two_failures_is_none_of_them),
		cmocka_unit_test(the_next_turn_begins_at_the_head_of_the_chain_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
