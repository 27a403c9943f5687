/* SPDX-License-Identifier: MIT */
/* test_ledger.c - what is reserved, settled and refused, and for whom. */
#include "unit/ledger_kit.h"

static void a_turn_is_reserved_at_its_worst_and_settled_at_what_it_was(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, CALLER_100);
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 70), EXS_OK);
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 70);
	assert_non_null(row_of(&k, "grant/r1"));
	settle(&k, p, 30);
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 30);
	assert_null(row_of(&k, "grant/r1"));
	assert_int_equal(reserve(&k, p, 70), EXS_OK);
	settle(&k, p, 90); /* a server may count more than was foreseen */
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 120);
	assert_int_equal(reserve(&k, p, 1), EXS_DENIED);
	assert_string_equal(
		k.err.text,
		"the budget 'cap' of caller alice is used up: 120 tokens of 100 tokens");
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	ledger_close(&k);
}

static void each_caller_has_its_own_and_the_gate_is_shut_when_it_is_used_up(void **state)
{
	exs_run_info a = run_of("r1", "alice"), b = run_of("r2", "bob \xc3\xa4/x");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, CALLER_100);
	p = start(&k, &a, 0);
	assert_int_equal(reserve(&k, p, 100), EXS_OK);
	assert_int_equal(k.port->check(k.self, &a, &k.err),
			 EXS_DENIED); /* what is reserved counts */
	settle(&k, p, 100);
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	assert_int_equal(k.port->check(k.self, &a, &k.err), EXS_DENIED);
	assert_int_equal(k.port->check(k.self, &b, &k.err), EXS_OK);
	p = start(&k, &b, 0);
	assert_int_equal(reserve(&k, p, 100), EXS_OK);
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/bob%20%C3%A4%2Fx"), 100);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

