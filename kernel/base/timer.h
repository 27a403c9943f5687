/* SPDX-License-Identifier: MIT */
/*
 * timer.h - one thread that calls functions when their time has come.
 *
 * A timer is embedded in what it serves. fire() runs on the timer thread and must return at once. Setting an
 * armed timer moves it; timer_cancel returns only when fire() is not running (unless called from fire()),
 * after which the memory may go. Any thread.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <pthread.h>
#include <stdbool.h>
#include <executus/status.h>

struct timer {
	int64_t at_ms; /* mono */
	size_t slot;   /* place in the heap + 1; 0: not armed */
	void (*fire)(struct timer *t);
};

struct timers {
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;
	struct timer **heap;
	size_t n, cap;
	struct timer *firing;
	pthread_t thread;
	bool started, stopping;
};

exs_status timers_init(struct timers *ts, exs_err *err); /* starts the thread */
void timers_stop(struct timers *ts);                     /* armed timers never fire */
exs_status timer_set(struct timers *ts, struct timer *t, int64_t at_mono_ms); /* NOMEM */
void timer_cancel(struct timers *ts, struct timer *t);

#endif
