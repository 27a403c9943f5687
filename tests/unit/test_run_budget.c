/* SPDX-License-Identifier: MIT */
/* test_run_budget.c - what a budget may do to a run: refuse it, stop it, see every turn settled
 * once. */
#include "run_budget_kit.h"

/* ---- the gate ---- */

static void a_refusal_at_the_gate_leaves_nothing_behind(void **state)
{
	struct kit k;
	struct kit_extra extra = {
		"  purse: { so: budget.so, log: purse.log, deny_check: true }\n"
		"  trail: { so: audit.so, log: trail.log }\n"
		"  post: { so: delivery.so, log: post.log }\n",
		"  budget: purse\n  audit: [trail]\n  delivery: { post: post }\n"
	};

	(void)state;
	kit_open_with(&k, two_turns, KIT_LMDB,
		      "agents:\n  t: { tools: [pure], deliver: ['post:there'] }\n", NULL, &extra);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->reason, "budget");
	assert_string_equal(k.result->error, "'someone' has nothing left this week");
	assert_int_equal(k.result->steps, 0);
	assert_int_equal(k.fact_n, 0);
	assert_int_equal(kit_lines(&k, SAYS, "check"), 1);
	assert_int_equal(kit_lines(&k, SAYS, NULL), 1);
	assert_int_equal(kit_lines(&k, "trail.log", NULL), 0);
	assert_int_equal(kit_lines(&k, "post.log", NULL), 0);
	assert_int_equal(kit_rows(&k, "k/head/"), 0);
	assert_int_equal(kit_rows(&k, "k/outbox/"), 0);
	assert_int_equal(kit_rows(&k, "b/journal/"), 0);
	kit_close(&k);
}

static void a_budget_that_fails_at_the_gate_refuses(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, two_turns, KIT_MEMORY, NULL, ", fail: check");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->error, "the purse is stuck");
	assert_int_equal(k.fact_n, 0);
	kit_close(&k);
}

/* ---- turns ---- */

static void a_reservation_refused_at_turn_two_keeps_the_partial_answer(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_purse(&k, two_turns, store, NULL, ", deny_at: 2");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->reason, "budget");
	assert_string_equal(k.result->error, "the purse is empty");
	assert_string_equal(k.result->output, "half an answer of some length");
	assert_int_equal(k.result->steps, 1);
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_DENIED), 1);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 1);
	assert_settled(&k, 0, "estimated");
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_budget_that_fails_to_reserve_refuses_the_turn(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, two_turns, KIT_LMDB, NULL, ", fail: reserve");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->error, "the purse is stuck");
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_STARTED), 0);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 0);
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_bound_that_does_not_hold_is_a_refusal(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_purse(&k, two_turns, store, NULL, ", bound: 1");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->error, "the limit would be passed");
	assert_int_equal(k.result->steps, 1);
	/* The budget is asked again, in case it was a race; what never became durable is given back as such. */
	assert_int_equal(kit_lines(&k, SAYS, "reserve"), 1 + RESERVE_TRIES);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 1 + RESERVE_TRIES);
	assert_settled(&k, 1, "never");
	assert_settled(&k, RESERVE_TRIES, "never");
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_RESERVED), 2);
	assert_committed_once(&k);
	assert_int_equal(stored_sum(&k, "b/purse/sum"), 1);
	assert_int_equal(stored_sum(&k, "b/purse/runs"), 1);
	assert_int_equal(kit_rows(&k, "b/purse/grant/"), 0);
	kit_close(&k);
}

static void each_turn_is_settled_once_with_what_it_used(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;
	char line[512];

	open_with_purse(&k,
			"turns:\n"
			"  - calls: [{ tool: nowhere, args: {} }]\n"
			"    usage: { in: 10, out: 1 }\n"
			"  - calls: [{ tool: pure, args: { text: one } }]\n"
			"    usage: { in: 20, out: 2 }\n"
			"  - say: done\n"
			"    usage: { in: 30, out: 3 }\n",
			store, NULL, ", bound: 9, give_back: true");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "reserve"), 3);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 3);
	assert_true(kit_line(&k, SAYS, "settle", 0, line) && strstr(line, " 11 actual"));
	assert_true(kit_line(&k, SAYS, "settle", 1, line) && strstr(line, " 22 actual"));
	assert_true(kit_line(&k, SAYS, "settle", 2, line) && strstr(line, " 33 actual"));
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_RESERVED), 3);
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_SETTLED), 3);
	assert_committed_once(&k);
	if (store != KIT_NONE) {
		assert_int_equal(stored_sum(&k, "b/purse/sum"), 0);
		assert_int_equal(kit_rows(&k, "b/purse/grant/"), 0);
	}
	kit_close(&k);
}

