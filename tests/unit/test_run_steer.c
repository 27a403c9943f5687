/* SPDX-License-Identifier: MIT */
/* test_run_steer.c - messages to a run: from this process, from another one, and to a run that
 * nobody carries. */
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

#include "base/ids.h"
#include "base/text.h"
#include "host/calls.h"
#include "support/run_kit.h"

static const char agents[] = "agents:\n  t: { tools: [pure], max_runtime: 25s }\n";
static const char quick[] = "run: { lease: 1s }\n";

static exs_status steer(struct kit *k, const char *text)
{
	const exs_run_svc *svc = &k->host->run_pub;

	return svc->steer(svc, run_info(k->run)->run, str_of(text));
}

static exs_status count_row(void *arg, exs_str key, exs_str value)
{
	(void)key;
	(void)value;
	++*(int *)arg;
	return EXS_OK;
}

static int inbox_rows(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	int n = 0;

	assert_int_equal(call_store_scan(k->host->store, str_of("k/inbox/"), str_of(NULL), 0,
					 count_row, &n, &err),
			 EXS_OK);
	return n;
}

static exs_status first_id(void *arg, exs_str head)
{
	char *out = arg;
	const char *p = memmem(head.p, head.n, "\"run\":\"", 7);

	if (p && !out[0])
		snprintf(out, ID_MAX, "%.26s", p + 7);
	return EXS_OK;
}

static void newest_run(struct kit *k, char out[ID_MAX])
{
	exs_err err = EXS_ERR_INIT;

	out[0] = '\0';
	assert_int_equal(call_ckpt_list(k->host->checkpoint, 0, first_id, out, &err), EXS_OK);
	assert_true(out[0] != '\0');
}

static void assert_messages(struct kit *k, int turn, int messages)
{
	char want[32];

	snprintf(want, sizeof want, "\"messages\":%d,", messages);
	assert_true(kit_body_has(kit_fact(k, EXS_FACT_TURN_STARTED, turn), want));
}

/* ---- in this process ---- */

static void while_a_tool_runs_it_is_a_message_of_the_next_turn_once(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
		 "  - expect: ['^look left$']\n"
		 "    calls: [{ tool: pure, args: { text: two } }]\n"
		 "  - expect: ['wrote two']\n"
		 "    say: done\n",
		 store, agents, NULL);
	kit_start(&k, "hi");
	kit_wait_lines(&k, "effects.log", "pure", 1);
	assert_int_equal(steer(&k, "look left"), EXS_OK);
	kit_wait(&k);
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_STEERED, 0), "look left"));
	assert_messages(&k, 0, 1);
	assert_messages(&k, 1, 4);
	assert_messages(&k, 2, 6);
	kit_close(&k);
}

static void keeps_their_order(void **state)
{
	struct kit k;
	char text[16];
	int i;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
		 "  - expect: ['^message 9$']\n"
		 "    say: done\n",
		 KIT_LMDB, agents, NULL);
	kit_start(&k, "hi");
	kit_wait_lines(&k, "effects.log", "pure", 1);
	for (i = 0; i < 10; i++) {
		snprintf(text, sizeof text, "message %d", i);
		assert_int_equal(steer(&k, text), EXS_OK);
	}
	kit_wait(&k);
	assert_string_equal(k.result->error, "");
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 10);
	for (i = 0; i < 10; i++) {
		snprintf(text, sizeof text, "message %d", i);
		assert_true(kit_body_has(kit_fact(&k, EXS_FACT_STEERED, i), text));
	}
	assert_messages(&k, 1, 13);
	kit_close(&k);
}

static void while_the_model_answers_it_makes_the_answer_not_the_last(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - stall: 400ms\n"
		 "    say: the first answer, which is long enough\n"
		 "  - expect: ['^and more$']\n"
		 "    say: the second answer, which is long enough\n",
		 KIT_LMDB, agents, NULL);
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 100));
	assert_int_equal(steer(&k, "and more"), EXS_OK);
	kit_wait(&k);
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "the second answer, which is long enough");
	kit_close(&k);
}