static void two_that_ask_at_once_do_not_overshoot_together(void **state)
{
	exs_run_info one = run_of("r1", "alice"), two = run_of("r2", "alice");
	struct double_batch first, second;
	exs_usage worst = tokens(60, 0);
	struct ledger k;
	exs_purse *p, *q;

	(void)state;
	ledger_open(&k, CALLER_100);
	p = start(&k, &one, 0);
	q = start(&k, &two, 0);
	assert_int_equal(ask(&k, p, "m/one", &worst, NULL, &first), EXS_OK);
	assert_int_equal(ask(&k, q, "m/one", &worst, NULL, &second), EXS_OK);
	assert_int_equal(double_batch_commit(&k.host, &first, &k.err), EXS_OK);
	assert_int_equal(double_batch_commit(&k.host, &second, &k.err), EXS_CONFLICT);
	assert_int_equal(k.port->settle(q, NULL, NULL, NULL, &k.err), EXS_OK);
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 60);
	assert_int_equal(reserve(&k, q, 60), EXS_DENIED);
	assert_non_null(strstr(k.err.text, "has 60 tokens of 100 tokens used or reserved"));
	assert_int_equal(reserve(&k, q, 40), EXS_OK);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	finish(&k, q, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

static void a_child_draws_from_what_its_root_has_left(void **state)
{
	exs_run_info root = run_of("root", "alice"), child = run_of("kid", "root's tool");
	struct ledger k;
	exs_purse *p, *q;

	(void)state;
	ledger_open(
		&k,
		"[{\"name\":\"tree\",\"scope\":\"tree\",\"unit\":\"tokens_out\",\"max\":\"50\"}]");
	child.parent_id = "root";
	child.root_id = "root";
	p = start(&k, &root, 0);
	assert_int_equal(reserve_by(&k, p, "m/x", tokens(1000, 30), NULL), EXS_OK);
	settle_at(&k, p, tokens(1000, 30), NULL);
	q = start(&k, &child, 0);
	assert_int_equal(reserve_by(&k, q, "m/x", tokens(1000, 21), NULL), EXS_DENIED);
	assert_int_equal(reserve_by(&k, q, "m/x", tokens(1000, 20), NULL), EXS_OK);
	settle_at(&k, q, tokens(1000, 20), NULL);
	finish(&k, q, EXS_PURSE_ENDED, NULL);
	assert_int_equal(sum_of(&k, "sum/tree.tree-tokens_out-run/root"), 50); /* a child ends, its root does not */
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	assert_null(row_of(&k, "sum/tree.tree-tokens_out-run/root"));
	assert_int_equal(k.host.n, 0);
	ledger_close(&k);
}

static void limits_for_an_agent_a_model_and_all_count_side_by_side(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, "[{\"name\":\"ag\",\"scope\":\"agent\",\"unit\":\"tokens_in\",\"max\":"
			"\"100\",\"per\":\"day\"},"
			"{\"name\":\"mo\",\"scope\":\"model\",\"unit\":\"turns\",\"max\":\"2\","
			"\"per\":\"hour\"},"
			"{\"name\":\"al\",\"scope\":\"all\",\"unit\":\"tokens_cached\",\"max\":"
			"\"500\",\"per\":\"month\"}]");
	p = start(&k, &run, 0);
	assert_int_equal(reserve_by(&k, p, "m/big", tokens(40, 9), NULL), EXS_OK);
	settle_at(&k, p, tokens(40, 9), NULL);
	assert_int_equal(sum_of(&k, "sum/ag.agent-tokens_in-day/tester"), 40);
	assert_int_equal(sum_of(&k, "sum/mo.model-turns-hour/m%2Fbig"), 1);
	assert_int_equal(sum_of(&k, "sum/al.all-tokens_cached-month/-"), 0); /* nothing came from a cache */
	assert_int_equal(reserve_by(&k, p, "m/big", tokens(40, 9), NULL), EXS_OK);
	settle_at(&k, p, tokens(40, 9), NULL);
	assert_int_equal(reserve_by(&k, p, "m/big", tokens(1, 1), NULL), EXS_DENIED);
	assert_non_null(strstr(k.err.text, "'mo' of model m/big is used up"));
	assert_int_equal(sum_of(&k, "sum/ag.agent-tokens_in-day/tester"), 80); /* the refusal left nothing */
	assert_int_equal(reserve_by(&k, p, "m/small", tokens(1, 1), NULL), EXS_OK);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

static void a_soft_limit_is_told_once_and_the_grace_is_one_turn(void **state)
{
	static const char limits[] =
		"[{\"name\":\"cap\",\"scope\":\"caller\",\"unit\":\"tokens\",\"max\":\"100\","
		"\"per\":\"ever\",\"soft\":\"80%\",\"grace\":\"true\"}]";
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, limits);
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 79), EXS_OK);
	assert_int_equal(k.allowed.flags, 0);
	settle(&k, p, 79);
	assert_int_equal(reserve(&k, p, 5), EXS_OK);
	assert_int_equal(k.allowed.flags, EXS_ALLOWED_SOFT);
	assert_string_equal(k.allowed.limit, "cap");
	assert_string_equal(k.allowed.words,
			    "The budget 'cap' is nearly used up (84 tokens of 100 tokens). "
			    "Finish what you can and answer.");
	settle(&k, p, 5);
	assert_int_equal(reserve(&k, p, 5), EXS_OK);
	assert_int_equal(k.allowed.flags, 0); /* it was told */
	settle(&k, p, 5);
	assert_int_equal(reserve(&k, p, 50), EXS_OK);
	assert_int_equal(k.allowed.flags, EXS_ALLOWED_LAST);
	assert_non_null(strstr(k.allowed.words, "your last turn"));
	assert_non_null(row_of(&k, "grace/r1"));
	settle(&k, p, 50);
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 139);
	assert_int_equal(reserve(&k, p, 1), EXS_DENIED);
	finish(&k, p, EXS_PURSE_LEFT, NULL);

	run.attempt = 2; /* nor does a resume bring another */
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 1), EXS_DENIED);
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	assert_null(row_of(&k, "grace/r1"));
	ledger_close(&k);
}

