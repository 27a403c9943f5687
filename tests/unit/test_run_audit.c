/* SPDX-License-Identifier: MIT */
/* test_run_audit.c - what audits see of a run, when, and what one that fails costs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/calls.h"
#include "support/run_kit.h"

#define SAYS "trail.log"

static const char one_tool[] = "turns:\n"
			       "  - calls: [{ tool: unsafe, args: { text: one } }]\n"
			       "  - say: done\n";

static void open_with_trail(struct kit *k, const char *script, enum kit_store store,
			    const char *options)
{
	char batteries[512];
	struct kit_extra extra = { batteries, "  audit: [trail]\n" };

	snprintf(batteries, sizeof batteries, "  trail: { so: audit.so, log: trail.log%s }\n",
		 options);
	kit_open_with(k, script, store, NULL, NULL, &extra);
}

struct found {
	char keys[64][128];
	int n;
};

static exs_status keep_key(void *arg, exs_str key, exs_str value)
{
	struct found *f = arg;

	(void)value;
	assert_true(f->n < 64 && key.n < sizeof f->keys[0]);
	memcpy(f->keys[f->n], key.p, key.n);
	f->keys[f->n++][key.n] = '\0';
	return EXS_OK;
}

static void rows(struct kit *k, const char *prefix, struct found *out)
{
	exs_err err = EXS_ERR_INIT;

	memset(out, 0, sizeof *out);
	assert_int_equal(call_store_scan(k->host->store, str_of(prefix), str_of(NULL), 0, keep_key,
					 out, &err),
			 EXS_OK);
}

/* start, each fact in its order, finish: and nothing else. */
static void assert_whole_trail(struct kit *k, const char *file)
{
	char line[512], want[48];
	int i, n = kit_lines(k, file, NULL);

	assert_int_equal(n, k->fact_n + 2);
	assert_true(kit_line(k, file, NULL, 0, line) && strncmp(line, "start ", 6) == 0);
	for (i = 0; i < k->fact_n; i++) {
		assert_true(kit_line(k, file, NULL, i + 1, line) &&
			    strncmp(line, "record ", 7) == 0);
		snprintf(want, sizeof want, " %d %d", i + 1, (int)k->facts[i].kind);
		assert_string_equal(line + strlen(line) - strlen(want), want);
	}
	assert_true(kit_line(k, file, NULL, n - 1, line) && strncmp(line, "finish ", 7) == 0);
}

static void sees_start_then_every_fact_then_finish(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_trail(&k, one_tool, store, "");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_whole_trail(&k, SAYS);
	kit_close(&k);
}

static void an_audit_outside_sees_the_same(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_trail(&k, one_tool, store, ", outside: true, rows: true");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_whole_trail(&k, SAYS);
	kit_close(&k);
}

static void has_one_row_for_each_fact_when_the_run_is_over(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct found f;
	struct kit k;
	char want[128];
	int i;

	open_with_trail(&k, one_tool, store, ", rows: true");
	kit_run(&k, "hi");
	rows(&k, "b/trail/", &f);
	assert_int_equal(f.n, k.fact_n);
	for (i = 0; i < f.n; i++) {
		snprintf(want, sizeof want, "b/trail/%s/%06d", run_info(k.run)->run_id, i + 1);
		assert_string_equal(f.keys[i], want);
	}
	kit_close(&k);
}

static void is_finished_once_when_the_run_is_cancelled(void **state)
{
	const char *options = *state;
	struct kit k;

	open_with_trail(&k, "turns:\n  - stall: forever\n", KIT_LMDB, options);
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	run_cancel(k.run, EXS_CAUSE_CALLER, "enough");
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_whole_trail(&k, SAYS);
	kit_close(&k);
}

static void a_run_that_goes_on_is_a_second_trail(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct kit k;
	char id[64], line[512];

	(void)state;
	open_with_trail(&k, "turns:\n  - stall: 200ms\n    say: done\n", KIT_LMDB, "");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	engine_shutdown(k.engine);
	kit_wait(&k);
	snprintf(id, sizeof id, "%s", run_info(k.run)->run_id);
	kit_shut(&k);
	kit_reopen(&k);
	if (kit_resume(&k, id, &err))
		fail_msg("%s", err.text);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "finish"), 2);
	assert_true(kit_line(&k, SAYS, "start", 1, line));
	assert_string_equal(strrchr(line, ' '), " 2");
	kit_close(&k);
}

