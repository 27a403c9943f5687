/* SPDX-License-Identifier: MIT */
/* store_scan.c - the contract of scan: order, prefixes, where it starts, who may stop it. */
#include "store_kit.h"

#define SEEN_MAX 16

struct seen {
	char keys[SEEN_MAX][16];
	char values[SEEN_MAX][16];
	int n, stop_at;
	exs_status stop;
};

static void keep(char out[16], exs_str s)
{
	assert_true(s.n < 16);
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

static exs_status see(void *arg, exs_str key, exs_str value)
{
	struct seen *seen = arg;

	assert_true(seen->n < SEEN_MAX);
	keep(seen->keys[seen->n], key);
	keep(seen->values[seen->n++], value);
	return seen->n == seen->stop_at ? seen->stop : EXS_OK;
}

/* The keys that a scan hands out, as "a b c". */
static void assert_scans(struct kit *k, exs_str prefix, exs_str from, uint32_t flags,
			 const char *expected)
{
	struct seen seen = { .n = 0 };
	exs_err err = EXS_ERR_INIT;
	char got[512] = "";
	int i;

	assert_int_equal(k->store->scan(k->self, prefix, from, flags, see, &seen, &err), EXS_OK);
	for (i = 0; i < seen.n; i++) {
		strcat(got, i ? " " : "");
		strcat(got, seen.keys[i]);
	}
	assert_string_equal(got, expected);
}

static void fill(struct kit *k)
{
	assert_int_equal(BATCH(k, op_put(S("b/2"), S("2")), op_put(S("a"), S("A")),
			       op_put(S("b/1"), S("1")), op_put(S("b"), S("B")),
			       op_put(S("c"), S("C")), op_put(S("b/10"), S("10")),
			       op_put(S("b0"), S("N"))),
			 EXS_OK);
}

static void hands_out_rows_in_byte_order(void **state)
{
	struct kit *k = *state;

	fill(k);
	assert_int_equal(kit_put(k, S("\xff"), S("last")), EXS_OK);
	assert_int_equal(kit_put(k, S("\x01"), S("first")), EXS_OK);
	assert_scans(k, S(""), S(""), 0, "\x01 a b b/1 b/10 b/2 b0 c \xff");
	assert_scans(k, S(""), S(""), EXS_SCAN_REVERSE, "\xff c b0 b/2 b/10 b/1 b a \x01");
}

static void an_empty_store_has_no_rows(void **state)
{
	struct kit *k = *state;

	assert_scans(k, S(""), S(""), 0, "");
	assert_scans(k, S(""), S(""), EXS_SCAN_REVERSE, "");
	assert_scans(k, exs_bytes(NULL, 0), exs_bytes(NULL, 0), 0, "");
	assert_scans(k, S("p"), S("q"), EXS_SCAN_REVERSE, "");
}

static void keeps_to_its_prefix(void **state)
{
	struct kit *k = *state;

	fill(k);
	assert_scans(k, S("b/"), S(""), 0, "b/1 b/10 b/2");
	assert_scans(k, S("b/"), S(""), EXS_SCAN_REVERSE, "b/2 b/10 b/1");
	assert_scans(k, S("b/1"), S(""), EXS_SCAN_REVERSE, "b/10 b/1");
	assert_scans(k, S("c"), S(""), 0, "c");
	assert_scans(k, S("ca"), S(""), 0, "");
	assert_scans(k, S("ca"), S(""), EXS_SCAN_REVERSE, "");
	assert_scans(k, S("A"), S(""), EXS_SCAN_REVERSE, "");
}

static void keeps_to_a_prefix_of_the_greatest_bytes(void **state)
{
	struct kit *k = *state;

	assert_int_equal(BATCH(k, op_put(S("\xff"), S("1")), op_put(S("\xff\xff"), S("2")),
			       op_put(S("\xff\xff\xff"), S("3")), op_put(S("a\xff"), S("4")),
			       op_put(S("b"), S("5"))),
			 EXS_OK);
	assert_scans(k, S("\xff\xff"), S(""), 0, "\xff\xff \xff\xff\xff");
	assert_scans(k, S("\xff\xff"), S(""), EXS_SCAN_REVERSE, "\xff\xff\xff \xff\xff");
	assert_scans(k, S("a\xff"), S(""), EXS_SCAN_REVERSE, "a\xff");
	assert_scans(k, S("a"), S(""), EXS_SCAN_REVERSE, "a\xff");
}

static void starts_at_from_inclusive(void **state)
{
	struct kit *k = *state;

	fill(k);
	assert_scans(k, S(""), S("b/10"), 0, "b/10 b/2 b0 c");
	assert_scans(k, S(""), S("b/11"), 0, "b/2 b0 c");
	assert_scans(k, S(""), S("b/10"), EXS_SCAN_REVERSE, "b/10 b/1 b a");
	assert_scans(k, S(""), S("b/11"), EXS_SCAN_REVERSE, "b/10 b/1 b a");
	assert_scans(k, S("b/"), S("b/10"), 0, "b/10 b/2");
	assert_scans(k, S("b/"), S("b/10"), EXS_SCAN_REVERSE, "b/10 b/1");
}

static void from_outside_the_prefix_widens_nothing(void **state)
{
	struct kit *k = *state;

	fill(k);
	assert_scans(k, S("b/"), S("a"), 0, "b/1 b/10 b/2");
	assert_scans(k, S("b/"), S("c"), 0, "");
	assert_scans(k, S("b/"), S("c"), EXS_SCAN_REVERSE, "b/2 b/10 b/1");
	assert_scans(k, S("b/"), S("a"), EXS_SCAN_REVERSE, "");
	assert_scans(k, S("b/"), S("b"), EXS_SCAN_REVERSE, "");
	assert_scans(k, S(""), S("zz"), 0, "");
	assert_scans(k, S(""), S("zz"), EXS_SCAN_REVERSE, "c b0 b/2 b/10 b/1 b a");
}

static void a_page_goes_on_behind_the_longest_key(void **state)
{
	struct kit *k = *state;
	char key[EXS_STORE_KEY_MAX + 2];
	struct seen seen = { .n = 0 };
	exs_err err = EXS_ERR_INIT;

	memset(key, 'k', sizeof key);
	assert_int_equal(kit_put(k, exs_bytes(key, EXS_STORE_KEY_MAX), S("v")), EXS_OK);
	assert_int_equal(kit_put(k, S("z"), S("v")), EXS_OK);
	key[EXS_STORE_KEY_MAX] = '\0';
	assert_scans(k, S(""), exs_bytes(key, EXS_STORE_KEY_MAX + 1), 0, "z");
	assert_int_equal(
		k->store->scan(k->self, S(""), exs_bytes(key, sizeof key), 0, see, &seen, &err),
		EXS_TOOBIG);
	assert_explained(&err, EXS_TOOBIG);
	assert_int_equal(
		k->store->scan(k->self, exs_bytes(key, sizeof key), S(""), 0, see, &seen, &err),
		EXS_TOOBIG);
	assert_int_equal(seen.n, 0);
}

static void refuses_a_prefix_without_a_pointer(void **state)
{
	struct kit *k = *state;
	struct seen seen = { .n = 0 };
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(k->store->scan(k->self, exs_bytes(NULL, 2), S(""), 0, see, &seen, &err),
			 EXS_INVALID);
	assert_int_equal(k->store->scan(k->self, S(""), exs_bytes(NULL, 2), 0, see, &seen, &err),
			 EXS_INVALID);
	assert_explained(&err, EXS_INVALID);
}

static void values_come_along_unless_only_keys_are_wanted(void **state)
{
	struct kit *k = *state;
	struct seen seen = { .n = 0 };
	exs_err err = EXS_ERR_INIT;

	fill(k);
	assert_int_equal(k->store->scan(k->self, S("b/"), S(""), 0, see, &seen, &err), EXS_OK);
	assert_string_equal(seen.values[0], "1");
	assert_string_equal(seen.values[1], "10");
	seen.n = 0;
	assert_int_equal(k->store->scan(k->self, S("b/"), S(""), EXS_SCAN_KEYS, see, &seen, &err),
			 EXS_OK);
	assert_int_equal(seen.n, 3);
	assert_string_equal(seen.keys[1], "b/10");
	assert_string_equal(seen.values[1], "");
	assert_scans(k, S("b/"), S(""), EXS_SCAN_KEYS | EXS_SCAN_REVERSE, "b/2 b/10 b/1");
}

static void the_row_function_ends_the_scan_by_its_status(void **state)
{
	struct kit *k = *state;
	struct seen seen = { .n = 0, .stop_at = 2, .stop = EXS_CANCELLED };
	exs_err err = EXS_ERR_INIT;

	fill(k);
	assert_int_equal(k->store->scan(k->self, S(""), S(""), 0, see, &seen, &err), EXS_CANCELLED);
	assert_int_equal(seen.n, 2);
	seen = (struct seen){ .stop_at = 1, .stop = EXS_NOMEM };
	assert_int_equal(k->store->scan(k->self, S(""), S(""), EXS_SCAN_REVERSE, see, &seen, &err),
			 EXS_NOMEM);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.keys[0], "c");
}

