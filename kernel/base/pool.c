/* SPDX-License-Identifier: MIT */
/* pool.c - threads that take jobs from one queue. A detached thread counts itself out under the
 * lock. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/thread.h"

#define STOP_WAIT_MAX_MS (24LL * 3600 * 1000) /* longer than any stop is worth */

void pool_init(struct pool *p, const char *name, unsigned max)
{
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->ready, NULL);
	cond_init_mono(&p->gone);
	p->head = NULL;
	p->tail = &p->head;
	p->name = name;
	p->idle = 0;
	p->live = 0;
	p->max = max ? max : 1;
	p->queued = 0;
	p->stopping = false;
}

/* The next job, or NULL when the pool stops and nothing is left. Under the lock. */
static struct job *next_job(struct pool *p)
{
	struct job *job;

	while (!p->head && !p->stopping) {
		p->idle++;
		pthread_cond_wait(&p->ready, &p->lock);
		p->idle--;
	}
	job = p->head;
	if (!job)
		return NULL;
	p->head = job->next;
	if (!p->head)
		p->tail = &p->head;
	p->queued--;
	return job;
}

static void *work(void *arg)
{
	struct pool *p = arg;
	char name[POOL_NAME_MAX];
	struct job *job;

	snprintf(name, sizeof name, "%.15s", p->name);
	pthread_setname_np(pthread_self(), name);
	pthread_mutex_lock(&p->lock);
	while ((job = next_job(p))) {
		pthread_mutex_unlock(&p->lock);
		job->run(job);
		pthread_mutex_lock(&p->lock);
	}
	p->live--;
	/* The last touch: whoever waits gets the lock only after this thread let go of it. */
	pthread_cond_broadcast(&p->gone);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* One more thread, when a job would wait though there may be one. Under the lock; 0 or errno. */
static int grow(struct pool *p)
{
	int rc;

	if (p->queued <= p->idle || p->live >= p->max)
		return 0;
	rc = thread_start(NULL, work, p);
	if (rc == 0)
		p->live++;
	return rc;
}

static void push(struct pool *p, struct job *job)
{
	job->next = NULL;
	*p->tail = job;
	p->tail = &job->next;
	p->queued++;
}

exs_status pool_submit(struct pool *p, struct job *job, exs_err *err)
{
	exs_status status = EXS_OK;
	int rc;

	pthread_mutex_lock(&p->lock);
	if (p->stopping) {
		pthread_mutex_unlock(&p->lock);
		return err_set(err, EXS_LOST, 0,
			       "the %s threads are stopping and take no more work", p->name);
	}
	push(p, job);
	rc = grow(p);
	if (rc && p->live == 0) {
		/* Without a thread nothing else is queued: every earlier job was refused like this
		 * one. */
		p->head = NULL;
		p->tail = &p->head;
		p->queued = 0;
		status = err_set(err, EXS_IO, rc, "no %s thread could be started: %s", p->name,
				 strerror(rc));
	}
	pthread_mutex_unlock(&p->lock);
	/* Behind the lock: a thread that wakes up before it would only go to sleep again at it. */
	pthread_cond_signal(&p->ready);
	return status;
}

void pool_replace_lost(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->max++;
	/* When no thread can be made now, the next submit tries again. */
	(void)grow(p);
	pthread_mutex_unlock(&p->lock);
}

bool pool_stop(struct pool *p, int64_t wait_ms)
{
	struct timespec until;
	bool all;
	int rc = 0;

	if (wait_ms > STOP_WAIT_MAX_MS)
		wait_ms = STOP_WAIT_MAX_MS;
	until = mono_time(clock_mono_ms() + (wait_ms > 0 ? wait_ms : 0));
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->ready);
	while (p->live && rc == 0)
		rc = pthread_cond_timedwait(&p->gone, &p->lock, &until);
	all = p->live == 0;
	pthread_mutex_unlock(&p->lock);
	return all;
}
