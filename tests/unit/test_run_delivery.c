/* SPDX-License-Identifier: MIT */
/* test_run_delivery.c - results to whoever gets them: what is queued, tried again, given up, and
 * done by the next. */
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

#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "support/run_kit.h"

#define SAYS "post.log"

static const char says_done[] = "turns:\n  - say: done\n";

static void open_with_post(struct kit *k, const char *script, enum kit_store store,
			   const char *options, const char *more)
{
	char batteries[512];
	struct kit_extra extra = { batteries, "  delivery: { post: post }\n" };

	snprintf(batteries, sizeof batteries, "  post: { so: delivery.so, log: post.log%s }\n",
		 options);
	kit_open_with(k, script, store,
		      "agents:\n  t: { tools: [pure], deliver: ['post:there'] }\n", more, &extra);
}

static exs_status count_row(void *arg, exs_str key, exs_str value)
{
	(void)key;
	(void)value;
	++*(int *)arg;
	return EXS_OK;
}

static int outbox_rows(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	int n = 0;

	assert_int_equal(call_store_scan(k->host->store, str_of("k/outbox/"), str_of(NULL), 0,
					 count_row, &n, &err),
			 EXS_OK);
	return n;
}

/* The row goes with a batch that nobody waits for. */
static void assert_outbox_becomes(struct kit *k, int n)
{
	int i;

	for (i = 0; i < 2000 && outbox_rows(k) != n; i++)
		usleep(1000);
	assert_int_equal(outbox_rows(k), n);
}

static void assert_line(struct kit *k, int nth, const char *id, const char *rest)
{
	char line[512], want[512];

	snprintf(want, sizeof want, "deliver %s.0 %s", id, rest);
	assert_true(kit_line(k, SAYS, "deliver", nth, line));
	assert_string_equal(line, want);
}

/* ---- what is queued ---- */

static void one_to_the_terminal_is_not_queued(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", local: true", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_line(&k, 0, run_info(k.run)->run_id, "1 post there ok done");
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 0);
	assert_int_equal(outbox_rows(&k), 0);
	kit_close(&k);
}

static void one_to_the_terminal_is_tried_once(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", local: true, how: again, times: 9", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_int_equal(outbox_rows(&k), 0);
	kit_close(&k);
}

/* Looked at when run_ended is durable: the row came with it and nothing was delivered before. */
static void look_at_the_end(struct kit *k, const exs_fact *fact)
{
	if (fact->kind != EXS_FACT_RUN_ENDED)
		return;
	k->delta[0] = (char)('0' + outbox_rows(k));
	k->delta[1] = (char)('0' + kit_lines(k, SAYS, "deliver"));
}

static void others_are_queued_with_the_end_and_then_delivered(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;
	const struct kit_fact *queued;
	char want[128];

	open_with_post(&k, says_done, store, "", NULL);
	k.on_fact = look_at_the_end;
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.delta, "10");
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 1);
	queued = kit_fact(&k, EXS_FACT_DELIVERY_QUEUED, 0);
	snprintf(want, sizeof want, "{\"kind\":\"post\",\"target\":\"there\",\"id\":\"%s.0\"}",
		 run_info(k.run)->run_id);
	assert_string_equal(queued->body, want);
	assert_ptr_equal(queued + 1, kit_fact(&k, EXS_FACT_RUN_ENDED, 0));
	assert_line(&k, 0, run_info(k.run)->run_id, "1 post there ok done");
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

static void a_run_without_a_store_delivers_too(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_NONE, ", how: again, times: 1", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 2);
	kit_close(&k);
}

static void an_error_is_delivered_as_one(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, "turns:\n  - fail: { text: no such thing }\n", KIT_LMDB, "", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	{
		char line[512];

		assert_true(kit_line(&k, SAYS, "deliver", 0, line));
		assert_non_null(strstr(line, " 1 post there error "));
		assert_non_null(strstr(line, "no such thing"));
	}
	kit_close(&k);
}

static void a_run_that_is_left_delivers_nothing(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, "turns:\n  - stall: forever\n", KIT_LMDB, "", NULL);
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	engine_shutdown(k.engine);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 0);
	assert_int_equal(outbox_rows(&k), 0);
	kit_close(&k);
}

static void sixteen_targets_of_any_length_are_reached(void **state)
{
	char agents[4096] = "agents:\n  t: { deliver: [", far[601], line[512];
	struct kit_extra extra = { "  post: { so: delivery.so, log: post.log }\n",
				   "  delivery: { post: post }\n" };
	struct kit k;
	int i;

	(void)state;
	memset(far, 'x', 300);
	far[300] = '\0';
	for (i = 0; i < 16; i++) {
		size_t n = strlen(agents);

		snprintf(agents + n, sizeof agents - n, "%s'post:%s%d'", i ? ", " : "",
			 i == 7 ? far : "at", i);
	}
	strcat(agents, "] }\n");
	kit_open_with(&k, says_done, KIT_LMDB, agents, NULL, &extra);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 16);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 16);
	strcat(far, "7 ok done");
	for (i = 0; i < 16 && kit_line(&k, SAYS, "deliver", i, line) && !strstr(line, far);)
		i++;
	assert_true(i < 16);
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

