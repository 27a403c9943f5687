/* SPDX-License-Identifier: MIT */
/* test_work.c - the calls that may take long: where they run, how they end, and that each is freed
 * once. */
#include "work_kit.h"

#define MANY 20000 /* calls behind one: more than a stack holds frames for */

/* ---- where it runs ---- */

static void what_returns_at_once_runs_on_the_callers_thread(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_END), *later;

	assert_int_equal(c->freed, 1);
	assert_true(pthread_equal(c->thread, pthread_self()));
	assert_string_equal(c->out, "whole");
	assert_string_equal(c->shown, "half");
	later = begin(b, 1, M_LATER);
	assert_int_equal(later->ended, 0);
	exs_end(later->done, EXS_OK);
	over(later, EXS_OK);
	assert_int_equal(b->k.h.calls.live, 0);
}

static void what_may_block_runs_on_a_call_worker(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_HOLD);

	kit_until(&c->started, 1);
	assert_false(pthread_equal(c->thread, pthread_self()));
	c->go = 1;
	over(c, EXS_OK);
	assert_string_equal(c->out, "held");
	assert_int_equal(b->k.h.calls.live, 1);
}

static void calls_of_a_concurrent_instance_overlap(void **state)
{
	struct box *b = *state;
	int i;

	for (i = 0; i < 4; i++)
		begin(b, i, M_HOLD);
	kit_until(&b->inside, 4);
	for (i = 0; i < 4; i++)
		b->c[i].go = 1;
	for (i = 0; i < 4; i++)
		over(&b->c[i], EXS_OK);
}

static void a_serialised_instance_is_called_in_order_and_no_worker_waits_for_it(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *last;
	int i;

	for (i = 1; i < 8; i++)
		begin(b, i, M_END);
	kit_until(&first->started, 1);
	kit_pause(20);
	pthread_mutex_lock(&b->k.h.calls.lock);
	assert_int_equal(b->k.h.calls.live, 1);
	assert_int_equal(b->k.h.calls.queued, 0);
	pthread_mutex_unlock(&b->k.h.calls.lock);
	assert_int_equal(b->starts, 1);
	first->go = 1;
	last = &b->c[7];
	over(last, EXS_OK);
	for (i = 0; i < 8; i++) {
		over(&b->c[i], EXS_OK);
		assert_int_equal(b->c[i].place, i);
	}
	assert_int_equal(b->most, 1);
}

static void the_next_call_waits_for_the_return_not_for_the_end(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_RETURN_HELD), *next = begin(b, 1, M_END);

	kit_until(&first->ended, 1);
	kit_pause(20);
	assert_int_equal(next->started, 0);
	assert_int_equal(first->freed, 0);
	first->go = 1;
	over(next, EXS_OK);
	over(first, EXS_OK);
}

/* ---- freed once, in every order ---- */

static void a_work_is_freed_once_whoever_comes_last(void **state)
{
	static const enum mode modes[] = { M_END, M_OTHER_FIRST, M_RETURN_HELD, M_LATER };
	struct box *b = *state;
	pthread_t other;
	size_t i;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		struct call *c = begin(b, 0, modes[i]);

		kit_until(&c->started, 1);
		c->go = 1;
		if (modes[i] == M_LATER) {
			kit_until(&b->starts, 1);
			assert_int_equal(c->freed, 0);
			assert_int_equal(pthread_create(&other, NULL, end_elsewhere, c), 0);
			pthread_join(other, NULL);
		}
		over(c, EXS_OK);
	}
}

static void an_end_and_a_return_at_once_free_it_once(void **state)
{
	struct box *b = *state;
	pthread_t other;
	int i;

	for (i = 0; i < 500; i++) {
		struct call *c = begin(b, 0, M_LATER);

		kit_until(&c->started, 1);
		assert_int_equal(pthread_create(&other, NULL, end_elsewhere, c), 0);
		pthread_join(other, NULL);
		kit_until(&c->freed, 1);
		assert_int_equal(c->ended, 1);
	}
}

