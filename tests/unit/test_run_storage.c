/* SPDX-License-Identifier: MIT */
/* test_run_storage.c - a log without holes when the store refuses for a while or for ever. */
#include "base/clock.h"
#include "flaky_kit.h"

#define BRIEF "run: { storage_wait: 1s }\n"

/* ---- trouble for a while ---- */

static void refused_batches_are_sent_again_in_order_with_the_same_bytes(void **state)
{
	static struct line log[BATCHES];
	struct kit k;
	int n, i, j, again = 0;

	(void)state;
	open_tool(&k, "unsafe", "facts io 2 3", NULL);
	kit_run(&k, "go");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	n = read_log(&k, log);
	for (i = 0; i < n; i++) {
		if (!log[i].submit || answered(log, n, i) != EXS_IO)
			continue;
		for (j = i + 1; j < n && !(log[j].submit && log[j].before_seq == log[i].before_seq);
		     j++)
			;
		assert_true(j < n);
		assert_string_equal(log[i].print, log[j].print);
		again++;
	}
	assert_int_equal(again, 3);
	kit_close(&k);
}

static void every_single_refusal_is_overcome(void **state)
{
	static const char *const modes[] = {
		"io", "in", "conflict", "in_conflict", "full", "twice"
	};
	char order[64];
	struct kit k;
	size_t m;
	int at;

	(void)state;
	for (m = 0; m < sizeof modes / sizeof *modes; m++)
		for (at = 1; at <= 4; at++) {
			snprintf(order, sizeof order, "facts %s %d 1", modes[m], at);
			open_tool(&k, "keyed", order, NULL);
			kit_run(&k, "go");
			if (k.result->status != EXS_ENDED_OK)
				fail_msg("%s: %s: %s", order, k.result->reason, k.result->error);
			assert_int_equal(kit_effects(&k, "keyed"), 1);
			assert_int_equal(kit_count(&k, EXS_FACT_RUN_STARTED), 1);
			assert_int_equal(kit_count(&k, EXS_FACT_TURN_ENDED), 2);
			assert_int_equal(kit_count(&k, EXS_FACT_RUN_ENDED), 1);
			resume_after_restart(&k, "");
			assert_string_equal(k.result->output, "done");
			kit_close(&k);
		}
}

/* Two batches are on their way; both are taken, and both are said to be not. */
static void a_batch_behind_one_that_was_taken_unsaid_is_recognised_too(void **state)
{
	static const char *const modes[] = { "in", "in_conflict" };
	char order[64];
	struct kit k;
	size_t m;
	int n;

	(void)state;
	for (m = 0; m < 2; m++)
		for (n = 1; n <= 3; n++) {
			open_flaky(&k,
				   "turns:\n"
				   "  - calls: [{ tool: pure, args: { text: one } }]\n"
				   "  - calls: [{ tool: pure, args: { text: two } }]\n"
				   "  - say: done\n",
				   "facts delay 1 99 60", NULL);
			kit_start(&k, "go");
			kit_wait_lines(&k, "effects.log", "pure", 1);
			snprintf(order, sizeof order, "facts %s 1 %d", modes[m], n);
			kit_control(&k, order);
			kit_wait(&k);
			if (k.result->status != EXS_ENDED_OK)
				fail_msg("%s: %s: %s", order, k.result->reason, k.result->error);
			assert_int_equal(kit_count(&k, EXS_FACT_TURN_ENDED), 3);
			kit_close(&k);
		}
}

static void nothing_starts_while_the_storage_fails(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k,
		   "turns:\n"
		   "  - calls: [{ tool: pure, args: { text: one } }]\n"
		   "  - calls: [{ tool: pure, args: { text: two } }, { tool: unsafe, args: { text: "
		   "x } }]\n"
		   "  - say: done\n",
		   "facts io 2 99", NULL);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "pure", 1);
	assert_false(engine_wait(k.run, 500));
	assert_true(kit_effects(&k, "pure") <=
		    2); /* the turn under way ends, its call may have begun */
	assert_int_equal(kit_effects(&k, "unsafe"), 0);
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_ENDED), 0);
	kit_control(&k, "");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void slow_answers_change_nothing(void **state)
{
	struct kit k;

	(void)state;
	open_tool(&k, "unsafe", "all delay 1 999 20", NULL);
	kit_run(&k, "go");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

/* ---- no room but for ends ---- */

#define TWO_CALLS                                                                                  \
	"turns:\n"                                                                                 \
	"  - calls: [{ tool: unsafe, args: { text: one, how: slow } }]\n"                            \
	"  - calls: [{ tool: unsafe, args: { text: two } }]\n"                                     \
	"  - say: done\n"

static void what_was_begun_ends_where_nothing_can_begin(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k,
		   "turns:\n"
		   "  - calls: [{ tool: unsafe, args: { text: it, how: slow } }]\n"
		   "  - say: done\n",
		   "", NULL);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "unsafe", 1);
	kit_control(&k, "facts ends 1 999");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void a_call_that_ended_is_stored_where_the_next_cannot_begin(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, TWO_CALLS, "", BRIEF);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "unsafe", 1);
	kit_control(&k, "facts ends 1 999");
	assert_parked(&k);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "done");
	assert_int_equal(kit_effects(&k, "unsafe"), 2);
	kit_close(&k);
}