static void a_failed_turn_is_settled_before_the_next_one_reserves(void **state)
{
	struct kit k;
	char line[512];

	(void)state;
	open_with_purse(&k,
			"turns:\n"
			"  - fail: { class: transient, text: hiccup, times: 1 }\n"
			"    usage: { in: 5, out: 5 }\n"
			"    say: fine now\n",
			KIT_LMDB, NULL, "");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, NULL), 1 + 2 + 2 + 1);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 2);
	assert_true(kit_line(&k, SAYS, NULL, 1, line) && strncmp(line, "reserve", 7) == 0);
	assert_true(kit_line(&k, SAYS, NULL, 2, line) && strncmp(line, "settle", 6) == 0);
	assert_true(kit_line(&k, SAYS, NULL, 3, line) && strncmp(line, "reserve", 7) == 0);
	assert_true(kit_line(&k, SAYS, NULL, 4, line) && strncmp(line, "settle", 6) == 0);
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_model_that_is_not_there_costs_nothing(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, "scripts:\n  x:\n    - fail: { class: no_model }\n", KIT_LMDB, NULL,
			"");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_int_equal(kit_lines(&k, SAYS, "reserve"), kit_lines(&k, SAYS, "settle"));
	assert_settled(&k, 0, "none");
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_cancelled_turn_is_settled_at_its_estimate(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_purse(&k, "turns:\n  - stall: forever\n", store, NULL, "");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 100));
	assert_true(run_cancel(k.run, EXS_CAUSE_CALLER, "enough"));
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 1);
	assert_settled(&k, 0, "estimated");
	assert_true(k.result->usage.in_tokens > 0);
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_grant_that_is_not_used_is_settled_with_nothing(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_purse(&k, two_turns, store, NULL, ", bound: 9, give_back: true, cancel_at: 2");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_string_equal(k.result->error, "enough");
	assert_int_equal(k.result->steps, 1);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 2);
	assert_settled(&k, 0, "estimated");
	assert_settled(&k, 1, "none");
	assert_committed_once(&k);
	if (store != KIT_NONE)
		assert_int_equal(stored_sum(&k, "b/purse/sum"), 0);
	kit_close(&k);
}

static void a_settlement_that_fails_does_not_change_the_outcome(void **state)
{
	const char *verb = *state;
	char options[64];
	struct kit k;

	snprintf(options, sizeof options, ", bound: 9, fail: %s", verb);
	open_with_purse(&k, two_turns, KIT_LMDB, NULL, options);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 2);
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_run_that_is_left_commits_once_when_it_ends(void **state)
{
	struct kit k;
	char id[64];
	exs_err err = EXS_ERR_INIT;

	(void)state;
	open_with_purse(&k, "turns:\n  - say: done\n    stall: 400ms\n", KIT_LMDB, NULL, "");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 100));
	engine_shutdown(k.engine);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	assert_int_equal(kit_lines(&k, SAYS, "commit"), 0);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 1);
	snprintf(id, sizeof id, "%s", run_info(k.run)->run_id);
	kit_shut(&k);
	kit_reopen(&k);
	if (kit_resume(&k, id, &err))
		fail_msg("%s", err.text);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "check"), 1); /* the gate is for beginnings */
	assert_int_equal(kit_lines(&k, SAYS, "settle"), 2);
	assert_committed_once(&k);
	kit_close(&k);
}

/* A run whose facts are not stored spends from the same purse. */
static void a_run_that_is_not_durable_is_booked_too(void **state)
{
	struct kit k;
	int i;

	(void)state;
	{
		struct kit_extra extra = {
			"  purse: { so: budget.so, log: purse.log, bound: 9, give_back: true }\n",
			"  budget: purse\n"
		};

		kit_open_with(&k, two_turns, KIT_MEMORY, NULL, "run: { durability: none }\n",
			      &extra);
	}
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	for (i = 0; i < 1000 && stored_sum(&k, "b/purse/runs") == 0; i++)
		usleep(1000);
	assert_int_equal(stored_sum(&k, "b/purse/runs"), 1);
	assert_int_equal(stored_sum(&k, "b/purse/sum"), 0);
	assert_int_equal(kit_rows(&k, "b/purse/grant/"), 0);
	kit_close(&k);
}

