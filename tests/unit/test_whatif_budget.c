/* SPDX-License-Identifier: MIT */
/* test_whatif_budget.c - a record that is shown to another budget: its prices, its refusals, its words. */
#include "whatif_kit.h"

static void the_other_price_is_taken_and_the_old_one_kept_where_there_is_none(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", price: 2");
	tell_done(&k.t);
	asked(&k);
	assert_int_equal(k.w.turns.n, 1);
	assert_int_equal(k.w.turns.list[0].cost_micro, 2 * 120);
	assert_int_equal(k.w.turns.list[0].recorded_micro, 7);
	assert_string_equal(k.w.turns.list[0].model, "one/a");
	assert_true(whatif_same(&k.w));
	close_conf(&k);

	open_purse(&k, "");
	tell_done(&k.t);
	asked(&k);
	assert_int_equal(k.w.cost_micro, 7);
	close_conf(&k);
}

static void a_refusal_ends_it_before_the_turn(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", deny_at: 2");
	tell_steps(&k.t, 3);
	asked(&k);
	assert_true(k.w.over);
	would(&k, 0, "denied", 5);
	assert_int_equal(k.w.turns.n, 1);
	close_conf(&k);

	open_purse(&k, ", fail: price"); /* it refuses a model without a price */
	tell_steps(&k.t, 1);
	asked(&k);
	would(&k, 0, "denied", 1);
	assert_string_equal(k.w.would.list[0].words, "nobody knows what that costs");
	close_conf(&k);

	open_purse(&k, ", deny_check: true");
	tell_steps(&k.t, 1);
	asked(&k);
	would(&k, 0, "denied", 1);
	assert_int_equal(k.w.turns.n, 0);
	close_conf(&k);
}

/* Rows of its own, in memory: the bound of the sum is held there. */
static void its_ledger_is_in_memory_and_bounded(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", bound: 2");
	tell_steps(&k.t, 4);
	asked(&k);
	assert_true(k.w.over);
	assert_int_equal(k.w.turns.n, 2);
	would(&k, 0, "denied", 9);
	assert_string_equal(k.w.would.list[0].words, "the limit would be passed");
	close_conf(&k);

	open_purse(&k, ", bound: 1, give_back: true");
	tell_steps(&k.t, 4);
	asked(&k);
	assert_true(whatif_same(&k.w));
	close_conf(&k);
}

static void a_soft_limit_is_told_once(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", soft_at: 2");
	tell_steps(&k.t, 4);
	asked(&k);
	assert_int_equal(k.w.would.n, 1);
	would(&k, 0, "soft", 5);
	assert_int_equal(k.w.r.state.soft_count, 1);
	assert_false(whatif_same(&k.w));
	close_conf(&k);
}

static void a_recorded_refusal_is_asked_for_again(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", deny_at: 2");
	tell_steps(&k.t, 1);
	tell(&k.t, EXS_FACT_BUDGET_DENIED, "old", NULL, NULL, "{\"text\":\"no\"}");
	tell(&k.t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"denied\",\"reason\":\"budget\",\"output\":\"\",\"error\":\"no\"}");
	asked(&k);
	assert_true(whatif_same(&k.w));
	assert_true(k.w.over);
	close_conf(&k);

	open_purse(&k, "");
	tell_steps(&k.t, 1);
	tell(&k.t, EXS_FACT_BUDGET_DENIED, "old", NULL, NULL, "{\"text\":\"no\"}");
	tell(&k.t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"denied\",\"reason\":\"budget\",\"output\":\"\",\"error\":\"no\"}");
	asked(&k);
	assert_string_equal(k.w.r.found.planned, "turn with one/a, try 1");
	assert_int_equal(k.w.would.n, 0);
	close_conf(&k);
}

static void a_run_in_several_attempts_has_a_purse_for_each(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", bound: 9");
	tell_turn_started(&k.t);
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false}");
	tell_steps(&k.t, 1);
	tellf(&k.t, EXS_FACT_RUN_PARKED, "{\"why\":\"shutdown\",\"text\":\"\"}");
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":true}");
	tell_failure(&k.t, "one/a", "denied", "permanent", 0);
	tell_ended(&k.t, "error");
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false,\"retry\":true}");
	tell_turn_started(&k.t);
	ask(&k);
	assert_int_equal(k.status, EXS_OK);
	assert_int_equal(k.w.would.n, 0);
	close_conf(&k);
}

static void a_budget_that_fails_is_named(void **state)
{
	static const char *const verbs[] = { "check", "start", "reserve", "settle", "commit" };
	char options[64];
	struct kit k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		snprintf(options, sizeof options, ", price: 1, fail: %s", verbs[i]);
		open_purse(&k, options);
		tell_done(&k.t);
		ask(&k);
		assert_non_null(strstr(k.w.err.text, "budget 'purse' cannot be asked"));
		close_conf(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_price_is_taken_and_the_old_one_kept_where_there_is_none),
		cmocka_unit_test(a_refusal_ends_it_before_the_turn),
		cmocka_unit_test(its_ledger_is_in_memory_and_bounded),
		cmocka_unit_test(a_soft_limit_is_told_once),
		cmocka_unit_test(a_recorded_refusal_is_asked_for_again),
		cmocka_unit_test(a_run_in_several_attempts_has_a_purse_for_each),
		cmocka_unit_test(a_budget_that_fails_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
