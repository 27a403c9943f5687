/* SPDX-License-Identifier: MIT */
/* test_run_critic.c - what a critic may do to a run: watch it, nudge it, move its limits, end it.
 */
#include "unit/critic_kit.h"

static const char slow_tool[] = "turns:\n"
				"  - say: I look.\n"
				"    calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
				"  - calls: [{ tool: pure, args: { text: two } }]\n"
				"  - say: done\n";

/* ---- who owns the time ---- */

static void with_a_watch_max_runtime_is_soft_and_its_deadline_hard(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;
	int64_t begun;
	char line[512];

	open_with_critic(&k, "turns:\n  - stall: forever\n", store, "max_runtime: 100ms",
			 ", deadline: 1500ms, every: 1h");
	begun = clock_mono_ms();
	kit_run(&k, "hi");
	assert_true(clock_mono_ms() - begun >= 1500);
	assert_true(clock_mono_ms() - begun <
		    20000); /* not at its next tick, which is in an hour */
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	assert_string_equal(k.result->reason, "timeout");
	assert_string_equal(k.result->error, "the critic's deadline passed");
	assert_true(kit_line(&k, SAYS, "watch", 0, line));
	assert_string_equal(strrchr(line, ' '), " 100");
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1);
	kit_close(&k);
}

static void a_run_survives_its_max_runtime_under_a_watch(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, slow_tool, KIT_LMDB, "max_runtime: 100ms", "");
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_true(k.result->run_ms > 1000);
	kit_close(&k);
}

static void without_a_watch_max_runtime_is_hard(void **state)
{
	const char *options = *state;
	struct kit k;

	open_with_critic(&k, "turns:\n  - stall: forever\n", KIT_LMDB, "max_runtime: 200ms",
			 options);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	assert_string_equal(k.result->error, "the run's time is over (max_runtime)");
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 0);
	kit_close(&k);
}

static void an_agent_may_do_without_its_critic(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, "turns:\n  - stall: forever\n", KIT_LMDB,
			 "critic: false, max_runtime: 200ms", ", script: kill never");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	assert_int_equal(kit_lines(&k, SAYS, NULL), 0);
	kit_close(&k);
}

/* ---- what it sees ---- */

static void sees_every_fact_in_order(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;
	char line[512], want[32];
	int i;

	open_with_critic(&k,
			 "turns:\n"
			 "  - calls: [{ tool: pure, args: { text: a } }, { tool: pure, args: { "
			 "text: b } }]\n"
			 "  - say: done\n",
			 store, "max_runtime: 20s", "");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_true(k.fact_n > 5);
	assert_int_equal(kit_lines(&k, SAYS, "observe"), k.fact_n);
	for (i = 0; i < k.fact_n; i++) {
		assert_true(kit_line(&k, SAYS, "observe", i, line));
		snprintf(want, sizeof want, " %d %d", i + 1, (int)k.facts[i].kind);
		assert_non_null(strstr(line, want));
	}
	assert_true(kit_line(&k, SAYS, "unwatch", 0, line));
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1);
	kit_close(&k);
}

/* ---- what it says ---- */

static void a_nudge_is_a_message_before_the_next_turn(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_critic(&k,
			 "turns:\n"
			 "  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
			 "  - expect: ['^wrap up now$']\n"
			 "    say: wrapped up\n",
			 store, "max_runtime: 20s", ", script: nudge wrap up now; wait");
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "wrapped up");
	assert_int_equal(kit_count(&k, EXS_FACT_CRITIC_DECIDED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_CRITIC_DECIDED, 0), "\"what\":\"nudge\""));
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_STEERED, 0), "\"from\":\"critic\""));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_STEERED, 0), "wrap up now"));
	kit_close(&k);
}

