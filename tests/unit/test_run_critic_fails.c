/* SPDX-License-Identifier: MIT */
/* test_run_critic_fails.c - a critic that fails is told and left out, and the run goes on under max_runtime. */
#include "unit/critic_kit.h"

static void a_critic_that_fails_to_watch_is_told_and_left_out(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_critic(
		&k, "turns:\n  - calls: [{ tool: pure, args: { text: a } }]\n  - stall: forever\n",
		store, "max_runtime: 300ms", ", fail_from: 1");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0),
				 "\"port\":\"critic\",\"status\":\"i/o\""));
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_ENDED), 1);
	assert_int_equal(kit_lines(&k, SAYS, "observe"), 0);
	kit_close(&k);
}

static void history_that_cannot_be_read_is_told_and_the_run_goes_on(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct kit k;
	char id[64];

	(void)state;
	open_with_critic(&k, "turns:\n  - stall: 300ms\n    say: done\n", KIT_FLAKY,
			 "max_runtime: 20s", ", spoil: control");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	engine_shutdown(k.engine);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	snprintf(id, sizeof id, "%s", run_info(k.run)->run_id);
	kit_shut(&k);
	kit_reopen(&k);
	if (kit_resume(&k, id, &err))
		fail_msg("%s", err.text);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "\"port\":\"critic\""));
	kit_close(&k);
}

static struct run *start_one(struct kit *k)
{
	struct run_spec spec = { .agent = k->conf->run.agent, .caller = "someone",
				 .channel = "test", .input = str_of("hi"),
				 .durability = CONF_STRICT };
	exs_err err = EXS_ERR_INIT;
	struct run *run = NULL;

	assert_int_equal(engine_start(k->engine, &spec, NULL, &run, &err), EXS_OK);
	return run;
}

/* A critic that fails for others rests; the run that it watched goes on without it, under
 * max_runtime. */
static void a_critic_that_is_lost_on_the_way_makes_max_runtime_hard_again(void **state)
{
	struct run *others[3];
	struct kit k;
	int i;

	(void)state;
	open_with_critic(&k,
			 "turns:\n"
			 "  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
			 "  - stall: forever\n",
			 KIT_MEMORY, "max_runtime: 1700ms", ", fail_from: 2, every: 1h");
	kit_start(&k, "hi");
	kit_wait_lines(&k, "effects.log", "pure", 1);
	assert_false(engine_wait(k.run, 1000)); /* the tool ends while the critic rests */
	for (i = 0; i < 3; i++)
		others[i] = start_one(&k);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	assert_string_equal(k.result->error, "the run's time is over (max_runtime)");
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	for (i = 0; i < 3; i++) {
		assert_true(engine_wait(others[i], 30000));
		run_drop(others[i]);
	}
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1); /* resting or not */
	kit_close(&k);
}

int main(void)
{
	static enum kit_store none = KIT_NONE, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_that_cannot_be_read_is_told_and_the_run_goes_on),
		cmocka_unit_test_prestate(a_critic_that_fails_to_watch_is_told_and_left_out, &none),
		cmocka_unit_test_prestate(a_critic_that_fails_to_watch_is_told_and_left_out, &lmdb),
		cmocka_unit_test(a_critic_that_is_lost_on_the_way_makes_max_runtime_hard_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
