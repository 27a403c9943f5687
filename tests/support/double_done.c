/* SPDX-License-Identifier: MIT */
/* double_done.c - done records that can be waited for. See double.h. */
#include "support/double_priv.h"

#include <string.h>
#include <time.h>

static exs_status done_put(exs_done done, const char *p, size_t n)
{
	struct double_done *d = container_of(done.ops, struct double_done, ops);
	exs_status s;

	pthread_mutex_lock(&d->lock);
	s = d->ended ? EXS_LOST : exs_membuf_put(&d->out.sink, p, n);
	pthread_mutex_unlock(&d->lock);
	return s;
}

static void done_progress(exs_done done, exs_str delta)
{
	struct double_done *d = container_of(done.ops, struct double_done, ops);

	pthread_mutex_lock(&d->lock);
	exs_membuf_put(&d->progress.sink, delta.p, delta.n);
	pthread_mutex_unlock(&d->lock);
}

static void done_end(exs_done done, exs_status status, const exs_usage *usage, const exs_err *err)
{
	struct double_done *d = container_of(done.ops, struct double_done, ops);

	pthread_mutex_lock(&d->lock);
	if (d->ends++ == 0) {
		d->ended = true;
		d->status = status;
		if (usage) {
			exs_fill(&d->usage, sizeof d->usage, usage, usage->size);
			d->has_usage = true;
		}
		if (err)
			d->err = *err;
		pthread_cond_broadcast(&d->cond);
	}
	pthread_mutex_unlock(&d->lock);
}

void double_done_init(struct double_done *d, size_t cap)
{
	memset(d, 0, sizeof *d);
	d->ops.size = sizeof d->ops;
	d->ops.put = done_put;
	d->ops.progress = done_progress;
	d->ops.end = done_end;
	d->done.id = 1;
	d->done.ops = &d->ops;
	d->usage.size = sizeof d->usage;
	d->err.size = sizeof d->err;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->cond, NULL);
	exs_membuf_init(&d->out, cap);
	exs_membuf_init(&d->progress, 1u << 20);
}

void double_done_release(struct double_done *d)
{
	exs_membuf_release(&d->out);
	exs_membuf_release(&d->progress);
	pthread_cond_destroy(&d->cond);
	pthread_mutex_destroy(&d->lock);
}

bool double_done_wait(struct double_done *d, int64_t wait_ms)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&d->lock);
	while (!d->ended && pthread_cond_timedwait(&d->cond, &d->lock, &until) == 0)
		;
	ended = d->ended;
	pthread_mutex_unlock(&d->lock);
	return ended;
}
