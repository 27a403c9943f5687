/* SPDX-License-Identifier: MIT */
/* test_recover.c - processes that die in the middle of a run, and what the next one makes of it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ids.h"
#include "base/text.h"
#include "host/calls.h"
#include "support/run_kit.h"

/* Killed by its own tool; the kit is what the next process sees. */
static void die_running(struct kit *k)
{
	kit_run_dies(k, "go");
	kit_reopen(k);
}

static void resume_newest(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];

	kit_newest(k, id);
	if (kit_resume(k, id, &err))
		fail_msg("%s", err.text);
}

/* This process stops in good order in the middle of the run, and the next one takes it up. */
static void stop_and_resume(struct kit *k)
{
	engine_shutdown(k->engine);
	kit_wait(k);
	assert_int_equal(k->result->status, EXS_ENDED_INTERRUPTED);
	kit_shut(k);
	kit_reopen(k);
	resume_newest(k);
}

static void die_and_resume(struct kit *k, const char *tool, const char *how, const char *agents)
{
	char script[512];

	snprintf(script, sizeof script,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: before } }]\n"
		 "  - calls: [{ tool: %s, args: { text: it, how: %s } }]\n"
		 "  - say: 'done: ${result:0}'\n",
		 tool, how);
	kit_open(k, script, KIT_LMDB, agents, NULL);
	die_running(k);
	resume_newest(k);
}

static void a_pure_call_runs_again(void **state)
{
	struct kit k;

	(void)state;
	die_and_resume(&k, "pure", "kill_after", NULL);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done: wrote it");
	assert_int_equal(k.result->attempt, 2);
	kit_close(&k);
}

static void a_keyed_call_runs_again_with_its_key(void **state)
{
	char path[128], a[256], b[256];
	struct kit k;
	FILE *f;

	(void)state;
	die_and_resume(&k, "keyed", "kill_after", NULL);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_effects(&k, "keyed"), 2);
	snprintf(path, sizeof path, "%s/effects.log", k.dir);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(a, sizeof a, f)); /* pure */
	assert_non_null(fgets(a, sizeof a, f));
	assert_non_null(fgets(b, sizeof b, f));
	fclose(f);
	assert_string_equal(a, b);
	kit_close(&k);
}

static void a_reconcilable_call_that_happened_is_not_repeated(void **state)
{
	struct kit k;

	(void)state;
	die_and_resume(&k, "reconcilable", "kill_after", NULL);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done: it had happened");
	assert_int_equal(kit_effects(&k, "reconcilable"), 1);
	kit_close(&k);
}

static void a_reconcilable_call_that_did_not_happen_runs(void **state)
{
	struct kit k;

	(void)state;
	die_and_resume(&k, "reconcilable", "kill_before", NULL);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done: wrote it");
	assert_int_equal(kit_effects(&k, "reconcilable"), 1);
	kit_close(&k);
}

static void an_unsafe_call_is_in_doubt_and_never_repeated(void **state)
{
	struct kit k;

	(void)state;
	die_and_resume(&k, "unsafe", "kill_after", NULL);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_non_null(strstr(k.result->output, "OUTCOME UNKNOWN"));
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void an_unsafe_call_parks_by_setting(void **state)
{
	struct kit k;

	(void)state;
	die_and_resume(&k, "unsafe", "kill_after",
		       "agents:\n  t: { tools: [pure, unsafe], in_doubt: park }\n");
	assert_int_equal(k.result->status, EXS_ENDED_PARKED);
	assert_string_equal(k.result->reason, "in_doubt");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	resume_newest(&k); /* and again: nobody has settled it */
	assert_int_equal(k.result->status, EXS_ENDED_PARKED);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void finished_calls_are_not_run_again(void **state)
{
	struct kit k;

	(void)state;
	die_and_resume(&k, "keyed", "kill_before", NULL);
	assert_int_equal(kit_effects(&k, "pure"), 1);
	kit_close(&k);
}

static void an_ended_run_shows_its_result(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: hello\n", KIT_LMDB, NULL, NULL);
	kit_run(&k, "go");
	kit_shut(&k);
	kit_reopen(&k);
	resume_newest(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "hello");
	assert_int_equal(k.result->attempt, 1);
	kit_close(&k);
}

static void a_stop_of_the_process_parks_and_the_next_goes_on(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: unsafe, args: { text: once } }]\n"
		 "  - delay: 1s\n"
		 "    say: 'done: ${result:0}'\n",
		 KIT_LMDB, NULL, NULL);
	kit_start(&k, "go");
	while (kit_effects(&k, "unsafe") == 0)
		usleep(1000);
	usleep(50000);
	stop_and_resume(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done: wrote once");
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void a_call_cut_by_a_stop_is_judged_by_its_effect(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: unsafe, args: { text: x, how: wait } }]\n"
		 "  - say: 'done: ${result:0}'\n",
		 KIT_LMDB, NULL, NULL);
	kit_start(&k, "go");
	assert_false(engine_wait(k.run, 100));
	stop_and_resume(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_non_null(strstr(k.result->output, "OUTCOME UNKNOWN"));
	kit_close(&k);
}

