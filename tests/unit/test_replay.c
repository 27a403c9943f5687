/* SPDX-License-Identifier: MIT */
/* test_replay.c - a run that is replayed takes the same decisions, as far as its record can be read. */
#include "replay_kit.h"

/* ---- the same ---- */

static void a_run_that_ended_well_decides_the_same(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	tell_steered(&t, "and this?");
	tell_answer(&t, "It is 42.");
	tell_end(&t, "ok", "", "It is 42.");
	is_the_same(&t, 4);
}

static void inputs_are_no_decisions(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell(&t, EXS_FACT_BUDGET_RESERVED, "purse", NULL, NULL, "{\"estimate\":{}}");
	tell_turn_started(&t);
	tell(&t, EXS_FACT_CRITIC_DECIDED, "eye", NULL, NULL, "{\"what\":\"wait\"}");
	tell(&t, EXS_FACT_QUESTION_ASKED, NULL, NULL, NULL, "{}");
	tell(&t, 250, NULL, NULL, NULL, "{}");
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"shutdown\",\"text\":\"stop\"}");
	is_the_same(&t, 2);
}

static void what_a_person_settles_is_no_decision(void **state)
{
	static const char *const words[] = { "done", "not-done", "retry" };
	char body[64];
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		tell_start_parking(&t);
		tell_asks(&t, ONE);
		tell_call_started(&t, 0, "unsafe");
		tell_plain_resume(&t, "");
		tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"in_doubt\",\"text\":\"look\"}");
		tell_plain_resume(&t, "");
		snprintf(body, sizeof body, "{\"word\":\"%s\"}", words[i]);
		tell(&t, EXS_FACT_CALL_SETTLED, "read", "1.0", NULL, body);
		if (i == 2)
			tell_call_started(&t, 0, "unsafe");
		tell_call_ended(&t, 0, i == 1 ? "error" : "ok");
		assert_int_equal(t.status, EXS_OK);
		is_the_same(&t, 4);
	}
}

static void a_run_without_its_end_is_the_same_so_far(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	is_the_same(&t, 1);
}

static void a_retry_is_replayed_behind_the_end(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_failure(&t, "one/a", "denied", "permanent", 0);
	tell_end(&t, "error", "model", "");
	tell_plain_resume(&t, ",\"retry\":true");
	tell_answer(&t, "It works.");
	tell_end(&t, "ok", "", "It works.");
	is_the_same(&t, 4);
}

static void a_fork_is_replayed_with_what_it_has_in_common(void **state)
{
	struct tale t;
	exs_fact f;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	f = (exs_fact){ .size = sizeof f,
			.kind = EXS_FACT_RUN_FORKED,
			.seq = t.state.seq + 1,
			.step = t.state.step,
			.attempt = 1,
			.body = exs_cstr("{\"v\":1," TALE_LIMITS
					 ",\"from\":{\"run\":\"01jabc\",\"seq\":5,\"step\":1},\"asks\":true,"
					 "\"input\":\"And now?\"}") };
	t.facts[t.n++] = kit_fact_copy(&f);
	assert_int_equal(fold(&t.state, &f, &t.err), EXS_OK);
	tell_answer(&t, "Now it is 43.");
	tell_end(&t, "ok", "", "Now it is 43.");
	is_the_same(&t, 4);
}

static void calls_of_a_dead_attempt_go_by_their_effect(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER "," CALL_READ("c", "z"));
	tell_call_started(&t, 0, "idempotent");
	tell_call_started(&t, 1, "reconcilable");
	tell_call_started(&t, 2, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 0, "idempotent");
	tell_call_ended(&t, 0, "ok");
	tell_call_ended(&t, 1, "ok");
	tell_call_ended(&t, 2, "in_doubt");
	is_the_same(&t, 7);
}

/* Two were asked about together; that one of them runs again does not recall the question about the other. */
static void tools_that_were_asked_together_answer_in_any_order(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "reconcilable");
	tell_call_started(&t, 1, "reconcilable");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 0, "reconcilable");
	tell_call_ended(&t, 1, "ok");
	tell_call_ended(&t, 0, "ok");
	is_the_same(&t, 5);
}

static void a_tool_that_cannot_tell_parks_the_run(void **state)
{
	struct tale t;

	(void)state;
	tell_start_parking(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "reconcilable");
	tell_plain_resume(&t, "");
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"in_doubt\",\"text\":\"who knows\"}");
	is_the_same(&t, 3);
}

static void a_model_that_rests_is_passed_over(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_target(&t, "two/b", 1, 1);
	is_the_same(&t, 1);
}

static void what_could_not_be_set_up_is_no_decision(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_end(&t, "error", "setup", "");
	is_the_same(&t, 1);
}

static void the_end_closes_what_was_not_run(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "pure");
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"caller\",\"text\":\"\"}");
	tell_call_ended(&t, 0, "skipped");
	tell_call_ended(&t, 1, "skipped");
	tell_end(&t, "cancelled", "cancelled", "");
	is_the_same(&t, 4);
}

/* ---- damage ---- */

static void damage_ends_it_with_what_could_be_read(void **state)
{
	struct replay r;
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_ended(&t, "42", NULL);
	t.facts[2].seq = 9;
	assert_int_equal(play(&t, &r), EXS_CORRUPT);
	assert_false(r.found.any);
	assert_int_equal(r.facts, 2);
	assert_non_null(strstr(r.damage.text, "the log has a hole"));
	replay_release(&r);
	tale_release(&t);

	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_started(&t);
	assert_int_equal(play(&t, &r), EXS_CANCELLED); /* plan would have waited */
	assert_string_equal(r.found.planned, "wait for the turn");
	replay_release(&r);
	tale_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_ended_well_decides_the_same),
		cmocka_unit_test(inputs_are_no_decisions),
		cmocka_unit_test(what_a_person_settles_is_no_decision),
		cmocka_unit_test(a_run_without_its_end_is_the_same_so_far),
		cmocka_unit_test(a_retry_is_replayed_behind_the_end),
		cmocka_unit_test(a_fork_is_replayed_with_what_it_has_in_common),
		cmocka_unit_test(calls_of_a_dead_attempt_go_by_their_effect),
		cmocka_unit_test(tools_that_were_asked_together_answer_in_any_order),
		cmocka_unit_test(a_tool_that_cannot_tell_parks_the_run),
		cmocka_unit_test(a_model_that_rests_is_passed_over),
		cmocka_unit_test(what_could_not_be_set_up_is_no_decision),
		cmocka_unit_test(the_end_closes_what_was_not_run),
		cmocka_unit_test(damage_ends_it_with_what_could_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