/* ---- many ---- */

#define MANY  64
#define LIMIT 20

static void many_runs_never_pass_a_shared_bound(void **state)
{
	struct run *runs[MANY];
	struct kit k;
	int ok = 0, denied = 0, i;
	char options[64];

	(void)state;
	snprintf(options, sizeof options, ", bound: %d", LIMIT);
	open_with_purse(&k, "turns:\n  - say: done\n", KIT_LMDB, NULL, options);
	for (i = 0; i < MANY; i++) {
		struct run_spec spec = { .agent = k.conf->run.agent, .caller = "someone",
					 .channel = "test", .input = str_of("hi"),
					 .durability = CONF_STRICT };
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(engine_start(k.engine, &spec, NULL, &runs[i], &err), EXS_OK);
	}
	for (i = 0; i < MANY; i++) {
		assert_true(engine_wait(runs[i], 30000));
		ok += run_result(runs[i])->status == EXS_ENDED_OK;
		denied += run_result(runs[i])->status == EXS_ENDED_DENIED;
		run_drop(runs[i]);
	}
	assert_int_equal(ok, LIMIT);
	assert_int_equal(denied, MANY - LIMIT);
	assert_int_equal(stored_sum(&k, "b/purse/sum"), LIMIT);
	assert_int_equal(stored_sum(&k, "b/purse/runs"), MANY);
	assert_int_equal(kit_lines(&k, SAYS, "reserve"), LIMIT + (MANY - LIMIT) * RESERVE_TRIES);
	assert_int_equal(kit_lines(&k, SAYS, "settle"), LIMIT + (MANY - LIMIT) * RESERVE_TRIES);
	assert_int_equal(kit_lines(&k, SAYS, "commit"), MANY);
	kit_close(&k);
}

int main(void)
{
	static enum kit_store none = KIT_NONE, memory = KIT_MEMORY, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_at_the_gate_leaves_nothing_behind),
		cmocka_unit_test(a_budget_that_fails_at_the_gate_refuses),
		cmocka_unit_test_prestate(
			a_reservation_refused_at_turn_two_keeps_the_partial_answer, &none),
		cmocka_unit_test_prestate(
			a_reservation_refused_at_turn_two_keeps_the_partial_answer, &lmdb),
		cmocka_unit_test(a_budget_that_fails_to_reserve_refuses_the_turn),
		cmocka_unit_test_prestate(a_bound_that_does_not_hold_is_a_refusal, &memory),
		cmocka_unit_test_prestate(a_bound_that_does_not_hold_is_a_refusal, &lmdb),
		cmocka_unit_test_prestate(each_turn_is_settled_once_with_what_it_used, &none),
		cmocka_unit_test_prestate(each_turn_is_settled_once_with_what_it_used, &memory),
		cmocka_unit_test_prestate(each_turn_is_settled_once_with_what_it_used, &lmdb),
		cmocka_unit_test(a_failed_turn_is_settled_before_the_next_one_reserves),
		cmocka_unit_test(a_model_that_is_not_there_costs_nothing),
		cmocka_unit_test_prestate(a_cancelled_turn_is_settled_at_its_estimate, &none),
		cmocka_unit_test_prestate(a_cancelled_turn_is_settled_at_its_estimate, &lmdb),
		cmocka_unit_test_prestate(a_grant_that_is_not_used_is_settled_with_nothing, &none),
		cmocka_unit_test_prestate(a_grant_that_is_not_used_is_settled_with_nothing,
					  &memory),
		cmocka_unit_test_prestate(a_grant_that_is_not_used_is_settled_with_nothing, &lmdb),
		cmocka_unit_test_prestate(a_settlement_that_fails_does_not_change_the_outcome,
					  (void *)(uintptr_t) "settle"),
		cmocka_unit_test_prestate(a_settlement_that_fails_does_not_change_the_outcome,
					  (void *)(uintptr_t) "commit"),
		cmocka_unit_test(a_run_that_is_left_commits_once_when_it_ends),
		cmocka_unit_test(a_run_that_is_not_durable_is_booked_too),
		cmocka_unit_test(many_runs_never_pass_a_shared_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
