/* SPDX-License-Identifier: MIT */
/* guard.c - see guard.h. Distrust lives here: the rest of the kernel may believe what passes this
 * door. */
#include "host/guard.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static void lose(struct instance *in, const char *why)
{
	if (!atomic_exchange(&in->lost, true))
		log_error(in->host->log, "battery '%s' is lost until the next start: %s",
			  in->conf->name, why);
}

exs_status guard_usable(struct instance *in, exs_err *err)
{
	int64_t rest = atomic_load_explicit(&in->rest_until_ms, memory_order_relaxed);

	if (atomic_load_explicit(&in->lost, memory_order_relaxed))
		return err_set(err, EXS_LOST, 0, "battery '%s' is lost until the next start",
			       in->conf->name);
	if (rest && clock_coarse_ms() < rest) {
		err_set(err, EXS_AGAIN, 0, "battery '%s' rests after %d failures in a row",
			in->conf->name, atomic_load(&in->failures));
		err->klass = EXS_CLASS_NOT_DONE;
		err->retry_after_ms = rest - clock_coarse_ms();
		return EXS_AGAIN;
	}
	return EXS_OK;
}

static struct crumb *crumb_drop(struct instance *in, const char *what)
{
	const char *none;
	unsigned i;

	for (i = 0; i < CRUMBS; i++) {
		none = NULL;
		if (atomic_load_explicit(&in->crumbs[i].what, memory_order_relaxed))
			continue;
		/* since first: the watchdog must not see an old time beside a new call */
		if (atomic_compare_exchange_strong(&in->crumbs[i].what, &none, "")) {
			in->crumbs[i].thread = pthread_self();
			atomic_store_explicit(&in->crumbs[i].since_ms, clock_coarse_ms(),
					      memory_order_relaxed);
			atomic_store_explicit(&in->crumbs[i].what, what, memory_order_release);
			return &in->crumbs[i];
		}
	}
	return NULL;
}

static void crumb_lift(struct crumb *c)
{
	if (c)
		atomic_store_explicit(&c->what, NULL, memory_order_release);
}

static exs_status lock_for(struct instance *in, const char *what, exs_err *err)
{
	struct timespec until;

	if (in->battery->flags & EXS_CONCURRENT || pthread_mutex_trylock(&in->lock) == 0)
		return EXS_OK;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += in->host->stall_ms / 1000 + 1;
	if (pthread_mutex_clocklock(&in->lock, CLOCK_MONOTONIC, &until) == 0)
		return EXS_OK;
	lose(in, "a call into it does not return");
	return err_set(err, EXS_LOST, 0,
		       "battery '%s' does not return from a call; %s was not called",
		       in->conf->name, what);
}

exs_status guard_enter(struct guard *g, struct instance *in, const char *what, exs_err *err)
{
	exs_status status = guard_usable(in, err);

	if (status == EXS_OK)
		status = lock_for(in, what, err);
	if (status)
		return status;
	g->in = in;
	g->what = what;
	g->crumb = crumb_drop(in, what);
	/* What the battery leaves behind in the record is read even when it fills nothing. */
	err->size = sizeof *err;
	err->klass = EXS_CLASS_NONE;
	err->text[0] = '\0';
	err->at = -1;
	return EXS_OK;
}

void guard_leave_void(struct guard *g)
{
	crumb_lift(g->crumb);
	if (!(g->in->battery->flags & EXS_CONCURRENT))
		pthread_mutex_unlock(&g->in->lock);
}

exs_status guard_status(struct instance *in, const char *what, exs_status status, exs_err *err)
{
	int32_t klass = err->klass;
	int64_t retry_after_ms = err->retry_after_ms;

	if (status >= EXS_OK && status < EXS_STATUS_COUNT) {
		err->text[sizeof err->text - 1] = '\0';
		if (status && !err->text[0])
			err_set(err, status, err->sys, "battery '%s' failed in %s: %s",
				in->conf->name, what, status_word(status));
		err->status = status;
		err->klass = klass;
		err->retry_after_ms = retry_after_ms;
		return status;
	}
	return err_set(err, EXS_INTERNAL, 0,
		       "battery '%s' answered %s with status %d, which does not exist",
		       in->conf->name, what, (int)status);
}

static void failed(struct instance *in)
{
	int n = atomic_fetch_add(&in->failures, 1) + 1;
	int64_t rest = REST_FIRST_MS;
	int i;

	if (!in->may_rest)
		return;
	if (n >= LOST_AFTER) {
		lose(in, "too many failures in a row");
		return;
	}
	if (n < REST_AFTER)
		return;
	for (i = REST_AFTER; i < n && rest < REST_MAX_MS; i++)
		rest *= 2;
	atomic_store(&in->rest_until_ms,
		     clock_coarse_ms() + (rest < REST_MAX_MS ? rest : REST_MAX_MS));
	log_warn(in->host->log, "battery '%s': %d failures in a row, resting it for %lld s",
		 in->conf->name, n, (long long)rest / 1000);
}

static void fine(struct instance *in)
{
	if (atomic_load_explicit(&in->failures, memory_order_relaxed) == 0)
		return;
	atomic_store(&in->failures, 0);
	atomic_store(&in->rest_until_ms, 0);
}

exs_status guard_leave(struct guard *g, exs_status status, exs_err *err)
{
	struct instance *in = g->in;

	guard_leave_void(g);
	if (status == EXS_OK) {
		fine(in);
		return EXS_OK;
	}
	status = guard_status(in, g->what, status, err);
	if (status == EXS_IO || status == EXS_NOMEM || status == EXS_LOST || status == EXS_INTERNAL)
		failed(in);
	else
		fine(in); /* "no" is an answer */
	return status;
}

/* The network is not the battery: only what it says of itself counts against it. */
void guard_judge(struct instance *in, exs_status status)
{
	if (status == EXS_LOST || status == EXS_INTERNAL || status == EXS_NOMEM)
		failed(in);
	else
		fine(in);
}

void guard_abandoned(struct instance *in, const char *what)
{
	int n = atomic_fetch_add(&in->abandoned, 1) + 1;

	log_warn(in->host->log, "%s did not end after its time was over; it is abandoned", what);
	if (n >= ABANDONED_MAX)
		lose(in, "too many of its calls never ended");
}

bool guard_inside(struct instance *in)
{
	unsigned i;

	for (i = 0; i < CRUMBS; i++)
		if (atomic_load_explicit(&in->crumbs[i].what, memory_order_acquire) &&
		    pthread_equal(in->crumbs[i].thread, pthread_self()))
			return true;
	return false;
}

static void watch_instance(struct instance *in, int64_t now)
{
	char why[128];
	unsigned i;

	for (i = 0; i < CRUMBS; i++) {
		struct crumb *c = &in->crumbs[i];
		const char *what = atomic_load_explicit(&c->what, memory_order_acquire);

		if (!what || !what[0] || now - atomic_load(&c->since_ms) < in->host->stall_ms)
			continue;
		if (atomic_load(&in->lost))
			continue;
		snprintf(why, sizeof why, "%s has not returned for %lld s", what,
			 (long long)(now - atomic_load(&c->since_ms)) / 1000);
		lose(in, why);
		pool_replace_lost(&in->host->steps);
	}
}

void guard_watch(struct host *h)
{
	int64_t now = clock_coarse_ms();
	size_t i;

	for (i = 0; i < h->instance_n; i++)
		watch_instance(&h->instances[i], now);
}
