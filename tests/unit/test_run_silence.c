/* SPDX-License-Identifier: MIT */
/* test_run_silence.c - a checkpoint that fails and a store that does not answer: bounded, and
 * nothing is lost. */
#include <stdatomic.h>
#include <executus/helper.h>

#include "flaky_kit.h"

/* ---- a checkpoint that fails ---- */

static exs_checkpoint broken;
static exs_status (*real_append)(exs_ckpt *ckpt, const exs_fact *const *facts, uint64_t n,
				 exs_batch *batch, exs_err *err);
static _Atomic int append_fails;

static exs_status append(exs_ckpt *ckpt, const exs_fact *const *facts, uint64_t n, exs_batch *batch,
			 exs_err *err)
{
	if (atomic_load(&append_fails) > 0) {
		atomic_fetch_sub(&append_fails, 1);
		return exs_fail(err, EXS_TOOBIG, 0, "these facts do not fit");
	}
	return real_append(ckpt, facts, n, batch, err);
}

static void break_checkpoint(struct kit *k, int times)
{
	broken = *k->host->checkpoint->checkpoint;
	real_append = broken.append;
	broken.append = append;
	k->host->checkpoint->checkpoint = &broken;
	atomic_store(&append_fails, times);
}

static void facts_that_cannot_be_appended_wait_and_nothing_is_lost(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "unsafe", "", NULL);
	break_checkpoint(&k, 3);
	kit_run(&k, "go");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void a_checkpoint_that_fails_for_ever_parks_the_run(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "unsafe", "facts hold 2 1", "run: { storage_wait: 1s }\n");
	break_checkpoint(&k, 0);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "submit", 3); /* the owner's row and two of the run */
	atomic_store(&append_fails, 9999);
	kit_control(&k, "");
	assert_parked(&k);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "done");
	kit_close(&k);
}

/* What is on its way is not sent again because of what could not be made. */
static void a_batch_on_its_way_is_not_sent_twice(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - delay: 150ms\n    say: done\n", "facts hold 1 99", RELAXED);
	break_checkpoint(&k, 0);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "submit", 2);
	atomic_store(&append_fails, 2);
	assert_false(engine_wait(k.run, 500));
	assert_true(atomic_load(&append_fails) < 2);
	assert_int_equal(facts_batches(&k), 1);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "done");
	kit_close(&k);
}

/* ---- silence ---- */

static void a_reservation_that_is_never_answered_parks_the_run(void **state)
{
	const struct kit_extra extra = {
		"  purse: { so: budget.so, log: purse.log, bound: 1000000 }\n", "  budget: purse\n"
	};
	struct kit k;

	(void)state;
	kit_open_with(&k, "turns:\n  - say: hello\n", KIT_FLAKY, NULL, NULL, &extra);
	kit_control(&k, "other never 1 1");
	k.engine->store_wait_ms = 200;
	kit_start(&k, "go");
	assert_parked(&k);
	resume_after_restart(&k, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	kit_close(&k);
}

static void a_store_that_never_answers_parks_the_run(void **state)
{
	static const char *const orders[] = { "facts never 1 999", "facts never 2 999",
					      "facts never 3 1" };
	struct kit k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof orders / sizeof *orders; i++) {
		open_tool(&k, "keyed", orders[i], NULL);
		k.engine->store_wait_ms = 200;
		kit_start(&k, "go");
		assert_parked(&k);
		if (i > 0) {
			resume_after_restart(&k, "");
			assert_ends_ok(&k, "done");
			assert_true(kit_effects(&k, "keyed") >= 1);
		}
		kit_close(&k);
	}
}

static void an_answer_that_comes_too_late_finds_nobody(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "keyed", "facts hold 2 999", NULL);
	k.engine->store_wait_ms = 200;
	kit_start(&k, "go");
	assert_parked(&k);
	kit_control(&k, "");
	usleep(50000);
	assert_int_equal(kit_effects(&k, "keyed"), 0);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "keyed"), 1);
	kit_close(&k);
}

static void a_cancelled_run_does_not_wait_for_a_silent_store_for_ever(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - stall: forever\n", "facts never 2 999", NULL);
	k.engine->store_wait_ms = 300;
	kit_start(&k, "go");
	assert_false(engine_wait(k.run, 100));
	run_cancel(k.run, EXS_CAUSE_CALLER, "enough");
	assert_parked(&k);
	kit_close(&k);
}

static void the_engine_closes_though_the_store_is_silent(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: hello\n", KIT_FLAKY, NULL, "run: { lease: 200ms }\n");
	k.engine->store_wait_ms = 200;
	kit_control(&k, "beat never 1 1");
	usleep(200000);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_that_cannot_be_appended_wait_and_nothing_is_lost),
		cmocka_unit_test(a_checkpoint_that_fails_for_ever_parks_the_run),
		cmocka_unit_test(a_batch_on_its_way_is_not_sent_twice),
		cmocka_unit_test(a_reservation_that_is_never_answered_parks_the_run),
		cmocka_unit_test(a_store_that_never_answers_parks_the_run),
		cmocka_unit_test(an_answer_that_comes_too_late_finds_nobody),
		cmocka_unit_test(a_cancelled_run_does_not_wait_for_a_silent_store_for_ever),
		cmocka_unit_test(the_engine_closes_though_the_store_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