static void a_grace_that_never_became_durable_is_still_there(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct double_batch own;
	exs_usage worst = tokens(20, 0);
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, "[{\"name\":\"cap\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"10\","
			"\"per\":\"ever\","
			"\"grace\":\"true\"}]");
	p = start(&k, &run, 0);
	assert_int_equal(ask(&k, p, "m/x", &worst, NULL, &own), EXS_OK);
	double_batch_drop(&own);
	assert_int_equal(k.port->settle(p, NULL, NULL, NULL, &k.err), EXS_OK);
	assert_int_equal(reserve(&k, p, 20), EXS_OK);
	assert_int_equal(k.allowed.flags, EXS_ALLOWED_LAST);
	settle(&k, p, 20);
	assert_int_equal(reserve(&k, p, 1), EXS_DENIED);
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	ledger_close(&k);
}

/* The form that came first: a cap on seconds of each caller over 7 days; check before, commit
 * after. */
static void seconds_of_a_caller_over_seven_days(void **state)
{
	exs_run_info run = run_of("r1", "alice"), two = run_of("r2", "alice");
	exs_tally t = { .size = sizeof t, .run_ms = 4000 };
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, "[{\"name\":\"week\",\"scope\":\"caller\",\"unit\":\"seconds\",\"max\":"
			"\"10\",\"per\":\"7d\"}]");
	assert_int_equal(k.port->check(k.self, &run, &k.err), EXS_OK);
	p = start(&k, &run, 0);
	assert_int_equal(reserve_by(&k, p, "m/x", tokens(1, 1), &t), EXS_OK);
	assert_int_equal(sum_of(&k, "sum/week.caller-seconds-7d/alice"), 0);
	t.run_ms = 7500;
	settle_at(&k, p, tokens(1, 1), &t);
	assert_int_equal(sum_of(&k, "sum/week.caller-seconds-7d/alice"), 7500);
	t.run_ms = 9999; /* what is not booked yet counts too */
	assert_int_equal(reserve_by(&k, p, "m/x", tokens(1, 1), &t), EXS_OK);
	t.run_ms = 10000;
	assert_int_equal(reserve_by(&k, p, "m/x", tokens(1, 1), &t), EXS_DENIED);
	assert_non_null(strstr(k.err.text,
			       "'week' of caller alice is used up: 10.0 seconds of 10.0 seconds"));
	finish(&k, p, EXS_PURSE_ENDED, &t);
	assert_int_equal(sum_of(&k, "sum/week.caller-seconds-7d/alice"), 10000);
	assert_null(row_of(&k, "run/r1"));
	assert_int_equal(k.port->check(k.self, &two, &k.err), EXS_DENIED);
	assert_non_null(strstr(k.err.text, "room again from 2026-01-08T"));
	k.host.wall_ms += 6 * DAY;
	assert_int_equal(k.port->check(k.self, &two, &k.err), EXS_DENIED);
	k.host.wall_ms += DAY + 7 * DAY / 32 + 1;
	assert_int_equal(k.port->check(k.self, &two, &k.err), EXS_OK);
	ledger_close(&k);
}

static void put_raw(struct ledger *k, const char *key, const char *value, size_t n)
{
	exs_op op = { .size = sizeof op,
		      .kind = EXS_OP_PUT,
		      .key = exs_cstr(key),
		      .value = exs_bytes(value, n) };
	const exs_op *list[] = { &op };

	assert_int_equal(k->host.store.commit(&k->host.store, list, 1, &k->err), EXS_OK);
}