/* ---- refused ---- */

static void a_lost_instance_is_not_called(void **state)
{
	struct box *b = *state;

	b->k.in[0].lost = true;
	refused(begin(b, 0, M_END), EXS_LOST, "lost until the next start");
	assert_int_equal(b->k.in[0].failures, 0);
}

static void a_resting_instance_is_not_called_and_goes_on_resting(void **state)
{
	struct box *b = *state;
	int i;

	for (i = 0; i < REST_AFTER; i++) {
		prepare(b, &b->c[0], M_FAIL);
		b->c[0].fail_with = i ? EXS_INTERNAL : 4711;
		work_start(&b->c[0].work);
		over(&b->c[0], EXS_INTERNAL);
	}
	for (i = 0; i < 3; i++) { /* the refusal is no success */
		refused(begin(b, 0, M_END), EXS_AGAIN, "rests after 3 failures in a row");
		assert_true(b->c[0].err.retry_after_ms > 0);
	}
	assert_int_equal(b->k.in[0].failures, REST_AFTER);
	b->k.in[0].rest_until_ms = 1;
	over(begin(b, 0, M_END), EXS_OK);
	assert_int_equal(b->k.in[0].failures, 0);
}

static void a_failing_network_is_not_a_failing_battery(void **state)
{
	struct box *b = *state;
	int i;

	for (i = 0; i < LOST_AFTER + 1; i++) {
		prepare(b, &b->c[0], M_FAIL);
		b->c[0].fail_with = EXS_IO;
		work_start(&b->c[0].work);
		over(&b->c[0], EXS_IO);
		assert_says(&b->c[0].err, "battery 'first' failed in a call");
	}
	assert_int_equal(b->k.in[0].failures, 0);
}

static void what_was_cancelled_before_its_turn_is_never_started(void **state)
{
	struct box *b = *state;
	struct cancel *token = cancel_new(NULL);
	struct call *first = begin(b, 0, M_HOLD), *next = &b->c[1];

	prepare(b, next, M_END);
	next->work.token = token;
	work_start(&next->work);
	cancel_fire(token, EXS_CAUSE_CALLER);
	first->go = 1;
	refused(next, EXS_CANCELLED, "cancelled before its turn came");
	over(first, EXS_OK);
	cancel_unref(token);
}

static void the_queue_has_a_bound(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD);

	pthread_mutex_lock(&b->k.in[0].queue_lock);
	b->k.in[0].queued = QUEUE_MAX;
	pthread_mutex_unlock(&b->k.in[0].queue_lock);
	refused(begin(b, 1, M_END), EXS_AGAIN, "65536 calls wait for battery 'first' already");
	pthread_mutex_lock(&b->k.in[0].queue_lock);
	b->k.in[0].queued = 0;
	pthread_mutex_unlock(&b->k.in[0].queue_lock);
	first->go = 1;
	over(first, EXS_OK);
	over(begin(b, 2, M_END), EXS_OK);
}

static void without_a_done_record_it_is_refused(void **state)
{
	struct box *b = *state;
	struct call *c = &b->c[0];

	b->k.h.done.chunk_n = DONE_CHUNKS; /* as if all were given away */
	prepare(b, c, M_END);
	work_start(&c->work);
	b->k.h.done.chunk_n = 0;
	refused(c, EXS_AGAIN, "too many calls are in the air");
	assert_string_equal(c->out, "");
	assert_false(work_abandon(&c->work));
}

static void when_the_workers_stop_the_whole_queue_is_refused(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *many = calloc(MANY, sizeof *many);
	int i;

	assert_non_null(many);
	kit_until(&first->started, 1);
	for (i = 0; i < MANY; i++) {
		prepare(b, &many[i], M_END);
		work_start(&many[i].work);
	}
	assert_false(pool_stop(&b->k.h.calls, 0));
	first->go = 1;
	kit_until(&many[MANY - 1].freed, 1);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(many[i].freed, 1);
		assert_int_equal(many[i].ended, 1);
		assert_int_equal(many[i].status, EXS_AGAIN);
		assert_int_equal(many[i].err.klass, EXS_CLASS_NOT_DONE);
	}
	over(first, EXS_OK);
	refused(begin(b, 1, M_END), EXS_AGAIN, "take no more work");
	free(many);
}

