/* SPDX-License-Identifier: MIT */
/* test_run_owner.c - who carries a run: leases, and owners that sleep, die or close. */
#include "owner_kit.h"

#include <dirent.h>
#include <signal.h>

#define SHORT  "run: { lease: 600ms }\n"

static void my_key(struct kit *k, char out[64])
{
	snprintf(out, 64, "k/owner/%s", owner_id(k->engine->owner));
}

static int64_t my_counter(struct kit *k)
{
	char key[64], row[512];
	int64_t counter = 0;

	my_key(k, key);
	assert_int_equal(get_row(k, key, row), EXS_OK);
	assert_true(json_get_int(str_of(row), "counter", &counter));
	return counter;
}

static int lock_files(struct kit *k)
{
	char path[128];
	struct dirent *e;
	DIR *d;
	int n = 0;

	snprintf(path, sizeof path, "%s/state/owners", k->dir);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* ---- runs that somebody else carries ---- */

static void dropped_by_its_owner(struct kit *k)
{
	kit_wait(k);
	_exit(k->result->status == EXS_ENDED_INTERRUPTED &&
			      strcmp(k->result->reason, "owner") == 0 &&
			      kit_count(k, EXS_FACT_RUN_ENDED) == 0
		      ? 0
		      : 1);
}

/* A child starts a run and says its id once it is under way; the kit is shut before and open
 * behind. */
static pid_t carried_by_a_child(struct kit *k, char id[ID_MAX], const char *next_script)
{
	int say[2];
	pid_t pid;

	kit_shut(k);
	assert_int_equal(pipe(say), 0);
	pid = fork();
	if (pid == 0) {
		kit_reopen(k);
		kit_start(k, "go");
		id_of(k, id);
		while (kit_count(k, EXS_FACT_TURN_STARTED) == 0)
			usleep(1000);
		if (write(say[1], id, ID_MAX) != ID_MAX)
			_exit(2);
		dropped_by_its_owner(k);
	}
	assert_int_equal(read(say[0], id, ID_MAX), ID_MAX);
	close(say[0]);
	close(say[1]);
	kit_script(k, next_script);
	kit_reopen(k);
	return pid;
}

/* ---- the lease ---- */

static void the_heartbeat_renews(void **state)
{
	struct kit k;
	int64_t first, until = clock_mono_ms() + 20000;

	(void)state;
	kit_open(&k, "turns:\n  - say: x\n", KIT_LMDB, NULL, "run: { lease: 100ms }\n");
	first = my_counter(&k);
	assert_true(first >= 1);
	while (my_counter(&k) < first + 3 && clock_mono_ms() < until)
		usleep(5000);
	assert_true(my_counter(&k) >= first + 3);
	kit_close(&k);
}

static void a_good_close_leaves_neither_row_nor_lock_file(void **state)
{
	struct keys keys;
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: x\n", KIT_LMDB, NULL, NULL);
	kit_run(&k, "go");
	assert_int_equal(lock_files(&k), 1);
	kit_shut(&k);
	assert_int_equal(lock_files(&k), 0);
	kit_reopen(&k);
	keys_of(&k, "k/owner/", &keys);
	assert_int_equal(keys.n, 1); /* the new one */
	kit_close(&k);
}

static void a_state_folder_that_cannot_be_made_is_a_sentence(void **state)
{
	char command[200];
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: x\n", KIT_LMDB, NULL, NULL);
	kit_shut(&k);
	snprintf(command, sizeof command, "rm -rf '%s/state' && : >'%s/state'", k.dir, k.dir);
	assert_int_equal(system(command), 0);
	kit_reopen_fails(&k);
	assert_non_null(strstr(k.delta, "state"));
	assert_non_null(strstr(k.delta, "cannot be made"));
	kit_close(&k);
}

static void a_store_that_refuses_the_owner_is_a_sentence(void **state)
{
	struct keys keys;
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: x\n", KIT_FLAKY, NULL, NULL);
	kit_shut(&k);
	kit_control(&k, "beat in 1 99"); /* and a row that is there all the same does not stay */
	kit_reopen_fails(&k);
	assert_non_null(strstr(k.delta, "does not take this process's row"));
	kit_shut(&k);
	kit_control(&k, "");
	kit_reopen(&k);
	keys_of(&k, "k/owner/", &keys);
	assert_int_equal(keys.n, 1);
	assert_int_equal(lock_files(&k), 1);
	kit_close(&k);
}

#define LATE_UNSAFE                                                                                \
	"turns:\n  - delay: 700ms\n    calls: [{ tool: unsafe, args: { text: x } }]\n  - say: "    \
	"done\n"

static void an_old_lease_keeps_a_call_back_until_it_is_renewed(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, LATE_UNSAFE, KIT_FLAKY, NULL, SHORT);
	kit_control(&k, "beat io 1 9999");
	kit_start(&k, "go");
	assert_false(engine_wait(k.run, 1500));
	assert_int_equal(kit_effects(&k, "unsafe"), 0);
	assert_int_equal(kit_count(&k, EXS_FACT_CALL_STARTED), 1);
	kit_control(&k, "");
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void a_renewal_that_was_taken_unsaid_is_no_loss(void **state)
{
	static const char *const modes[] = { "in", "in_conflict", "conflict" };
	char order[64];
	struct kit k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof modes / sizeof *modes; i++) {
		kit_open(&k, LATE_UNSAFE, KIT_FLAKY, NULL, SHORT);
		snprintf(order, sizeof order, "beat %s 1 2", modes[i]);
		kit_control(&k, order);
		kit_run(&k, "go");
		if (k.result->status != EXS_ENDED_OK)
			fail_msg("%s: %s", modes[i], k.result->error);
		assert_int_equal(kit_effects(&k, "unsafe"), 1);
		assert_false(owner_is_lost(k.engine->owner));
		kit_close(&k);
	}
}

