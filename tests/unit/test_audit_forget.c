/* SPDX-License-Identifier: MIT */
/* test_audit_forget.c - a run that is forgotten leaves the trail, and stays in the chain. */
#include "audit_kit.h"

/* As the host does it: until there is no more. */
static int forget(struct fixture *f, const char *id)
{
	int32_t more = 1;
	int rounds = 0;

	double_batch_drop(&f->batch);
	double_batch_own(&f->batch);
	while (more) {
		if (f->port->forget(f->self, id, double_batch(&f->batch), &more, &f->err))
			fail_msg("%s", f->err.text);
		double_batch_apply(&f->host, &f->batch);
		rounds++;
	}
	double_batch_init(&f->batch);
	return rounds;
}

static exs_status refused(struct fixture *f, const char *id)
{
	int32_t more = 1;
	exs_status s;

	double_batch_own(&f->batch);
	s = f->port->forget(f->self, id, double_batch(&f->batch), &more, &f->err);
	double_batch_drop(&f->batch);
	double_batch_init(&f->batch);
	assert_int_equal(more, 1);
	return s;
}

static void a_forgotten_run_leaves_its_hash_in_the_chain(void **state)
{
	struct fixture *f = *state;
	char rows[80] = "";

	write_run(f, "run-a", "ok");
	write_run(f, "run-b", "ok");
	reopen(f);
	memcpy(rows, strstr(row(f, ENTRY(1))->value, "\"rows\":\""), 8 + 64);
	assert_int_equal(forget(f, "run-a"), 1);
	assert_null(row(f, "run/run-a"));
	assert_int_equal(rows_of(f, "log/run-a/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 3);
	assert_non_null(
		strstr(row(f, ENTRY(3))->value, "\"what\":\"forgotten\",\"run\":\"run-a\""));
	assert_non_null(strstr(row(f, ENTRY(3))->value, rows));
	assert_intact(f);
	assert_int_equal(verify(f, "run-a"), EXS_NOTFOUND);
	assert_int_equal(list(f, NULL), EXS_OK);
	assert_int_equal(f->given, 1);
}

static void a_run_that_nobody_sealed_is_sealed_and_forgotten_at_once(void **state)
{
	struct fixture *f = *state;

	f->host.fail_commit = true;
	write_run(f, "run-a", "ok");
	reopen(f);
	f->host.fail_commit = false;
	assert_int_equal(forget(f, "run-a"), 1);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_intact(f);
}

/* run-a ended with that many facts, and the first batch of its purge is committed: the process dies. */
static void half_forgotten(struct fixture *f, int64_t facts)
{
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = start(f, &run);
	int64_t seq;
	int32_t more = 0;

	for (seq = 1; seq < facts; seq++)
		record_kind(f, t, EXS_FACT_STEERED, seq, "{}");
	record_kind(f, t, EXS_FACT_RUN_ENDED, seq, "{\"status\":\"ok\"}");
	commit(f);
	finish(f, t);
	reopen(f);
	double_batch_own(&f->batch);
	assert_int_equal(f->port->forget(f->self, "run-a", double_batch(&f->batch), &more, &f->err),
			 EXS_OK);
	assert_int_equal(more, 1);
	assert_true(f->batch.n < EXS_STORE_OPS_MAX);
	double_batch_apply(&f->host, &f->batch);
	double_batch_init(&f->batch);
}

static void a_run_with_many_rows_is_forgotten_in_several_batches(void **state)
{
	struct fixture *f = *state;

	half_forgotten(f, 4501);
	/* Here a process may die: what is left is no finding, and the run is still listed. */
	assert_intact(f);
	assert_int_equal(list(f, NULL), EXS_OK);
	assert_int_equal(f->given, 1);
	assert_int_equal(forget(f, "run-a"), 2);
	assert_int_equal(rows_of(f, "log/"), 0);
	assert_int_equal(rows_of(f, "run/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_intact(f);
}

static void a_run_that_is_half_forgotten_is_not_retried(void **state)
{
	exs_run_info again = double_run_info("run-a");
	struct fixture *f = *state;
	exs_trail *t = NULL;

	half_forgotten(f, 2500);
	again.attempt = 2;
	again.flags = EXS_RUN_RETRIED;
	assert_int_equal(f->port->start(f->self, &again, &t, &f->err), EXS_CONFLICT);
	assert_null(t);
	assert_non_null(strstr(f->err.text, "the trail of run 'run-a' is being taken out: let 'executus audit purge' finish"));
	assert_intact(f);
	/* Once it is out the same run has a trail that begins here. */
	forget(f, "run-a");
	t = start(f, &again);
	record_kind(f, t, EXS_FACT_RUN_ENDED, 2502, "{\"status\":\"ok\"}");
	commit(f);
	finish(f, t);
	reopen(f);
	assert_int_equal(rows_of(f, "log/run-a/"), 1);
	assert_intact(f);
}

static void a_run_that_goes_on_is_not_forgotten(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", NULL);
	assert_int_equal(refused(f, "run-a"), EXS_DENIED);
	assert_non_null(strstr(f->err.text, "run 'run-a' has not ended"));
	assert_int_equal(refused(f, "run-x"), EXS_NOTFOUND);
	assert_int_equal(refused(f, "a/b"), EXS_NOTFOUND);
}

static void a_damaged_run_is_not_forgotten_in_silence(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "ok");
	write_run(f, "run-b", "ok");
	reopen(f);
	put(f, "run/run-b", exs_cstr("{}"));
	assert_int_equal(refused(f, "run-b"), EXS_CORRUPT);
	edit(f, ENTRY(1), "\"at_ms\":17", "\"at_ms\":18");
	assert_int_equal(refused(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "run 'run-a' stays, for its entry of the chain cannot "
					    "be believed"));
	lose(f, ENTRY(1));
	assert_int_equal(refused(f, "run-a"), EXS_CORRUPT);
}

static void forgetting_onto_an_end_that_moved_is_a_conflict(void **state)
{
	struct fixture *f = *state;
	int32_t more = 0;

	write_run(f, "run-a", "ok");
	reopen(f);
	double_batch_own(&f->batch);
	assert_int_equal(f->port->forget(f->self, "run-a", double_batch(&f->batch), &more, &f->err),
			 EXS_OK);
	edit(f, "tip", "\"entries\":1", "\"entries\":2");
	assert_int_equal(double_batch_commit(&f->host, &f->batch, &f->err), EXS_CONFLICT);
	assert_non_null(row(f, "run/run-a"));
	double_batch_init(&f->batch);
}

static void finds_a_forgotten_entry_that_was_taken_away(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "ok");
	reopen(f);
	forget(f, "run-a");
	lose(f, ENTRY(2));
	put(f, "sealed/run-a", exs_cstr("0000000000000001"));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "it is gone without having been forgotten"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_forgotten_run_leaves_its_hash_in_the_chain),
		CLAIM(a_run_that_nobody_sealed_is_sealed_and_forgotten_at_once),
		CLAIM(a_run_with_many_rows_is_forgotten_in_several_batches),
		CLAIM(a_run_that_is_half_forgotten_is_not_retried),
		CLAIM(a_run_that_goes_on_is_not_forgotten),
		CLAIM(a_damaged_run_is_not_forgotten_in_silence),
		CLAIM(forgetting_onto_an_end_that_moved_is_a_conflict),
		CLAIM(finds_a_forgotten_entry_that_was_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
