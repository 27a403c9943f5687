/* SPDX-License-Identifier: MIT */
/* test_run_storage.c - what waits for the disk, and a log without holes when the store is in
 * trouble. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/helper.h>

#include "base/text.h"
#include "host/calls.h"
#include "run/engine_priv.h"
#include "support/run_kit.h"

#define HELD_MS	  150 /* long enough to do what must not be done */
#define BATCHES	  256
#define RELAXED	  "run: { durability: relaxed }\n"
#define TOOL_THEN "turns:\n  - calls: [{ tool: %s, args: { text: it } }]\n  - say: done\n"

/* ---- the log of the store ---- */

struct line {
	bool submit; /* else an answer */
	long number;
	char what[16], ops[80], print[32], before[160], after[160];
	int status;
	long long before_seq, after_seq;
};

static long long seq_of(const char *head)
{
	const char *p = strstr(head, "\"seq\":");

	return p ? atoll(p + 6) : 0;
}

/* Lines of the log in their order, tools' lines left out; their number. */
static int read_log(struct kit *k, struct line out[BATCHES])
{
	char path[128], text[1024];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof path, "%s/effects.log", k->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	while (n < BATCHES && fgets(text, sizeof text, f)) {
		struct line *l = &out[n];

		memset(l, 0, sizeof *l);
		if (sscanf(text, "submit %ld %15s %79s %31s %159s %159s", &l->number, l->what,
			   l->ops, l->print, l->before, l->after) == 6) {
			l->submit = true;
			l->before_seq = seq_of(l->before);
			l->after_seq = seq_of(l->after);
			n++;
		} else if (sscanf(text, "answer %ld %d", &l->number, &l->status) == 2) {
			n++;
		}
	}
	fclose(f);
	return n;
}

/* The answer to the batch of a line, or -1. A store that was opened again counts from 1. */
static int answered(const struct line *log, int n, int line)
{
	int i;

	for (i = line + 1; i < n && !(log[i].submit && log[i].number <= log[line].number); i++)
		if (!log[i].submit && log[i].number == log[line].number)
			return log[i].status;
	return -1;
}

/* Every facts batch begins with the one check there is in it and follows the one before; what is in
 * is in once. */
static void assert_no_hole(struct kit *k)
{
	static struct line log[BATCHES];
	int n = read_log(k, log), i;
	char head[160] = "-";
	long long seq = 0;

	for (i = 0; i < n; i++) {
		const struct line *l = &log[i];

		if (!l->submit || strcmp(l->what, "facts") != 0)
			continue;
		assert_int_equal(l->ops[0], 'C');
		assert_null(strchr(l->ops + 1, 'C'));
		assert_true(l->after_seq > l->before_seq);
		if (answered(log, n, i) != EXS_OK)
			continue;
		assert_string_equal(l->before, head);
		assert_int_equal(l->before_seq, seq);
		snprintf(head, sizeof head, "%s", l->after);
		seq = l->after_seq;
	}
	assert_true(seq > 0);
}

static int facts_batches(struct kit *k)
{
	static struct line log[BATCHES];
	int n = read_log(k, log), i, count = 0;

	for (i = 0; i < n; i++)
		count += log[i].submit && strcmp(log[i].what, "facts") == 0;
	return count;
}

/* ---- helpers ---- */

static void open_flaky(struct kit *k, const char *script, const char *order, const char *more)
{
	kit_open(k, script, KIT_FLAKY, NULL, more);
	kit_control(k, order);
}

static void open_tool(struct kit *k, const char *tool, const char *order, const char *more)
{
	char script[256];

	snprintf(script, sizeof script, TOOL_THEN, tool);
	open_flaky(k, script, order, more);
}

static void assert_held(struct kit *k)
{
	assert_false(engine_wait(k->run, HELD_MS));
}

static void assert_ends_ok(struct kit *k, const char *output)
{
	kit_wait(k);
	if (k->result->status != EXS_ENDED_OK)
		fail_msg("%d %s: %s", (int)k->result->status, k->result->reason, k->result->error);
	assert_string_equal(k->result->output, output);
	assert_no_hole(k);
}

