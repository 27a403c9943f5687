/* SPDX-License-Identifier: MIT */
/* test_timer.c - timers fire in order and not early, move, and are quiet once timer_cancel
 * returned. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/timer.h"
#include "failing_threads.h"

#define FAR_MS 3600000

struct bell {
	struct timer timer;
	struct timers *timers;
	sem_t rung, gate;
	_Atomic int count, early, busy;
	_Atomic int *order; /* shared counter: which one of all rang */
	int rank;
};

static void ring(struct timer *t)
{
	struct bell *b = container_of(t, struct bell, timer);

	if (clock_mono_ms() < t->at_ms)
		atomic_fetch_add(&b->early, 1);
	atomic_fetch_add(&b->count, 1);
	if (b->order)
		b->rank = atomic_fetch_add(b->order, 1);
	sem_post(&b->rung);
}

static void ring_slowly(struct timer *t)
{
	struct bell *b = container_of(t, struct bell, timer);

	atomic_store(&b->busy, 1);
	sem_post(&b->rung);
	sem_wait(&b->gate);
	atomic_fetch_add(&b->count, 1);
	atomic_store(&b->busy, 0);
}

static void ring_three_times(struct timer *t)
{
	struct bell *b = container_of(t, struct bell, timer);

	if (atomic_fetch_add(&b->count, 1) < 2)
		timer_set(b->timers, t, clock_mono_ms() + 1);
	else
		sem_post(&b->rung);
}

static void ring_for_ever(struct timer *t)
{
	struct bell *b = container_of(t, struct bell, timer);

	timer_set(b->timers, t, clock_mono_ms());
	atomic_fetch_add(&b->count, 1);
	sem_post(&b->rung);
}

static void cancel_and_free(struct timer *t)
{
	struct bell *b = container_of(t, struct bell, timer);
	_Atomic int *order = b->order;

	timer_set(b->timers, t, clock_mono_ms() + FAR_MS);
	timer_cancel(b->timers, t);
	free(b);
	atomic_fetch_add(order, 1);
}

static void bell_init(struct bell *b, struct timers *ts, void (*fire)(struct timer *))
{
	memset(b, 0, sizeof *b);
	b->timers = ts;
	b->timer.fire = fire;
	sem_init(&b->rung, 0, 0);
	sem_init(&b->gate, 0, 0);
}

static int set_up(void **state)
{
	struct timers *ts = malloc(sizeof *ts);
	exs_err err = EXS_ERR_INIT;

	if (!ts || timers_init(ts, &err))
		return -1;
	*state = ts;
	return 0;
}

static int tear_down(void **state)
{
	timers_stop(*state);
	free(*state);
	return 0;
}

static void a_timer_fires_once_and_not_early(void **state)
{
	struct bell b;

	bell_init(&b, *state, ring);
	assert_int_equal(timer_set(*state, &b.timer, clock_mono_ms() + 20), EXS_OK);
	sem_wait(&b.rung);
	timer_cancel(*state, &b.timer);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.early, 0);
	assert_int_equal(b.timer.slot, 0);
}

static void the_past_fires_at_once(void **state)
{
	struct bell b;

	bell_init(&b, *state, ring);
	timer_set(*state, &b.timer, -5);
	sem_wait(&b.rung);
	timer_cancel(*state, &b.timer);
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
	static struct bell bells[200];
	_Atomic int order = 0;
	int64_t base = clock_mono_ms() + 30;
	unsigned x = 1;

	for (int i = 0; i < 200; i++) {
		x = x * 75 % 65537; /* a fixed walk that looks unsorted */
		bell_init(&bells[i], *state, ring);
		bells[i].order = &order;
		assert_int_equal(timer_set(*state, &bells[i].timer, base + x % 50), EXS_OK);
	}
	for (int i = 0; i < 200; i++)
		sem_wait(&bells[i].rung);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(bells[i].early, 0);
		for (int j = 0; j < 200; j++)
			if (bells[i].timer.at_ms < bells[j].timer.at_ms)
				assert_true(bells[i].rank < bells[j].rank);
	}
	for (int i = 0; i < 200; i++)
		timer_cancel(*state, &bells[i].timer);
}

static void the_heap_keeps_its_order_through_moves_and_cancels(void **state)
{
	static struct bell bells[300];
	struct timers *ts = *state;
	unsigned x = 1;

	for (int i = 0; i < 300; i++)
		bell_init(&bells[i], ts, ring);
	for (int i = 0; i < 6000; i++) {
		struct timer *t;

		x = x * 75 % 65537;
		t = &bells[x % 300].timer;
		if (x / 300 % 4 == 0)
			timer_cancel(ts, t);
		else
			assert_int_equal(timer_set(ts, t, clock_mono_ms() + FAR_MS + x), EXS_OK);
		if (i % 100)
			continue;
		pthread_mutex_lock(&ts->lock);
		for (size_t k = 0; k < ts->n; k++) {
			assert_int_equal(ts->heap[k]->slot, k + 1);
			assert_true(k == 0 || ts->heap[(k - 1) / 2]->at_ms <= ts->heap[k]->at_ms);
		}
		pthread_mutex_unlock(&ts->lock);
	}
	for (int i = 0; i < 300; i++) {
		timer_cancel(ts, &bells[i].timer);
		assert_int_equal(bells[i].count, 0);
	}
	assert_int_equal(ts->n, 0);
}

