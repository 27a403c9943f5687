/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal_forget.c - a run is taken out of the journal, at once or in pieces. */
#include "journal_kit.h"

#define MANY 2500 /* facts: more than one batch takes */

static int32_t forget(struct fixture *f, const char *id)
{
	int32_t more = 0;

	if (f->port->forget(f->self, id, batch(f), &more, &f->err))
		fail_msg("%s", f->err.text);
	commit(f);
	return more;
}

static exs_status forget_fails(struct fixture *f, const char *id)
{
	int32_t more = 7;
	exs_status s = f->port->forget(f->self, id, batch(f), &more, &f->err);

	double_batch_drop(&f->batch);
	return s;
}

static size_t rows_of(struct fixture *f, const char *id)
{
	size_t i, n = 0;

	for (i = 0; i < f->host.n; i++)
		n += strstr(f->host.rows[i].key, id) != NULL;
	return n;
}

static void nothing_of_a_short_run_is_left(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", 3);
	write_run(f, "run-aa", 3);
	write_run(f, "run", 3);
	assert_int_equal(forget(f, "run-a"), 0);
	assert_int_equal(load(f, "run-a"), EXS_NOTFOUND);
	assert_int_equal(load(f, "run-aa"), EXS_OK);
	assert_int_equal(load(f, "run"), EXS_OK);
	assert_int_equal(f->given, 3);
	assert_false(has_row(f, FACT_1));
	assert_int_equal(forget_fails(f, "run-a"), EXS_NOTFOUND);
	assert_int_equal(forget_fails(f, NULL), EXS_NOTFOUND);
}

/* What a crash behind the first batch leaves. */
static void a_half_forgotten_run_can_neither_be_seen_nor_resumed(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_ckpt *none = NULL;
	char out[4096] = "";

	write_run(f, "run-a", MANY);
	assert_int_equal(forget(f, "run-a"), 1);
	assert_true(rows_of(f, "run-a") > 1);
	assert_int_equal(load(f, "run-a"), EXS_NOTFOUND);
	assert_int_equal(f->port->list(f->self, 0, join, out, &f->err), EXS_OK);
	assert_string_equal(out, "");
	assert_int_equal(f->port->adopt(f->self, &run, batch(f), &none, &f->err), EXS_NOTFOUND);
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &none, &f->err), EXS_CONFLICT);
	assert_null(none);
}

static void what_was_left_is_finished_by_name_or_without(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", MANY);
	write_run(f, "run-b", MANY);
	assert_int_equal(forget(f, "run-a"), 1);
	assert_int_equal(forget(f, "run-b"), 1);
	assert_int_equal(forget(f, "run-b"), 0);
	assert_int_equal(rows_of(f, "run-b"), 0);
	assert_int_equal(forget(f, NULL), 0);
	assert_int_equal(rows_of(f, "run-a"), 0);
	assert_int_equal(f->host.n, 0);
}

static void goes_from_one_left_run_to_the_next(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", MANY);
	write_run(f, "run-b", MANY);
	forget(f, "run-a");
	forget(f, "run-b");
	assert_int_equal(forget(f, NULL), 1);
	assert_int_equal(forget(f, NULL), 0);
	assert_int_equal(f->host.n, 0);
}

static void a_damaged_head_may_be_forgotten(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", 2);
	put(f, "run/run-a", exs_cstr("no head"));
	assert_int_equal(forget(f, "run-a"), 0);
	assert_int_equal(f->host.n, 0);
}

static void refuses_what_it_cannot_do(void **state)
{
	struct fixture *f = *state;
	int32_t more = 0;

	write_run(f, "run-a", 1);
	assert_int_equal(f->port->forget(f->self, "run-a", NULL, &more, &f->err), EXS_INVALID);
	assert_int_equal(forget_fails(f, "../run-a"), EXS_NOTFOUND);
	assert_int_equal(forget_fails(f, "run-b"), EXS_NOTFOUND);
	assert_int_equal(load(f, "run-a"), EXS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(nothing_of_a_short_run_is_left),
		CLAIM(a_half_forgotten_run_can_neither_be_seen_nor_resumed),
		CLAIM(what_was_left_is_finished_by_name_or_without),
		CLAIM(goes_from_one_left_run_to_the_next),
		CLAIM(a_damaged_head_may_be_forgotten),
		CLAIM(refuses_what_it_cannot_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
