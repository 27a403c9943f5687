/* SPDX-License-Identifier: MIT */
/* test_run_delivery_outbox.c - deliveries that another process left, is at, or wrote down badly. */
#include "run_delivery_kit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/calls.h"

static void after_a_crash_before_the_receipt_it_comes_again_with_the_same_id(void **state)
{
	struct kit k;
	char first[512], second[512];
	char *p;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: die", NULL);
	kit_run_dies(&k, "hi");
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kit_reopen(&k);
	assert_int_equal(outbox_rows(&k), 1);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(outbox_rows(&k), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 2);
	assert_true(kit_line(&k, SAYS, "deliver", 0, first));
	assert_true(kit_line(&k, SAYS, "deliver", 1, second));
	p = strstr(first, " 1 post there ok done");
	assert_non_null(p);
	p[1] = '2'; /* the attempt is all that differs */
	assert_string_equal(first, second);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
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
	kit_run_dies(&k, "hi");
	{ /* it may die once more */
		char path[128];

		snprintf(path, sizeof path, "%s/post.log.died", k.dir);
		assert_int_equal(unlink(path), 0);
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(&k);
		engine_outbox(k.engine, OUTBOX_NOW);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kit_reopen(&k);
	assert_int_equal(outbox_rows(&k), 1);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
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
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 1);
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
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), sizeof rows / sizeof *rows);
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
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(outbox_rows(&k), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kit_close(&k);
}

static void without_a_store_the_outbox_is_empty(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_NONE, "", NULL);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_a_crash_before_the_receipt_it_comes_again_with_the_same_id),
		cmocka_unit_test(a_crash_in_the_outbox_leaves_the_row_for_the_next),
		cmocka_unit_test(a_delivery_that_a_live_process_is_at_is_left_alone),
		cmocka_unit_test(rows_that_say_nothing_are_kept_for_a_person),
		cmocka_unit_test(a_row_without_its_run_goes),
		cmocka_unit_test(without_a_store_the_outbox_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
