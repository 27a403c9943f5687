/* SPDX-License-Identifier: MIT */
/* test_ledger_price.c - the file of prices: what a turn costs, which entry holds, and what is
 * refused how. */
#include <unistd.h>

#include "unit/ledger_kit.h"

#define DOLLARS                                                                                    \
	"[{\"name\":\"cap\",\"scope\":\"all\",\"unit\":\"usd\",\"max\":\"1\",\"per\":\"ever\"}]"
#define SOURCE "\"source\":\"a page\",\"source_date\":\"2025-12-01\""

struct priced {
	struct ledger k;
	char file[64];
};

static exs_status try_prices(struct priced *f, const char *json, const char *unknown)
{
	struct double_setting set[] = {
		{ "limits", DOLLARS }, { "prices", f->file }, { "unknown_model", unknown }, { 0 }
	};
	FILE *out;

	if (!unknown)
		set[2].key = NULL;
	memset(&f->k, 0, sizeof f->k);
	double_host_init(&f->k.host, "purse");
	f->k.host.wall_ms = T0;
	snprintf(f->file, sizeof f->file, "/tmp/executus-prices-%d.json", (int)getpid());
	out = fopen(f->file, "w");
	assert_non_null(out);
	fputs(json, out);
	fclose(out);
	return ledger_try(&f->k, set);
}

static void open_prices(struct priced *f, const char *json, const char *unknown)
{
	if (try_prices(f, json, unknown))
		fail_msg("%s", f->k.err.text);
}

static void close_prices(struct priced *f)
{
	ledger_close(&f->k);
	unlink(f->file);
}

static int64_t cost_of(struct priced *f, const char *model, exs_usage u)
{
	u.cost_micro = 0;
	if (f->k.port->price(f->k.self, model, &u, &f->k.err))
		fail_msg("%s", f->k.err.text);
	return u.cost_micro;
}

static void each_kind_of_token_has_its_price_and_a_part_is_rounded_up(void **state)
{
	exs_usage u = tokens(1000000, 1000000);
	struct priced f;

	(void)state;
	open_prices(&f,
		    "{\"prices\":[{\"model\":\"big\",\"in\":\"3.00\",\"cache_read\":\"0.30\","
		    "\"cache_write\":\"3.75\","
		    "\"out\":\"15\"," SOURCE
		    "},{\"model\":\"plain\",\"in\":\"0.5\",\"out\":\"1.000001\"," SOURCE "}]}",
		    NULL);
	assert_int_equal(cost_of(&f, "a/big", u), 18000000);
	u.cache_read_tokens = 400000;
	u.cache_write_tokens = 100000;
	assert_int_equal(cost_of(&f, "a/big", u), 1500000 + 120000 + 375000 + 15000000);
	assert_int_equal(cost_of(&f, "plain", u),
			 500000 + 1000001); /* cached parts cost what others cost */
	assert_int_equal(cost_of(&f, "a/big", tokens(1, 0)), 3);
	assert_int_equal(cost_of(&f, "a/plain", tokens(1, 0)), 1);
	assert_int_equal(cost_of(&f, "a/big", tokens(-5, 0)), 0);
	assert_int_equal(cost_of(&f, "a/big", tokens(INT64_MAX / 2, INT64_MAX / 2)), INT64_MAX);
	u = tokens(1000000, 0);
	u.estimated = 1; /* it may all go into a cache */
	assert_int_equal(cost_of(&f, "a/big", u), 3750000);
	assert_int_equal(cost_of(&f, "plain", u), 500000);
	u.cost_micro = 77; /* what the server says stands */
	assert_int_equal(f.k.port->price(f.k.self, "a/big", &u, &f.k.err), EXS_OK);
	assert_int_equal(u.cost_micro, 77);
	close_prices(&f);
}