static void one_that_wants_no_run_sees_none(void **state)
{
	struct kit k;

	(void)state;
	open_with_trail(&k, one_tool, KIT_LMDB, ", deaf: true");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, NULL), 1);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 0);
	kit_close(&k);
}

/* ---- one that fails ---- */

static void one_that_does_not_start_is_told_and_left_out(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_trail(&k, one_tool, store, ", fail_start: true");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_string_equal(kit_fact(&k, EXS_FACT_PORT_FAILED, 0)->name, "trail");
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "\"port\":\"audit\""));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "the book does not open"));
	assert_int_equal(kit_lines(&k, SAYS, "record"), 0);
	assert_int_equal(kit_lines(&k, SAYS, "finish"), 0);
	kit_close(&k);
}

static void no_row_of_a_failing_call_is_kept_and_the_others_are(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit_extra extra = { "  bad: { so: audit.so, log: bad.log, rows: true, fail_at: 3 }\n"
				   "  good: { so: audit.so, log: good.log, rows: true }\n",
				   "  audit: [bad, good]\n" };
	struct found bad, good;
	struct kit k;

	kit_open_with(&k, one_tool, store, NULL, NULL, &extra);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_string_equal(kit_fact(&k, EXS_FACT_PORT_FAILED, 0)->name, "bad");
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "the pen broke"));
	assert_int_equal(kit_lines(&k, "bad.log", "record"), 3);
	assert_int_equal(kit_lines(&k, "bad.log", "finish"), 1);
	assert_whole_trail(&k, "good.log");
	if (store != KIT_NONE) {
		rows(&k, "b/bad/", &bad);
		rows(&k, "b/good/", &good);
		assert_int_equal(bad.n, 2);
		assert_int_equal(good.n, k.fact_n);
	}
	kit_close(&k);
}

static void one_outside_that_fails_is_told_and_left_out(void **state)
{
	struct kit k;

	(void)state;
	open_with_trail(&k, one_tool, KIT_LMDB, ", outside: true, fail_at: 2");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_int_equal(kit_lines(&k, SAYS, "record"), 2);
	assert_int_equal(kit_lines(&k, SAYS, "finish"), 1);
	kit_close(&k);
}

static void one_that_fails_for_three_runs_rests_and_its_trails_are_closed(void **state)
{
	struct run *runs[3];
	struct kit k;
	size_t i;

	(void)state;
	open_with_trail(&k, "turns:\n  - stall: 400ms\n    say: done\n", KIT_MEMORY,
			", fail_at: 3");
	for (i = 0; i < 3; i++) { /* all three have begun well when the first fails */
		struct run_spec spec = { .agent = k.conf->run.agent, .caller = "someone",
					 .channel = "test", .input = str_of("hi"),
					 .durability = CONF_STRICT };
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(engine_start(k.engine, &spec, NULL, &runs[i], &err), EXS_OK);
	}
	for (i = 0; i < 3; i++) {
		assert_true(engine_wait(runs[i], 30000));
		assert_int_equal(run_result(runs[i])->status, EXS_ENDED_OK);
		run_drop(runs[i]);
	}
	assert_int_equal(kit_lines(&k, SAYS, "finish"), 3);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "rests after 3 failures"));
	assert_int_equal(kit_lines(&k, SAYS, "start"), 3);
	kit_close(&k);
}

static void a_failure_at_the_end_changes_nothing(void **state)
{
	const char *options = *state;
	struct kit k;

	open_with_trail(&k, "turns:\n  - say: done\n", KIT_LMDB, options);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done");
	assert_int_equal(k.facts[k.fact_n - 1].kind, EXS_FACT_RUN_ENDED);
	assert_int_equal(kit_lines(&k, SAYS, "finish"), 1);
	kit_close(&k);
}

/* ---- when it sees them ---- */

static exs_status keep_kind(void *arg, const exs_fact *fact)
{
	((int *)arg)[fact->kind]++;
	return EXS_OK;
}

