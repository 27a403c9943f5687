/* SPDX-License-Identifier: MIT */
/*
 * timer.h - one thread that calls functions when their time has come.
 *
 * A timer is embedded in what it serves. fire() runs on the timer thread and must return at once.
 * A timer begins zeroed but for `fire`. Setting an armed timer moves it, and fire() may set its own
 * timer again. timer_cancel returns only when the timer is not armed and its fire() is not running
 * (unless called from fire()), after which the memory may go. Any thread, but never with a lock
 * held that fire() takes.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <executus/status.h>

#define TIMERS_MAX (1u << 20) /* a few for each run that a host can hold */

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

exs_status timers_init(struct timers *ts, exs_err *err); /* starts the thread; IO */
void timers_stop(struct timers *ts); /* armed timers never fire; takes a stopped one */
/* NOMEM, TOOBIG; LOST: stopped. */
exs_status timer_set(struct timers *ts, struct timer *t, int64_t at_mono_ms);
void timer_cancel(struct timers *ts, struct timer *t);

#endif
