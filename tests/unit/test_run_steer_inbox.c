/* SPDX-License-Identifier: MIT */
/* test_run_steer_inbox.c - messages to a run that another process carries, or nobody. */
#include "run_steer_kit.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/calls.h"

static const char quick[] = "run: { lease: 1s }\n";

static int inbox_rows(struct kit *k)
{
	return kit_rows(k, "k/inbox/");
}

/* ---- from another process ---- */

/* Another process carries a run of that script; this one opens the same folder once its first tool
 * ran. */
static pid_t carried_elsewhere(struct kit *k, const char *script,
			       void (*on_fact)(struct kit *, const exs_fact *), char id[ID_MAX])
{
	pid_t pid;

	kit_open(k, script, KIT_LMDB, agents, quick);
	kit_shut(k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(k);
		k->on_fact = on_fact;
		kit_run(k, "hi");
		_exit(k->result->status);
	}
	kit_wait_lines(k, "effects.log", "pure", 1);
	kit_reopen(k);
	kit_newest(k, id);
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void send(struct kit *k, const char *id, const char *kind, const char *text)
{
	exs_err err = EXS_ERR_INIT;

	if (engine_inbox(k->engine, id, kind, str_of(text), &err))
		fail_msg("%s", err.text);
}

static exs_status count_steered(void *arg, const exs_fact *fact)
{
	*(int *)arg += fact->kind == EXS_FACT_STEERED;
	return EXS_OK;
}

static int steered_facts(struct kit *k, const char *id)
{
	exs_err err = EXS_ERR_INIT;
	int n = 0;

	assert_int_equal(call_ckpt_load(k->host->checkpoint, id, count_steered, &n, &err), EXS_OK);
	return n;
}

static void assert_result(struct kit *k, const char *id, const char *output)
{
	exs_err err = EXS_ERR_INIT;

	if (kit_resume(k, id, &err))
		fail_msg("%s", err.text);
	assert_string_equal(k->result->output, output);
}

static void a_message_from_another_process_arrives_once(void **state)
{
	struct kit k;
	char id[ID_MAX];
	pid_t pid;

	(void)state;
	pid = carried_elsewhere(&k,
				"turns:\n"
				"  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
				"  - expect: ['^then right$']\n"
				"    calls: [{ tool: pure, args: { text: two, how: slow } }]\n"
				"  - say: done\n",
				NULL, id);
	send(&k, id, "steer", "first left");
	send(&k, id, "steer", "then right");
	assert_int_equal(status_of(pid), EXS_ENDED_OK);
	assert_int_equal(steered_facts(&k, id), 2);
	assert_int_equal(inbox_rows(&k), 0);
	assert_result(&k, id, "done");
	kit_close(&k);
}

static void more_than_the_carrier_takes_at_once_arrive_all_the_same(void **state)
{
	struct kit k;
	char id[ID_MAX], text[16];
	pid_t pid;
	int i;

	(void)state;
	pid = carried_elsewhere(&k,
				"turns:\n"
				"  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
				"  - calls: [{ tool: pure, args: { text: two, how: slow } }]\n"
				"  - calls: [{ tool: pure, args: { text: three, how: slow } }]\n"
				"  - say: done\n",
				NULL, id);
	for (i = 0; i < 100; i++) { /* more than 32 rows at once, more than 64 messages a turn */
		snprintf(text, sizeof text, "%d", i);
		send(&k, id, "steer", text);
	}
	assert_int_equal(status_of(pid), EXS_ENDED_OK);
	assert_int_equal(steered_facts(&k, id), 100);
	assert_int_equal(inbox_rows(&k), 0);
	assert_result(&k, id, "done");
	kit_close(&k);
}

static void another_process_cancels(void **state)
{
	struct kit k;
	char id[ID_MAX];
	pid_t pid;

	(void)state;
	pid = carried_elsewhere(&k,
				"turns:\n"
				"  - calls: [{ tool: pure, args: { text: one } }]\n"
				"  - stall: forever\n",
				NULL, id);
	send(&k, id, "cancel", "not needed any more");
	assert_int_equal(status_of(pid), EXS_ENDED_CANCELLED);
	assert_int_equal(inbox_rows(&k), 0);
	assert_result(&k, id, "");
	assert_string_equal(k.result->error, "not needed any more");
	kit_close(&k);
}

static void the_row_goes_with_its_fact(void **state)
{
	struct kit k;
	char id[ID_MAX];
	int status;
	pid_t pid;

	(void)state;
	pid = carried_elsewhere(&k,
				"turns:\n"
				"  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
				"  - expect: ['^remember me$']\n"
				"    say: done\n",
				die_when_steered, id);
	send(&k, id, "steer", "remember me");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(steered_facts(&k, id), 1);
	assert_int_equal(inbox_rows(&k), 0);
	assert_result(&k, id, "done");
	assert_int_equal(steered_facts(&k, id), 1);
	kit_close(&k);
}

/* ---- to a run that nobody carries ---- */

static void leave(struct kit *k, const char *script, char id[ID_MAX])
{
	kit_open(k, script, KIT_LMDB, agents, NULL);
	kit_start(k, "hi");
	assert_false(engine_wait(k->run, 100));
	engine_shutdown(k->engine);
	kit_wait(k);
	assert_int_equal(k->result->status, EXS_ENDED_INTERRUPTED);
	snprintf(id, ID_MAX, "%s", run_info(k->run)->run_id);
	kit_shut(k);
	kit_reopen(k);
}

static void one_that_is_left_hears_it_before_it_asks_the_model(void **state)
{
	struct kit k;
	char id[ID_MAX];

	(void)state;
	leave(&k, "turns:\n  - stall: 400ms\n", id);
	send(&k, id, "steer", "in the meantime");
	kit_script(&k, "turns:\n  - expect: ['^in the meantime$']\n    say: done\n");
	kit_shut(&k);
	kit_reopen(&k);
	assert_result(&k, id, "done");
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 1);
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_STARTED), 1);
	assert_int_equal(inbox_rows(&k), 0);
	kit_close(&k);
}