static void the_best_name_wins_and_then_the_youngest_day(void **state)
{
	struct priced f;

	(void)state;
	open_prices(&f,
		    "{\"prices\":[{\"model\":\"*\",\"in\":\"9\",\"out\":\"9\"," SOURCE "},"
		    "{\"model\":\"gpt*\",\"in\":\"1\",\"out\":\"1\"," SOURCE "},"
		    "{\"model\":\"gpt-4*\",\"in\":\"2\",\"out\":\"2\"," SOURCE "},"
		    "{\"model\":\"gpt-4\",\"in\":\"3\",\"out\":\"3\",\"valid_to\":\"2026-01-"
		    "01\"," SOURCE "},"
		    "{\"model\":\"gpt-4\",\"in\":\"4\",\"out\":\"4\",\"valid_from\":\"2026-01-"
		    "01\"," SOURCE "},"
		    "{\"model\":\"gpt-4\",\"in\":\"5\",\"out\":\"5\",\"valid_from\":\"2026-02-"
		    "01\"," SOURCE "},"
		    "{\"model\":\"own/gpt-4\",\"in\":\"0\",\"out\":\"0.000001\"," SOURCE "}]}",
		    NULL);
	assert_int_equal(cost_of(&f, "x/other", tokens(1000000, 0)), 9000000);
	assert_int_equal(cost_of(&f, "gpt-3", tokens(1000000, 0)), 1000000);
	assert_int_equal(cost_of(&f, "gpt-4o", tokens(1000000, 0)), 2000000);
	assert_int_equal(cost_of(&f, "gpt-4", tokens(1000000, 0)), 4000000);
	f.k.host.wall_ms = T0 - 1;
	assert_int_equal(cost_of(&f, "gpt-4", tokens(1000000, 0)), 3000000);
	f.k.host.wall_ms = T0 + 31 * DAY;
	assert_int_equal(cost_of(&f, "gpt-4", tokens(1000000, 0)), 5000000);
	assert_int_equal(cost_of(&f, "own/gpt-4", tokens(1000000, 0)),
			 0); /* an instance's own price */
	close_prices(&f);
}

static const char one[] =
	"{\"prices\":[{\"model\":\"known\",\"in\":\"1\",\"out\":\"1\"," SOURCE "}]}";

static void an_unknown_model_is_refused_warned_of_or_free(void **state)
{
	struct priced f;
	exs_usage u = tokens(10, 10);

	(void)state;
	open_prices(&f, one, "refuse");
	assert_int_equal(f.k.port->price(f.k.self, "a/new", &u, &f.k.err), EXS_DENIED);
	assert_non_null(strstr(f.k.err.text, "no price is known for the model 'a/new'"));
	close_prices(&f);
	open_prices(&f, one, NULL);
	assert_int_equal(cost_of(&f, "a/new", u), 0);
	assert_int_equal(cost_of(&f, "a/newer", u), 0);
	assert_true(double_host_logged(&f.k.host, "'a/new'"));
	assert_false(double_host_logged(&f.k.host, "'a/newer'")); /* said once */
	close_prices(&f);
	open_prices(&f, one, "free");
	assert_int_equal(cost_of(&f, "a/new", u), 0);
	assert_false(double_host_logged(&f.k.host, "a/new"));
	close_prices(&f);
}

static void who_refuses_unknown_models_needs_no_dollars_for_it(void **state)
{
	static const struct double_setting set[] = {
		{ "limits", "[{\"scope\":\"run\",\"unit\":\"turns\",\"max\":\"5\"}]" },
		{ "unknown_model", "refuse" },
		{ 0 }
	};
	exs_usage u = tokens(1, 1);
	struct ledger k;

	(void)state;
	ledger_open_with(&k, set);
	assert_int_equal(k.port->price(k.self, "a/any", &u, &k.err), EXS_DENIED);
	ledger_close(&k);
}

static void dollars_are_reserved_and_settled(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	exs_usage worst = tokens(400000, 500000), used = tokens(300000, 0);
	struct priced f;
	exs_purse *p;

	(void)state;
	open_prices(&f, one, NULL);
	worst.cost_micro = cost_of(&f, "a/known", worst);
	used.cost_micro = cost_of(&f, "a/known", used);
	p = start(&f.k, &run, 0);
	assert_int_equal(reserve_by(&f.k, p, "a/known", worst, NULL), EXS_OK);
	assert_int_equal(sum_of(&f.k, "sum/cap.all-usd-ever/-"), 900000);
	settle_at(&f.k, p, used, NULL);
	assert_int_equal(sum_of(&f.k, "sum/cap.all-usd-ever/-"), 300000);
	assert_int_equal(reserve_by(&f.k, p, "a/known", worst, NULL), EXS_DENIED);
	assert_non_null(strstr(
		f.k.err.text,
		"has $0.300000 of $1.000000 used or reserved; this turn may need $0.900000"));
	finish(&f.k, p, EXS_PURSE_ENDED, NULL);
	close_prices(&f);
}