static void setting_an_armed_timer_moves_it(void **state)
{
	struct bell sooner, later;

	bell_init(&sooner, *state, ring);
	bell_init(&later, *state, ring);
	timer_set(*state, &sooner.timer, clock_mono_ms() + FAR_MS);
	timer_set(*state, &later.timer, clock_mono_ms() + 40);
	timer_set(*state, &later.timer, clock_mono_ms() + FAR_MS);
	timer_set(*state, &sooner.timer, clock_mono_ms() + 60);
	sem_wait(&sooner.rung);
	assert_int_equal(later.count, 0);
	timer_cancel(*state, &later.timer);
	timer_cancel(*state, &sooner.timer);
	assert_int_equal(sooner.count, 1);
}

static void a_cancelled_timer_never_fires(void **state)
{
	struct bell b, after;

	bell_init(&b, *state, ring);
	bell_init(&after, *state, ring);
	timer_cancel(*state, &b.timer);
	timer_set(*state, &b.timer, clock_mono_ms() + 20);
	timer_cancel(*state, &b.timer);
	timer_set(*state, &after.timer, clock_mono_ms() + 40);
	sem_wait(&after.rung);
	assert_int_equal(b.count, 0);
	timer_cancel(*state, &after.timer);
}

static void *open_gate(void *arg)
{
	struct bell *b = arg;

	sem_wait(&b->rung);
	sem_post(&b->gate);
	return NULL;
}

static void cancel_waits_while_it_fires(void **state)
{
	pthread_t opener;
	struct bell b;

	for (int i = 0; i < 50; i++) {
		bell_init(&b, *state, ring_slowly);
		timer_set(*state, &b.timer, clock_mono_ms());
		while (!b.busy)
			;
		assert_int_equal(pthread_create(&opener, NULL, open_gate, &b), 0);
		timer_cancel(*state, &b.timer);
		assert_int_equal(b.count, 1);
		assert_int_equal(b.busy, 0);
		pthread_join(opener, NULL);
	}
}

static void fire_may_set_its_timer_again(void **state)
{
	struct bell b;

	bell_init(&b, *state, ring_three_times);
	timer_set(*state, &b.timer, clock_mono_ms());
	sem_wait(&b.rung);
	timer_cancel(*state, &b.timer);
	assert_int_equal(b.count, 3);
}

static void cancel_wins_over_a_timer_that_sets_itself(void **state)
{
	struct bell b;
	int seen;

	for (int i = 0; i < 50; i++) {
		bell_init(&b, *state, ring_for_ever);
		timer_set(*state, &b.timer, clock_mono_ms());
		sem_wait(&b.rung);
		timer_cancel(*state, &b.timer);
		seen = b.count;
		sched_yield();
		assert_int_equal(b.count, seen);
		assert_int_equal(b.timer.slot, 0);
	}
}

static void fire_may_cancel_and_free_its_timer(void **state)
{
	struct bell *b = malloc(sizeof *b), after;
	_Atomic int freed = 0;

	assert_non_null(b);
	bell_init(b, *state, cancel_and_free);
	b->order = &freed;
	bell_init(&after, *state, ring);
	timer_set(*state, &b->timer, clock_mono_ms());
	timer_set(*state, &after.timer, clock_mono_ms() + 5);
	sem_wait(&after.rung);
	assert_int_equal(freed, 1);
	timer_cancel(*state, &after.timer);
}

static void after_stop_nothing_fires_and_nothing_is_armed(void **state)
{
	struct bell b;

	bell_init(&b, *state, ring);
	timer_set(*state, &b.timer, clock_mono_ms() + FAR_MS);
	timers_stop(*state);
	assert_int_equal(b.timer.slot, 0);
	timer_cancel(*state, &b.timer);
	assert_int_equal(timer_set(*state, &b.timer, 0), EXS_LOST);
	assert_int_equal(b.count, 0);
	timers_stop(*state);
}

static void without_a_thread_there_are_no_timers(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct timers ts;

	(void)state;
	atomic_store(&no_threads, 1);
	assert_int_equal(timers_init(&ts, &err), EXS_IO);
	atomic_store(&no_threads, 0);
	assert_int_equal(err.sys, EAGAIN);
	timers_stop(&ts);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_timer_fires_once_and_not_early),
		T(the_past_fires_at_once),
		T(timers_fire_in_the_order_of_their_times),
		T(the_heap_keeps_its_order_through_moves_and_cancels),
		T(setting_an_armed_timer_moves_it),
		T(a_cancelled_timer_never_fires),
		T(cancel_waits_while_it_fires),
		T(fire_may_set_its_timer_again),
		T(cancel_wins_over_a_timer_that_sets_itself),
		T(fire_may_cancel_and_free_its_timer),
		T(after_stop_nothing_fires_and_nothing_is_armed),
		T(without_a_thread_there_are_no_timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
