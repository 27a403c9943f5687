/* SPDX-License-Identifier: MIT */
/*
 * pool.h - threads that take jobs from one queue, first in first out.
 *
 * A job is embedded in what it works on and owned by the pool from submit until run() was called.
 * Threads are made on demand up to `max`, and all signals are blocked in them but those that a
 * fault raises. The queue is bounded by whoever owns the jobs. pool_stop lets queued jobs run, then
 * waits until the threads are gone; a stopped pool needs no release.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <executus/status.h>

#define POOL_NAME_MAX 16u /* the kernel's limit for a thread's name, with its NUL */

struct job {
	struct job *next;
	void (*run)(struct job *job);
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t ready, gone;
	struct job *head, **tail;
	const char *name; /* of the threads, at most 15 letters */
	unsigned idle, live, max;
	size_t queued;
	bool stopping;
};

void pool_init(struct pool *p, const char *name, unsigned max);
/*
 * Never waits. The job is not taken on IO (no thread could be made and none is there) and LOST (the
 * pool stops). Any thread, also from inside a job.
 */
exs_status pool_submit(struct pool *p, struct job *job, exs_err *err);
/* One more thread than max from now on: a thread was lost in a battery that does not return. */
void pool_replace_lost(struct pool *p);
/*
 * Waits for the threads, but no longer than wait_ms. false: some are still inside a job, and the
 * pool's memory and theirs must stay. Not from inside a job.
 */
bool pool_stop(struct pool *p, int64_t wait_ms);

#endif
