/* SPDX-License-Identifier: MIT */
/* test_ledger_window.c - when what was spent stops to count, and that the clock of the buckets
 * never runs backwards. */
#include "unit/ledger_kit.h"

static void open_per(struct ledger *k, const char *per)
{
	char limits[160];

	snprintf(limits, sizeof limits,
		 "[{\"name\":\"w\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"100\",\"per\":"
		 "\"%s\"}]",
		 per);
	ledger_open(k, limits);
}

/* Spends n at a time, or is refused. */
static exs_status spend(struct ledger *k, int64_t at_ms, int64_t n)
{
	exs_run_info run = run_of("r1", "alice");
	exs_purse *p = start(k, &run, 0);
	exs_status status;

	k->host.wall_ms = at_ms;
	status = reserve(k, p, n);
	if (status == EXS_OK)
		settle(k, p, n);
	finish(k, p, EXS_PURSE_LEFT, NULL);
	assert_sums(k);
	return status;
}

static int buckets(struct ledger *k)
{
	int n = 0;
	size_t i;

	for (i = 0; i < k->host.n; i++)
		n += strncmp(k->host.rows[i].key, "bucket/", 7) == 0;
	return n;
}

static void the_calendar_turns_over_at_its_own_hour_day_and_month(void **state)
{
	static const struct {
		const char *per;
		int64_t last, next; /* from T0, 2026-01-01 00:00 */
		const char *says;
	} rows[] = { { "hour", HOUR - 1, HOUR, "room again from 2026-01-01T01:00:00Z" },
		     { "day", DAY - 1, DAY, "room again from 2026-01-02T00:00:00Z" },
		     { "month", 31 * DAY - 1, 31 * DAY, "room again from 2026-02-01T00:00:00Z" } };
	struct ledger k;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		open_per(&k, rows[i].per);
		assert_int_equal(spend(&k, T0, 100), EXS_OK);
		assert_int_equal(spend(&k, T0 + rows[i].last, 1), EXS_DENIED);
		assert_non_null(strstr(k.err.text, rows[i].says));
		assert_int_equal(spend(&k, T0 + rows[i].next, 100), EXS_OK);
		assert_int_equal(spend(&k, T0 + rows[i].next, 1), EXS_DENIED);
		assert_int_equal(buckets(&k), 1);
		ledger_close(&k);
	}
}

static void december_is_followed_by_january(void **state)
{
	struct ledger k;

	(void)state;
	open_per(&k, "month");
	assert_int_equal(spend(&k, T0 - DAY, 100), EXS_OK); /* 2025-12-31 */
	assert_int_equal(spend(&k, T0 - 1, 1), EXS_DENIED);
	assert_non_null(strstr(k.err.text, "room again from 2026-01-01T00:00:00Z"));
	assert_int_equal(spend(&k, T0, 100), EXS_OK);
	ledger_close(&k);
}

static void ever_is_for_ever(void **state)
{
	struct ledger k;

	(void)state;
	open_per(&k, "ever");
	assert_int_equal(spend(&k, T0, 100), EXS_OK);
	assert_int_equal(spend(&k, T0 + 5000 * DAY, 1), EXS_DENIED);
	assert_null(strstr(k.err.text, "room again"));
	ledger_close(&k);
}

/* What lies in a rolling window never passes the cap, wherever the window is laid. */
static void a_rolling_window_is_never_shorter_and_at_most_one_part_longer(void **state)
{
	struct ledger k;

	(void)state;
	open_per(&k, "32h"); /* parts of an hour */
	assert_int_equal(spend(&k, T0 + HOUR - 1, 60), EXS_OK);
	assert_int_equal(spend(&k, T0 + 20 * HOUR, 40), EXS_OK);
	assert_int_equal(spend(&k, T0 + HOUR - 1 + 32 * HOUR, 1), EXS_DENIED);
	assert_non_null(strstr(k.err.text, "room again from 2026-01-02T09:00:00Z"));
	assert_int_equal(spend(&k, T0 + 33 * HOUR, 61), EXS_DENIED);
	assert_int_equal(spend(&k, T0 + 33 * HOUR, 60), EXS_OK);
	assert_int_equal(buckets(&k), 2);
	assert_int_equal(spend(&k, T0 + 200 * HOUR, 100), EXS_OK);
	assert_int_equal(buckets(&k), 1);
	assert_int_equal(sum_of(&k, "sum/w.all-tokens-32h/-"), 100);
	ledger_close(&k);
}

