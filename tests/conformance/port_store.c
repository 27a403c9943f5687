/* SPDX-License-Identifier: MIT */
/* port_store.c - the contract of port/store.h: single rows and figures; runs the other parts too.
 */
#include "store_kit.h"

#include "base/json.h"

static void keeps_binary_keys_and_values(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_put(k, S("a\0b\xff"), S("\0\1\2\xff\0")), EXS_OK);
	assert_int_equal(kit_put(k, S("a\0b"), S("other")), EXS_OK);
	assert_int_equal(kit_put(k, S("\0"), S("nul")), EXS_OK);
	assert_int_equal(kit_get(k, S("a\0b\xff"), S("\0\1\2\xff\0")), EXS_OK);
	assert_int_equal(kit_get(k, S("a\0b"), S("other")), EXS_OK);
	assert_int_equal(kit_get(k, S("\0"), S("nul")), EXS_OK);
	assert_int_equal(kit_get(k, S("a"), S("")), EXS_NOTFOUND);
}

static void put_replaces_the_value(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_put(k, S("k"), S("a long first value")), EXS_OK);
	assert_int_equal(kit_put(k, S("k"), S("2")), EXS_OK);
	assert_int_equal(kit_get(k, S("k"), S("2")), EXS_OK);
}

static void keeps_an_empty_value_apart_from_an_absent_one(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_put(k, S("e"), S("")), EXS_OK);
	assert_int_equal(kit_put(k, S("n"), exs_bytes(NULL, 0)), EXS_OK);
	assert_int_equal(kit_get(k, S("e"), S("")), EXS_OK);
	assert_int_equal(kit_get(k, S("n"), S("")), EXS_OK);
	assert_int_equal(BATCH(k, op_check(S("e"), S(""))), EXS_OK);
	assert_int_equal(BATCH(k, op_absent(S("e"))), EXS_CONFLICT);
}

static void takes_a_key_of_480_bytes_and_refuses_481(void **state)
{
	struct kit *k = *state;
	char key[EXS_STORE_KEY_MAX + 1];
	exs_str longest = exs_bytes(key, EXS_STORE_KEY_MAX);
	exs_str over = exs_bytes(key, sizeof key);

	memset(key, 'k', sizeof key);
	assert_int_equal(kit_put(k, longest, S("v")), EXS_OK);
	assert_int_equal(kit_get(k, longest, S("v")), EXS_OK);
	assert_int_equal(kit_put(k, over, S("v")), EXS_TOOBIG);
	assert_int_equal(kit_get(k, over, S("v")), EXS_TOOBIG);
	assert_int_equal(BATCH(k, op_del(over)), EXS_TOOBIG);
	assert_int_equal(BATCH(k, op_add(over, 1, INT64_MAX)), EXS_TOOBIG);
	assert_int_equal(BATCH(k, op_absent(over)), EXS_TOOBIG);
}

static void takes_a_value_of_a_mebibyte_and_refuses_one_more(void **state)
{
	struct kit *k = *state;
	size_t i, n = EXS_STORE_VALUE_MAX + 1;
	char *value = malloc(n);

	assert_non_null(value);
	for (i = 0; i < n; i++)
		value[i] = (char)(i * 31 + i / 255);
	assert_int_equal(kit_put(k, S("big"), exs_bytes(value, n - 1)), EXS_OK);
	assert_int_equal(kit_get(k, S("big"), exs_bytes(value, n - 1)), EXS_OK);
	assert_int_equal(kit_put(k, S("big"), exs_bytes(value, n)), EXS_TOOBIG);
	assert_int_equal(BATCH(k, op_check(S("big"), exs_bytes(value, n))), EXS_TOOBIG);
	assert_int_equal(BATCH(k, op_check(S("big"), exs_bytes(value, n - 1))), EXS_OK);
	assert_int_equal(kit_get(k, S("big"), exs_bytes(value, n - 1)), EXS_OK);
	free(value);
}

static void refuses_an_empty_key(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_put(k, S(""), S("v")), EXS_INVALID);
	assert_int_equal(kit_put(k, exs_bytes(NULL, 0), S("v")), EXS_INVALID);
	assert_int_equal(BATCH(k, op_del(S(""))), EXS_INVALID);
	assert_int_equal(kit_get(k, S(""), S("")), EXS_INVALID);
	assert_int_equal(kit_get(k, exs_bytes(NULL, 0), S("")), EXS_INVALID);
}

static void refuses_bytes_without_a_pointer(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_put(k, exs_bytes(NULL, 3), S("v")), EXS_INVALID);
	assert_int_equal(kit_put(k, S("k"), exs_bytes(NULL, 3)), EXS_INVALID);
	assert_int_equal(kit_get(k, exs_bytes(NULL, 3), S("")), EXS_INVALID);
}

static void del_of_a_missing_key_is_fine(void **state)
{
	struct kit *k = *state;

	assert_int_equal(BATCH(k, op_del(S("nothing"))), EXS_OK);
	assert_int_equal(kit_put(k, S("k"), S("v")), EXS_OK);
	assert_int_equal(BATCH(k, op_del(S("k"))), EXS_OK);
	assert_int_equal(kit_get(k, S("k"), S("")), EXS_NOTFOUND);
	assert_int_equal(BATCH(k, op_del(S("k"))), EXS_OK);
}

