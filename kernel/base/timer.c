/* SPDX-License-Identifier: MIT */
/* timer.c - a binary heap of times and the thread that sleeps until the first of them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/timer.h"

#define TIMERS_FIRST 64u

/* ---- the heap, under the lock: heap[i] is not later than its children 2i + 1 and 2i + 2 ---- */

static void place(struct timers *ts, size_t i, struct timer *t)
{
	ts->heap[i] = t;
	t->slot = i + 1;
}

static void sift_up(struct timers *ts, size_t i, struct timer *t)
{
	while (i > 0 && ts->heap[(i - 1) / 2]->at_ms > t->at_ms) {
		place(ts, i, ts->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(ts, i, t);
}

static void sift_down(struct timers *ts, size_t i, struct timer *t)
{
	size_t child;

	while ((child = 2 * i + 1) < ts->n) {
		if (child + 1 < ts->n && ts->heap[child + 1]->at_ms < ts->heap[child]->at_ms)
			child++;
		if (ts->heap[child]->at_ms >= t->at_ms)
			break;
		place(ts, i, ts->heap[child]);
		i = child;
	}
	place(ts, i, t);
}

static void settle(struct timers *ts, size_t i, struct timer *t)
{
	if (i > 0 && ts->heap[(i - 1) / 2]->at_ms > t->at_ms)
		sift_up(ts, i, t);
	else
		sift_down(ts, i, t);
}

static void disarm(struct timers *ts, struct timer *t)
{
	size_t i = t->slot - 1;
	struct timer *last = ts->heap[--ts->n];

	if (last != t)
		settle(ts, i, last);
	t->slot = 0;
}

static exs_status room(struct timers *ts)
{
	struct timer **heap;
	size_t cap = ts->cap ? ts->cap * 2 : TIMERS_FIRST;

	if (ts->n < ts->cap)
		return EXS_OK;
	if (ts->n >= TIMERS_MAX)
		return EXS_TOOBIG;
	heap = realloc(ts->heap, cap * sizeof(struct timer *));
	if (!heap)
		return EXS_NOMEM;
	ts->heap = heap;
	ts->cap = cap;
	return EXS_OK;
}

/* ---- the thread ---- */

static void fire_first(struct timers *ts)
{
	struct timer *t = ts->heap[0];

	disarm(ts, t);
	ts->firing = t;
	pthread_mutex_unlock(&ts->lock);
	t->fire(t); /* t may be gone behind this line */
	pthread_mutex_lock(&ts->lock);
	ts->firing = NULL;
	pthread_cond_broadcast(&ts->idle);
}

static void *run(void *arg)
{
	struct timers *ts = arg;
	struct timespec until;

	pthread_setname_np(pthread_self(), "timers");
	pthread_mutex_lock(&ts->lock);
	while (!ts->stopping) {
		if (ts->n == 0) {
			pthread_cond_wait(&ts->wake, &ts->lock);
		} else if (ts->heap[0]->at_ms > clock_mono_ms()) {
			until = mono_time(ts->heap[0]->at_ms);
			(void)pthread_cond_timedwait(&ts->wake, &ts->lock, &until);
		} else {
			fire_first(ts);
		}
	}
	pthread_mutex_unlock(&ts->lock);
	return NULL;
}

exs_status timers_init(struct timers *ts, exs_err *err)
{
	int rc;

	memset(ts, 0, sizeof *ts);
	pthread_mutex_init(&ts->lock, NULL);
	cond_init_mono(&ts->wake);
	pthread_cond_init(&ts->idle, NULL);
	rc = thread_start(&ts->thread, run, ts);
	if (rc)
		return err_set(err, EXS_IO, rc, "the timer thread could not be started: %s",
			       strerror(rc));
	ts->started = true;
	return EXS_OK;
}

void timers_stop(struct timers *ts)
{
	if (!ts->started)
		return;
	pthread_mutex_lock(&ts->lock);
	ts->stopping = true;
	pthread_cond_signal(&ts->wake);
	pthread_mutex_unlock(&ts->lock);
	pthread_join(ts->thread, NULL);
	ts->started = false;
	/* The lock stays usable: owners of timers may still cancel what never fires now. */
	pthread_mutex_lock(&ts->lock);
	while (ts->n)
		disarm(ts, ts->heap[ts->n - 1]);
	free(ts->heap);
	ts->heap = NULL;
	ts->cap = 0;
	pthread_mutex_unlock(&ts->lock);
}

exs_status timer_set(struct timers *ts, struct timer *t, int64_t at_mono_ms)
{
	exs_status status = EXS_OK;

	pthread_mutex_lock(&ts->lock);
	if (ts->stopping)
		status = EXS_LOST;
	else if (!t->slot)
		status = room(ts);
	if (status == EXS_OK) {
		t->at_ms = at_mono_ms;
		if (t->slot)
			settle(ts, t->slot - 1, t);
		else
			sift_up(ts, ts->n++, t);
		if (t->slot == 1)
			pthread_cond_signal(&ts->wake);
	}
	pthread_mutex_unlock(&ts->lock);
	return status;
}

void timer_cancel(struct timers *ts, struct timer *t)
{
	pthread_mutex_lock(&ts->lock);
	for (;;) {
		if (t->slot)
			disarm(ts, t);
		if (ts->firing != t || pthread_equal(pthread_self(), ts->thread))
			break;
		/* fire() may arm it again before it returns: look once more. */
		pthread_cond_wait(&ts->idle, &ts->lock);
	}
	pthread_mutex_unlock(&ts->lock);
}
