/* SPDX-License-Identifier: MIT */
/* test_retain.c - which runs may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rows/retain.h"

#define NOW 1000000
#define N   5

/* Five runs that ended 10, 20, ... 50 ms ago, 100 bytes each. */
static void some(struct retain_item items[N], bool gone[N])
{
	size_t i;

	memset(items, 0, N * sizeof *items);
	memset(gone, 0, N * sizeof *gone);
	for (i = 0; i < N; i++)
		items[i] = (struct retain_item){ .run = "r",
						 .status = EXS_ENDED_OK,
						 .ended = true,
						 .ended_ms = NOW - 10 * (int64_t)(i + 1),
						 .bytes = 100,
						 .agent = "a" };
}

static void assert_gone(const bool gone[N], const char *expected)
{
	size_t i;

	for (i = 0; i < N; i++)
		if (gone[i] != (expected[i] == 'x'))
			fail_msg("run %zu: gone is %d, expected %s", i, gone[i], expected);
}

static void keeps_all_without_a_bound(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { 0 };
	bool gone[N];

	(void)state;
	some(items, gone);
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 0);
	assert_gone(gone, ".....");
}

static void picks_what_is_older_than_the_bound(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_age_ms = 30 };
	bool gone[N];

	(void)state;
	some(items, gone);
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 2);
	assert_gone(gone, "...xx");
}

static void picks_nothing_by_age_that_lies_in_the_future(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_age_ms = 1 };
	bool gone[N];

	(void)state;
	some(items, gone);
	assert_int_equal(retain_pick(&rule, items, N, NOW - 1000, gone), 0);
	items[0].ended_ms = INT64_MAX;
	items[1].ended_ms = INT64_MIN;
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 3);
	assert_gone(gone, "..xxx");
}

static void picks_what_is_behind_the_newest(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_count = 2 };
	bool gone[N];

	(void)state;
	some(items, gone);
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 3);
	assert_gone(gone, "..xxx");
}

static void picks_what_no_longer_fits(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_bytes = 250 };
	bool gone[N];

	(void)state;
	some(items, gone);
	items[4].bytes = 1; /* fits, but is older than one that does not */
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 3);
	assert_gone(gone, "..xxx");
}

static void sums_of_any_size_stay_whole(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_bytes = INT64_MAX };
	bool gone[N];

	(void)state;
	some(items, gone);
	items[0].bytes = INT64_MAX;
	items[1].bytes = INT64_MAX;
	items[2].bytes = INT64_MIN;
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 4);
	assert_gone(gone, ".xxxx");
}

static void looks_at_its_statuses_only(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_count = 1, .statuses = RETAIN_STATUS(EXS_ENDED_ERROR) };
	bool gone[N];

	(void)state;
	some(items, gone);
	items[1].status = EXS_ENDED_ERROR;
	items[3].status = EXS_ENDED_ERROR;
	items[4].status = 77;
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 1);
	assert_gone(gone, "...x.");
}

static void looks_at_its_agent_only(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_count = 1, .agent = "b" };
	bool gone[N];

	(void)state;
	some(items, gone);
	items[0].agent = "b";
	items[1].agent = NULL;
	items[2].agent = "b";
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 1);
	assert_gone(gone, "..x..");
}

static void never_picks_what_must_stay(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_age_ms = 1, .max_count = 1, .max_bytes = 1 };
	bool gone[N];

	(void)state;
	some(items, gone);
	items[0].ended = false;
	items[1].held = true;
	items[2].owed = true;
	items[3].needed = true;
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 1);
	assert_gone(gone, "....x");
	assert_string_equal(retain_why_kept(&items[0]), "it has not ended");
	assert_string_equal(retain_why_kept(&items[1]), "it is held");
	assert_string_equal(retain_why_kept(&items[2]), "a delivery is pending");
	assert_string_equal(retain_why_kept(&items[3]), "another run needs it");
	assert_null(retain_why_kept(&items[4]));
}

static void a_held_run_takes_its_place(void **state)
{
	struct retain_item items[N];
	struct retain_rule rule = { .max_count = 2 };
	bool gone[N];

	(void)state;
	some(items, gone);
	items[0].held = true;
	items[4].held = true;
	assert_int_equal(retain_pick(&rule, items, N, NOW, gone), 2);
	assert_gone(gone, "..xx.");
}

static void rules_are_a_union(void **state)
{
	struct retain_item items[N];
	struct retain_rule old = { .max_age_ms = 40 }, many = { .max_count = 3 };
	bool gone[N];

	(void)state;
	some(items, gone);
	assert_int_equal(retain_pick(&old, items, N, NOW, gone), 1);
	assert_int_equal(retain_pick(&many, items, N, NOW, gone), 1);
	assert_gone(gone, "...xx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_all_without_a_bound),
		cmocka_unit_test(picks_what_is_older_than_the_bound),
		cmocka_unit_test(picks_nothing_by_age_that_lies_in_the_future),
		cmocka_unit_test(picks_what_is_behind_the_newest),
		cmocka_unit_test(picks_what_no_longer_fits),
		cmocka_unit_test(sums_of_any_size_stay_whole),
		cmocka_unit_test(looks_at_its_statuses_only),
		cmocka_unit_test(looks_at_its_agent_only),
		cmocka_unit_test(never_picks_what_must_stay),
		cmocka_unit_test(a_held_run_takes_its_place),
		cmocka_unit_test(rules_are_a_union),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