static void a_wrong_file_is_refused_with_entry_and_member(void **state)
{
	static const char *const wrongs[][2] = {
		{ "", "it is no JSON at byte 0" },
		{ "{\"prices\":[1,]}", "it is no JSON at byte" },
		{ "[]", "needs \"prices\"" },
		{ "{\"prices\":[]}", "needs \"prices\"" },
		{ "{\"prices\":[7]}", "price 1: 'entry'" },
		{ "{\"prices\":[{\"in\":\"1\",\"out\":\"1\"," SOURCE "}]}", "price 1: 'model'" },
		{ "{\"prices\":[{\"model\":\"a*b\",\"in\":\"1\",\"out\":\"1\"," SOURCE "}]}",
		  "a * may stand at its end only" },
		{ "{\"prices\":[{\"model\":\"a\",\"out\":\"1\"," SOURCE "}]}",
		  "'in': write dollars" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":1,\"out\":\"1\"," SOURCE "}]}", "'in'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"NaN\",\"out\":\"1\"," SOURCE "}]}",
		  "'in'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"-1\",\"out\":\"1\"," SOURCE "}]}",
		  "'in'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1000001\"," SOURCE "}]}",
		  "'out'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"cache_read\":"
		  "null," SOURCE "}]}",
		  "'cache_read'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"valid_from\":"
		  "\"soon\"," SOURCE "}]}",
		  "'valid_from'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"valid_from\":\"2026-"
		  "01-02\","
		  "\"valid_to\":\"2026-01-02\"," SOURCE "}]}",
		  "'valid_to'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"source_date\":\"2025-"
		  "12-01\"}]}",
		  "'source'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"source\":\"x\"}]}",
		  "'source_date'" },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"cache_raed\":"
		  "\"1\"," SOURCE "}]}",
		  "price 1: 'cache_raed': an entry takes model, in," },
		{ "{\"prices\":[{\"model\":\"a\",\"in\":\"1\",\"out\":\"1\",\"valid_to\":\"2026-"
		  "02-30\"," SOURCE "}]}",
		  "'valid_to': write a day" },
	};
	struct priced f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		if (try_prices(&f, wrongs[i][0], NULL) != EXS_INVALID)
			fail_msg("taken: %s", wrongs[i][0]);
		if (!strstr(f.k.err.text, wrongs[i][1]) || !strstr(f.k.err.text, f.file))
			fail_msg("%s: %s", wrongs[i][0], f.k.err.text);
		double_host_release(&f.k.host);
		unlink(f.file);
	}
}

static void a_file_that_is_not_there_is_named(void **state)
{
	const struct double_setting set[] = { { "limits", DOLLARS },
					      { "prices", "/nonexistent/prices.json" },
					      { 0 } };
	struct ledger k;

	(void)state;
	memset(&k, 0, sizeof k);
	double_host_init(&k.host, "purse");
	assert_int_equal(ledger_try(&k, set), EXS_IO);
	assert_string_equal(
		k.err.text,
		"/nonexistent/prices.json: the prices cannot be read: No such file or directory");
	double_host_release(&k.host);
}

static void the_example_that_is_shipped_can_be_read(void **state)
{
	const struct double_setting set[] = { { "limits", DOLLARS },
					      { "prices", TEST_DATA "/../conf/prices.json" },
					      { 0 } };
	struct ledger k;

	(void)state;
	ledger_open_with(&k, set);
	ledger_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_token_has_its_price_and_a_part_is_rounded_up),
		cmocka_unit_test(the_best_name_wins_and_then_the_youngest_day),
		cmocka_unit_test(an_unknown_model_is_refused_warned_of_or_free),
		cmocka_unit_test(who_refuses_unknown_models_needs_no_dollars_for_it),
		cmocka_unit_test(dollars_are_reserved_and_settled),
		cmocka_unit_test(a_wrong_file_is_refused_with_entry_and_member),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(the_example_that_is_shipped_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