static void a_live_owner_keeps_its_run(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct kit k;
	int go[2];
	pid_t pid;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, "run: { lease: 1s }\n");
	kit_shut(&k);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		kit_reopen(&k);
		kit_start(&k, "go");
		engine_wait(k.run, 300);
		if (write(go[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(go[0], id, 1), 1);
	kit_reopen(&k);
	kit_newest(&k, id);
	assert_int_equal(kit_resume(&k, id, &err), EXS_CONFLICT);
	assert_non_null(strstr(err.text, "alive"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	kit_shut(&k);
	kit_script(&k, "turns:\n  - say: taken over\n");
	kit_reopen(&k);
	resume_newest(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	close(go[0]);
	close(go[1]);
	kit_close(&k);
}

/* What became of one more attempt in a process of its own: true when it was killed once more. */
static bool dies_again(struct kit *k, const char *id)
{
	exs_err err = EXS_ERR_INIT;
	char marker[160];
	int status;
	pid_t pid;

	snprintf(marker, sizeof marker, "%s/effects.log.died", k->dir);
	unlink(marker);
	kit_shut(k);
	pid = fork();
	if (pid == 0) {
		kit_reopen(k);
		_exit(kit_resume(k, id, &err) == EXS_OK && k->result->status == EXS_ENDED_ERROR &&
				      strcmp(k->result->reason, "attempts") == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	kit_reopen(k);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(WEXITSTATUS(status), 0);
	return false;
}

static void a_run_that_kills_its_process_again_and_again_is_given_up(void **state)
{
	struct kit k;
	char id[ID_MAX];
	int deaths = 0;

	(void)state;
	kit_open(&k,
		 "turns:\n  - calls: [{ tool: pure, args: { text: x, how: kill_before } }]\n  - "
		 "say: never\n",
		 KIT_LMDB, NULL, "run: { attempts: 2 }\n");
	die_running(&k);
	kit_newest(&k, id);
	/* An attempt in which the turn's end reached the disk has made progress and does not count:
	 * once. */
	while (deaths < 6 && dies_again(&k, id))
		deaths++;
	assert_in_range(deaths, 2, 4);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pure_call_runs_again),
		cmocka_unit_test(a_keyed_call_runs_again_with_its_key),
		cmocka_unit_test(a_reconcilable_call_that_happened_is_not_repeated),
		cmocka_unit_test(a_reconcilable_call_that_did_not_happen_runs),
		cmocka_unit_test(an_unsafe_call_is_in_doubt_and_never_repeated),
		cmocka_unit_test(an_unsafe_call_parks_by_setting),
		cmocka_unit_test(finished_calls_are_not_run_again),
		cmocka_unit_test(an_ended_run_shows_its_result),
		cmocka_unit_test(a_stop_of_the_process_parks_and_the_next_goes_on),
		cmocka_unit_test(a_call_cut_by_a_stop_is_judged_by_its_effect),
		cmocka_unit_test(a_live_owner_keeps_its_run),
		cmocka_unit_test(a_run_that_kills_its_process_again_and_again_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