/* ---- what fails ---- */

static void what_is_not_at_home_is_tried_again_with_the_same_id(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: again, times: 2", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 3);
	assert_line(&k, 0, run_info(k.run)->run_id, "1 post there ok done");
	assert_line(&k, 1, run_info(k.run)->run_id, "2 post there ok done");
	assert_line(&k, 2, run_info(k.run)->run_id, "3 post there ok done");
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

static void what_is_not_at_home_three_times_is_left_to_the_outbox(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: again, times: 4", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 3);
	assert_int_equal(outbox_rows(&k), 1);
	assert_int_equal(engine_outbox(k.engine), 1); /* the fourth */
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 4);
	assert_line(&k, 3, run_info(k.run)->run_id, "4 post there ok done");
	assert_int_equal(engine_outbox(k.engine), 0); /* the fifth arrives */
	assert_line(&k, 4, run_info(k.run)->run_id, "5 post there ok done");
	assert_int_equal(outbox_rows(&k), 0);
	assert_int_equal(engine_outbox(k.engine), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 5);
	kit_close(&k);
}

static void a_refusal_is_final_and_changes_nothing(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_post(&k, says_done, store, ", how: refuse", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_outbox_becomes(&k, 0);
	assert_int_equal(engine_outbox(k.engine), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kit_close(&k);
}

/* One hangs for good, one hangs until it is told to stop, one refuses, one arrives. */
static void each_target_has_a_slice_of_its_own(void **state)
{
	struct kit_extra extra = {
		"  deaf: { so: delivery.so, log: deaf.log, how: deaf }\n"
		"  slow: { so: delivery.so, log: slow.log, how: wait }\n"
		"  rude: { so: delivery.so, log: rude.log, how: refuse }\n"
		"  post: { so: delivery.so, log: post.log }\n",
		"  delivery: { deaf: deaf, slow: slow, rude: rude, post: post }\n"
	};
	struct kit k;
	int64_t begun = clock_mono_ms();

	(void)state;
	kit_open_with(&k, says_done, KIT_LMDB,
		      "agents:\n  t: { deliver: ['deaf:a', 'slow:b', 'rude:c', 'post:d'] }\n", NULL,
		      &extra);
	kit_start(&k, "hi");
	kit_wait_lines(&k, SAYS, "deliver", 1);
	assert_true(clock_mono_ms() - begun < CLEANUP_MS / 2);
	assert_outbox_becomes(&k, 2); /* without the one that arrived and the one that refused */
	assert_int_equal(kit_lines(&k, "rude.log", "deliver"), 1);
	assert_false(engine_wait(k.run, 0));
	kit_wait(&k);
	assert_true(clock_mono_ms() - begun < 2 * CLEANUP_MS);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_lines(&k, "deaf.log", "deliver"), 1);
	assert_int_equal(kit_lines(&k, "slow.log", "deliver"), 1);
	assert_int_equal(outbox_rows(&k), 2); /* nobody said no */
	kit_close(&k);
}

static void a_kind_that_is_not_bound_is_passed_over(void **state)
{
	struct kit k;
	static const char *const deliver[] = { "pigeon:roof", "post:there", NULL };
	struct run_spec spec = { NULL, "someone", "test", { "hi", 2 }, deliver, CONF_STRICT };
	exs_err err = EXS_ERR_INIT;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, "", NULL);
	spec.agent = k.conf->run.agent;
	assert_int_equal(engine_start(k.engine, &spec, NULL, &k.run, &err), EXS_OK);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

/* ---- what another process left ---- */

static void die_delivering(struct kit *k)
{
	int status;
	pid_t pid;

	kit_shut(k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(k);
		kit_run(k, "hi");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void after_a_crash_before_the_receipt_it_comes_again_with_the_same_id(void **state)
{
	struct kit k;
	char first[512], second[512];
	char *p;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: die", NULL);
	die_delivering(&k);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kit_reopen(&k);
	assert_int_equal(outbox_rows(&k), 1);
	assert_int_equal(engine_outbox(k.engine), 0);
	assert_int_equal(outbox_rows(&k), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 2);
	assert_true(kit_line(&k, SAYS, "deliver", 0, first));
	assert_true(kit_line(&k, SAYS, "deliver", 1, second));
	p = strstr(first, " 1 post there ok done");
	assert_non_null(p);
	p[1] = '2'; /* the attempt is all that differs */
	assert_string_equal(first, second);
	assert_int_equal(engine_outbox(k.engine), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 2);
	kit_close(&k);
}

static void a_crash_in_the_outbox_leaves_the_row_for_the_next(void **state)
{
	struct kit k;
	int status;
	pid_t pid;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: die", NULL);
	die_delivering(&k);
	{ /* it may die once more */
		char path[128];

		snprintf(path, sizeof path, "%s/post.log.died", k.dir);
		assert_int_equal(unlink(path), 0);
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(&k);
		engine_outbox(k.engine);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kit_reopen(&k);
	assert_int_equal(outbox_rows(&k), 1);
	assert_int_equal(engine_outbox(k.engine), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 3);
	kit_close(&k);
}

/* A process that is at it, as another one sees it: its row names it and its lock file is held. */
static void a_delivery_that_a_live_process_is_at_is_left_alone(void **state)
{
	struct kit k;
	int status;
	pid_t pid;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: wait", NULL);
	kit_shut(&k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(&k);
		kit_start(&k, "hi");
		for (;;)
			pause();
	}
	kit_wait_lines(&k, SAYS, "deliver", 1);
	kit_reopen(&k);
	assert_int_equal(engine_outbox(k.engine), 1);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(outbox_rows(&k), 1);
	kit_close(&k);
}

static void put_row(struct kit *k, const char *key, const char *row)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	batch_init(&b);
	assert_int_equal(batch_put(&b, str_of(NULL), str_of(key), str_of(row), &err), EXS_OK);
	assert_int_equal(call_store_commit(k->host->store, &b, &err), EXS_OK);
	batch_release(&b);
}

static void rows_that_say_nothing_are_kept_for_a_person(void **state)
{
	static const char *const rows[] = {
		"",
		"{}",
		"[]",
		"{\"v\":1}",
		"{\"v\":2,\"run\":\"01J00000000000000000000000\"}",
		"{\"v\":1,\"run\":\"../"
		"x\",\"kind\":\"post\",\"target\":\"t\",\"owner\":\"\",\"tries\":1}",
		"{\"v\":1,\"run\":\"01J00000000000000000000000\",\"kind\":\"pigeon\",\"target\":"
		"\"t\",\"owner\":\"\","
		"\"tries\":1}",
	};
	struct kit k;
	char key[64];
	size_t i;

	(void)state;
	open_with_post(&k, says_done, KIT_MEMORY, "", NULL);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(key, sizeof key, "k/outbox/row%zu.0", i);
		put_row(&k, key, rows[i]);
	}
	assert_int_equal(engine_outbox(k.engine), sizeof rows / sizeof *rows);
	assert_int_equal(outbox_rows(&k), sizeof rows / sizeof *rows);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 0);
	kit_close(&k);
}

static void a_row_without_its_run_goes(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, "", NULL);
	kit_run(&k, "hi");
	assert_outbox_becomes(&k, 0);
	put_row(&k, "k/outbox/01J00000000000000000000000.0",
		"{\"v\":1,\"run\":\"01J00000000000000000000000\",\"kind\":\"post\",\"target\":"
		"\"t\",\"owner\":\"\","
		"\"tries\":1}");
	assert_int_equal(engine_outbox(k.engine), 0);
	assert_int_equal(outbox_rows(&k), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kit_close(&k);
}

static void without_a_store_the_outbox_is_empty(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_NONE, "", NULL);
	assert_int_equal(engine_outbox(k.engine), 0);
	kit_close(&k);
}