static void the_65th_that_waits_is_refused_until_they_were_read(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;
	char text[16];
	int i;

	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
		 "  - expect: ['^63$']\n"
		 "    calls: [{ tool: pure, args: { text: two, how: slow } }]\n"
		 "  - expect: ['^one more$']\n"
		 "    say: done\n",
		 store, agents, NULL);
	kit_start(&k, "hi");
	kit_wait_lines(&k, "effects.log", "pure", 1);
	for (i = 0; i < 64; i++) {
		snprintf(text, sizeof text, "%d", i);
		assert_int_equal(steer(&k, text), EXS_OK);
	}
	assert_int_equal(steer(&k, "one too many"), EXS_AGAIN);
	kit_wait_lines(&k, "effects.log", "pure", 2);
	assert_int_equal(steer(&k, "one more"), EXS_OK);
	kit_wait(&k);
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 65);
	kit_close(&k);
}

static void refuses_what_is_no_message_and_who_is_no_run(void **state)
{
	const exs_run_svc *svc;
	char *big = calloc(1, EXS_STEER_MAX + 1);
	struct kit k;
	uint64_t handle;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', EXS_STEER_MAX + 1);
	kit_open(&k, "turns:\n  - stall: 400ms\n    say: done\n", KIT_MEMORY, agents, NULL);
	svc = &k.host->run_pub;
	kit_start(&k, "hi");
	handle = run_info(k.run)->run;
	assert_int_equal(svc->steer(svc, handle, str_of("")), EXS_INVALID);
	assert_int_equal(svc->steer(svc, handle, str_n("\xff", 1)), EXS_INVALID);
	assert_int_equal(svc->steer(svc, handle, str_n(big, EXS_STEER_MAX + 1)), EXS_TOOBIG);
	assert_int_equal(svc->steer(svc, 0, str_of("x")), EXS_NOTFOUND);
	assert_int_equal(svc->steer(svc, handle + 1, str_of("x")), EXS_NOTFOUND);
	kit_wait(&k);
	assert_int_equal(svc->steer(svc, handle, str_of("x")), EXS_NOTFOUND);
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 0);
	free(big);
	kit_close(&k);
}

static void to_a_run_that_is_being_delivered_is_too_late(void **state)
{
	struct kit_extra extra = { "  slow: { so: delivery.so, log: slow.log, how: wait }\n",
				   "  delivery: { slow: slow }\n" };
	struct kit k;

	(void)state;
	kit_open_with(&k, "turns:\n  - say: done\n", KIT_MEMORY,
		      "agents:\n  t: { deliver: [slow] }\n", NULL, &extra);
	kit_start(&k, "hi");
	kit_wait_lines(&k, "slow.log", "deliver", 1);
	assert_int_equal(steer(&k, "x"), EXS_NOTFOUND);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	kit_close(&k);
}

/* ---- what was accepted is kept ---- */

static void die_when_steered(struct kit *k, const exs_fact *fact)
{
	(void)k;
	if (fact->kind == EXS_FACT_STEERED)
		kill(getpid(), SIGKILL);
}

static void after_a_crash_the_next_attempt_has_it(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct kit k;
	int status;
	pid_t pid;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: slow } }]\n"
		 "  - expect: ['^remember me$']\n"
		 "    say: done\n",
		 KIT_LMDB, agents, NULL);
	kit_shut(&k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(&k);
		k.on_fact = die_when_steered;
		kit_start(&k, "hi");
		kit_wait_lines(&k, "effects.log", "pure", 1);
		steer(&k, "remember me");
		engine_wait(k.run, -1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kit_reopen(&k);
	newest_run(&k, id);
	if (kit_resume(&k, id, &err))
		fail_msg("%s", err.text);
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 0); /* it was there already */
	kit_close(&k);
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
	newest_run(k, id);
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
	static enum kit_store none = KIT_NONE, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(while_a_tool_runs_it_is_a_message_of_the_next_turn_once,
					  &none),
		cmocka_unit_test_prestate(while_a_tool_runs_it_is_a_message_of_the_next_turn_once,
					  &lmdb),
		cmocka_unit_test(keeps_their_order),
		cmocka_unit_test(while_the_model_answers_it_makes_the_answer_not_the_last),
		cmocka_unit_test_prestate(the_65th_that_waits_is_refused_until_they_were_read,
					  &none),
		cmocka_unit_test_prestate(the_65th_that_waits_is_refused_until_they_were_read,
					  &lmdb),
		cmocka_unit_test(refuses_what_is_no_message_and_who_is_no_run),
		cmocka_unit_test(to_a_run_that_is_being_delivered_is_too_late),
		cmocka_unit_test(after_a_crash_the_next_attempt_has_it),
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