static void one_that_is_left_and_cancelled_asks_nobody_any_more(void **state)
{
	struct kit k;
	char id[ID_MAX];

	(void)state;
	leave(&k, "turns:\n  - stall: forever\n", id);
	send(&k, id, "cancel", "never mind");
	assert_result(&k, id, "");
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_string_equal(k.result->error, "never mind");
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_STARTED), 0);
	assert_int_equal(inbox_rows(&k), 0);
	kit_close(&k);
}

static void nobody_writes_to_a_run_that_has_ended_or_never_was(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: done\n", KIT_LMDB, agents, NULL);
	kit_run(&k, "hi");
	assert_int_equal(
		engine_inbox(k.engine, run_info(k.run)->run_id, "steer", str_of("x"), &err),
		EXS_NOTFOUND);
	assert_non_null(strstr(err.text, "has ended"));
	assert_int_equal(
		engine_inbox(k.engine, "01J00000000000000000000000", "steer", str_of("x"), &err),
		EXS_NOTFOUND);
	assert_int_equal(engine_inbox(k.engine, "../x", "steer", str_of("x"), &err), EXS_INVALID);
	assert_int_equal(
		engine_inbox(k.engine, run_info(k.run)->run_id, "steer", str_n("\xff", 1), &err),
		EXS_INVALID);
	assert_int_equal(inbox_rows(&k), 0);
	kit_close(&k);
	kit_open(&k, "turns:\n  - say: done\n", KIT_NONE, agents, NULL);
	assert_int_equal(
		engine_inbox(k.engine, "01J00000000000000000000000", "steer", str_of("x"), &err),
		EXS_UNSUPPORTED);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_from_another_process_arrives_once),
		cmocka_unit_test(more_than_the_carrier_takes_at_once_arrive_all_the_same),
		cmocka_unit_test(another_process_cancels),
		cmocka_unit_test(the_row_goes_with_its_fact),
		cmocka_unit_test(one_that_is_left_hears_it_before_it_asks_the_model),
		cmocka_unit_test(one_that_is_left_and_cancelled_asks_nobody_any_more),
		cmocka_unit_test(nobody_writes_to_a_run_that_has_ended_or_never_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
