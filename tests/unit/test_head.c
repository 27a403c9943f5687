/* SPDX-License-Identifier: MIT */
/* test_head.c - the row that holds a run together: its text, its key, and the check before each
 * put. */
#include "host_kit.h"

#include "base/text.h"
#include "rows/head.h"

static const struct head some = { 7, 42, "01hx9y" };

static void parses_to(const char *text, const struct head *want)
{
	exs_err err = EXS_ERR_INIT;
	struct head h;

	if (head_parse(str_of(text), &h, &err))
		fail_msg("%s: %s", text, err.text);
	assert_true(head_equal(&h, want));
}

static void refuses(const char *text, const char *why)
{
	exs_err err = EXS_ERR_INIT;
	struct head h = some;

	assert_int_equal(head_parse(str_of(text), &h, &err), EXS_CORRUPT);
	assert_string_equal(err.text, why);
	assert_true(head_equal(&h, &some)); /* untouched */
}

static void the_text_is_what_check_compares(void **state)
{
	char text[HEAD_TEXT_MAX];

	(void)state;
	head_text(&some, text);
	assert_string_equal(text, "{\"v\":1,\"fence\":7,\"seq\":42,\"owner\":\"01hx9y\"}");
	parses_to(text, &some);
}

static void the_greatest_head_fits_and_comes_back_the_same(void **state)
{
	struct head h = { INT64_MAX, INT64_MAX, "" };
	char text[HEAD_TEXT_MAX];

	(void)state;
	memset(h.owner, 'z', ID_MAX - 1);
	head_text(&h, text);
	assert_true(strlen(text) < HEAD_TEXT_MAX - 1);
	parses_to(text, &h);
}

static void a_head_without_owner_is_one_that_nobody_carries(void **state)
{
	const struct head h = { 1, 1, "" };

	(void)state;
	parses_to("{\"v\":1,\"fence\":1,\"seq\":1,\"owner\":\"\"}", &h);
	parses_to(" { \"seq\" : 1, \"owner\":\"\", \"later\":{}, \"fence\":1, \"v\":1 } ", &h);
}

static void a_text_that_is_no_head_is_corrupt(void **state)
{
	static const char lacks[] = "a run's head lacks its fence, sequence or owner";

	(void)state;
	refuses("[]", "a run's head cannot be read: the JSON text is refused at byte 0: it is not "
		      "an object");
	refuses("", "a run's head cannot be read: the JSON text is refused at byte 0: the text "
		    "ends where a "
		    "value should stand");
	refuses("{}", "a run's head has version 0; this release reads 1");
	refuses("{\"v\":2}", "a run's head has version 2; this release reads 1");
	refuses("{\"v\":1,\"seq\":1,\"owner\":\"\"}", lacks);
	refuses("{\"v\":1,\"fence\":1,\"owner\":\"\"}", lacks);
	refuses("{\"v\":1,\"fence\":1,\"seq\":1}", lacks);
	refuses("{\"v\":1,\"fence\":0,\"seq\":1,\"owner\":\"\"}", lacks);
	refuses("{\"v\":1,\"fence\":1,\"seq\":0,\"owner\":\"\"}", lacks);
	refuses("{\"v\":1,\"fence\":1,\"seq\":1,\"owner\":3}", lacks);
	refuses("{\"v\":1,\"fence\":1,\"seq\":9223372036854775808,\"owner\":\"\"}", lacks);
	/* an owner that no process could have would never compare equal again */
	refuses("{\"v\":1,\"fence\":1,\"seq\":1,\"owner\":\"a\\\"b\"}", lacks);
	refuses("{\"v\":1,\"fence\":1,\"seq\":1,\"owner\":"
		"\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}",
		lacks);
}

static void heads_differ_in_each_member(void **state)
{
	struct head h = some;

	(void)state;
	assert_true(head_equal(&h, &some));
	h.fence++;
	assert_false(head_equal(&h, &some));
	h = some;
	h.seq++;
	assert_false(head_equal(&h, &some));
	h = some;
	h.owner[0] = 'x';
	assert_false(head_equal(&h, &some));
}

static void a_key_holds_the_longest_id(void **state)
{
	char id[ID_MAX], key[HEAD_KEY_MAX];

	(void)state;
	memset(id, 'r', sizeof id);
	id[ID_MAX - 1] = '\0';
	head_key(id, key);
	assert_memory_equal(key, "k/head/rr", 9);
	assert_int_equal(strlen(key), 7 + ID_MAX - 1);
}