static void a_clock_that_goes_back_frees_nothing_and_loses_nothing(void **state)
{
	struct ledger k;

	(void)state;
	open_per(&k, "day");
	assert_int_equal(spend(&k, T0 + 5 * DAY, 60), EXS_OK);
	assert_int_equal(spend(&k, T0, 40), EXS_OK); /* counts for the newest day that there is */
	assert_int_equal(spend(&k, T0 - 400 * DAY, 1), EXS_DENIED);
	assert_int_equal(spend(&k, T0 + 5 * DAY, 1), EXS_DENIED);
	assert_int_equal(buckets(&k), 1);
	assert_int_equal(spend(&k, T0 + 6 * DAY, 100), EXS_OK);
	ledger_close(&k);
}

/* A turn that is settled when its day is over belongs to the day that it was reserved in. */
static void what_is_settled_late_goes_to_its_own_bucket(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	open_per(&k, "day");
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 80), EXS_OK);
	assert_int_equal(spend(&k, T0 + DAY, 100), EXS_OK); /* takes the old day out */
	assert_int_equal(buckets(&k), 1);
	settle(&k, p, 50);
	assert_sums(&k);
	assert_int_equal(buckets(&k), 2);
	assert_int_equal(spend(&k, T0 + DAY, 1), EXS_DENIED);
	assert_int_equal(spend(&k, T0 + 2 * DAY, 100), EXS_OK);
	assert_int_equal(buckets(&k), 1);
	assert_int_equal(sum_of(&k, "sum/w.all-tokens-day/-"), 100);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

/* Between reading a bucket that is over and committing, somebody settled into it. */
static void a_bucket_that_changed_meanwhile_is_taken_out_as_it_is(void **state)
{
	exs_run_info one = run_of("r1", "alice"), two = run_of("r2", "bob");
	exs_usage worst = tokens(100, 0);
	struct double_batch own;
	struct ledger k;
	exs_purse *p, *q;

	(void)state;
	open_per(&k, "day");
	p = start(&k, &one, 0);
	q = start(&k, &two, 0);
	assert_int_equal(reserve(&k, p, 80), EXS_OK);
	k.host.wall_ms = T0 + DAY;
	assert_int_equal(ask(&k, q, "m/one", &worst, NULL, &own), EXS_OK);
	settle(&k, p, 30);
	assert_int_equal(double_batch_commit(&k.host, &own, &k.err), EXS_CONFLICT);
	k.port->settle(q, NULL, NULL, NULL, &k.err);
	assert_int_equal(reserve(&k, q, 100), EXS_OK);
	assert_int_equal(sum_of(&k, "sum/w.all-tokens-day/-"), 100);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	finish(&k, q, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

/* A limit that counts something else, or over another time, is another limit: it begins anew, and turns over by itself. */
static void a_name_whose_window_or_unit_was_changed_begins_anew(void **state)
{
	static const char *const limits[] = {
		"[{\"name\":\"w\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"100\","
		"\"per\":\"hour\"}]",
		"[{\"name\":\"w\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"100\","
		"\"per\":\"day\"}]",
		"[{\"name\":\"w\",\"scope\":\"all\",\"unit\":\"tokens_in\",\"max\":\"100\","
		"\"per\":\"day\"}]"
	};
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;
	size_t i;
	int day;

	(void)state;
	ledger_open(&k, limits[0]);
	for (i = 0; i < 3; i++) {
		ledger_again(&k, limits[i]);
		p = start(&k, &run, 0);
		for (day = 0; day < 2; day++) {
			assert_int_equal(reserve(&k, p, 100), EXS_OK);
			settle(&k, p, 100);
			assert_int_equal(reserve(&k, p, 1), EXS_DENIED);
			if (day == 0)
				k.host.wall_ms += DAY;
		}
		finish(&k, p, EXS_PURSE_LEFT, NULL);
	}
	ledger_close(&k);
}

/* What a changed limit says of itself, its amounts and its grace, is no reason to forget. */
static void a_raised_cap_goes_on_with_what_was_used(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, "[{\"name\":\"w\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"100\","
			"\"per\":\"day\"}]");
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 100), EXS_OK);
	settle(&k, p, 100);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	ledger_again(&k, "[{\"name\":\"w\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"150\","
			 "\"per\":\"day\",\"soft\":\"90%\"}]");
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 51), EXS_DENIED);
	assert_int_equal(reserve(&k, p, 50), EXS_OK);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_calendar_turns_over_at_its_own_hour_day_and_month),
		cmocka_unit_test(december_is_followed_by_january),
		cmocka_unit_test(ever_is_for_ever),
		cmocka_unit_test(a_rolling_window_is_never_shorter_and_at_most_one_part_longer),
		cmocka_unit_test(a_clock_that_goes_back_frees_nothing_and_loses_nothing),
		cmocka_unit_test(what_is_settled_late_goes_to_its_own_bucket),
		cmocka_unit_test(a_bucket_that_changed_meanwhile_is_taken_out_as_it_is),
		cmocka_unit_test(a_name_whose_window_or_unit_was_changed_begins_anew),
		cmocka_unit_test(a_raised_cap_goes_on_with_what_was_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
