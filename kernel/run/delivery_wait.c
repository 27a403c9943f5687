/* SPDX-License-Identifier: MIT */
/* delivery_wait.c - one delivery that its caller waits for, not longer than CLEANUP_MS. */
#include "run/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

#define STOP_MS 1000 /* to come back in once the process ends */
#define LOOK_MS 50   /* until that is seen */

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

static struct errand *errand_new(struct run *run, const struct delivery_target *to, int32_t tries,
				 struct cancel *stop)
{
	struct errand *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->work.token = cancel_new(stop);
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

static bool is_stopped(const struct cancel *stop)
{
	return stop && cancel_cause(stop) != EXS_CAUSE_NONE;
}

/* False: its time was over before it ended. With `stop`: or that fired. */
static bool wait_until(struct errand *d, int64_t mono_ms, const struct cancel *stop)
{
	bool ended;

	pthread_mutex_lock(&d->lock);
	while (!d->ended && clock_mono_ms() < mono_ms && !is_stopped(stop)) {
		int64_t look = clock_mono_ms() + LOOK_MS;
		struct timespec until = mono_time(stop && look < mono_ms ? look : mono_ms);

		pthread_cond_timedwait(&d->cond, &d->lock, &until);
	}
	ended = d->ended;
	pthread_mutex_unlock(&d->lock);
	return ended;
}

/* False: it was given up, and whatever it says later nobody hears. */
static bool comes_back(struct errand *d, const struct cancel *stop)
{
	int64_t begun = clock_mono_ms();

	if (wait_until(d, begun + DELIVERY_MS, stop))
		return true;
	cancel_fire(d->work.token, EXS_CAUSE_TIMEOUT);
	if (!wait_until(d, is_stopped(stop) ? clock_mono_ms() + STOP_MS : begun + CLEANUP_MS,
			NULL) &&
	    work_abandon(&d->work))
		return false;
	while (!wait_until(d, clock_mono_ms() + CLEANUP_MS, NULL)) /* it is being ended now */
		;
	return true;
}

void delivery_wait(struct run *run, const struct delivery_target *to, int32_t tries,
		   struct cancel *stop, struct delivery_answer *out)
{
	struct errand *d = errand_new(run, to, tries, stop);

	memset(out, 0, sizeof *out);
	out->outcome = DELIVERY_LATER;
	out->why = (exs_err)EXS_ERR_INIT;
	if (!d) {
		err_set(&out->why, EXS_NOMEM, 0, "no memory for a delivery");
		return;
	}
	cancel_set_deadline(d->work.token, clock_mono_ms() + DELIVERY_MS);
	work_start(&d->work);
	if (comes_back(d, stop))
		delivery_answer(&d->work.pending, out);
	else
		err_set(&out->why, EXS_LOST, 0, "it did not end in time");
	if (out->outcome != DELIVERY_ARRIVED)
		log_warn(run->host->log, "run %s: delivery '%s' failed%s: %s", run->id, to->kind,
			 out->outcome == DELIVERY_LATER ? " and stays in the outbox" : "",
			 out->why.text);
	errand_unref(d);
}
