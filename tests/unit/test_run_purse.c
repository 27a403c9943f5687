/* SPDX-License-Identifier: MIT */
/* test_run_purse.c - what a purse brings to a run besides yes and no: a second try after a race,
 * prices, words for the model, and what the attempt before still held. */
#include "run_budget_kit.h"

#include <executus/helper.h>

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

/* ---- facts that find no batch ---- */

static exs_checkpoint forgetful; /* the journal, but for one of its answers */
static const exs_checkpoint *journal;
static int appends;

static exs_status append_once_without_memory(exs_ckpt *ckpt, const exs_fact *const *facts,
					     uint64_t n, exs_batch *batch, exs_err *err)
{
	if (appends++ == 0)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a row");
	return journal->append(ckpt, facts, n, batch, err);
}

/* The reservation rests on facts that are not on their way: it must not keep them from being sent again soon. */
static void a_reservation_waits_for_the_facts_before_it(void **state)
{
	struct kit k;

	(void)state;
	open_with_purse(&k, two_turns, KIT_LMDB, NULL, ", bound: 9");
	journal = k.host->checkpoint->checkpoint;
	forgetful = *journal;
	forgetful.append = append_once_without_memory;
	appends = 0;
	k.host->checkpoint->checkpoint = &forgetful;
	kit_start(&k, "hi");
	assert_true(engine_wait(k.run, 5000));
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
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
	assert_int_equal(kit_rows(&k, "b/journal/"), 0);
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
	assert_int_equal(kit_rows(k, "b/purse/adopted"), 1);
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

int main(void)
{
	static enum kit_store none = KIT_NONE, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reservation_that_rests_on_what_is_not_so_is_made_again),
		cmocka_unit_test(a_reservation_waits_for_the_facts_before_it),
		cmocka_unit_test_prestate(what_a_turn_cost_is_in_its_fact_and_in_the_result, &none),
		cmocka_unit_test_prestate(what_a_turn_cost_is_in_its_fact_and_in_the_result, &lmdb),
		cmocka_unit_test(a_model_without_a_price_may_be_refused),
		cmocka_unit_test(a_purse_that_does_not_open_refuses_the_run),
		cmocka_unit_test_prestate(a_soft_limit_is_told_once_and_the_last_turn_again, &none),
		cmocka_unit_test_prestate(a_soft_limit_is_told_once_and_the_last_turn_again, &lmdb),
		cmocka_unit_test(a_turn_whose_end_nobody_recorded_may_have_been_billed),
		cmocka_unit_test(a_turn_that_ended_was_settled_with_its_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
