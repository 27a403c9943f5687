/* SPDX-License-Identifier: MIT */
/* test_replay_differs.c - where a record says otherwise, the first such fact is named with what was planned. */
#include "replay_kit.h"

static void a_turn_that_was_not_due(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_at(&t, "a", "ok");
	step_at(&t, "a", "ok");
	tell_asks(&t, CALL_READ("c", "a"));
	tell_call_started(&t, 0, "pure");
	differs(&t, "end: error, tool_loop", "call_started 3.0 read");
}

static void a_turn_with_another_model(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_target(&t, "two/b", 0, 1);
	differs(&t, "turn with one/a, try 1", "turn_started two/b");

	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_target(&t, "one/a", 0, 1);
	tell_turn_failed(&t, "one/a", "not found", "no_model", 0);
	tell_target(&t, "one/a", 0, 1);
	differs(&t, "turn with two/b, try 1", "turn_started one/a");
}

static void a_try_too_many(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_target(&t, "one/a", 0, 1);
	tell_turn_failed(&t, "one/a", "i/o", "transient", 0);
	tell_target(&t, "one/a", 0, 3);
	differs(&t, "turn with one/a, try 2", "turn_started one/a");
}

static void a_turn_while_calls_are_left(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "pure");
	tell_call_ended(&t, 0, "ok");
	tell_turn_started(&t);
	differs(&t, "calls 1.1", "turn_started one/a");
}

static void an_unsafe_call_that_is_repeated(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 0, "unsafe");
	differs(&t, "doubt 1.0", "call_started 1.0 read");

	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_ended(&t, 0, "ok");
	differs(&t, "doubt 1.0", "call_ended 1.0 read: ok");
}

/* Others of the step may be made again, this one may not. */
static void a_call_that_was_not_listed_with_the_others(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "idempotent");
	tell_call_started(&t, 1, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 1, "unsafe");
	differs(&t, "calls 1.0", "call_started 1.1 read");
}

static void a_call_behind_a_cancel(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"caller\",\"text\":\"\"}");
	tell_call_started(&t, 0, "pure");
	differs(&t, "end: cancelled, cancelled", "call_started 1.0 read");

	tell_start(&t);
	tell_asks(&t, ONE);
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"caller\",\"text\":\"\"}");
	tell_call_ended(&t, 0, "ok");
	differs(&t, "end: cancelled, cancelled", "call_ended 1.0 read: ok");
}

static void another_end(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	tell_end(&t, "error", "step_limit", "");
	differs(&t, "turn with one/a, try 1", "run_ended: error, step_limit");

	tell_start(&t);
	tell_answer(&t, "42");
	tell_end(&t, "error", "model", "42");
	differs(&t, "end: ok", "run_ended: error, model");

	tell_start(&t);
	tell_failure(&t, "one/a", "denied", "permanent", 0);
	tell_end(&t, "error", "tool_loop", "");
	differs(&t, "end: error, model", "run_ended: error, tool_loop (reason or answer differ)");

	tell_start(&t);
	tell_answer(&t, "42");
	tell_end(&t, "ok", "", "43");
	differs(&t, "end: ok", "run_ended: ok (reason or answer differ)");
}

static void a_park_that_was_not_needed(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"in_doubt\",\"text\":\"who knows\"}");
	differs(&t, "turn with one/a, try 1", "run_parked: in_doubt");
}

/* A sentence of any length is cut and never overflows. */
static void long_names_are_cut(void **state)
{
	char model[REPLAY_TEXT_MAX], list[REPLAY_TEXT_MAX * 2];
	struct replay r;
	struct tale t;

	(void)state;
	memset(model, 'm', sizeof model);
	memcpy(model, "one/", 4);
	model[250] = '\0';
	snprintf(list, sizeof list, "[\"%s\"]", model);
	tell_start_chain(&t, list);
	memset(model, 'n', sizeof model - 1);
	model[sizeof model - 1] = '\0';
	tell_target(&t, model, 0, 1);
	assert_int_equal(play(&t, &r), EXS_CANCELLED);
	assert_true(strlen(r.found.recorded) < REPLAY_TEXT_MAX);
	assert_true(strlen(r.found.planned) > 250);
	replay_release(&r);
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_that_was_not_due),
		cmocka_unit_test(a_turn_with_another_model),
		cmocka_unit_test(a_try_too_many),
		cmocka_unit_test(a_turn_while_calls_are_left),
		cmocka_unit_test(an_unsafe_call_that_is_repeated),
		cmocka_unit_test(a_call_that_was_not_listed_with_the_others),
		cmocka_unit_test(a_call_behind_a_cancel),
		cmocka_unit_test(another_end),
		cmocka_unit_test(a_park_that_was_not_needed),
		cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
