/* SPDX-License-Identifier: MIT */
/* commit.c - see commit.h. */
#include "commit.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "../common_store/rules.h"

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the queue ---- */

static struct batch *batch_new(const struct committer *c, const exs_op *const *ops, uint64_t n,
			       exs_done done)
{
	struct batch *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->ops = ops;
	b->n = n;
	b->bytes = group_bytes(c->group.env, ops, n);
	b->done = done;
	return b;
}

static exs_status append(struct committer *c, struct batch *b, exs_err *err)
{
	bool full;

	pthread_mutex_lock(&c->lock);
	full = c->waiting == QUEUE_MAX;
	if (!full) {
		*c->tail = b;
		c->tail = &b->next;
		c->waiting++;
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
	if (!full)
		return EXS_OK;
	exs_fail(err, EXS_AGAIN, 0,
		 "%u batches wait for the store already: the disk is slower than the runs",
		 QUEUE_MAX);
	err->retry_after_ms = QUEUE_RETRY_MS;
	return EXS_AGAIN;
}

void committer_submit(struct committer *c, const exs_op *const *ops, uint64_t n, bool ends,
		      exs_done done)
{
	exs_err err = EXS_ERR_INIT;
	struct batch *b;

	if (rules_batch(ops, n, &err)) {
		exs_end_err(done, &err);
		return;
	}
	b = batch_new(c, ops, n, done);
	if (!b) {
		exs_end_fail(done, EXS_NOMEM, "no memory for a batch of %llu operations",
			     (unsigned long long)n);
		return;
	}
	b->ends = ends;
	if (append(c, b, &err)) {
		free(b);
		exs_end_err(done, &err);
	}
}

/* Cuts a group off the front of the queue. */
static struct batch *take_group(struct committer *c)
{
	struct batch *first = c->head;
	struct batch **end = &c->head;
	uint64_t ops = 0, bytes = 0;

	while (*end) {
		ops += (*end)->n;
		bytes += (*end)->bytes;
		if (end != &c->head && (ops > GROUP_OPS_MAX || bytes > GROUP_BYTES_MAX))
			break;
		end = &(*end)->next;
		c->waiting--;
	}
	if (end == &c->head)
		return NULL;
	c->head = *end;
	*end = NULL;
	if (!c->head)
		c->tail = &c->head;
	return first;
}

/* Waits for work, but no longer than until check_ms. NULL: none; *stop: and none will come. */
static struct batch *next_group(struct committer *c, int64_t check_ms, bool *stop)
{
	struct timespec until = { check_ms / 1000, check_ms % 1000 * 1000000 };
	struct batch *first;

	pthread_mutex_lock(&c->lock);
	while (!c->head && !c->stopping && pthread_cond_timedwait(&c->wake, &c->lock, &until) == 0)
		;
	first = take_group(c);
	*stop = !first && c->stopping;
	pthread_mutex_unlock(&c->lock);
	return first;
}

/* ---- the thread ---- */

static void answer(struct batch *b)
{
	while (b) {
		struct batch *next = b->next;

		if (b->err.status)
			exs_end_err(b->done, &b->err);
		else
			exs_end(b->done, EXS_OK);
		free(b);
		b = next;
	}
}

static void *run(void *arg)
{
	struct committer *c = arg;
	int64_t check_ms = now_ms() + READER_CHECK_MS;
	bool stop = false;

	while (!stop) {
		struct batch *first = next_group(c, check_ms, &stop);

		if (first) {
			pthread_mutex_lock(&c->group.env->writing);
			group_commit(&c->group, first);
			readers_watch_growth(c->group.env, &c->readers);
			pthread_mutex_unlock(&c->group.env->writing);
			answer(first);
		}
		if (now_ms() >= check_ms) {
			pthread_mutex_lock(&c->group.env->writing);
			readers_watch(c->group.env, &c->readers);
			pthread_mutex_unlock(&c->group.env->writing);
			check_ms = now_ms() + READER_CHECK_MS;
		}
	}
	return NULL;
}

exs_status committer_start(struct committer *c, struct env *env, exs_err *err)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int rc;

	memset(c, 0, sizeof *c);
	c->group.env = env;
	c->tail = &c->head;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		return EXS_OK;
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	return exs_fail(err, EXS_IO, rc, "the thread that writes the store cannot be started: %s",
			strerror(rc));
}

void committer_stop(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
}