static void a_move_checks_the_head_before_and_puts_the_one_after(void **state)
{
	struct head after = some;
	exs_err err = EXS_ERR_INIT;
	const exs_op *const *ops;
	struct batch b;
	uint64_t n;

	(void)state;
	after.seq = 45;
	batch_init(&b);
	assert_int_equal(head_move(&b, "r1", &some, &after, &err), EXS_OK);
	assert_int_equal(batch_ops(&b, &ops, &n), EXS_OK);
	assert_int_equal(n, 2);
	assert_int_equal(ops[0]->kind, EXS_OP_CHECK);
	assert_true(str_is(ops[0]->key, "k/head/r1"));
	assert_true(str_is(ops[0]->value, "{\"v\":1,\"fence\":7,\"seq\":42,\"owner\":\"01hx9y\"}"));
	assert_int_equal(ops[1]->kind, EXS_OP_PUT);
	assert_true(str_is(ops[1]->key, "k/head/r1"));
	assert_true(str_is(ops[1]->value, "{\"v\":1,\"fence\":7,\"seq\":45,\"owner\":\"01hx9y\"}"));
	batch_release(&b);
}

static void the_first_move_checks_that_there_is_no_head(void **state)
{
	exs_err err = EXS_ERR_INIT;
	const exs_op *const *ops;
	struct batch b;
	uint64_t n;

	(void)state;
	batch_init(&b);
	assert_int_equal(head_move(&b, "r1", NULL, &some, &err), EXS_OK);
	assert_int_equal(batch_ops(&b, &ops, &n), EXS_OK);
	assert_int_equal(ops[0]->kind, EXS_OP_CHECK);
	assert_null(ops[0]->value.p);
	batch_release(&b);
}

/* ---- reading it from a store ---- */

static const char *stored; /* NULL: no such row */

static exs_status get(exs_self *self, exs_str key, exs_sink *value, exs_err *err)
{
	(void)self;
	assert_true(str_is(key, "k/head/r1"));
	if (!stored)
		return exs_fail(err, EXS_NOTFOUND, 0, "there is no such key");
	return value->put(value, stored, strlen(stored));
}

static exs_status read_stored(const char *text, struct head *out, exs_err *err)
{
	static const exs_store table = {
		.size = sizeof table,
		.get = get,
	};
	struct kit k;
	exs_status status;

	stored = text;
	kit_open(&k, EXS_CONCURRENT);
	k.in[0].store = &table;
	k.h.store = &k.in[0];
	status = head_read(&k.h, "r1", out, err);
	kit_close(&k);
	return status;
}

static void a_head_is_read_from_its_row(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct head h;

	(void)state;
	assert_int_equal(
		read_stored("{\"v\":1,\"fence\":7,\"seq\":42,\"owner\":\"01hx9y\"}", &h, &err),
		EXS_OK);
	assert_true(head_equal(&h, &some));
}

static void a_missing_a_broken_and_an_endless_row_are_told_apart(void **state)
{
	char endless[HEAD_TEXT_MAX * 2];
	exs_err err = EXS_ERR_INIT;
	struct head h;

	(void)state;
	assert_int_equal(read_stored(NULL, &h, &err), EXS_NOTFOUND);
	assert_int_equal(read_stored("{\"v\":1", &h, &err), EXS_CORRUPT);
	memset(endless, ' ', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	assert_int_equal(read_stored(endless, &h, &err), EXS_CORRUPT);
	assert_true(err.text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_what_check_compares),
		cmocka_unit_test(the_greatest_head_fits_and_comes_back_the_same),
		cmocka_unit_test(a_head_without_owner_is_one_that_nobody_carries),
		cmocka_unit_test(a_text_that_is_no_head_is_corrupt),
		cmocka_unit_test(heads_differ_in_each_member),
		cmocka_unit_test(a_key_holds_the_longest_id),
		cmocka_unit_test(a_move_checks_the_head_before_and_puts_the_one_after),
		cmocka_unit_test(the_first_move_checks_that_there_is_no_head),
		cmocka_unit_test(a_head_is_read_from_its_row),
		cmocka_unit_test(a_missing_a_broken_and_an_endless_row_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