static void raising_lets_a_run_of_one_step_make_two_more(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, slow_tool, KIT_LMDB, "max_steps: 1, max_runtime: 20s",
			 ", script: raise 2; wait");
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done");
	assert_int_equal(k.result->steps, 3);
	assert_int_equal(kit_count(&k, EXS_FACT_LIMIT_RAISED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_LIMIT_RAISED, 0),
				 "\"what\":\"steps\",\"now\":3"));
	kit_close(&k);
}

static void raising_beyond_all_bounds_is_clamped(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, slow_tool, KIT_MEMORY, "max_steps: 1, max_runtime: 20s",
			 ", script: raise 9223372036854775807; raise -5; raise 0; wait");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_CRITIC_DECIDED), 3);
	assert_int_equal(kit_count(&k, EXS_FACT_LIMIT_RAISED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_LIMIT_RAISED, 0), "\"now\":2147483647"));
	kit_close(&k);
}

static void extending_moves_the_end(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, slow_tool, KIT_LMDB, "max_runtime: 300ms",
			 ", deadline: 1100ms, script: extend 60000; extend 9223372036854775807; "
			 "extend -1; wait");
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_LIMIT_RAISED), 2);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_LIMIT_RAISED, 0),
				 "\"what\":\"runtime_ms\",\"now\":60300"));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_LIMIT_RAISED, 1),
				 "\"now\":86400000")); /* the ceiling */
	kit_close(&k);
}

static void a_kill_is_killed_and_nothing_later_counts(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	/* The model does not hear the token at once, so there are ticks behind the kill. */
	open_with_critic(
		&k,
		"turns:\n  - stall: 1500ms\n    ignore_cancel: true\n    calls: [{ tool: pure, "
		"args: {} }]\n",
		store, "max_runtime: 20s",
		", script: wait; kill it goes in circles; nudge go on; raise 5; extend 5000");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_KILLED);
	assert_string_equal(k.result->reason, "killed");
	assert_string_equal(k.result->error, "it goes in circles");
	assert_int_equal(kit_count(&k, EXS_FACT_CRITIC_DECIDED), 1);
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 0);
	assert_int_equal(kit_count(&k, EXS_FACT_LIMIT_RAISED), 0);
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1);
	assert_true(kit_lines(&k, SAYS, "tick") > 4);
	kit_close(&k);
}

static void a_verdict_that_does_not_exist_ends_the_watch_and_max_runtime_is_hard_again(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_critic(&k, "turns:\n  - stall: forever\n", store, "max_runtime: 1100ms",
			 ", script: wait; say 99; nudge x");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	assert_string_equal(k.result->error, "the run's time is over (max_runtime)");
	assert_int_equal(kit_count(&k, EXS_FACT_CRITIC_DECIDED), 0);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_int_equal(kit_lines(&k, SAYS, "tick"), 2);
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1);
	kit_close(&k);
}

static void to_wait_with_words_is_a_fact_and_to_wait_without_none(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, slow_tool, KIT_LMDB, "max_runtime: 20s",
			 ", script: wait; wait and see; wait");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_CRITIC_DECIDED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_CRITIC_DECIDED, 0),
				 "{\"what\":\"wait\",\"extend_ms\":0,\"raise_steps\":0,"
				 "\"words\":\"and see\",\"tag\":\"tick-1\"}"));
	kit_close(&k);
}

/* What finds no room among the messages that wait has no effect, so it is no decision either. */
static void a_nudge_without_room_is_not_recorded(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k,
			 "turns:\n"
			 "  - stall: 3s\n"
			 "    calls: [{ tool: pure, args: { text: one } }]\n"
			 "  - say: done\n",
			 KIT_LMDB, "max_runtime: 20s", ", script: nudge go on, every: 10ms");
	kit_start(&k, "hi");
	kit_wait_lines(&k, SAYS, "tick", 80); /* all of them within the first turn */
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_true(kit_lines(&k, SAYS, "tick") > 80);
	assert_true(kit_count(&k, EXS_FACT_CRITIC_DECIDED) >= 64);
	assert_true(kit_count(&k, EXS_FACT_CRITIC_DECIDED) < kit_lines(&k, SAYS, "tick"));
	assert_int_equal(kit_count(&k, EXS_FACT_CRITIC_DECIDED), kit_count(&k, EXS_FACT_STEERED));
	kit_close(&k);
}

