/* SPDX-License-Identifier: MIT */
/* store_batch.c - the contract of batches: all or nothing, conditions, sums. */
#include "store_kit.h"

static void check_holds_only_for_the_very_bytes(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(kit_put(k, S("k"), S("one")), EXS_OK);
	assert_int_equal(BATCH(k, op_check(S("k"), S("one")), op_put(S("k"), S("two"))), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_check(S("k"), S("one"))), EXS_CONFLICT);
	assert_int_equal(at, 0);
	assert_int_equal(BATCH_AT(k, &at, op_del(S("x")), op_check(S("k"), S("tw"))), EXS_CONFLICT);
	assert_int_equal(at, 1);
	assert_int_equal(BATCH(k, op_check(S("k"), S("two2"))), EXS_CONFLICT);
	assert_int_equal(BATCH(k, op_check(S("k"), S(""))), EXS_CONFLICT);
	assert_int_equal(BATCH(k, op_check(S("none"), S(""))), EXS_CONFLICT);
	assert_int_equal(kit_get(k, S("k"), S("two")), EXS_OK);
}

static void check_of_absence_holds_only_for_a_missing_row(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(BATCH(k, op_absent(S("k")), op_put(S("k"), S("v"))), EXS_OK);
	assert_int_equal(
		BATCH_AT(k, &at, op_put(S("a"), S("1")), op_put(S("b"), S("1")), op_absent(S("k"))),
		EXS_CONFLICT);
	assert_int_equal(at, 2);
	assert_int_equal(BATCH(k, op_del(S("k"))), EXS_OK);
	assert_int_equal(BATCH(k, op_absent(S("k"))), EXS_OK);
}

static void a_failed_batch_changes_nothing(void **state)
{
	struct kit *k = *state;

	assert_int_equal(BATCH(k, op_put(S("old"), S("v")), op_add(S("n"), 5, INT64_MAX)), EXS_OK);
	assert_int_equal(BATCH(k, op_put(S("new"), S("v")), op_put(S("old"), S("w")),
			       op_del(S("old")), op_add(S("n"), 1, INT64_MAX), op_absent(S("n"))),
			 EXS_CONFLICT);
	assert_int_equal(kit_get(k, S("new"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_get(k, S("old"), S("v")), EXS_OK);
	assert_int_equal(kit_counter(k, S("n")), 5);
}

static void the_first_condition_that_fails_is_named(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(kit_put(k, S("k"), S("v")), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_check(S("k"), S("v")), op_absent(S("k")),
				  op_check(S("k"), S("x"))),
			 EXS_CONFLICT);
	assert_int_equal(at, 1);
}

static void conditions_see_the_state_before_the_batch(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(BATCH(k, op_put(S("k"), S("1")), op_absent(S("k"))), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_put(S("k"), S("2")), op_check(S("k"), S("2"))),
			 EXS_CONFLICT);
	assert_int_equal(at, 1);
	assert_int_equal(BATCH(k, op_put(S("k"), S("2")), op_check(S("k"), S("1"))), EXS_OK);
	assert_int_equal(BATCH(k, op_del(S("k")), op_check(S("k"), S("2"))), EXS_OK);
	assert_int_equal(kit_get(k, S("k"), S("")), EXS_NOTFOUND);
}