static void assert_parked(struct kit *k)
{
	kit_wait(k);
	assert_int_equal(k->result->status, EXS_ENDED_PARKED);
	assert_string_equal(k->result->reason, "storage");
	assert_int_equal(kit_count(k, EXS_FACT_RUN_ENDED), 0);
}

static void resume_after_restart(struct kit *k, const char *order)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];

	snprintf(id, sizeof id, "%s", run_info(k->run)->run_id);
	kit_control(k, order);
	kit_shut(k);
	kit_reopen(k);
	if (kit_resume(k, id, &err))
		fail_msg("%s", err.text);
}

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
		open_tool(&k, "unsafe", order, NULL);
		kit_start(&k, "go");
		assert_parked(&k);
		assert_int_equal(facts_batches(&k), 2 + STORAGE_TRIES);
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
	open_flaky(&k, "turns:\n  - say: hello\n", "facts io 2 999", NULL);
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
	open_tool(&k, "pure", "facts io 1 999", NULL);
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

/* ---- a checkpoint that fails ---- */

static exs_checkpoint broken;
static exs_status (*real_append)(exs_self *self, exs_ckpt *ckpt, const exs_fact *const *facts,
				 uint64_t n, exs_batch *batch, exs_err *err);
static _Atomic int append_fails;

static exs_status append(exs_self *self, exs_ckpt *ckpt, const exs_fact *const *facts, uint64_t n,
			 exs_batch *batch, exs_err *err)
{
	if (atomic_load(&append_fails) > 0) {
		atomic_fetch_sub(&append_fails, 1);
		return exs_fail(err, EXS_TOOBIG, 0, "these facts do not fit");
	}
	return real_append(self, ckpt, facts, n, batch, err);
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
	open_tool(&k, "unsafe", "facts hold 2 1", NULL);
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
	open_tool(&k, "pure", "facts hold 1 99", RELAXED);
	break_checkpoint(&k, 0);
	kit_start(&k, "go");
	kit_wait_lines(&k, "effects.log", "submit", 2);
	atomic_store(&append_fails, 2);
	assert_false(engine_wait(k.run, 500) && k.result);
	assert_int_equal(facts_batches(&k), 1);
	resume_after_restart(&k, "");
	assert_ends_ok(&k, "done");
	kit_close(&k);
}

/* ---- silence ---- */

static void a_reservation_that_is_never_answered_parks_the_run(void **state)
{
	const struct kit_extra extra = { "  purse: { so: budget.so, log: purse.log }\n",
					 "  budget: purse\n" };
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
		cmocka_unit_test(the_model_is_not_asked_before_the_run_is_durable),
		cmocka_unit_test(a_relaxed_run_asks_the_model_at_once),
		cmocka_unit_test(only_a_pure_call_goes_before_its_start_is_durable),
		cmocka_unit_test(the_result_is_not_told_before_the_end_is_durable),
		cmocka_unit_test(a_relaxed_run_tells_its_result_and_stays_until_it_is_durable),
		cmocka_unit_test(a_relaxed_run_whose_end_cannot_be_stored_goes_on_later),
		cmocka_unit_test(at_most_two_turns_are_ahead_of_the_disk),
		cmocka_unit_test(durability_none_stores_no_fact),
		cmocka_unit_test(refused_batches_are_sent_again_in_order_with_the_same_bytes),
		cmocka_unit_test(every_single_refusal_is_overcome),
		cmocka_unit_test(a_batch_behind_one_that_was_taken_unsaid_is_recognised_too),
		cmocka_unit_test(nothing_starts_while_the_storage_fails),
		cmocka_unit_test(slow_answers_change_nothing),
		cmocka_unit_test(a_store_that_refuses_for_ever_parks_the_run_and_resume_ends_it),
		cmocka_unit_test(an_end_that_cannot_be_stored_is_told_to_nobody),
		cmocka_unit_test(a_run_that_was_never_stored_leaves_nothing),
		cmocka_unit_test(a_conflict_that_cannot_be_looked_into_is_storage_trouble),
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