/* ---- every exit ---- */

static void is_let_go_when_the_run_is_cancelled(void **state)
{
	struct kit k;

	(void)state;
	open_with_critic(&k, "turns:\n  - stall: forever\n", KIT_LMDB, "max_runtime: 20s", "");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	run_cancel(k.run, EXS_CAUSE_CALLER, "enough");
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_int_equal(kit_lines(&k, SAYS, "watch"), 1);
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1);
	kit_close(&k);
}

static void is_let_go_when_the_run_is_left_and_asked_again_later(void **state)
{
	struct kit k;
	char id[64], first[96];
	exs_err err = EXS_ERR_INIT;

	(void)state;
	open_with_critic(&k, "turns:\n  - stall: 200ms\n    say: done\n", KIT_LMDB,
			 "max_runtime: 20s", "");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	engine_shutdown(k.engine);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 1);
	snprintf(id, sizeof id, "%s", run_info(k.run)->run_id);
	kit_shut(&k);
	kit_reopen(&k);
	if (kit_resume(&k, id, &err))
		fail_msg("%s", err.text);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "watch"), 2);
	assert_int_equal(kit_lines(&k, SAYS, "unwatch"), 2);
	snprintf(first, sizeof first, "observe %s 1 1", id);
	assert_int_equal(kit_lines(&k, SAYS, first), 2); /* the second time as history */
	kit_close(&k);
}

int main(void)
{
	static enum kit_store none = KIT_NONE, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(with_a_watch_max_runtime_is_soft_and_its_deadline_hard,
					  &none),
		cmocka_unit_test_prestate(with_a_watch_max_runtime_is_soft_and_its_deadline_hard,
					  &lmdb),
		cmocka_unit_test(a_run_survives_its_max_runtime_under_a_watch),
		cmocka_unit_test_prestate(without_a_watch_max_runtime_is_hard,
					  (void *)(uintptr_t) ", blind: true"),
		cmocka_unit_test_prestate(without_a_watch_max_runtime_is_hard,
					  (void *)(uintptr_t) ", fail_from: 1"),
		cmocka_unit_test(an_agent_may_do_without_its_critic),
		cmocka_unit_test_prestate(sees_every_fact_in_order, &none),
		cmocka_unit_test_prestate(sees_every_fact_in_order, &lmdb),
		cmocka_unit_test_prestate(a_nudge_is_a_message_before_the_next_turn, &none),
		cmocka_unit_test_prestate(a_nudge_is_a_message_before_the_next_turn, &lmdb),
		cmocka_unit_test(raising_lets_a_run_of_one_step_make_two_more),
		cmocka_unit_test(raising_beyond_all_bounds_is_clamped),
		cmocka_unit_test(extending_moves_the_end),
		cmocka_unit_test_prestate(a_kill_is_killed_and_nothing_later_counts, &none),
		cmocka_unit_test_prestate(a_kill_is_killed_and_nothing_later_counts, &lmdb),
		cmocka_unit_test_prestate(
			a_verdict_that_does_not_exist_ends_the_watch_and_max_runtime_is_hard_again,
			&none),
		cmocka_unit_test_prestate(
			a_verdict_that_does_not_exist_ends_the_watch_and_max_runtime_is_hard_again,
			&lmdb),
		cmocka_unit_test(to_wait_with_words_is_a_fact_and_to_wait_without_none),
		cmocka_unit_test(a_nudge_without_room_is_not_recorded),
		cmocka_unit_test(is_let_go_when_the_run_is_cancelled),
		cmocka_unit_test(is_let_go_when_the_run_is_left_and_asked_again_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
