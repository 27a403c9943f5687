/* SPDX-License-Identifier: MIT */
/* test_run_budget.c - what a budget may do to a run: refuse it, stop it, see every turn settled
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/calls.h"
#include "run/run.h"
#include "support/run_kit.h"

#define SAYS "purse.log"

static const char two_turns[] = "turns:\n"
				"  - say: half an answer of some length\n"
				"    calls: [{ tool: pure, args: { text: one } }]\n"
				"  - say: done\n";

static void open_with_purse(struct kit *k, const char *script, enum kit_store store,
			    const char *agents, const char *options)
{
	char batteries[512];
	struct kit_extra extra = { batteries, "  budget: purse\n" };

	snprintf(batteries, sizeof batteries, "  purse: { so: budget.so, log: purse.log%s }\n",
		 options);
	kit_open_with(k, script, store, agents, NULL, &extra);
}

static int64_t stored_sum(struct kit *k, const char *key)
{
	unsigned char bytes[8] = { 0 };
	int64_t sum = 0;
	struct buf_sink sink;
	struct buf value;
	exs_err err = EXS_ERR_INIT;
	int i;

	buf_init(&value, 64);
	if (call_store_get(k->host->store, str_of(key), buf_sink_init(&sink, &value), &err) ==
	    EXS_OK) {
		assert_int_equal(value.n, sizeof bytes);
		memcpy(bytes, value.p, sizeof bytes);
	}
	buf_release(&value);
	for (i = 7; i >= 0; i--)
		sum = (int64_t)((uint64_t)sum << 8 | bytes[i]);
	return sum;
}

static exs_status count_row(void *arg, exs_str key, exs_str value)
{
	(void)key;
	(void)value;
	++*(int *)arg;
	return EXS_OK;
}

static int rows(struct kit *k, const char *prefix)
{
	exs_err err = EXS_ERR_INIT;
	int n = 0;

	assert_int_equal(call_store_scan(k->host->store, str_of(prefix), str_of(NULL), 0, count_row,
					 &n, &err),
			 EXS_OK);
	return n;
}

/* The n-th settle line must end like that. */
static void assert_settled(struct kit *k, int nth, const char *how)
{
	char line[512];
	size_t n, m = strlen(how);

	assert_true(kit_line(k, SAYS, "settle", nth, line));
	n = strlen(line);
	if (n < m || strcmp(line + n - m, how) != 0)
		fail_msg("'%s' is not settled as '%s'", line, how);
}

static void assert_committed_once(struct kit *k)
{
	char line[512];
	const char *ms;

	assert_int_equal(kit_lines(k, SAYS, "commit"), 1);
	assert_true(kit_line(k, SAYS, "commit", 0, line));
	ms = strrchr(line, ' ');
	assert_true(atoll(ms + 1) >= 0);
	assert_int_not_equal(ms[1], '-');
}

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
	assert_int_equal(rows(&k, "k/head/"), 0);
	assert_int_equal(rows(&k, "k/outbox/"), 0);
	assert_int_equal(rows(&k, "b/journal/"), 0);
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
	assert_int_equal(rows(&k, "b/purse/grant/"), 0);
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
		assert_int_equal(rows(&k, "b/purse/grant/"), 0);
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

/* ---- races, prices, soft limits ---- */

static void a_reservation_that_rests_on_what_is_not_so_is_made_again(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, two_turns, KIT_LMDB, NULL, ", bound: 9, stale: 2");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "reserve"), 4);
	assert_settled(&k, 0, "never");
	assert_settled(&k, 1, "never");
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_RESERVED), 2);
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_DENIED), 0);
	assert_committed_once(&k);
	kit_close(&k);
}

static void what_a_turn_cost_is_in_its_fact_and_in_the_result(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_purse(&k, "turns:\n  - say: done\n    usage: { in: 30, out: 3 }\n", store, NULL,
			", price: 7");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(k.result->usage.cost_micro, 7 * 33);
	assert_int_equal(k.result->usage.in_tokens, 30);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_RUN_ENDED, 0), "\"cost_micro\":231"));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_BUDGET_SETTLED, 0), "\"cost_micro\":231"));
	kit_close(&k);
}

