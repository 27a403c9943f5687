/* SPDX-License-Identifier: MIT */
/* test_fold_fork.c - a fork keeps the conversation of another run, and nothing else of it. */
#include "plan_kit.h"

#define FORKED                                                                                     \
	"{\"v\":1,\"agent\":\"b\",\"caller\":\"carol\",\"channel\":\"\",\"parent\":\"\",\"root\":\"01f\","    \
	"\"tier\":\"t\",\"depth\":0,\"input\":\"And now?\",\"system\":\"Be brief.\","                          \
	"\"models\":[\"two/b\"],\"tools\":[],\"deliver\":[],\"limits\":{\"steps\":9,\"runtime_ms\":5000,"     \
	"\"same_calls\":3,\"failed_steps\":3,\"answer_tokens\":0,\"attempts\":3},"                          \
	"\"in_doubt\":\"tell\",\"durability\":\"strict\","                                                 \
	"\"from\":{\"run\":\"01a\",\"seq\":1,\"step\":0},\"asks\":%s}"

static void tell_forked(struct tale *t, const char *asks)
{
	char body[2048];

	snprintf(body, sizeof body, FORKED, asks);
	tell(t, EXS_FACT_RUN_FORKED, NULL, NULL, NULL, body);
}

static void it_keeps_the_conversation_and_counts_steps_on(void **state)
{
	struct tale t;
	size_t segments;

	(void)state;
	tell_start(&t);
	step_at(&t, "a", "ok");
	segments = t.state.segment_count;
	assert_true(t.state.usage.in_tokens > 0);
	tell_forked(&t, "false");
	must_fold(&t);
	assert_int_equal(t.state.segment_count, segments);
	assert_int_equal(t.state.step, 1);
	assert_int_equal(t.state.forked_step, 1);
	assert_int_equal(t.state.forked_seq, t.state.seq);
	assert_string_equal(t.state.forked_from, "01a");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

static void all_else_is_its_own(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_at(&t, "a", "error");
	tellf(&t, EXS_FACT_BUDGET_DENIED, "{\"text\":\"too dear\"}");
	tell_resumed(&t);
	tell_forked(&t, "false");
	must_fold(&t);
	assert_string_equal(t.state.agent, "b");
	assert_string_equal(t.state.caller, "carol");
	assert_string_equal(t.state.system, "Be brief.");
	assert_int_equal(t.state.model_count, 1);
	assert_string_equal(t.state.models[0], "two/b");
	assert_int_equal(t.state.tool_count, 0);
	assert_int_equal(t.state.limits.steps, 9);
	assert_int_equal(t.state.usage.in_tokens, 0);
	assert_int_equal(t.state.calls_ended, 0);
	assert_int_equal(t.state.failed_steps, 0);
	assert_int_equal(t.state.same_count, 0);
	assert_int_equal(t.state.crashes, 0);
	assert_int_equal(t.state.attempt, 1);
	assert_false(t.state.denied);
	assert_null(t.state.model);
	assert_int_equal(t.state.started_ms, t.state.at_ms);
	plans(&t, ACT_TURN);
	tale_release(&t);
}

#define LITTLE                                                                                     \
	"{\"v\":1,\"limits\":{\"steps\":9,\"runtime_ms\":5000,\"same_calls\":3,\"failed_steps\":3,"          \
	"\"answer_tokens\":0,\"attempts\":3},\"from\":{\"run\":\"01a\",\"seq\":1,\"step\":0},\"tools\":[]}"

static void what_is_not_said_anew_is_what_it_was(void **state)
{
	char *agent, *system;
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	step_at(&t, "a", "ok");
	agent = t.state.agent;
	system = t.state.system;
	tell(&t, EXS_FACT_RUN_FORKED, NULL, NULL, NULL, LITTLE);
	must_fold(&t);
	assert_ptr_equal(t.state.agent, agent);
	assert_ptr_equal(t.state.system, system);
	assert_string_equal(t.state.parent, "");
	assert_string_equal(t.state.root, "");
	assert_int_equal(t.state.model_count, 2);
	assert_string_equal(t.state.models[1], "two/b");
	assert_int_equal(t.state.tool_count, 0);
	assert_int_equal(t.state.limits.steps, 9);
	tale_release(&t);
}

static void what_is_asked_comes_behind_the_conversation(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_ended(&t, "The answer.", NULL);
	assert_true(t.state.final);
	tell_forked(&t, "true");
	must_fold(&t);
	assert_false(t.state.final);
	assert_int_equal(t.state.segment_count, 3);
	segment_is(&t, 2, "{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"And now?\"}]}");
	plans(&t, ACT_TURN);
	tale_release(&t);
}

/* The clock of the fork, not of the other run, and a crash of it counts as one of its own. */
static void it_lives_as_any_run_does(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_at(&t, "a", "ok");
	tell_forked(&t, "false");
	tell_resumed(&t);
	must_fold(&t);
	assert_int_equal(t.state.attempt, 2);
	assert_int_equal(t.state.crashes, 1);
	step_at(&t, "b", "ok");
	assert_int_equal(t.state.step, 2);
	tell_forked(&t, "false");
	must_fold(&t);
	assert_int_equal(t.state.forked_step, 2);
	tale_release(&t);
}

static void it_begins_between_two_steps_only(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_forked(&t, "false");
	refused(&t, "fact 3 (run_forked): it forks in the middle of a step");
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_forked(&t, "false");
	refused(&t, "fact 4 (run_forked): it forks in the middle of a step");
}

static void what_it_must_say_is_missed(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell(&t, EXS_FACT_RUN_FORKED, NULL, NULL, NULL, "{\"v\":1,\"agent\":\"a\"}");
	refused(&t, "fact 2 (run_forked): it does not say from which run");
	tell_start(&t);
	tell(&t, EXS_FACT_RUN_FORKED, NULL, NULL, NULL, "{\"v\":2,\"from\":{\"run\":\"01a\"}}");
	refused(&t, "run_forked has version 2; this release reads 1");
	tell_start(&t);
	tell(&t, EXS_FACT_RUN_FORKED, NULL, NULL, NULL, "{\"v\":1,\"from\":{\"run\":\"01a\"}}");
	refused(&t, "fact 2 (run_forked): its limits are missing or out of range");
	tell_start(&t);
	tell(&t, EXS_FACT_RUN_FORKED, NULL, NULL, NULL, "{\"v\":1,\"from\":{\"run\":\"../x\"}}");
	refused(&t, "fact 2 (run_forked): it does not say from which run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keeps_the_conversation_and_counts_steps_on),
		cmocka_unit_test(all_else_is_its_own),
		cmocka_unit_test(what_is_not_said_anew_is_what_it_was),
		cmocka_unit_test(what_is_asked_comes_behind_the_conversation),
		cmocka_unit_test(it_lives_as_any_run_does),
		cmocka_unit_test(it_begins_between_two_steps_only),
		cmocka_unit_test(what_it_must_say_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
