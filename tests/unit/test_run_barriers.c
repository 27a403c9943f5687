/* SPDX-License-Identifier: MIT */
/* test_run_barriers.c - nothing leaves the process before the facts that it rests on are durable.
 */
#include "flaky_kit.h"

/* ---- barriers ---- */

static void the_model_is_not_asked_before_the_run_is_durable(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "pure", "facts hold 1 1", NULL);
	kit_start(&k, "go");
	assert_held(&k);
	assert_int_equal(kit_effects(&k, "pure"), 0);
	assert_int_equal(k.fact_n, 0);
	kit_control(&k, "");
	assert_ends_ok(&k, "done");
	kit_close(&k);
}

static void a_relaxed_run_asks_the_model_at_once(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "pure", "facts hold 1 1", RELAXED);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "pure", 1);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "done");
	kit_close(&k);
}

static void only_a_pure_call_goes_before_its_start_is_durable(void **state)
{
	static const char *const tools[] = { "idempotent", "keyed", "reconcilable", "unsafe" };
	char script[256];
	struct kit k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof tools / sizeof *tools; i++) {
		snprintf(script, sizeof script,
			 "turns:\n"
			 "  - calls: [{ tool: %s, args: { text: it } }, { tool: pure, args: { "
			 "text: it } }]\n"
			 "  - say: done\n",
			 tools[i]);
		/* A relaxed run may have come that far with its first batch. */
		open_flaky(&k, script, i % 2 ? "facts hold 1 99" : "facts hold 2 99",
			   i % 2 ? RELAXED : NULL);
		kit_start(&k, "go");
		kit_wait_lines(&k, "effects.log", "pure", 1);
		assert_held(&k);
		assert_int_equal(kit_effects(&k, tools[i]), 0);
		resume_after_restart(&k, "");
		assert_ends_ok(&k, "done");
		assert_int_equal(kit_effects(&k, tools[i]), 1);
		kit_close(&k);
	}
}

static void the_result_is_not_told_before_the_end_is_durable(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - say: hello\n", "facts hold 2 99", NULL);
	kit_start(&k, "go");
	assert_held(&k);
	assert_int_equal(kit_count(&k, EXS_FACT_RUN_ENDED), 0);
	kit_control(&k, "");
	assert_ends_ok(&k, "hello");
	assert_int_equal(kit_count(&k, EXS_FACT_RUN_ENDED), 1);
	kit_close(&k);
}

static void a_relaxed_run_tells_its_result_and_stays_until_it_is_durable(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - say: hello\n", "facts hold 1 99", RELAXED);
	kit_start(&k, "go");
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "hello");
	assert_int_equal(kit_count(&k, EXS_FACT_RUN_ENDED), 0);
	kit_control(&k, "");
	resume_after_restart(&k, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "hello");
	assert_int_equal(k.result->attempt, 1);
	assert_no_hole(&k);
	kit_close(&k);
}

static void a_relaxed_run_whose_end_cannot_be_stored_goes_on_later(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - say: hello\n", "facts hold 1 99", RELAXED);
	k.engine->store_wait_ms = 300;
	kit_start(&k, "go");
	kit_wait(&k);
	assert_string_equal(k.result->output, "hello");
	usleep(400000);
	resume_after_restart(&k, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "hello");
	assert_no_hole(&k);
	kit_close(&k);
}

static void at_most_two_turns_are_ahead_of_the_disk(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k,
		   "turns:\n"
		   "  - calls: [{ tool: pure, args: { text: one } }]\n"
		   "  - calls: [{ tool: pure, args: { text: two } }]\n"
		   "  - calls: [{ tool: pure, args: { text: three } }]\n"
		   "  - say: done\n",
		   "facts hold 2 99", NULL);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "pure", 2);
	assert_held(&k);
	assert_int_equal(kit_effects(&k, "pure"), 2);
	kit_control(&k, "");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "pure"), 3);
	kit_close(&k);
}

static void durability_none_stores_no_fact(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "unsafe", "", "run: { durability: none }\n");
	kit_run(&k, "go");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(facts_batches(&k), 0);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_is_not_asked_before_the_run_is_durable),
		cmocka_unit_test(a_relaxed_run_asks_the_model_at_once),
		cmocka_unit_test(only_a_pure_call_goes_before_its_start_is_durable),
		cmocka_unit_test(the_result_is_not_told_before_the_end_is_durable),
		cmocka_unit_test(a_relaxed_run_tells_its_result_and_stays_until_it_is_durable),
		cmocka_unit_test(a_relaxed_run_whose_end_cannot_be_stored_goes_on_later),
		cmocka_unit_test(at_most_two_turns_are_ahead_of_the_disk),
		cmocka_unit_test(durability_none_stores_no_fact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
