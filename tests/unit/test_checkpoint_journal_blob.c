/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal_blob.c - long bodies are kept once, checked, counted and swept. */
#include "blob_kit.h"

#define LONG 100000u

/* ---- writing and reading ---- */

static void keeps_a_body_in_its_record_up_to_the_bound(void **state)
{
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", BLOB_MIN);
	assert_int_equal(rows_from(f, "blob/"), 0);
	assert_int_equal(row(f, FACT_1)->value[0], 1);
	assert_bodies(f, "run-a", "a", BLOB_MIN);
	write_bodies(f, "run-b", "a", BLOB_MIN + 1);
	assert_int_equal(rows_from(f, "blob/"), 1);
	assert_int_equal(row(f, "fact/run-b/0000000000000001")->value[0], 2);
	assert_bodies(f, "run-b", "a", BLOB_MIN + 1);
}

static void cuts_a_blob_at_the_end_of_a_part(void **state)
{
	const size_t sizes[] = { BLOB_PART_MAX, BLOB_PART_MAX + 1, BODY_MAX };
	const size_t parts[] = { 1, 2, 9 };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		write_bodies(f, "run-a", "a", sizes[i]);
		assert_int_equal(rows_from(f, "blob/"), parts[i]);
		assert_bodies(f, "run-a", "a", sizes[i]);
		forget_all(f, "run-a");
		assert_int_equal(f->host.n, 0);
	}
}

static void refuses_a_body_over_the_bound_before_it_writes_a_part(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	size_t before = f->batch.n;

	assert_int_equal(append_body(f, ckpt, 1, 'a', BODY_MAX + 1), EXS_TOOBIG);
	assert_int_equal(f->batch.n, before);
	assert_int_equal(end(f, ckpt, EXS_CKPT_FAIL, "error"), EXS_OK);
	commit(f);
}

static void a_failing_batch_is_told(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");

	f->host.fail_batch = true;
	assert_int_equal(append_body(f, ckpt, 1, 'a', LONG), EXS_IO);
	f->host.fail_batch = false;
	assert_int_equal(end(f, ckpt, EXS_CKPT_FAIL, "error"), EXS_OK);
	commit(f);
}

static void keeps_equal_bodies_once(void **state)
{
	struct fixture *f = *state;

	write_bodies(f, "run-a", "aa", LONG);
	write_bodies(f, "run-b", "a", LONG);
	assert_int_equal(rows_from(f, "blob/"), 1);
	assert_int_equal(count_of(f), 3);
	assert_bodies(f, "run-a", "aa", LONG);
	assert_bodies(f, "run-b", "a", LONG);
}

static void a_dropped_batch_counts_nothing(void **state)
{
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", LONG);
	add_bodies(f, "run-b", "a", LONG);
	double_batch_drop(&f->batch);
	assert_int_equal(count_of(f), 1);
}

/* ---- damage ---- */

static void names_run_fact_and_blob_of_a_damaged_body(void **state)
{
	struct fixture *f = *state;
	struct double_row *part;

	write_bodies(f, "run-a", "a", LONG);
	part = row_from(f, "blob/");
	part->value[LONG - 1] ^= 1;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 0);
	assert_non_null(strstr(f->err.text, "run 'run-a', fact 1: its body, blob "));
	assert_non_null(strstr(f->err.text, "is damaged"));
	part->value[LONG - 1] ^= 1;
	assert_int_equal(load(f, "run-a"), EXS_OK);
	part->value_n--;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	part->value_n++;
	lose(f, part->key);
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "is missing"));
}

static void finds_a_part_that_is_missing_or_another(void **state)
{
	struct fixture *f = *state;
	char key[128];

	write_bodies(f, "run-a", "a", 2u << 20);
	snprintf(key, sizeof key, "%.*s0001", (int)(sizeof "blob/" - 1 + 64 + 1),
		 f->host.rows[0].key);
	put(f, key, exs_cstr("short"));
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	lose(f, key);
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "is missing or a part of it"));
}

/* ---- forgetting ---- */

static void what_another_run_needs_stays(void **state)
{
	struct fixture *f = *state;

	write_bodies(f, "run-a", "aab", LONG);
	write_bodies(f, "run-b", "a", LONG);
	forget_all(f, "run-a");
	assert_int_equal(rows_from(f, "blob/"), 1);
	assert_int_equal(count_of(f), 1);
	assert_int_equal(rows_from(f, "loose/"), 0);
	assert_bodies(f, "run-b", "a", LONG);
	forget_all(f, "run-b");
	assert_int_equal(f->host.n, 0);
}

static void an_interrupted_forget_is_finished_from_any_batch_on(void **state)
{
	struct fixture *f = *state;
	int done, i;

	for (done = 1; done < 3; done++) {
		write_bodies(f, "run-a", "ab", LONG);
		write_bodies(f, "run-b", "a", LONG);
		for (i = 0; i < done; i++)
			if (!forget_once(f, "run-a"))
				break;
		assert_bodies(f, "run-b", "a", LONG);
		if (rows_from(f, "gone/"))
			forget_all(f, NULL);
		assert_int_equal(rows_from(f, "blob/"), 1);
		assert_int_equal(rows_from(f, "loose/"), 0);
		forget_all(f, "run-b");
		assert_int_equal(f->host.n, 0);
	}
}

