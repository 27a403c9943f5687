/* SPDX-License-Identifier: MIT */
/* sweeper.c - the thread that delivers what is due as long as the engine lives. See delivery.h. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/thread.h"
#include "run/delivery.h"
#include "run/engine_priv.h"
#include "run/outbox_sweep.h"

#define SWEEP_FIRST_MS 1000 /* a command that is quick does nothing for others */
#define SWEEP_EVERY_MS 5000 /* when nothing is known to be due sooner */
#define SWEEP_LEAST_MS 1000
#define SWEEP_ROWS     16 /* deliveries of one sweep */

struct sweeper {
	struct engine *e;
	struct cancel *stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool ends;
};

/* False: it is to end. */
static bool wait_until(struct sweeper *w, int64_t mono_ms)
{
	struct timespec until = mono_time(mono_ms);
	bool ends;

	pthread_mutex_lock(&w->lock);
	while (!w->ends && pthread_cond_timedwait(&w->cond, &w->lock, &until) == 0)
		;
	ends = w->ends;
	pthread_mutex_unlock(&w->lock);
	return !ends;
}

static int64_t pause_ms(const struct sweep *s)
{
	int64_t left = s->next_ms - clock_wall_ms();

	if (s->most == 0) /* there may be more */
		return SWEEP_LEAST_MS;
	if (!s->next_ms || left > SWEEP_EVERY_MS)
		return SWEEP_EVERY_MS;
	return left > SWEEP_LEAST_MS ? left : SWEEP_LEAST_MS;
}

static void *sweep_on(void *arg)
{
	struct sweeper *w = arg;
	int64_t pause = SWEEP_FIRST_MS;

	while (wait_until(w, clock_mono_ms() + pause)) {
		struct sweep s = { w->e, OUTBOX_DUE, true, w->stop, SWEEP_ROWS, 0 };

		outbox_sweep(&s);
		pause = pause_ms(&s);
	}
	return NULL;
}

static bool has_receiver(const struct host *h)
{
	size_t i;

	for (i = 0; i < h->delivery_n; i++)
		if (!(h->deliveries[i].in->delivery->flags & EXS_DELIVERY_LOCAL))
			return true;
	return false;
}

static void sweeper_free(struct sweeper *w)
{
	cancel_unref(w->stop);
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

exs_status sweeper_open(struct engine *e, struct sweeper **out, exs_err *err)
{
	struct sweeper *w;
	int sys;

	*out = NULL;
	if (!e->host->store || !e->host->checkpoint || !has_receiver(e->host))
		return EXS_OK;
	w = calloc(1, sizeof *w);
	if (w)
		w->stop = cancel_new(NULL);
	if (!w || !w->stop) {
		free(w);
		return err_set(err, EXS_NOMEM, 0, "no memory for the outbox");
	}
	w->e = e;
	pthread_mutex_init(&w->lock, NULL);
	cond_init_mono(&w->cond);
	sys = thread_start(&w->thread, sweep_on, w);
	if (sys) {
		sweeper_free(w);
		return err_set(err, EXS_NOMEM, sys, "no thread for the outbox");
	}
	*out = w;
	return EXS_OK;
}

void sweeper_close(struct sweeper *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->ends = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
	cancel_fire(w->stop, EXS_CAUSE_SHUTDOWN);
	pthread_join(w->thread, NULL);
	sweeper_free(w);
}