static void damaged_rows_refuse_and_say_which(void **state)
{
	static const char *const rows[][2] = {
		{ "grant/r1", "{\"v\":1,\"items\":[[\"cap\",\"a\",\"x\",\"1\"]]}" },
		{ "grant/r1", "nothing" },
		{ "run/r1", "{\"v\":1,\"ms\":\"1\"}" }
	};
	exs_run_info run = run_of("r1", "alice");
	struct double_batch b;
	exs_purse *p = NULL;
	struct ledger k;
	size_t i;

	(void)state;
	run.attempt = 2;
	for (i = 0; i < 3; i++) {
		ledger_open(&k, CALLER_100);
		put_raw(&k, rows[i][0], rows[i][1], strlen(rows[i][1]));
		double_batch_init(&b);
		assert_int_equal(k.port->start(k.self, &run, 0, double_batch(&b), &p, &k.err),
				 EXS_CORRUPT);
		assert_non_null(strstr(k.err.text, rows[i][0]));
		double_batch_drop(&b);
		ledger_close(&k);
	}
	ledger_open(&k, CALLER_100);
	put_raw(&k, "bucket/cap.caller-tokens-ever/alice/000000000000000g", "12345678", 8);
	assert_int_equal(k.port->check(k.self, &run, &k.err), EXS_CORRUPT);
	assert_non_null(strstr(k.err.text, "bucket/cap.caller-tokens-ever/alice"));
	put_raw(&k, "bucket/cap.caller-tokens-ever/bob/0000000000000000", "1234567", 7);
	run.caller = "bob";
	assert_int_equal(k.port->check(k.self, &run, &k.err), EXS_CORRUPT);
	ledger_close(&k);
}

static void a_store_that_fails_is_an_error_and_no_refusal(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	exs_tally t = { .size = sizeof t, .run_ms = 1 };
	exs_usage used = tokens(1, 1);
	struct double_batch b;
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, CALLER_100);
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 10), EXS_OK);
	k.host.fail_batch = true;
	double_batch_init(&b);
	assert_int_equal(k.port->settle(p, &used, &t, double_batch(&b), &k.err), EXS_IO);
	assert_int_equal(reserve(&k, p, 10), EXS_IO);
	assert_int_equal(k.port->finish(p, EXS_PURSE_ENDED, &t, double_batch(&b), &k.err), EXS_IO);
	run.attempt = 2;
	p = NULL;
	assert_int_equal(k.port->start(k.self, &run, 0, double_batch(&b), &p, &k.err), EXS_IO);
	assert_null(p);
	double_batch_drop(&b);
	ledger_close(&k);
}

static void a_long_who_is_cut_and_still_its_own(void **state)
{
	char a[400], b[400];
	exs_run_info one, two;
	struct ledger k;
	exs_purse *p, *q;

	(void)state;
	memset(a, '/', sizeof a);
	memset(b, '/', sizeof b);
	a[399] = b[399] = '\0';
	b[398] = 'x';
	one = run_of("r1", a);
	two = run_of("r2", b);
	ledger_open(&k, CALLER_100);
	p = start(&k, &one, 0);
	q = start(&k, &two, 0);
	assert_int_equal(reserve(&k, p, 90), EXS_OK);
	assert_int_equal(reserve(&k, q, 90), EXS_OK);
	settle(&k, p, 90);
	settle(&k, q, 90);
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	finish(&k, q, EXS_PURSE_ENDED, NULL);
	ledger_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_is_reserved_at_its_worst_and_settled_at_what_it_was),
		cmocka_unit_test(each_caller_has_its_own_and_the_gate_is_shut_when_it_is_used_up),
		cmocka_unit_test(two_that_ask_at_once_do_not_overshoot_together),
		cmocka_unit_test(a_child_draws_from_what_its_root_has_left),
		cmocka_unit_test(limits_for_an_agent_a_model_and_all_count_side_by_side),
		cmocka_unit_test(a_soft_limit_is_told_once_and_the_grace_is_one_turn),
		cmocka_unit_test(a_grace_that_never_became_durable_is_still_there),
		cmocka_unit_test(seconds_of_a_caller_over_seven_days),
		cmocka_unit_test(damaged_rows_refuse_and_say_which),
		cmocka_unit_test(a_store_that_fails_is_an_error_and_no_refusal),
		cmocka_unit_test(a_long_who_is_cut_and_still_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