/* Who writes between the look of a sweep and its commit wins. */
static void a_sweep_conflicts_with_a_new_fact(void **state)
{
	struct double_batch sweep;
	exs_err err = EXS_ERR_INIT;
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", LONG);
	assert_int_equal(forget_once(f, "run-a"), 1);
	assert_int_equal(count_of(f), 0);
	assert_int_equal(add_forget(f, "run-a"), 0);
	sweep = f->batch;
	double_batch_init(&f->batch);
	write_bodies(f, "run-b", "a", LONG);
	assert_int_equal(double_batch_commit(&f->host, &sweep, &err), EXS_CONFLICT);
	assert_bodies(f, "run-b", "a", LONG);
	forget_all(f, "run-a");
	assert_int_equal(rows_from(f, "loose/"), 0);
	assert_bodies(f, "run-b", "a", LONG);
}

static void a_fact_behind_a_sweep_has_its_blob(void **state)
{
	struct double_batch facts;
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", LONG);
	add_bodies(f, "run-b", "a", LONG);
	facts = f->batch;
	double_batch_init(&f->batch);
	forget_all(f, "run-a");
	assert_int_equal(f->host.n, 0);
	double_batch_apply(&f->host, &facts);
	assert_bodies(f, "run-b", "a", LONG);
	assert_int_equal(count_of(f), 1);
}

/* Two prunes that saw the same facts: only one counts them. */
static void two_who_forget_the_same_count_once(void **state)
{
	struct double_batch other;
	exs_err err = EXS_ERR_INIT;
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", LONG);
	write_bodies(f, "run-b", "a", LONG);
	assert_int_equal(add_forget(f, "run-a"), 1);
	other = f->batch;
	double_batch_init(&f->batch);
	assert_int_equal(forget_once(f, "run-a"), 1);
	assert_int_equal(double_batch_commit(&f->host, &other, &err), EXS_CONFLICT);
	assert_int_equal(count_of(f), 1);
	forget_all(f, "run-a");
	assert_bodies(f, "run-b", "a", LONG);
}

static void many_blobs_go_in_many_batches(void **state)
{
	enum { N = 700 }; /* more than one batch counts down */
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	int64_t seq;

	for (seq = 1; seq <= N; seq++)
		assert_int_equal(append_body(f, ckpt, seq, 'a', BLOB_MIN + (size_t)seq), EXS_OK);
	end(f, ckpt, EXS_CKPT_COMPLETE, "ok");
	commit(f);
	assert_int_equal(rows_from(f, "ref/"), N);
	assert_true(add_forget(f, "run-a"));
	assert_true(f->batch.n <= EXS_CKPT_FORGET_MAX);
	commit(f);
	while (add_forget(f, NULL)) {
		assert_true(f->batch.n <= EXS_CKPT_FORGET_MAX);
		commit(f);
	}
	commit(f);
	assert_int_equal(f->host.n, 0);
}

/* ---- what must not lose a blob ---- */

static void a_damaged_record_counts_nothing_down(void **state)
{
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", LONG);
	write_bodies(f, "run-b", "a", LONG);
	row(f, FACT_1)->value[20] ^= 1;
	forget_all(f, "run-a");
	assert_int_equal(count_of(f), 2);
	assert_bodies(f, "run-b", "a", LONG);
}

static void a_count_that_makes_no_sense_keeps_its_blob(void **state)
{
	static const char below[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	const exs_str counts[] = { exs_bytes(below, 8), exs_bytes("", 0), exs_cstr("seven b"),
				   exs_cstr("more than eight") };
	struct fixture *f = *state;
	char key[128];
	size_t i;

	for (i = 0; i < sizeof counts / sizeof *counts; i++) {
		write_bodies(f, "run-a", "a", LONG);
		assert_int_equal(forget_once(f, "run-a"), 1);
		snprintf(key, sizeof key, "%s", row_from(f, "ref/")->key);
		put(f, key, counts[i]);
		forget_all(f, "run-a");
		assert_int_equal(rows_from(f, "blob/"), 1);
		assert_int_equal(rows_from(f, "loose/"), 0);
		lose(f, key);
		lose(f, row_from(f, "blob/")->key);
		assert_int_equal(f->host.n, 0);
	}
}

static void a_loose_blob_without_a_count_goes(void **state)
{
	struct fixture *f = *state;

	write_bodies(f, "run-a", "a", LONG);
	assert_int_equal(forget_once(f, "run-a"), 1);
	lose(f, row_from(f, "ref/")->key);
	put(f, "loose/nothing of ours", exs_cstr(""));
	forget_all(f, "run-a");
	assert_int_equal(rows_from(f, "blob/"), 0);
	assert_int_equal(f->host.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(keeps_a_body_in_its_record_up_to_the_bound),
		CLAIM(cuts_a_blob_at_the_end_of_a_part),
		CLAIM(refuses_a_body_over_the_bound_before_it_writes_a_part),
		CLAIM(a_failing_batch_is_told),
		CLAIM(keeps_equal_bodies_once),
		CLAIM(a_dropped_batch_counts_nothing),
		CLAIM(names_run_fact_and_blob_of_a_damaged_body),
		CLAIM(finds_a_part_that_is_missing_or_another),
		CLAIM(what_another_run_needs_stays),
		CLAIM(an_interrupted_forget_is_finished_from_any_batch_on),
		CLAIM(a_sweep_conflicts_with_a_new_fact),
		CLAIM(a_fact_behind_a_sweep_has_its_blob),
		CLAIM(two_who_forget_the_same_count_once),
		CLAIM(many_blobs_go_in_many_batches),
		CLAIM(a_damaged_record_counts_nothing_down),
		CLAIM(a_count_that_makes_no_sense_keeps_its_blob),
		CLAIM(a_loose_blob_without_a_count_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