static void a_model_without_a_price_may_be_refused(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, two_turns, KIT_LMDB, NULL, ", fail: price");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->error, "nobody knows what that costs");
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_STARTED), 0);
	assert_committed_once(&k);
	kit_close(&k);
}

static void a_purse_that_does_not_open_refuses_the_run(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, two_turns, KIT_LMDB, NULL, ", fail: start");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_DENIED);
	assert_string_equal(k.result->error, "the purse is stuck");
	assert_int_equal(k.fact_n, 0);
	assert_int_equal(rows(&k, "b/journal/"), 0);
	kit_close(&k);
}

static void a_soft_limit_is_told_once_and_the_last_turn_again(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_purse(&k,
			"turns:\n"
			"  - calls: [{ tool: pure, args: { text: one } }]\n"
			"  - calls: [{ tool: pure, args: { text: two } }]\n"
			"  - calls: [{ tool: pure, args: { text: three } }]\n"
			"  - say: done\n",
			store, NULL, ", soft_at: 2, last_at: 4");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_BUDGET_SOFT), 2);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_BUDGET_SOFT, 0), "Little is left."));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_BUDGET_SOFT, 1), "\"last\":true"));
	/* The third turn sees one message more than the second had with its call and result. */
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_TURN_STARTED, 1), "\"messages\":4"));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_TURN_STARTED, 2), "\"messages\":6"));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_TURN_STARTED, 3), "\"messages\":9"));
	kit_close(&k);
}

/* ---- what a dead attempt held ---- */

static void resume_after_death(struct kit *k, const char *sent)
{
	char id[ID_MAX], line[512];
	exs_err err = EXS_ERR_INIT;

	kit_run_dies(k, "hi");
	kit_reopen(k);
	kit_newest(k, id);
	if (kit_resume(k, id, &err))
		fail_msg("%s", err.text);
	assert_int_equal(k->result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(k, SAYS, "start"), 1);
	assert_true(kit_line(k, SAYS, "start", 0, line));
	assert_string_equal(strrchr(line, ' ') + 1, sent);
	assert_int_equal(rows(k, "b/purse/adopted"), 1);
	kit_close(k);
}

static void a_turn_whose_end_nobody_recorded_may_have_been_billed(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, "turns:\n  - say: done\n", KIT_LMDB, NULL, ", bound: 9, die_at: 1");
	resume_after_death(&k, "sent");
}

static void a_turn_that_ended_was_settled_with_its_facts(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k,
			"turns:\n"
			"  - calls: [{ tool: unsafe, args: { text: one, how: kill_before } }]\n"
			"  - say: done\n",
			KIT_LMDB, NULL, ", bound: 9");
	resume_after_death(&k, "unsent");
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
	assert_int_equal(rows(&k, "b/purse/grant/"), 0);
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
		struct run_spec spec = { k.conf->run.agent, "someone", "test",
					 str_of("hi"),	    NULL,      CONF_STRICT };
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
		cmocka_unit_test(a_reservation_that_rests_on_what_is_not_so_is_made_again),
		cmocka_unit_test_prestate(what_a_turn_cost_is_in_its_fact_and_in_the_result, &none),
		cmocka_unit_test_prestate(what_a_turn_cost_is_in_its_fact_and_in_the_result, &lmdb),
		cmocka_unit_test(a_model_without_a_price_may_be_refused),
		cmocka_unit_test(a_purse_that_does_not_open_refuses_the_run),
		cmocka_unit_test_prestate(a_soft_limit_is_told_once_and_the_last_turn_again, &none),
		cmocka_unit_test_prestate(a_soft_limit_is_told_once_and_the_last_turn_again, &lmdb),
		cmocka_unit_test(a_turn_whose_end_nobody_recorded_may_have_been_billed),
		cmocka_unit_test(a_turn_that_ended_was_settled_with_its_facts),
		cmocka_unit_test(a_run_that_is_not_durable_is_booked_too),
		cmocka_unit_test(many_runs_never_pass_a_shared_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
