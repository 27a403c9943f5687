/* SPDX-License-Identifier: MIT */
/* test_batch.c - rows of one commit: marks, bounds, and to whom a batch is open. */
#include "host_kit.h"

#include "base/text.h"

#define S(text) str_of(text)

static char big[EXS_STORE_VALUE_MAX + 1];

static int setup(void **state)
{
	struct batch *b = malloc(sizeof *b);

	assert_non_null(b);
	batch_init(b);
	memset(big, 'x', sizeof big);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	batch_release(*state);
	free(*state);
	return 0;
}

static void put(struct batch *b, const char *key, const char *value)
{
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(batch_put(b, S("p/"), S(key), S(value), &err), EXS_OK);
}

static const exs_op *op(struct batch *b, uint64_t i, uint64_t wanted_n)
{
	const exs_op *const *ops;
	uint64_t n;

	assert_int_equal(batch_ops(b, &ops, &n), EXS_OK);
	assert_int_equal(n, wanted_n);
	return ops[i];
}

static void ops_are_what_was_added_in_order(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	const exs_op *o;

	put(b, "a", "one");
	assert_int_equal(batch_del(b, S("p/"), S("b"), &err), EXS_OK);
	assert_int_equal(batch_add(b, S("p/"), S("c"), -3, 7, &err), EXS_OK);
	o = op(b, 0, 3);
	assert_int_equal(o->size, sizeof *o);
	assert_int_equal(o->kind, EXS_OP_PUT);
	assert_true(str_is(o->key, "p/a") && str_is(o->value, "one"));
	o = op(b, 1, 3);
	assert_int_equal(o->kind, EXS_OP_DEL);
	assert_true(str_is(o->key, "p/b"));
	o = op(b, 2, 3);
	assert_int_equal(o->kind, EXS_OP_ADD);
	assert_true(str_is(o->key, "p/c") && o->delta == -3 && o->bound == 7);
	put(b, "d", "four");
	assert_true(str_is(op(b, 0, 4)->value, "one"));
	assert_true(str_is(op(b, 3, 4)->value, "four"));
}

static void a_check_tells_absent_from_empty(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(batch_check(b, S("a"), str_n(NULL, 0), &err), EXS_OK);
	assert_int_equal(batch_check(b, S("b"), S(""), &err), EXS_OK);
	assert_null(op(b, 0, 2)->value.p);
	assert_non_null(op(b, 1, 2)->value.p);
	assert_int_equal(op(b, 1, 2)->value.n, 0);
}

static void a_rollback_drops_rows_with_their_bytes(void **state)
{
	struct batch *b = *state;
	struct batch_mark none = batch_mark(b), one, two;

	put(b, "a", "first");
	one = batch_mark(b);
	put(b, "b", "second");
	two = batch_mark(b);
	put(b, "c", "third");
	batch_rollback(b, two);
	assert_true(str_is(op(b, 1, 2)->value, "second"));
	batch_rollback(b, one);
	assert_int_equal(b->data.n, one.bytes);
	put(b, "d", "fourth");
	assert_true(str_is(op(b, 0, 2)->value, "first"));
	assert_true(str_is(op(b, 1, 2)->key, "p/d"));
	assert_true(str_is(op(b, 1, 2)->value, "fourth"));
	batch_rollback(b, none);
	assert_int_equal(b->n, 0);
	assert_int_equal(b->data.n, 0);
}

static void refuses_an_empty_key(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(batch_put(b, S("p/"), S(""), S("v"), &err), EXS_INVALID);
	assert_says(&err, "empty");
	assert_int_equal(b->n, 0);
}

static void refuses_a_key_of_481_bytes_with_its_prefix(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(batch_put(b, S("p/"), str_n(big, 478), S("v"), &err), EXS_OK);
	assert_int_equal(batch_put(b, S("p/"), str_n(big, 479), S("v"), &err), EXS_TOOBIG);
	assert_says(&err, "479 bytes; 1 to 478");
	assert_int_equal(batch_del(b, S("p/"), str_n(big, SIZE_MAX), &err), EXS_TOOBIG);
	assert_int_equal(b->n, 1);
}

static void refuses_a_value_of_more_than_1_mib(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(batch_put(b, S(""), S("a"), str_n(big, EXS_STORE_VALUE_MAX), &err),
			 EXS_OK);
	assert_int_equal(batch_put(b, S(""), S("a"), str_n(big, sizeof big), &err), EXS_TOOBIG);
	assert_says(&err, "1048577");
	assert_int_equal(b->n, 1);
}

static void refuses_the_4097th_row(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	unsigned i;

	for (i = 0; i < EXS_STORE_OPS_MAX; i++)
		put(b, "k", "v");
	assert_int_equal(batch_add(b, S(""), S("k"), 1, INT64_MAX, &err), EXS_TOOBIG);
	assert_says(&err, "4096 rows");
	assert_int_equal(b->n, EXS_STORE_OPS_MAX);
	(void)op(b, 4095, 4096);
}

static void refuses_more_than_32_mib_and_keeps_what_was_there(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	exs_str value = str_n(big, EXS_STORE_VALUE_MAX);
	size_t before;
	unsigned i;

	for (i = 0; i < 31; i++)
		assert_int_equal(batch_put(b, S(""), S("k"), value, &err), EXS_OK);
	before = b->data.n;
	assert_int_equal(batch_put(b, S("pre"), S("k"), value, &err), EXS_TOOBIG);
	assert_says(&err, "33554432 bytes");
	assert_int_equal(b->n, 31);
	assert_int_equal(b->data.n, before);
	put(b, "small", "fits still");
	assert_true(str_is(op(b, 31, 32)->value, "fits still"));
}