static exs_status put_refuses(exs_sink *sink, const char *p, size_t n)
{
	(void)sink;
	(void)p;
	(void)n;
	return EXS_TOOBIG;
}

static void get_passes_on_what_the_sink_says(void **state)
{
	struct kit *k = *state;
	exs_sink sink = { sizeof sink, put_refuses };
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(kit_put(k, S("k"), S("v")), EXS_OK);
	assert_int_equal(k->store->get(k->self, S("k"), &sink, &err), EXS_TOOBIG);
	assert_explained(&err, EXS_TOOBIG);
	assert_int_equal(kit_get(k, S("k"), S("v")), EXS_OK);
}

static void stat_is_an_object_with_backend_and_durable(void **state)
{
	struct kit *k = *state;
	exs_err err = EXS_ERR_INIT;
	exs_membuf out;
	exs_str json, backend;
	bool durable;

	exs_membuf_init(&out, 4096);
	assert_int_equal(kit_put(k, S("k"), S("v")), EXS_OK);
	assert_int_equal(k->store->stat(k->self, &out.sink, &err), EXS_OK);
	json = exs_bytes(out.p, out.n);
	assert_int_equal(json_check_object(json, JSON_DEPTH_MAX, &err), EXS_OK);
	assert_int_equal(json_get(json, "backend", &backend), EXS_OK);
	assert_int_equal(json_type(backend), JSON_STRING);
	assert_true(json_get_bool(json, "durable", &durable));
	exs_membuf_release(&out);
}

/* ---- copies ---- */

static const char *copy_path(struct kit *k, char out[PATH_BYTES + 8])
{
	snprintf(out, PATH_BYTES + 8, "%s/copy", k->tmp);
	return out;
}

static void takes_its_own_copy_back(void **state)
{
	struct kit *k = *state;
	exs_err err = EXS_ERR_INIT;
	char path[PATH_BYTES + 8];

	if (!EXS_CAN(k->store, copy) || !EXS_CAN(k->store, restore))
		skip();
	assert_int_equal(kit_put(k, S("k"), S("before")), EXS_OK);
	assert_int_equal(k->store->copy(k->self, copy_path(k, path), &err), EXS_OK);
	assert_int_equal(kit_put(k, S("k"), S("after")), EXS_OK);
	assert_int_equal(kit_put(k, S("new"), S("row")), EXS_OK);
	assert_int_equal(k->store->restore(k->self, path, &err), EXS_OK);
	assert_int_equal(kit_get(k, S("k"), S("before")), EXS_OK);
	assert_int_equal(kit_get(k, S("new"), S("")), EXS_NOTFOUND);
	assert_int_equal(kit_put(k, S("k"), S("goes on")), EXS_OK);
}

static void refuses_what_is_no_copy_and_changes_nothing(void **state)
{
	struct kit *k = *state;
	exs_err err = EXS_ERR_INIT;

	if (!EXS_CAN(k->store, restore))
		skip();
	assert_int_equal(kit_put(k, S("k"), S("v")), EXS_OK);
	assert_int_not_equal(k->store->restore(k->self, "/nonexistent/copy", &err), EXS_OK);
	assert_true(err.text[0] != '\0');
	assert_int_equal(kit_get(k, S("k"), S("v")), EXS_OK);
}

static void compact_loses_nothing(void **state)
{
	struct kit *k = *state;
	exs_err err = EXS_ERR_INIT;

	if (!EXS_CAN(k->store, compact))
		skip();
	assert_int_equal(kit_put(k, S("k"), S("v")), EXS_OK);
	assert_int_equal(k->store->compact(k->self, &err), EXS_OK);
	assert_int_equal(kit_get(k, S("k"), S("v")), EXS_OK);
	assert_int_equal(kit_put(k, S("k"), S("goes on")), EXS_OK);
}

static int rows(void)
{
	const struct CMUnitTest cases[] = {
		CASE(keeps_binary_keys_and_values),
		CASE(put_replaces_the_value),
		CASE(keeps_an_empty_value_apart_from_an_absent_one),
		CASE(takes_a_key_of_480_bytes_and_refuses_481),
		CASE(takes_a_value_of_a_mebibyte_and_refuses_one_more),
		CASE(refuses_an_empty_key),
		CASE(refuses_bytes_without_a_pointer),
		CASE(del_of_a_missing_key_is_fine),
		CASE(get_passes_on_what_the_sink_says),
		CASE(stat_is_an_object_with_backend_and_durable),
		CASE(takes_its_own_copy_back),
		CASE(refuses_what_is_no_copy_and_changes_nothing),
		CASE(compact_loses_nothing),
	};

	return cmocka_run_group_tests_name("rows", cases, NULL, NULL);
}

int main(int argc, char **argv)
{
	int failed = kit_arguments(argc, argv);

	if (failed)
		return failed;
	failed = rows() + store_batches() + store_scans() + store_threads();
	return failed ? 1 : 0;
}
