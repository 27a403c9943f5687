/* SPDX-License-Identifier: MIT */
/* test_ledger_attempts.c - what the attempts of one run leave to the next: deaths, resumes, retries. */
#include "unit/ledger_kit.h"

static void what_was_booked_of_a_run_is_not_booked_again_after_a_resume(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	exs_tally t = { .size = sizeof t, .calls = 3 };
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, "[{\"name\":\"c\",\"scope\":\"all\",\"unit\":\"calls\",\"max\":\"10\","
			"\"per\":\"ever\"}]");
	p = start(&k, &run, 0);
	assert_int_equal(reserve_by(&k, p, "m/x", tokens(1, 1), &t), EXS_OK);
	settle_at(&k, p, tokens(1, 1), &t);
	finish(&k, p, EXS_PURSE_LEFT, &t);
	assert_int_equal(sum_of(&k, "sum/c.all-calls-ever/-"), 3);
	run.attempt = 2;
	p = start(&k, &run, 0);
	t.calls = 5;
	finish(&k, p, EXS_PURSE_ENDED, &t);
	assert_int_equal(sum_of(&k, "sum/c.all-calls-ever/-"), 5);
	ledger_close(&k);
}

static void what_a_dead_attempt_held_is_kept_when_it_was_sent_and_else_given_back(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;
	int32_t sent;

	(void)state;
	for (sent = 0; sent < 2; sent++) {
		ledger_open(&k, CALLER_100);
		run.attempt = 1;
		p = start(&k, &run, 0);
		assert_int_equal(reserve(&k, p, 70), EXS_OK);
		finish(&k, p, EXS_PURSE_LEFT, NULL); /* as a death: nothing is written */
		assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 70);
		/* Its limit may even be gone from the conf. */
		ledger_again(&k, "[{\"name\":\"new\",\"scope\":\"all\",\"unit\":\"turns\",\"max\":"
				 "\"9\",\"per\":\"ever\"}]");
		run.attempt = 2;
		p = start(&k, &run, sent);
		assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), sent ? 70 : 0);
		assert_null(row_of(&k, "grant/r1"));
		finish(&k, p, EXS_PURSE_ENDED, NULL);
		ledger_close(&k);
	}
}

static void a_run_that_nobody_resumes_leaves_no_grant(void **state)
{
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	run.flags = 0;
	ledger_open(&k, CALLER_100);
	p = start(&k, &run, 0);
	assert_int_equal(reserve(&k, p, 70), EXS_OK);
	assert_null(row_of(&k, "grant/r1"));
	settle(&k, p, 20);
	assert_int_equal(sum_of(&k, "sum/cap.caller-tokens-ever/alice"), 20);
	finish(&k, p, EXS_PURSE_ENDED, NULL);
	ledger_close(&k);
}

/* What the run used until its end is booked with the end; a retry adds its own and nothing twice. */
static void a_retry_books_only_what_it_uses_itself(void **state)
{
	static const char limits[] = "[{\"scope\":\"all\",\"unit\":\"calls\",\"max\":\"100\",\"per\":\"day\"}]";
	exs_tally first = { .size = sizeof first, .calls = 3, .run_ms = 500 };
	exs_tally then = { .size = sizeof then, .calls = 5, .run_ms = 900 };
	exs_run_info run = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, limits);
	p = start(&k, &run, 0);
	assert_int_equal(reserve_by(&k, p, "m/one", tokens(1, 0), NULL), EXS_OK);
	settle_at(&k, p, tokens(1, 0), &first);
	finish(&k, p, EXS_PURSE_ENDED, &first);
	assert_int_equal(sum_of(&k, "sum/all-calls-day/-"), 3);
	run.attempt = 2;
	run.flags |= EXS_RUN_RETRIED;
	p = start(&k, &run, 0);
	assert_int_equal(reserve_by(&k, p, "m/one", tokens(1, 0), &first), EXS_OK);
	settle_at(&k, p, tokens(1, 0), &then);
	assert_int_equal(sum_of(&k, "sum/all-calls-day/-"), 5);
	/* It dies, and goes on: now there is a row that says how far booking came. */
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	run.attempt = 3;
	p = start(&k, &run, 0);
	then.calls = 6;
	finish(&k, p, EXS_PURSE_ENDED, &then);
	assert_int_equal(sum_of(&k, "sum/all-calls-day/-"), 6);
	/* Retried once more, and over before it asks anybody. */
	run.attempt = 4;
	p = start(&k, &run, 0);
	finish(&k, p, EXS_PURSE_ENDED, &then);
	assert_int_equal(sum_of(&k, "sum/all-calls-day/-"), 6);
	ledger_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_booked_of_a_run_is_not_booked_again_after_a_resume),
		cmocka_unit_test(
			what_a_dead_attempt_held_is_kept_when_it_was_sent_and_else_given_back),
		cmocka_unit_test(a_run_that_nobody_resumes_leaves_no_grant),
		cmocka_unit_test(a_retry_books_only_what_it_uses_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