int main(void)
{
	static enum kit_store memory = KIT_MEMORY, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_to_the_terminal_is_not_queued),
		cmocka_unit_test(one_to_the_terminal_is_tried_once),
		cmocka_unit_test_prestate(others_are_queued_with_the_end_and_then_delivered,
					  &memory),
		cmocka_unit_test_prestate(others_are_queued_with_the_end_and_then_delivered, &lmdb),
		cmocka_unit_test(a_run_without_a_store_delivers_too),
		cmocka_unit_test(an_error_is_delivered_as_one),
		cmocka_unit_test(a_run_that_is_left_delivers_nothing),
		cmocka_unit_test(sixteen_targets_of_any_length_are_reached),
		cmocka_unit_test(what_is_not_at_home_is_tried_again_with_the_same_id),
		cmocka_unit_test(what_is_not_at_home_three_times_is_left_to_the_outbox),
		cmocka_unit_test_prestate(a_refusal_is_final_and_changes_nothing, &memory),
		cmocka_unit_test_prestate(a_refusal_is_final_and_changes_nothing, &lmdb),
		cmocka_unit_test(each_target_has_a_slice_of_its_own),
		cmocka_unit_test(a_kind_that_is_not_bound_is_passed_over),
		cmocka_unit_test(after_a_crash_before_the_receipt_it_comes_again_with_the_same_id),
		cmocka_unit_test(a_crash_in_the_outbox_leaves_the_row_for_the_next),
		cmocka_unit_test(a_delivery_that_a_live_process_is_at_is_left_alone),
		cmocka_unit_test(rows_that_say_nothing_are_kept_for_a_person),
		cmocka_unit_test(a_row_without_its_run_goes),
		cmocka_unit_test(without_a_store_the_outbox_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
