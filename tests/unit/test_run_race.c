/* SPDX-License-Identifier: MIT */
/* test_run_race.c - two processes take up one run: one carries it, the other finds out, wherever it is by then. */
#include "owner_kit.h"

#include "base/auto.h"

#define ROUNDS 20

/* 0: it carried the run to its end. 1: it found that another one does. 2: neither. */
static void race(struct kit *k, const char *id, int go)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status;
	char c;

	kit_reopen(k);
	if (read(go, &c, 1) != 1)
		_exit(2);
	status = kit_resume(k, id, &err);
	if (status == EXS_CONFLICT)
		_exit(1);
	if (status) {
		fprintf(stderr, "%s\n", err.text);
		_exit(2);
	}
	if (k->result->status == EXS_ENDED_INTERRUPTED && strcmp(k->result->reason, "owner") == 0 &&
	    k->fact_n == 0)
		_exit(1);
	if (k->result->status != EXS_ENDED_OK) {
		fprintf(stderr, "%s: %s\n", k->result->reason, k->result->error);
		_exit(2);
	}
	/* Whoever comes late is shown the end. */
	_exit(k->fact_n > 0 ? 0 : 1);
}

static void of_two_that_resume_a_run_one_wins(void **state)
{
	char id[ID_MAX];
	pid_t pids[2];
	struct kit k;
	int go[2], i, p, a, b;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, "run: { lease: 2s }\n");
	for (i = 0; i < ROUNDS; i++) {
		leave_a_run(&k, id);
		kit_script(&k, "turns:\n  - calls: [{ tool: unsafe, args: { text: x } }]\n"
			       "  - delay: 30ms\n    say: done\n");
		assert_int_equal(pipe(go), 0);
		for (p = 0; p < 2; p++) {
			pids[p] = fork();
			if (pids[p] == 0)
				race(&k, id, go[0]);
		}
		usleep(20000);
		assert_int_equal(write(go[1], "go", 2), 2);
		a = exit_of(pids[0]);
		b = exit_of(pids[1]);
		close(go[0]);
		close(go[1]);
		if (!(a == 0 && b == 1) && !(a == 1 && b == 0))
			fail_msg("round %d: %d and %d", i, a, b);
		assert_int_equal(kit_effects(&k, "unsafe"), i + 1);
		kit_script(&k, "turns:\n  - stall: forever\n");
		kit_reopen(&k);
	}
	kit_close(&k);
}

/* ---- one that takes its time between reading a run and going on with it ---- */

struct blocker {
	struct job job;
	pthread_mutex_t *gate;
};

static void wait_at_gate(struct job *job)
{
	struct blocker *b = container_of(job, struct blocker, job);

	pthread_mutex_lock(b->gate);
	pthread_mutex_unlock(b->gate);
}

/* All workers of steps stand at the gate. */
static struct blocker *block_steps(struct kit *k, pthread_mutex_t *gate)
{
	struct pool *p = &k->host->steps;
	struct blocker *list = calloc(p->max, sizeof *list);
	exs_err err = EXS_ERR_INIT;
	unsigned i;

	assert_non_null(list);
	pthread_mutex_lock(gate);
	for (i = 0; i < p->max; i++) {
		list[i] = (struct blocker){ { NULL, wait_at_gate }, gate };
		assert_int_equal(pool_submit(p, &list[i].job, &err), EXS_OK);
	}
	return list;
}

/* The other one ends it meanwhile, and the checkpoint is asked to append behind facts that it did not have. */
static void who_comes_behind_the_end_that_another_made_drops_the_run(void **state)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	exs_err err = EXS_ERR_INIT;
	struct blocker *blocked;
	char id[ID_MAX];
	struct kit k;
	int go[2];
	pid_t pid;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, "run: { lease: 2s }\n");
	leave_a_run(&k, id);
	kit_script(&k, "turns:\n  - say: done\n");
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0)
		race(&k, id, go[0]);
	kit_reopen(&k);
	blocked = block_steps(&k, &gate);
	assert_int_equal(engine_resume(k.engine, id, NULL, NULL, &k.run, &err), EXS_OK);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(exit_of(pid), 0);
	pthread_mutex_unlock(&gate);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	assert_string_equal(k.result->reason, "owner");
	resume_ok(&k, id, "done");
	close(go[0]);
	close(go[1]);
	kit_close(&k);
	free(blocked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_that_resume_a_run_one_wins),
		cmocka_unit_test(who_comes_behind_the_end_that_another_made_drops_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