/* ---- more rows than a store may copy at once ---- */

#define MANY	   400
#define ROW_BYTES  2000
#define MANY_BATCH 50

static void fill_many(struct kit *k)
{
	static char value[ROW_BYTES];
	exs_op ops[MANY_BATCH];
	char keys[MANY_BATCH][8];
	int i, j;

	memset(value, 'v', sizeof value);
	for (i = 0; i < MANY; i += MANY_BATCH) {
		for (j = 0; j < MANY_BATCH; j++) {
			snprintf(keys[j], sizeof keys[j], "m%05d", (i + j) % 100000);
			ops[j] = op_put(exs_cstr(keys[j]), exs_bytes(value, sizeof value));
		}
		assert_int_equal(kit_submit(k, ops, MANY_BATCH, NULL), EXS_OK);
	}
}

struct counted {
	int n, step, next;
};

static exs_status count(void *arg, exs_str key, exs_str value)
{
	struct counted *c = arg;
	char expected[8];

	snprintf(expected, sizeof expected, "m%05d", c->next % 100000);
	assert_true(exs_str_eq(key, exs_cstr(expected)));
	assert_int_equal(value.n, ROW_BYTES);
	c->next += c->step;
	c->n++;
	return EXS_OK;
}

static void hands_out_every_row_of_a_long_scan_once(void **state)
{
	struct kit *k = *state;
	struct counted up = { 0, 1, 0 }, down = { 0, -1, MANY - 1 };
	exs_err err = EXS_ERR_INIT;

	fill_many(k);
	assert_int_equal(k->store->scan(k->self, S("m"), S(""), 0, count, &up, &err), EXS_OK);
	assert_int_equal(up.n, MANY);
	assert_int_equal(
		k->store->scan(k->self, S("m"), S(""), EXS_SCAN_REVERSE, count, &down, &err),
		EXS_OK);
	assert_int_equal(down.n, MANY);
}

