/* SPDX-License-Identifier: MIT */
/* test_run_steer.c - messages to a run of this process, and that none of them is lost. */
#include "run_steer_kit.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/text.h"

static exs_status steer(struct kit *k, const char *text)
{
	const exs_run_svc *svc = &k->host->run_pub;

	return svc->steer(svc, run_info(k->run)->run, str_of(text));
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
	/* The tool runs already while the worker is still on its way out of the pass that read
	 * them. */
	for (i = 0; i < 1000 && steer(&k, "one more") == EXS_AGAIN; i++)
		usleep(1000);
	assert_in_range(i, 0, 999);
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
	kit_newest(&k, id);
	if (kit_resume(&k, id, &err))
		fail_msg("%s", err.text);
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_count(&k, EXS_FACT_STEERED), 0); /* it was there already */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