/* ---- the word that a run ended ---- */

static void run_ended(exs_self *self, const char *run_id)
{
	struct box *b = (struct box *)(void *)self;

	if (atomic_load(&b->inside) == 0 && strcmp(run_id, "run-1") == 0)
		atomic_fetch_add(&b->told, 1);
}

static const exs_tool tool = { .size = sizeof tool, .run_ended = run_ended };
static const exs_tool tool_silent = { .size = sizeof tool_silent };

static void a_serialised_tool_hears_that_a_run_ended_after_its_call(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_HOLD);

	b->k.in[0].tool = &tool;
	b->k.in[0].self = (exs_self *)(void *)b;
	kit_until(&c->started, 1);
	call_tool_run_ended(&b->k.in[0], "run-1"); /* returns at once */
	kit_pause(20);
	assert_int_equal(b->told, 0);
	c->go = 1;
	kit_until(&b->told, 1);
	over(c, EXS_OK);
	b->k.in[0].lost = true;
	call_tool_run_ended(&b->k.in[0], "run-1");
	assert_int_equal(kit_logged(&b->k, "run run-1: its tools were not told that it ended"), 1);
	b->k.in[0].tool = &tool_silent;
	call_tool_run_ended(&b->k.in[0], "run-1");
}

static void a_tool_that_may_overlap_hears_it_at_once(void **state)
{
	struct box *b = *state;

	b->k.in[0].tool = &tool;
	b->k.in[0].self = (exs_self *)(void *)b;
	call_tool_run_ended(&b->k.in[0], "run-1");
	assert_int_equal(b->told, 1);
	b->k.in[0].lost = true;
	call_tool_run_ended(&b->k.in[0], "run-1");
	assert_int_equal(b->told, 1);
}

static void ask(struct work *w, exs_done done)
{
	call_tool_reconcile(w, NULL, done);
}

static void a_tool_that_cannot_reconcile_says_so(void **state)
{
	struct box *b = *state;

	b->k.in[0].tool = &tool_silent;
	prepare(b, &b->c[0], M_END);
	b->c[0].work.start = ask;
	work_start(&b->c[0].work);
	over(&b->c[0], EXS_UNSUPPORTED);
	assert_says(&b->c[0].err, "battery 'first' cannot tell");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_ONCE(what_returns_at_once_runs_on_the_callers_thread),
		CASE(what_may_block_runs_on_a_call_worker),
		CONCURRENT(calls_of_a_concurrent_instance_overlap),
		CASE(a_serialised_instance_is_called_in_order_and_no_worker_waits_for_it),
		CASE(the_next_call_waits_for_the_return_not_for_the_end),
		CASE(a_work_is_freed_once_whoever_comes_last),
		CONCURRENT(a_work_is_freed_once_whoever_comes_last),
		CONCURRENT(an_end_and_a_return_at_once_free_it_once),
		CASE(a_lost_instance_is_not_called),
		AT_ONCE(a_lost_instance_is_not_called),
		CONCURRENT(a_lost_instance_is_not_called),
		CASE(a_resting_instance_is_not_called_and_goes_on_resting),
		AT_ONCE(a_resting_instance_is_not_called_and_goes_on_resting),
		CASE(a_failing_network_is_not_a_failing_battery),
		CASE(what_was_cancelled_before_its_turn_is_never_started),
		CASE(the_queue_has_a_bound),
		CASE(without_a_done_record_it_is_refused),
		CASE(when_the_workers_stop_the_whole_queue_is_refused),
		CASE(a_serialised_tool_hears_that_a_run_ended_after_its_call),
		CONCURRENT(a_tool_that_may_overlap_hears_it_at_once),
		CASE(a_tool_that_cannot_reconcile_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
