/* SPDX-License-Identifier: MIT */
/* test_run_delivery_state.c - what becomes of each target: its one row, its ends, its next try, its
 * end. */
#include "run_delivery_kit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "run/delivery.h"

static void with_targets(struct kit *k, const char *script, const char *options,
			 const char *targets)
{
	char batteries[512], agents[512];
	struct kit_extra extra = { batteries, "  delivery: { post: post }\n" };

	snprintf(batteries, sizeof batteries, "  post: { so: delivery.so, log: post.log%s }\n",
		 options);
	snprintf(agents, sizeof agents,
		 "agents:\n  t: { tools: [unsafe], in_doubt: park, deliver: [%s] }\n", targets);
	kit_open_with(k, script, KIT_LMDB, agents, NULL, &extra);
}

static void wait_for_sent(struct kit *k, int n)
{
	int i;

	for (i = 0; i < 2000 && sent_rows(k) != n; i++)
		usleep(1000);
	assert_int_equal(sent_rows(k), n);
}

static void what_arrived_and_what_was_refused_move_to_rows_that_are_done(void **state)
{
	char text[4096];
	struct kit k;

	(void)state;
	with_targets(&k, says_done, "", "'post:a', 'post:b'");
	kit_run(&k, "hi");
	wait_for_sent(&k, 2);
	assert_int_equal(outbox_rows(&k), 0);
	assert_has(deliveries(&k, text), "\"target\":\"a\",\"state\":\"delivered\",\"tries\":1");
	assert_has(text, "\"target\":\"b\",\"state\":\"delivered\"");
	kit_close(&k);

	with_targets(&k, says_done, ", how: refuse", "'post:a'");
	kit_run(&k, "hi");
	wait_for_sent(&k, 1);
	assert_has(deliveries(&k, text), "\"state\":\"failed\",\"tries\":1");
	assert_has(text, "\"why\":\"");
	kit_close(&k);
}

static void what_fails_for_now_says_when_it_is_tried_again(void **state)
{
	char text[4096];
	struct kit k;

	(void)state;
	with_targets(&k, says_done, ", how: again, times: 100", "'post:a'");
	kit_run(&k, "hi");
	assert_int_equal(engine_outbox(k.engine, OUTBOX_DUE), 1); /* not due */
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 3);
	assert_has(deliveries(&k, text), "\"state\":\"pending\",\"tries\":3");
	assert_has(text, "\"next_ms\":");
	assert_has(text, "\"why\":\"");
	kit_close(&k);
}

static void after_twelve_tries_it_is_given_up(void **state)
{
	char text[4096];
	struct kit k;
	int i;

	(void)state;
	with_targets(&k, says_done, ", how: again, times: 100", "'post:a'");
	kit_run(&k, "hi");
	for (i = 4; i < 12; i++)
		assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 1);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 12);
	assert_int_equal(outbox_rows(&k), 0);
	assert_has(deliveries(&k, text), "\"state\":\"abandoned\",\"tries\":12");
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 12);
	kit_close(&k);
}

/* The row as an earlier process left it, due now. */
static void make_due(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX], key[OUTBOX_KEY_MAX], row[256];
	struct batch b;

	kit_newest(k, id);
	snprintf(key, sizeof key, "k/outbox/%s.0", id);
	snprintf(row, sizeof row,
		 "{\"v\":1,\"run\":\"%s\",\"kind\":\"post\",\"target\":\"a\",\"owner\":\"\","
		 "\"tries\":3}",
		 id);
	batch_init(&b);
	assert_int_equal(batch_put(&b, str_of(NULL), str_of(key), str_of(row), &err), EXS_OK);
	assert_int_equal(call_store_commit(k->host->store, &b, &err), EXS_OK);
	batch_release(&b);
}

static void a_process_that_lives_on_delivers_what_is_due(void **state)
{
	char text[4096];
	struct kit k;

	(void)state;
	with_targets(&k, says_done, ", how: again, times: 3", "'post:a'");
	kit_run(&k, "hi");
	make_due(&k);
	kit_wait_lines(&k, SAYS, "deliver", 4);
	wait_for_sent(&k, 1);
	assert_has(deliveries(&k, text), "\"state\":\"delivered\",\"tries\":4");
	kit_close(&k);
}

static void a_process_that_ends_does_not_wait_for_a_receiver(void **state)
{
	char text[4096];
	struct kit k;
	int64_t begun;

	(void)state;
	with_targets(&k, says_done, ", how: deaf", "'post:a'");
	kit_run(&k, "hi"); /* its own slice is over after ten seconds */
	make_due(&k);
	kit_wait_lines(&k, SAYS, "deliver", 2);
	begun = clock_mono_ms();
	kit_shut(&k);
	assert_true(clock_mono_ms() - begun < DELIVERY_MS);
	kit_reopen(&k);
	assert_has(deliveries(&k, text), "\"state\":\"pending\",\"tries\":4");
	kit_close(&k);
}

