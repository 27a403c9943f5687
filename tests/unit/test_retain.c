/* SPDX-License-Identifier: MIT */
/* test_retain.c - which runs a rule lets go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <executus/run.h>

#include "run/retain.h"

#define N   6
#define NOW 10000

/* Newest first; the fourth has not ended. */
static struct retain_item items[N];

static int fresh(void **state)
{
	static const int64_t ended[N] = { 9000, 8000, 7000, 0, 5000, 4000 };
	size_t i;

	(void)state;
	for (i = 0; i < N; i++)
		items[i] = (struct retain_item){ .run = "r",
						 .status = i % 2 ? EXS_ENDED_ERROR : EXS_ENDED_OK,
						 .ended = i != 3,
						 .ended_ms = ended[i],
						 .bytes = 100 };
	return 0;
}

static void assert_gone(struct retain_rule rule, const char *wanted)
{
	bool gone[N] = { false };
	char got[N + 1] = "";
	size_t i, n = retain_pick(&rule, items, N, NOW, gone), count = 0;

	for (i = 0; i < N; i++) {
		got[i] = gone[i] ? 'x' : '.';
		count += gone[i];
	}
	assert_string_equal(got, wanted);
	assert_int_equal(n, count);
}

static void without_a_bound_nothing_goes(void **state)
{
	(void)state;
	assert_gone((struct retain_rule){ 0 }, "......");
}

static void what_is_older_goes(void **state)
{
	(void)state;
	assert_gone((struct retain_rule){ .max_age_ms = 3000 }, "....xx");
	assert_gone((struct retain_rule){ .max_age_ms = 2999 }, "..x.xx");
}

static void what_is_behind_the_newest_goes(void **state)
{
	(void)state;
	assert_gone((struct retain_rule){ .max_count = 2 }, "..x.xx");
	assert_gone((struct retain_rule){ .max_count = 5 }, ".....x");
	assert_gone((struct retain_rule){ .max_count = 6 }, "......");
}

static void what_does_not_fit_into_the_bytes_goes(void **state)
{
	(void)state;
	assert_gone((struct retain_rule){ .max_bytes = 500 }, ".....x");
	assert_gone((struct retain_rule){ .max_bytes = 499 }, "....xx");
	items[0].bytes = INT64_MAX;
	assert_gone((struct retain_rule){ .max_bytes = INT64_MAX - 1 }, "xxx.xx");
}

static void a_rule_for_some_statuses_leaves_the_others(void **state)
{
	(void)state;
	assert_gone((struct retain_rule){ .max_age_ms = 1, .statuses = 1u << EXS_ENDED_OK },
		    "x.x.x.");
	assert_gone((struct retain_rule){ .max_count = 1, .statuses = 1u << EXS_ENDED_ERROR },
		    ".....x");
	items[1].held = true; /* it stays, and counts */
	assert_gone((struct retain_rule){ .max_count = 1, .statuses = 1u << EXS_ENDED_ERROR },
		    ".....x");
}

static void what_somebody_needs_stays(void **state)
{
	(void)state;
	items[0].held = true;
	items[1].owed = true;
	items[2].needed = true;
	assert_gone((struct retain_rule){ .max_age_ms = 1, .max_count = 1, .max_bytes = 1 },
		    "....xx");
}

static void a_clock_that_went_backwards_lets_nothing_go(void **state)
{
	(void)state;
	items[0].ended_ms = NOW + 1;
	assert_gone((struct retain_rule){ .max_age_ms = 1 }, ".xx.xx");
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
		CLAIM(without_a_bound_nothing_goes),
		CLAIM(what_is_older_goes),
		CLAIM(what_is_behind_the_newest_goes),
		CLAIM(what_does_not_fit_into_the_bytes_goes),
		CLAIM(a_rule_for_some_statuses_leaves_the_others),
		CLAIM(what_somebody_needs_stays),
		CLAIM(a_clock_that_went_backwards_lets_nothing_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
