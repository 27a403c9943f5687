/* SPDX-License-Identifier: MIT */
/* test_gather.c - events of streams are let gather where two can be expected in the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../plugins/common_model/gather.c"

#define LONG_AGO 1000000

/* What the last of some passes is told, each so long behind the one before and with so many events. */
static int told(int64_t gap_ms, size_t events, int passes)
{
	struct gather g = { 0, 0 };
	int64_t now = LONG_AGO;
	int ms = -1;

	for (; passes > 0; passes--, now += gap_ms) {
		gather_add(&g, events);
		ms = gather_ms(&g, now);
	}
	return ms;
}

static void a_first_event_is_read_as_it_comes(void **state)
{
	(void)state;
	assert_int_equal(told(0, 1, 1), 0);
	assert_int_equal(told(0, 50, 1), 0);
}

static void fast_streams_gather(void **state)
{
	int gap;

	(void)state;
	for (gap = 0; gap <= GATHER_MS / 2; gap++)
		assert_int_equal(told(gap, 1, 2), GATHER_MS);
	/* Behind a pass that gathered, as fast as before. */
	assert_int_equal(told(GATHER_MS + 1, 3, 2), GATHER_MS);
	assert_int_equal(told(GATHER_MS, 2, 2), GATHER_MS);
}

static void slow_ones_do_not(void **state)
{
	int gap;

	(void)state;
	for (gap = GATHER_MS / 2 + 1; gap < 100; gap++)
		assert_int_equal(told(gap, 1, 3), 0);
	assert_int_equal(told(GATHER_MS + 1, 2, 2), 0);
}

static void many_slow_streams_are_fast(void **state)
{
	(void)state;
	assert_int_equal(told(20, 10, 2), GATHER_MS);
	assert_int_equal(told(20, 9, 2), 0);
}

static void a_pass_without_events_neither_waits_nor_counts(void **state)
{
	struct gather g = { 0, 0 };

	(void)state;
	gather_add(&g, 1);
	assert_int_equal(gather_ms(&g, LONG_AGO), 0);
	assert_int_equal(gather_ms(&g, LONG_AGO + 1), 0);
	gather_add(&g, 0);
	assert_int_equal(gather_ms(&g, LONG_AGO + 1), 0);
	gather_add(&g, 1);
	assert_int_equal(gather_ms(&g, LONG_AGO + 2), GATHER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_event_is_read_as_it_comes),
		cmocka_unit_test(fast_streams_gather),
		cmocka_unit_test(slow_ones_do_not),
		cmocka_unit_test(many_slow_streams_are_fast),
		cmocka_unit_test(a_pass_without_events_neither_waits_nor_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
