/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal_fork.c - what a fork is in rows, and what is said when some of them are damaged or gone. */
#include "journal_kit.h"

static exs_status fork_run(struct fixture *f, const char *id, const char *from, int64_t seq)
{
	exs_run_info run = double_run_info(id);
	exs_ckpt *ckpt = NULL;

	if (f->port->fork(f->self, &run, from, seq, batch(f), &ckpt, &f->err))
		return f->err.status;
	assert_int_equal(append(f, ckpt, seq + 1, "{\"text\":\"other\"}"), EXS_OK);
	assert_int_equal(end(f, ckpt, EXS_CKPT_COMPLETE, "ok"), EXS_OK);
	commit(f);
	return EXS_OK;
}

static void with_a_fork(struct fixture *f)
{
	write_run(f, "run-a", 5);
	assert_int_equal(fork_run(f, "run-b", "run-a", 3), EXS_OK);
	assert_int_equal(load(f, "run-b"), EXS_OK);
	assert_int_equal(f->given, 4);
}

static void a_fork_adds_a_head_a_base_and_its_own_facts(void **state)
{
	struct fixture *f = *state;
	size_t before;

	write_run(f, "run-a", 5);
	before = f->host.n;
	assert_int_equal(fork_run(f, "run-b", "run-a", 3), EXS_OK);
	assert_int_equal(f->host.n, before + 3);
	assert_true(has_row(f, "base/run-b"));
	assert_true(has_row(f, "run/run-b"));
	assert_true(has_row(f, "fact/run-b/0000000000000004"));
}

/* Every bit of it counts. */
static void a_damaged_base_is_found(void **state)
{
	struct fixture *f = *state;
	struct double_row *r;
	size_t bit;

	with_a_fork(f);
	r = row(f, "base/run-b");
	for (bit = 0; bit < r->value_n * 8; bit++) {
		r->value[bit / 8] = (char)(r->value[bit / 8] ^ (1 << bit % 8));
		assert_int_equal(load(f, "run-b"), EXS_CORRUPT);
		assert_non_null(strstr(f->err.text, "run 'run-b': what it was forked from is damaged"));
		assert_int_equal(f->given, 0);
		r->value[bit / 8] = (char)(r->value[bit / 8] ^ (1 << bit % 8));
	}
	assert_int_equal(load(f, "run-b"), EXS_OK);
}

static void a_base_that_is_gone_is_told(void **state)
{
	struct fixture *f = *state;
	int32_t more = 0;

	with_a_fork(f);
	assert_int_equal(f->port->forget(f->self, "run-a", batch(f), &more, &f->err), EXS_OK);
	commit(f);
	assert_int_equal(load(f, "run-b"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "run 'run-b' was forked from run 'run-a', which is gone"));
	assert_int_equal(fork_run(f, "run-c", "run-b", 2), EXS_CORRUPT);
}

static void a_fact_that_its_base_lacks_is_missing(void **state)
{
	struct fixture *f = *state;

	with_a_fork(f);
	lose(f, "fact/run-a/0000000000000003");
	assert_int_equal(load(f, "run-b"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "run 'run-b', fact 3: it is missing"));
	assert_int_equal(f->given, 2);
}

/* What a head says of its own is not lost with it. */
static void a_damaged_head_still_shows_the_facts(void **state)
{
	struct fixture *f = *state;
	struct double_row *r;

	with_a_fork(f);
	r = row(f, "run/run-b");
	r->value[r->value_n - 1] = 'x';
	assert_int_equal(load(f, "run-b"), EXS_CORRUPT);
	assert_int_equal(f->given, 4);
	assert_non_null(strstr(f->err.text, "run 'run-b': its head is damaged"));
}

static void a_forgotten_fork_leaves_nothing_and_takes_nothing(void **state)
{
	struct fixture *f = *state;
	int32_t more = 0;
	size_t i;

	with_a_fork(f);
	assert_int_equal(f->port->forget(f->self, "run-b", batch(f), &more, &f->err), EXS_OK);
	commit(f);
	assert_int_equal(more, 0);
	for (i = 0; i < f->host.n; i++)
		assert_null(strstr(f->host.rows[i].key, "run-b"));
	assert_int_equal(load(f, "run-a"), EXS_OK);
	assert_int_equal(f->given, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_fork_adds_a_head_a_base_and_its_own_facts),
		CLAIM(a_damaged_base_is_found),
		CLAIM(a_base_that_is_gone_is_told),
		CLAIM(a_fact_that_its_base_lacks_is_missing),
		CLAIM(a_damaged_head_still_shows_the_facts),
		CLAIM(a_forgotten_fork_leaves_nothing_and_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
