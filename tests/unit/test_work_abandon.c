/* SPDX-License-Identifier: MIT */
/* test_work_abandon.c - long calls that nobody waits for any more: they end late, hold nobody up,
 * and too many of them lose the instance. */
#include "work_kit.h"

/* ---- abandoned ---- */

static void an_abandoned_call_ends_late_and_is_freed_then(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_HOLD);
	unsigned max = b->k.h.calls.max;

	kit_until(&c->started, 1);
	assert_true(work_abandon(&c->work));
	assert_int_equal(b->k.in[0].abandoned, 1);
	assert_int_equal(b->k.h.calls.max, max + 1); /* its worker is missing */
	assert_int_equal(
		kit_logged(&b->k, "a call did not end after its time was over; it is abandoned"),
		1);
	kit_pause(10);
	assert_int_equal(c->freed, 0);
	c->go = 1;
	kit_until(&c->freed, 1);
	kit_pause(5);
	assert_int_equal(c->freed, 1);
	assert_int_equal(c->ended, 0);
	assert_int_equal(b->k.in[0].abandoned, 0);
	assert_int_equal(kit_logged(&b->k, "its answer goes nowhere"), 1);
}

static void what_has_ended_is_not_abandoned(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_RETURN_HELD);

	kit_until(&c->ended, 1);
	assert_false(work_abandon(&c->work));
	assert_int_equal(b->k.in[0].abandoned, 0);
	c->go = 1;
	over(c, EXS_OK);
}

static void an_abandoned_call_that_returned_costs_no_worker(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_LATER);
	unsigned max = b->k.h.calls.max;

	kit_until(&c->started, 1);
	over(begin(b, 1, M_END), EXS_OK); /* so the first has returned */
	assert_true(work_abandon(&c->work));
	assert_int_equal(b->k.h.calls.max, max);
	over(begin(b, 2, M_END), EXS_OK); /* and does not block the others */
	exs_end(c->done, EXS_OK);
	assert_int_equal(c->freed, 1);
	assert_int_equal(c->ended, 0);
}

static void a_call_whose_time_is_over_in_the_queue_never_reaches_the_battery(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *next;
	unsigned max = b->k.h.calls.max;

	kit_until(&first->started, 1);
	next = begin(b, 1, M_END);
	assert_false(work_abandon(&next->work)); /* it has ended, so nobody waits for it */
	assert_int_equal(next->ended, 1);
	assert_int_equal(b->k.in[0].abandoned, 0);
	assert_int_equal(b->k.h.calls.max, max);
	first->go = 1;
	refused(next, EXS_CANCELLED, "its time was over before its turn came");
	over(first, EXS_OK);
	over(begin(b, 2, M_END), EXS_OK);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 0);
}

static void behind_an_abandoned_call_nobody_waits_in_vain(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *cut, *behind;

	kit_until(&first->started, 1);
	cut = begin(b, 1, M_END);
	behind = begin(b, 2, M_END);
	assert_false(work_abandon(&cut->work));
	assert_true(work_abandon(&first->work));
	refused(behind, EXS_AGAIN, "has not returned from a call that was abandoned");
	refused(cut, EXS_CANCELLED, "its time was over");
	refused(begin(b, 3, M_END), EXS_AGAIN, "has not returned from a call that was abandoned");
	first->go = 1;
	kit_until(&first->freed, 1);
	do { /* the end came before the return */
		begin(b, 4, M_END);
		kit_until(&b->c[4].freed, 1);
	} while (b->c[4].status == EXS_AGAIN);
	over(&b->c[4], EXS_OK);
}

static void eight_abandoned_calls_lose_the_instance(void **state)
{
	struct box *b = *state;
	struct call *c = calloc(ABANDONED_MAX + 1, sizeof *c);
	int i;

	assert_non_null(c);
	for (i = 0; i < ABANDONED_MAX; i++) {
		assert_false(b->k.in[0].lost);
		prepare(b, &c[i], M_LATER);
		work_start(&c[i].work);
		kit_until(&c[i].started, 1);
		assert_true(work_abandon(&c[i].work));
	}
	assert_true(b->k.in[0].lost);
	assert_int_equal(kit_logged(&b->k, "too many of its calls never ended"), 1);
	refused(begin(b, 0, M_END), EXS_LOST, "lost");
	assert_true(pool_stop(&b->k.h.calls, KIT_WAIT_MS)); /* every function has returned */
	exs_end(c[0].done, EXS_OK);
	assert_int_equal(c[0].freed, 1);
	done_table_release(&b->k.h.done); /* and whoever never ends is freed with the host */
	for (i = 1; i < ABANDONED_MAX; i++)
		assert_int_equal(c[i].freed, 1);
	done_table_init(&b->k.h.done, &b->k.log);
	free(c);
}

static void starting_and_abandoning_at_once_loses_nothing(void **state)
{
	struct box *b = *state;
	int i, late = 0;

	for (i = 0; i < 1000; i++) {
		struct call *c = begin(b, 0, M_END);

		late += work_abandon(&c->work);
		kit_until(&c->freed, 1);
		assert_int_equal(c->freed, 1);
		assert_true(c->ended <= 1);
	}
	assert_int_equal(b->k.in[0].abandoned, 0);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_abandoned_call_ends_late_and_is_freed_then),
		CONCURRENT(an_abandoned_call_ends_late_and_is_freed_then),
		CASE(what_has_ended_is_not_abandoned),
		CASE(an_abandoned_call_that_returned_costs_no_worker),
		CASE(a_call_whose_time_is_over_in_the_queue_never_reaches_the_battery),
		CASE(behind_an_abandoned_call_nobody_waits_in_vain),
		CONCURRENT(eight_abandoned_calls_lose_the_instance),
		CASE(starting_and_abandoning_at_once_loses_nothing),
		CONCURRENT(starting_and_abandoning_at_once_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