static void a_target_gets_only_the_ends_that_it_names(void **state)
{
	char line[512], text[4096];
	struct kit k;

	(void)state;
	with_targets(&k, says_done, "", "'failed=post:alarm', 'ok=post:fine', 'parked=post:wait'");
	kit_run(&k, "hi");
	wait_for_sent(&k, 1);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_true(kit_line(&k, SAYS, "deliver", 0, line));
	assert_has(line, ".1 1 post fine ok done"); /* its number is its place in the list */
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 1);
	kit_script(&k, "turns:\n  - fail: { text: no such thing }\n");
	kit_shut(&k);
	kit_reopen(&k);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	wait_for_sent(&k, 2);
	assert_true(kit_line(&k, SAYS, "deliver", 1, line));
	assert_has(line, ".0 1 post alarm error ");
	assert_has(deliveries(&k, text), "\"target\":\"alarm\",\"state\":\"delivered\"");
	kit_close(&k);
}

static const char unsafe_call[] =
	"turns:\n"
	"  - say: I do it.\n"
	"    calls: [{ tool: unsafe, args: { text: one, how: kill_after } }]\n"
	"  - say: done\n";

/* It waits for a person: that is told each time, by an id of its own. */
static void who_asks_is_told_that_a_run_waits(void **state)
{
	char line[512], text[4096], id[ID_MAX], want[128];
	exs_err err = EXS_ERR_INIT;
	struct kit k;
	int i;

	(void)state;
	with_targets(&k, unsafe_call, "", "'ok,parked=post:a', 'post:b'");
	kit_run_dies(&k, "hi");
	kit_reopen(&k);
	kit_newest(&k, id);
	for (i = 0; i < 2; i++) {
		assert_int_equal(kit_resume(&k, id, &err), EXS_OK);
		assert_int_equal(k.result->status, EXS_ENDED_PARKED);
		wait_for_sent(&k, i + 1);
		assert_int_equal(kit_lines(&k, SAYS, "deliver"), i + 1);
		assert_true(kit_line(&k, SAYS, "deliver", i, line));
		snprintf(want, sizeof want, "deliver %s.0.p%d 1 post a parked ", id, i + 2);
		assert_has(line, want);
		kit_drop(&k);
	}
	assert_has(deliveries(&k, text),
		   ".0.p2\",\"kind\":\"post\",\"target\":\"a\",\"state\":\"delivered\"");
	kit_close(&k);
}

/* The process that parked it dies before it has the receipt. */
static void that_a_run_waits_is_told_by_the_next_process_too(void **state)
{
	char line[512], id[ID_MAX], want[128];
	exs_err err = EXS_ERR_INIT;
	struct kit k;
	int status;
	pid_t pid;

	(void)state;
	with_targets(&k, unsafe_call, ", how: die", "'parked=post:a'");
	kit_run_dies(&k, "hi");
	kit_reopen(&k);
	kit_newest(&k, id);
	kit_shut(&k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		kit_reopen(&k);
		kit_resume(&k, id, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kit_reopen(&k);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 2);
	assert_true(kit_line(&k, SAYS, "deliver", 1, line));
	snprintf(want, sizeof want, "deliver %s.0.p2 2 post a parked ", id);
	assert_has(line, want);
	assert_int_equal(sent_rows(&k), 1);
	kit_close(&k);
}

static void messages_that_came_too_late_go_with_the_end(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char key[128];
	struct batch b;
	struct kit k;

	(void)state;
	with_targets(&k, "turns:\n  - stall: 400ms\n    say: done\n", "", "");
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	snprintf(key, sizeof key, "k/inbox/%s/zz", run_info(k.run)->run_id);
	batch_init(&b);
	assert_int_equal(
		batch_put(&b, str_of(NULL), str_of(key), str_of("nothing that can be read"), &err),
		EXS_OK);
	assert_int_equal(call_store_commit(k.host->store, &b, &err), EXS_OK);
	batch_release(&b);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_rows(&k, "k/inbox/"), 0);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_arrived_and_what_was_refused_move_to_rows_that_are_done),
		cmocka_unit_test(what_fails_for_now_says_when_it_is_tried_again),
		cmocka_unit_test(after_twelve_tries_it_is_given_up),
		cmocka_unit_test(a_process_that_lives_on_delivers_what_is_due),
		cmocka_unit_test(a_process_that_ends_does_not_wait_for_a_receiver),
		cmocka_unit_test(a_target_gets_only_the_ends_that_it_names),
		cmocka_unit_test(who_asks_is_told_that_a_run_waits),
		cmocka_unit_test(that_a_run_waits_is_told_by_the_next_process_too),
		cmocka_unit_test(messages_that_came_too_late_go_with_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