/* Dies in the audit at its first call_started; what does the store know then? */
static void stored_when_it_died(const char *options, int kinds[EXS_FACT_MAX + 1])
{
	exs_err err = EXS_ERR_INIT;
	struct found f;
	struct kit k;
	int status;
	pid_t pid;

	open_with_trail(&k, one_tool, KIT_LMDB, options);
	kit_shut(&k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(&k);
		kit_run(&k, "hi");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kit_reopen(&k);
	rows(&k, "k/head/", &f);
	assert_int_equal(f.n, 1);
	memset(kinds, 0, (EXS_FACT_MAX + 1) * sizeof *kinds);
	assert_int_equal(call_ckpt_load(k.host->checkpoint, f.keys[0] + strlen("k/head/"),
					keep_kind, kinds, &err),
			 EXS_OK);
	kit_close(&k);
}

static void one_outside_sees_a_fact_only_once_it_is_durable(void **state)
{
	int kinds[EXS_FACT_MAX + 1];
	char options[64];

	(void)state;
	snprintf(options, sizeof options, ", outside: true, die_at: %d",
		 (int)EXS_FACT_CALL_STARTED);
	stored_when_it_died(options, kinds);
	assert_int_equal(kinds[EXS_FACT_CALL_STARTED], 1);
}

static void one_inside_sees_a_fact_before_it_is_durable(void **state)
{
	int kinds[EXS_FACT_MAX + 1];
	char options[64];

	(void)state;
	snprintf(options, sizeof options, ", die_at: %d", (int)EXS_FACT_CALL_STARTED);
	stored_when_it_died(options, kinds);
	assert_int_equal(kinds[EXS_FACT_RUN_STARTED], 1);
	assert_int_equal(kinds[EXS_FACT_CALL_STARTED], 0);
}

int main(void)
{
	static enum kit_store none = KIT_NONE, memory = KIT_MEMORY, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(sees_start_then_every_fact_then_finish, &none),
		cmocka_unit_test_prestate(sees_start_then_every_fact_then_finish, &lmdb),
		cmocka_unit_test_prestate(an_audit_outside_sees_the_same, &none),
		cmocka_unit_test_prestate(an_audit_outside_sees_the_same, &lmdb),
		cmocka_unit_test_prestate(has_one_row_for_each_fact_when_the_run_is_over, &memory),
		cmocka_unit_test_prestate(has_one_row_for_each_fact_when_the_run_is_over, &lmdb),
		cmocka_unit_test_prestate(is_finished_once_when_the_run_is_cancelled,
					  (void *)(uintptr_t) ""),
		cmocka_unit_test_prestate(is_finished_once_when_the_run_is_cancelled,
					  (void *)(uintptr_t) ", outside: true"),
		cmocka_unit_test(a_run_that_goes_on_is_a_second_trail),
		cmocka_unit_test(one_that_wants_no_run_sees_none),
		cmocka_unit_test_prestate(one_that_does_not_start_is_told_and_left_out, &none),
		cmocka_unit_test_prestate(one_that_does_not_start_is_told_and_left_out, &lmdb),
		cmocka_unit_test_prestate(no_row_of_a_failing_call_is_kept_and_the_others_are,
					  &none),
		cmocka_unit_test_prestate(no_row_of_a_failing_call_is_kept_and_the_others_are,
					  &memory),
		cmocka_unit_test_prestate(no_row_of_a_failing_call_is_kept_and_the_others_are,
					  &lmdb),
		cmocka_unit_test(one_outside_that_fails_is_told_and_left_out),
		cmocka_unit_test(one_that_fails_for_three_runs_rests_and_its_trails_are_closed),
		cmocka_unit_test_prestate(a_failure_at_the_end_changes_nothing,
					  (void *)(uintptr_t) ", fail_finish: true"),
		cmocka_unit_test_prestate(a_failure_at_the_end_changes_nothing,
					  (void *)(uintptr_t) ", fail_at: 4"),
		cmocka_unit_test_prestate(a_failure_at_the_end_changes_nothing,
					  (void *)(uintptr_t) ", outside: true, fail_at: 4"),
		cmocka_unit_test(one_outside_sees_a_fact_only_once_it_is_durable),
		cmocka_unit_test(one_inside_sees_a_fact_before_it_is_durable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