static void operations_apply_in_order(void **state)
{
	struct kit *k = *state;

	assert_int_equal(BATCH(k, op_put(S("a"), S("1")), op_put(S("a"), S("2")),
			       op_put(S("b"), S("1")), op_del(S("b")), op_del(S("c")),
			       op_put(S("c"), S("3")), op_add(S("n"), 2, INT64_MAX),
			       op_add(S("n"), 3, INT64_MAX)),
			 EXS_OK);
	assert_int_equal(kit_get(k, S("a"), S("2")), EXS_OK);
	assert_int_equal(kit_get(k, S("b"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_get(k, S("c"), S("3")), EXS_OK);
	assert_int_equal(kit_counter(k, S("n")), 5);
}

static void add_starts_at_0_and_sums(void **state)
{
	struct kit *k = *state;

	assert_int_equal(BATCH(k, op_add(S("n"), 40, INT64_MAX)), EXS_OK);
	assert_int_equal(BATCH(k, op_add(S("n"), 2, INT64_MAX)), EXS_OK);
	assert_int_equal(kit_counter(k, S("n")), 42);
	assert_int_equal(BATCH(k, op_add(S("n"), -100, INT64_MAX)), EXS_OK);
	assert_int_equal(kit_counter(k, S("n")), -58);
	assert_int_equal(BATCH(k, op_add(S("n"), 0, INT64_MAX)), EXS_OK);
	assert_int_equal(kit_counter(k, S("n")), -58);
}

static void a_counter_is_a_little_endian_row(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_put(k, S("n"), S("\x01\x02\0\0\0\0\0\0")), EXS_OK);
	assert_int_equal(BATCH(k, op_add(S("n"), 1, INT64_MAX)), EXS_OK);
	assert_int_equal(kit_get(k, S("n"), S("\x02\x02\0\0\0\0\0\0")), EXS_OK);
	assert_int_equal(BATCH(k, op_check(S("n"), S("\x02\x02\0\0\0\0\0\0"))), EXS_OK);
}

static void add_over_its_bound_is_a_conflict(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(BATCH(k, op_add(S("n"), 10, 10)), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_put(S("x"), S("v")), op_add(S("n"), 1, 10)),
			 EXS_CONFLICT);
	assert_int_equal(at, 1);
	assert_int_equal(kit_get(k, S("x"), S("")), EXS_NOTFOUND);
	assert_int_equal(BATCH(k, op_add(S("fresh"), 11, 10)), EXS_CONFLICT);
	assert_int_equal(kit_get(k, S("fresh"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_counter(k, S("n")), 10);
}

static void a_bound_does_not_hold_back_a_delta_that_is_not_positive(void **state)
{
	struct kit *k = *state;

	assert_int_equal(BATCH(k, op_add(S("n"), 100, INT64_MAX)), EXS_OK);
	assert_int_equal(BATCH(k, op_add(S("n"), -1, 10)), EXS_OK);
	assert_int_equal(BATCH(k, op_add(S("n"), 0, 10)), EXS_OK);
	assert_int_equal(kit_counter(k, S("n")), 99);
}

static void a_sum_that_leaves_64_bits_is_a_conflict(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(BATCH(k, op_add(S("n"), INT64_MAX, INT64_MAX)), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_add(S("n"), 1, INT64_MAX)), EXS_CONFLICT);
	assert_int_equal(at, 0);
	assert_int_equal(BATCH(k, op_add(S("m"), INT64_MIN, INT64_MAX)), EXS_OK);
	assert_int_equal(BATCH(k, op_add(S("m"), -1, INT64_MAX)), EXS_CONFLICT);
	assert_int_equal(kit_counter(k, S("n")), INT64_MAX);
	assert_int_equal(kit_counter(k, S("m")), INT64_MIN);
}

static void a_sum_that_leaves_64_bits_on_the_way_changes_nothing(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(kit_put(k, S("a"), S("old")), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_put(S("a"), S("new")), op_put(S("b"), S("new")),
				  op_del(S("a")), op_add(S("n"), INT64_MAX, INT64_MAX),
				  op_add(S("n"), 1, INT64_MAX)),
			 EXS_CONFLICT);
	assert_int_equal(at, 4);
	assert_int_equal(kit_get(k, S("a"), S("old")), EXS_OK);
	assert_int_equal(kit_get(k, S("b"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_get(k, S("n"), S("")), EXS_NOTFOUND);
}

static void add_on_a_row_of_11_bytes_is_corrupt(void **state)
{
	struct kit *k = *state;
	int64_t at = -1;

	assert_int_equal(kit_put(k, S("text"), S("eleven byte")), EXS_OK);
	assert_int_equal(BATCH_AT(k, &at, op_put(S("x"), S("v")), op_add(S("text"), 1, INT64_MAX)),
			 EXS_CORRUPT);
	assert_int_equal(at, 1);
	assert_int_equal(BATCH(k, op_put(S("x"), S("v")), op_add(S("x"), 1, INT64_MAX)),
			 EXS_CORRUPT);
	assert_int_equal(kit_get(k, S("x"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_get(k, S("text"), S("eleven byte")), EXS_OK);
}

static void refuses_an_operation_that_it_does_not_know(void **state)
{
	struct kit *k = *state;
	exs_op odd = op_put(S("k"), S("v"));
	int64_t at = -1;

	odd.kind = 5;
	assert_int_equal(BATCH_AT(k, &at, op_put(S("a"), S("v")), odd), EXS_INVALID);
	assert_int_equal(at, 1);
	odd.kind = 0;
	assert_int_equal(BATCH(k, odd), EXS_INVALID);
	odd.kind = -1;
	assert_int_equal(BATCH(k, odd), EXS_INVALID);
	assert_int_equal(kit_get(k, S("a"), S("")), EXS_NOTFOUND);
}

static void refuses_an_operation_that_is_too_short(void **state)
{
	struct kit *k = *state;
	exs_op odd = op_put(S("k"), S("v"));

	odd.size = 8;
	assert_int_equal(BATCH(k, odd), EXS_INVALID);
}

static exs_status submit_raw(struct kit *k, const exs_op *const *ops, uint64_t n)
{
	struct double_done d;
	exs_status s;

	double_done_init(&d, 16);
	k->store->submit(k->self, ops, n, d.done);
	assert_true(double_done_wait(&d, WAIT_MS));
	assert_int_equal(d.ends, 1);
	s = d.status;
	double_done_release(&d);
	return s;
}

static void refuses_a_batch_of_no_operations(void **state)
{
	struct kit *k = *state;
	exs_op op = op_put(S("k"), S("v"));
	const exs_op *list[] = { &op, NULL };

	assert_int_equal(submit_raw(k, list, 0), EXS_INVALID);
	assert_int_equal(submit_raw(k, NULL, 0), EXS_INVALID);
	assert_int_equal(submit_raw(k, NULL, 1), EXS_INVALID);
	assert_int_equal(submit_raw(k, list, 2), EXS_INVALID);
	assert_int_equal(kit_get(k, S("k"), S("")), EXS_NOTFOUND);
}

static void takes_4096_operations_and_refuses_one_more(void **state)
{
	struct kit *k = *state;
	uint64_t i, n = EXS_STORE_OPS_MAX + 1;
	exs_op *ops = calloc(n, sizeof *ops);
	char(*keys)[8] = calloc(n, sizeof *keys);

	assert_non_null(ops);
	assert_non_null(keys);
	for (i = 0; i < n; i++) {
		snprintf(keys[i], sizeof keys[i], "k%05u", (unsigned)i % 10000u);
		ops[i] = op_put(exs_cstr(keys[i]), S("v"));
	}
	assert_int_equal(kit_submit(k, ops, n, NULL), EXS_INVALID);
	assert_int_equal(kit_get(k, S("k00000"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_submit(k, ops, n - 1, NULL), EXS_OK);
	assert_int_equal(kit_get(k, S("k00000"), S("v")), EXS_OK);
	assert_int_equal(kit_get(k, S("k04095"), S("v")), EXS_OK);
	free(keys);
	free(ops);
}

int store_batches(void)
{
	const struct CMUnitTest cases[] = {
		CASE(check_holds_only_for_the_very_bytes),
		CASE(check_of_absence_holds_only_for_a_missing_row),
		CASE(a_failed_batch_changes_nothing),
		CASE(the_first_condition_that_fails_is_named),
		CASE(conditions_see_the_state_before_the_batch),
		CASE(operations_apply_in_order),
		CASE(add_starts_at_0_and_sums),
		CASE(a_counter_is_a_little_endian_row),
		CASE(add_over_its_bound_is_a_conflict),
		CASE(a_bound_does_not_hold_back_a_delta_that_is_not_positive),
		CASE(a_sum_that_leaves_64_bits_is_a_conflict),
		CASE(a_sum_that_leaves_64_bits_on_the_way_changes_nothing),
		CASE(add_on_a_row_of_11_bytes_is_corrupt),
		CASE(refuses_an_operation_that_it_does_not_know),
		CASE(refuses_an_operation_that_is_too_short),
		CASE(refuses_a_batch_of_no_operations),
		CASE(takes_4096_operations_and_refuses_one_more),
	};

	return cmocka_run_group_tests_name("batches", cases, NULL, NULL);
}