static void a_run_that_may_not_go_on_can_still_be_ended(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, TWO_CALLS, "", NULL);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "unsafe", 1);
	kit_control(&k, "facts ends 1 999");
	usleep(2500000); /* the start of the second call was refused */
	run_cancel(k.run, EXS_CAUSE_CALLER, "enough");
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_int_equal(kit_count(&k, EXS_FACT_RUN_ENDED), 1);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void nothing_begins_in_the_room_for_ends(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - say: hello\n", "facts ends 1 999", BRIEF);
	kit_start(&k, "go");
	assert_parked(&k);
	assert_int_equal(k.fact_n, 0);
	kit_close(&k);
}

/* ---- trouble for a long while ---- */

static void a_run_goes_on_by_itself_when_the_store_takes_its_facts_again(void **state)
{
	int64_t since;
	struct kit k;

	(void)state;
	open_tool(&k, "unsafe", "all full 2 9999", NULL);
	kit_start(&k, "go");
	assert_false(engine_wait(k.run, 9000));
	assert_int_equal(kit_effects(&k, "unsafe"), 0);
	kit_control(&k, "");
	since = clock_mono_ms();
	assert_ends_ok(&k, "done");
	assert_true(clock_mono_ms() - since < 5000);
	assert_int_equal(k.result->attempt, 1);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void whoever_stops_a_run_that_waits_does_not_wait_with_it(void **state)
{
	int64_t since;
	struct kit k;

	(void)state;
	open_tool(&k, "unsafe", "facts full 2 9999", "run: { storage_wait: 1h }\n");
	kit_start(&k, "go");
	assert_false(engine_wait(k.run, 1000));
	since = clock_mono_ms();
	engine_shutdown(k.engine);
	assert_parked(&k);
	assert_true(clock_mono_ms() - since < CLEANUP_MS + 2 * STORAGE_PAUSE_MAX_MS);
	kit_close(&k);
}

/* ---- trouble for ever ---- */

static void a_store_that_refuses_for_ever_parks_the_run_and_resume_ends_it(void **state)
{
	static const char *const modes[] = { "io", "full" };
	char order[64];
	struct kit k;
	size_t m;

	(void)state;
	for (m = 0; m < 2; m++) {
		snprintf(order, sizeof order, "facts %s 2 999", modes[m]);
		open_tool(&k, "unsafe", order, BRIEF);
		kit_start(&k, "go");
		assert_parked(&k);
		/* At 100, 300, 700 ms, and once more when the time is over. */
		assert_int_equal(facts_batches(&k), 2 + 4);
		assert_int_equal(kit_effects(&k, "unsafe"), 0);
		resume_after_restart(&k, "");
		assert_ends_ok(&k, "done");
		assert_int_equal(k.result->attempt, 2);
		assert_int_equal(kit_effects(&k, "unsafe"), 1);
		kit_close(&k);
	}
}

static void an_end_that_cannot_be_stored_is_told_to_nobody(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - say: hello\n", "facts io 2 999", BRIEF);
	kit_start(&k, "go");
	assert_parked(&k);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "hello");
	kit_close(&k);
}

static void a_run_that_was_never_stored_leaves_nothing(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	open_tool(&k, "pure", "facts io 1 999", BRIEF);
	kit_start(&k, "go");
	assert_parked(&k);
	assert_int_equal(kit_effects(&k, "pure"), 0);
	assert_int_equal(k.fact_n, 0);
	snprintf(id, sizeof id, "%s", run_info(k.run)->run_id);
	assert_int_equal(kit_resume(&k, id, &err), EXS_NOTFOUND);
	kit_close(&k);
}

static void a_conflict_that_cannot_be_looked_into_is_storage_trouble(void **state)
{
	struct kit k;

	(void)state;
	open_flaky(&k, "turns:\n  - say: hello\n", "facts in_conflict 2 1", NULL);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "submit", 2);
	kit_control(&k, "get io 1 1");
	usleep(200000);
	kit_control(&k, "");
	assert_ends_ok(&k, "hello");
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_batches_are_sent_again_in_order_with_the_same_bytes),
		cmocka_unit_test(every_single_refusal_is_overcome),
		cmocka_unit_test(a_batch_behind_one_that_was_taken_unsaid_is_recognised_too),
		cmocka_unit_test(nothing_starts_while_the_storage_fails),
		cmocka_unit_test(slow_answers_change_nothing),
		cmocka_unit_test(what_was_begun_ends_where_nothing_can_begin),
		cmocka_unit_test(a_call_that_ended_is_stored_where_the_next_cannot_begin),
		cmocka_unit_test(a_run_that_may_not_go_on_can_still_be_ended),
		cmocka_unit_test(nothing_begins_in_the_room_for_ends),
		cmocka_unit_test(a_run_goes_on_by_itself_when_the_store_takes_its_facts_again),
		cmocka_unit_test(whoever_stops_a_run_that_waits_does_not_wait_with_it),
		cmocka_unit_test(a_store_that_refuses_for_ever_parks_the_run_and_resume_ends_it),
		cmocka_unit_test(an_end_that_cannot_be_stored_is_told_to_nobody),
		cmocka_unit_test(a_run_that_was_never_stored_leaves_nothing),
		cmocka_unit_test(a_conflict_that_cannot_be_looked_into_is_storage_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