struct writer {
	struct kit *k;
	pthread_t thread;
};

static void *write_meanwhile(void *arg)
{
	struct writer *w = arg;
	char key[8];
	int i;

	for (i = 0; i < MANY; i += 3) {
		snprintf(key, sizeof key, "m%05d", i % 100000);
		if (BATCH(w->k, op_del(exs_cstr(key)), op_put(S("zz"), S("v"))))
			return w;
	}
	return NULL;
}

/* Rows that nobody touches are seen exactly once, in order, whatever others do meanwhile. */
static exs_status count_untouched(void *arg, exs_str key, exs_str value)
{
	struct counted *c = arg;
	int at = atoi(key.p + 1);

	(void)value;
	assert_int_equal(key.n, 6);
	if (at % 3 == 0)
		return EXS_OK;
	assert_true(c->step > 0 ? at > c->next : at < c->next);
	c->next = at;
	c->n++;
	return EXS_OK;
}

static void a_scan_lives_with_writes_meanwhile(void **state)
{
	struct kit *k = *state;
	struct writer w = { .k = k };
	exs_err err = EXS_ERR_INIT;
	void *failed;
	int round;

	fill_many(k);
	assert_int_equal(pthread_create(&w.thread, NULL, write_meanwhile, &w), 0);
	for (round = 0; round < 6; round++) {
		bool up = round % 2 == 0;
		struct counted c = { 0, up ? 1 : -1, up ? -1 : MANY };

		assert_int_equal(k->store->scan(k->self, S("m"), S(""), up ? 0 : EXS_SCAN_REVERSE,
						count_untouched, &c, &err),
				 EXS_OK);
		assert_int_equal(c.n, MANY - (MANY + 2) / 3);
	}
	pthread_join(w.thread, &failed);
	assert_null(failed);
}

struct blocked {
	struct kit *k;
	int n;
};

/* The store is free while a row is handed out: another thread's batch gets through. */
static void *write_one(void *arg)
{
	return kit_put(arg, S("other"), S("v")) == EXS_OK ? NULL : arg;
}

static exs_status wait_for_another(void *arg, exs_str key, exs_str value)
{
	struct blocked *b = arg;
	pthread_t thread;
	void *failed;

	(void)key;
	(void)value;
	assert_int_equal(pthread_create(&thread, NULL, write_one, b->k), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	b->n++;
	return EXS_OK;
}

static void holds_nothing_while_a_row_is_handed_out(void **state)
{
	struct kit *k = *state;
	struct blocked b = { k, 0 };
	exs_err err = EXS_ERR_INIT;

	fill(k);
	assert_int_equal(k->store->scan(k->self, S("b/"), S(""), 0, wait_for_another, &b, &err),
			 EXS_OK);
	assert_int_equal(b.n, 3);
}

int store_scans(void)
{
	const struct CMUnitTest cases[] = {
		CASE(hands_out_rows_in_byte_order),
		CASE(an_empty_store_has_no_rows),
		CASE(keeps_to_its_prefix),
		CASE(keeps_to_a_prefix_of_the_greatest_bytes),
		CASE(starts_at_from_inclusive),
		CASE(from_outside_the_prefix_widens_nothing),
		CASE(a_page_goes_on_behind_the_longest_key),
		CASE(refuses_a_prefix_without_a_pointer),
		CASE(values_come_along_unless_only_keys_are_wanted),
		CASE(the_row_function_ends_the_scan_by_its_status),
		CASE(hands_out_every_row_of_a_long_scan_once),
		CASE(a_scan_lives_with_writes_meanwhile),
		CASE(holds_nothing_while_a_row_is_handed_out),
	};

	return cmocka_run_group_tests_name("scans", cases, NULL, NULL);
}
