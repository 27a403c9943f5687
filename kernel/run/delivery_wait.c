/* SPDX-License-Identifier: MIT */
/* delivery_wait.c - one delivery that its caller waits for, not longer than CLEANUP_MS. */
#include "run/delivery.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/thread.h"

struct errand {
	struct work work;
	struct run *run; /* a reference */
	struct delivery_target to;
	exs_parcel parcel;
	_Atomic int refs; /* the work's, and ours */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool ended;
};

static void errand_unref(struct errand *d)
{
	if (atomic_fetch_sub(&d->refs, 1) != 1)
		return;
	run_unref(d->run);
	cancel_unref(d->work.token);
	buf_release(&d->work.pending.out);
	pthread_cond_destroy(&d->cond);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static struct errand *of_work(struct work *w)
{
	return container_of(w, struct errand, work);
}

static void on_start(struct work *w, exs_done done)
{
	call_delivery(w, &of_work(w)->parcel, done);
}

static void on_ended(struct work *w)
{
	struct errand *d = of_work(w);

	pthread_mutex_lock(&d->lock);
	d->ended = true;
	pthread_cond_signal(&d->cond);
	pthread_mutex_unlock(&d->lock);
}

static void on_freed(struct work *w)
{
	errand_unref(of_work(w));
}

static struct errand *errand_new(struct run *run, const struct delivery_target *to, int32_t tries)
{
	struct errand *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->work.token = cancel_new(NULL);
	if (!d->work.token) {
		free(d);
		return NULL;
	}
	d->run = run_ref(run);
	d->to = *to;
	d->refs = 2;
	pthread_mutex_init(&d->lock, NULL);
	cond_init_mono(&d->cond);
	delivery_parcel(run, &d->to, tries, &d->parcel);
	d->work.in = to->in;
	d->work.what = "a delivery from the outbox";
	d->work.cap = RUN_NAME_MAX * 4;
	d->work.start = on_start;
	d->work.ended = on_ended;
	d->work.freed = on_freed;
	return d;
}

/* False: its time was over before it ended. */
static bool wait_until(struct errand *d, int64_t mono_ms)
{
	struct timespec until = mono_time(mono_ms);
	bool ended;

	pthread_mutex_lock(&d->lock);
	while (!d->ended && pthread_cond_timedwait(&d->cond, &d->lock, &until) == 0)
		;
	ended = d->ended;
	pthread_mutex_unlock(&d->lock);
	return ended;
}

enum delivery_outcome delivery_wait(struct run *run, const struct delivery_target *to,
				    int32_t tries)
{
	struct errand *d = errand_new(run, to, tries);
	enum delivery_outcome outcome = DELIVERY_LATER;
	int64_t begun = clock_mono_ms();

	if (!d)
		return DELIVERY_LATER;
	cancel_set_deadline(d->work.token, begun + DELIVERY_MS);
	work_start(&d->work);
	if (!wait_until(d, begun + DELIVERY_MS)) {
		cancel_fire(d->work.token, EXS_CAUSE_TIMEOUT);
		if (!wait_until(d, begun + CLEANUP_MS) && work_abandon(&d->work)) {
			errand_unref(d);
			return DELIVERY_LATER;
		}
		while (!wait_until(d, clock_mono_ms() + CLEANUP_MS)) /* it is being ended now */
			;
	}
	outcome = delivery_outcome(&d->work.pending);
	if (outcome != DELIVERY_ARRIVED)
		log_warn(run->host->log, "run %s: delivery '%s' failed%s: %s", run->id, to->kind,
			 outcome == DELIVERY_LATER ? " and stays in the outbox" : "",
			 d->work.pending.err.text);
	errand_unref(d);
	return outcome;
}
