/* SPDX-License-Identifier: MIT */
/* test_outbox_row.c - rows of deliveries as text, and how long is waited between tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "rows/outbox_row.h"

#define RUN   "01jabcdefghjkmnpqrstvwxyz0"
#define SECS  INT64_C(1000)
#define HOURS (3600 * SECS)

static void tries_go_on_over_four_days_and_then_no_more(void **state)
{
	static const int64_t pauses[] = { 5 * SECS,   300 * SECS, 1800 * SECS, 2 * HOURS, 5 * HOURS,
					  10 * HOURS, 14 * HOURS, 20 * HOURS,  24 * HOURS };
	int32_t i;

	(void)state;
	for (i = 0; i < 9; i++)
		assert_int_equal(outbox_next_ms(3 + i, 0, 1000), 1000 + pauses[i]);
	assert_int_equal(outbox_next_ms(12, 0, 1000), 0);
	assert_int_equal(outbox_next_ms(INT32_MAX, 0, 1000), 0);
	assert_int_equal(outbox_next_ms(0, 0, 1000),
			 1000 + 5 * SECS); /* the first process had no time */
}

static void the_other_side_may_ask_for_more_and_for_a_day_at_most(void **state)
{
	(void)state;
	assert_int_equal(outbox_next_ms(3, 60 * SECS, 0), 60 * SECS);
	assert_int_equal(outbox_next_ms(3, 1, 0), 5 * SECS);
	assert_int_equal(outbox_next_ms(3, INT64_MAX, 0), 24 * HOURS);
}

static void what_was_written_is_read_back(void **state)
{
	static char kind[] = "post", target[] = "a \"b\" \xc3\xa4";
	struct outbox_row row = { .id = RUN ".0.p2",
				  .run_id = RUN,
				  .owner = RUN,
				  .kind = kind,
				  .target = target,
				  .tries = 4,
				  .first_ms = 7,
				  .next_ms = 9,
				  .why = "it \"failed\"" },
			  back;
	exs_err err = EXS_ERR_INIT;
	char key[OUTBOX_KEY_MAX];
	struct buf text, again;

	(void)state;
	outbox_key(OUTBOX_PREFIX, row.id, key);
	assert_string_equal(key, "k/outbox/" RUN ".0.p2");
	outbox_text(&row, &text);
	assert_int_equal(outbox_parse(str_of(key), buf_view(&text), &back, &err), EXS_OK);
	outbox_text(&back, &again);
	assert_string_equal(text.p, again.p);
	assert_string_equal(back.target, target);
	assert_int_equal(back.tries, 4);
	outbox_release(&back);
	buf_release(&text);
	buf_release(&again);
}

static void a_row_of_an_earlier_release_is_due_at_once(void **state)
{
	struct outbox_row row;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_int_equal(
		outbox_parse(
			str_of("k/outbox/" RUN ".0"),
			str_of("{\"v\":1,\"run\":\"" RUN
			       "\",\"kind\":\"post\",\"target\":\"t\",\"owner\":\"\",\"tries\":2}"),
			&row, &err),
		EXS_OK);
	assert_int_equal(row.next_ms, 0);
	assert_int_equal(row.tries, 2);
	assert_string_equal(row.why, "");
	outbox_release(&row);
}

static void what_cannot_be_read_says_so(void **state)
{
	static const char *const rows[][3] = {
		{ "k/outbox/", "{}", "no id" },
		{ "k/outbox/" RUN RUN RUN, "{}", "no id" },
		{ "k/outbox/x.0", "no json", "it cannot be read" },
		{ "k/outbox/x.0", "{\"v\":7}", "version 7" },
		{ "k/outbox/x.0",
		  "{\"v\":1,\"run\":\"" RUN "\",\"kind\":\"p\",\"owner\":\"\",\"tries\":1}",
		  "a member is missing" },
	};
	struct outbox_row row;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(outbox_parse(str_of(rows[i][0]), str_of(rows[i][1]), &row, &err),
				 EXS_CORRUPT);
		assert_non_null(strstr(err.text, rows[i][2]));
		outbox_release(&row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_go_on_over_four_days_and_then_no_more),
		cmocka_unit_test(the_other_side_may_ask_for_more_and_for_a_day_at_most),
		cmocka_unit_test(what_was_written_is_read_back),
		cmocka_unit_test(a_row_of_an_earlier_release_is_due_at_once),
		cmocka_unit_test(what_cannot_be_read_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