/* ---- through the service ---- */

static void a_closed_batch_is_refused(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	const exs_store_svc *svc;
	struct kit k;

	kit_open(&k, 0);
	svc = &k.in[0].store_svc;
	assert_int_equal(svc->batch_put(svc, batch_public(b), S("a"), S("b"), &err), EXS_INVALID);
	assert_says(&err, "battery 'first' adds to a batch that is not open to it");
	assert_int_equal(svc->batch_del(svc, batch_public(b), S("a"), &err), EXS_INVALID);
	assert_int_equal(svc->batch_add(svc, batch_public(b), S("a"), 1, INT64_MAX, &err),
			 EXS_INVALID);
	assert_int_equal(svc->batch_put(svc, NULL, S("a"), S("b"), &err), EXS_INVALID);
	assert_int_equal(b->n, 0);
	kit_close(&k);
}

static void a_batch_is_open_to_one_battery_and_keys_get_its_prefix(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	const exs_store_svc *svc, *other;
	struct kit k;

	kit_open(&k, 0);
	svc = &k.in[0].store_svc;
	other = &k.in[1].store_svc;
	b->open_to = svc;
	assert_int_equal(other->batch_put(other, batch_public(b), S("a"), S("b"), &err),
			 EXS_INVALID);
	assert_says(&err, "'second'");
	assert_int_equal(svc->batch_put(svc, batch_public(b), S("a"), S("b"), &err), EXS_OK);
	assert_int_equal(svc->batch_del(svc, batch_public(b), S("c"), &err), EXS_OK);
	assert_true(str_is(op(b, 0, 2)->key, "b/first/a"));
	assert_true(str_is(op(b, 1, 2)->key, "b/first/c"));
	assert_int_equal(svc->batch_put(svc, batch_public(b), str_n(big, 473), S("b"), &err),
			 EXS_TOOBIG);
	assert_says(&err, "1 to 472");
	kit_close(&k);
}

static void a_bounded_sum_goes_into_a_batch_of_its_own_only(void **state)
{
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	const exs_store_svc *svc;
	struct kit k;

	kit_open(&k, 0);
	svc = &k.in[0].store_svc;
	b->open_to = svc;
	assert_int_equal(svc->batch_add(svc, batch_public(b), S("a"), 1, 100, &err), EXS_INVALID);
	assert_says(&err, "batch of facts");
	assert_int_equal(svc->batch_add(svc, batch_public(b), S("a"), 1, INT64_MAX, &err), EXS_OK);
	b->bounds_allowed = true;
	assert_int_equal(svc->batch_add(svc, batch_public(b), S("a"), 1, 100, &err), EXS_OK);
	assert_int_equal(op(b, 1, 2)->bound, 100);
	kit_close(&k);
}

/* A trail that adds a row and then does as it is told. */
struct trail_ctx {
	struct kit *k;
	exs_status status;
};

static exs_status record(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	struct trail_ctx *c = (struct trail_ctx *)(void *)trail;
	const exs_store_svc *svc = &c->k->in[0].store_svc;

	(void)fact;
	if (svc->batch_put(svc, batch, S("row"), S("of a trail"), err))
		return err->status;
	return c->status ? exs_fail(err, c->status, 0, "as it was told") : EXS_OK;
}

static void what_a_failing_call_added_is_dropped_and_nothing_else(void **state)
{
	static const exs_audit audit = {
		.size = sizeof audit,
		.record = record,
	};
	struct batch *b = *state;
	exs_err err = EXS_ERR_INIT;
	struct trail_ctx c;
	struct kit k;

	kit_open(&k, 0);
	k.in[0].audit = &audit;
	c = (struct trail_ctx){ &k, EXS_OK };
	put(b, "of", "the kernel");
	assert_int_equal(call_audit_record(&k.in[0], (exs_trail *)&c, NULL, b, &err), EXS_OK);
	assert_int_equal(b->n, 2);
	assert_null(b->open_to);
	c.status = EXS_IO;
	assert_int_equal(call_audit_record(&k.in[0], (exs_trail *)&c, NULL, b, &err), EXS_IO);
	assert_int_equal(b->n, 2);
	assert_null(b->open_to);
	c.status = 999;
	assert_int_equal(call_audit_record(&k.in[0], (exs_trail *)&c, NULL, b, &err), EXS_INTERNAL);
	assert_int_equal(b->n, 2);
	kit_close(&k);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ops_are_what_was_added_in_order),
		CASE(a_check_tells_absent_from_empty),
		CASE(a_rollback_drops_rows_with_their_bytes),
		CASE(refuses_an_empty_key),
		CASE(refuses_a_key_of_481_bytes_with_its_prefix),
		CASE(refuses_a_value_of_more_than_1_mib),
		CASE(refuses_the_4097th_row),
		CASE(refuses_more_than_32_mib_and_keeps_what_was_there),
		CASE(a_closed_batch_is_refused),
		CASE(a_batch_is_open_to_one_battery_and_keys_get_its_prefix),
		CASE(a_bounded_sum_goes_into_a_batch_of_its_own_only),
		CASE(what_a_failing_call_added_is_dropped_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