static void who_was_taken_for_dead_starts_no_call(void **state)
{
	char key[64];
	struct kit k;

	(void)state;
	kit_open(&k, LATE_UNSAFE, KIT_FLAKY, NULL, SHORT);
	kit_start(&k, "go");
	my_key(&k, key);
	set_row(&k, key, NULL);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	assert_string_equal(k.result->reason, "owner");
	assert_int_equal(kit_effects(&k, "unsafe"), 0);
	kit_close(&k);
}

/* ---- other processes ---- */

static void a_sleeping_owner_loses_its_run_and_drops_it(void **state)
{
	const struct kit_extra extra = { "  post: { so: delivery.so, log: post.log }\n",
					 "  delivery: { post: post }\n" };
	char id[ID_MAX];
	struct keys keys;
	struct kit k;
	pid_t pid;

	(void)state;
	kit_open_with(&k, "turns:\n  - delay: 1500ms\n    say: awake\n", KIT_LMDB,
		      "agents:\n  t: { tools: [pure], deliver: ['post:there'] }\n", SHORT, &extra);
	pid = carried_by_a_child(&k, id, "turns:\n  - say: taken over\n");
	kill(pid, SIGSTOP);
	resume_ok(&k, id, "taken over");
	keys_of(&k, "k/owner/", &keys);
	assert_int_equal(keys.n, 1); /* its lease cannot be renewed any more */
	kill(pid, SIGCONT);
	assert_int_equal(exit_of(pid), 0);
	assert_int_equal(kit_lines(&k, "post.log", NULL), 1);
	kit_shut(&k);
	kit_reopen(&k);
	resume_ok(&k, id, "taken over");
	kit_close(&k);
}

static void a_dead_owner_is_followed_at_once_and_buried(void **state)
{
	char id[ID_MAX];
	int64_t begun;
	struct keys keys;
	struct kit k;
	pid_t pid;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, "run: { lease: 1h }\n");
	pid = carried_by_a_child(&k, id, "turns:\n  - say: taken over\n");
	kill(pid, SIGKILL);
	assert_int_equal(exit_of(pid), -1);
	begun = clock_mono_ms();
	resume_ok(&k, id, "taken over");
	assert_true(clock_mono_ms() - begun < 60000); /* not the lease */
	keys_of(&k, "k/owner/", &keys);
	assert_int_equal(keys.n, 1);
	assert_int_equal(lock_files(&k), 1);
	kit_close(&k);
}

static void an_owner_without_a_row_has_closed(void **state)
{
	char id[ID_MAX], key[64];
	struct keys keys;
	struct kit k;
	pid_t pid;
	int i;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, "run: { lease: 1h }\n");
	pid = carried_by_a_child(&k, id, "turns:\n  - say: taken over\n");
	my_key(&k, key);
	keys_of(&k, "k/owner/", &keys);
	assert_int_equal(keys.n, 2);
	for (i = 0; i < keys.n; i++)
		if (strcmp(keys.list[i], key) != 0)
			set_row(&k, keys.list[i], NULL);
	resume_ok(&k, id, "taken over");
	kill(pid, SIGKILL);
	exit_of(pid);
	kit_close(&k);
}

static void a_living_owner_is_named(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX], text[32];
	struct kit k;
	pid_t pid;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, SHORT);
	pid = carried_by_a_child(&k, id, "turns:\n  - say: taken over\n");
	assert_int_equal(kit_resume(&k, id, &err), EXS_CONFLICT);
	snprintf(text, sizeof text, "process %d ", (int)pid);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, id));
	kill(pid, SIGKILL);
	exit_of(pid);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heartbeat_renews),
		cmocka_unit_test(a_good_close_leaves_neither_row_nor_lock_file),
		cmocka_unit_test(a_state_folder_that_cannot_be_made_is_a_sentence),
		cmocka_unit_test(a_store_that_refuses_the_owner_is_a_sentence),
		cmocka_unit_test(an_old_lease_keeps_a_call_back_until_it_is_renewed),
		cmocka_unit_test(a_renewal_that_was_taken_unsaid_is_no_loss),
		cmocka_unit_test(who_was_taken_for_dead_starts_no_call),
		cmocka_unit_test(a_sleeping_owner_loses_its_run_and_drops_it),
		cmocka_unit_test(a_dead_owner_is_followed_at_once_and_buried),
		cmocka_unit_test(an_owner_without_a_row_has_closed),
		cmocka_unit_test(a_living_owner_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
