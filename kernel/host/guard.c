/* SPDX-License-Identifier: MIT */
/* guard.c - see guard.h. Distrust lives here: the rest of the kernel may believe what passes this
 * door. */
#include "host/guard.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"

static void lose(struct instance *in, const char *why)
{
	if (!atomic_exchange(&in->lost, true))
		log_error(in->host->log, "battery '%s' is lost until the next start: %s",
			  in->conf->name, why);
}

static bool serialised(const struct instance *in)
{
	return !(in->battery->flags & EXS_CONCURRENT);
}

/* ---- may it be called? ---- */

/* Nothing left this process: a call that was refused here is never in doubt. */
#define not_done(err, ...)                                                                         \
	__extension__({                                                                            \
		const exs_status refused_ = err_set(err, __VA_ARGS__);                             \
		(err)->klass = EXS_CLASS_NOT_DONE;                                                 \
		refused_;                                                                          \
	})

exs_status guard_usable(struct instance *in, exs_err *err)
{
	int64_t rest = atomic_load_explicit(&in->rest_until_ms, memory_order_relaxed), now;

	if (atomic_load_explicit(&in->lost, memory_order_relaxed))
		return not_done(err, EXS_LOST, 0, "battery '%s' is lost until the next start",
				in->conf->name);
	if (!rest)
		return EXS_OK;
	now = clock_coarse_ms();
	if (now >= rest)
		return EXS_OK;
	not_done(err, EXS_AGAIN, 0, "battery '%s' rests after %d failures in a row", in->conf->name,
		 atomic_load(&in->failures));
	err->retry_after_ms = rest - now;
	return EXS_AGAIN;
}

/* True: it is ours. GCC 12's thread sanitizer follows locks with a wall clock time only. */
static bool lock_slice(pthread_mutex_t *lock)
{
#ifdef __SANITIZE_THREAD__
	struct timespec until = mono_time(clock_wall_ms() + LOCK_SLICE_MS);

	return pthread_mutex_timedlock(lock, &until) == 0;
#else
	struct timespec until = mono_time(clock_mono_ms() + LOCK_SLICE_MS);

	return pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &until) == 0;
#endif
}

/* Somebody is inside a serialised instance. Waits for a short call, but no longer than the watchdog
 * does. */
static exs_status lock_wait(struct instance *in, const char *what, exs_err *err)
{
	int64_t until = clock_mono_ms() + in->host->stall_ms + WATCHDOG_MS;

	if (guard_inside(in))
		return not_done(err, EXS_UNSUPPORTED, 0,
				"battery '%s' is inside a call already; %s was not called from it",
				in->conf->name, what);
	while (clock_mono_ms() < until && !atomic_load(&in->lost)) {
		if (atomic_load(&in->long_inside))
			return not_done(err, EXS_AGAIN, 0,
					"battery '%s' is inside a long call; %s was not called",
					in->conf->name, what);
		if (!lock_slice(&in->lock))
			continue;
		if (!atomic_load(&in->lost))
			return EXS_OK;
		pthread_mutex_unlock(&in->lock);
	}
	if (atomic_load(&in->lost))
		return not_done(err, EXS_LOST, 0,
				"battery '%s' does not return from a call; %s was not called",
				in->conf->name, what);
	return not_done(err, EXS_AGAIN, 0, "battery '%s' is busy; %s was not called",
			in->conf->name, what);
}

static exs_status lock_for(struct instance *in, const char *what, exs_err *err)
{
	if (!serialised(in) || pthread_mutex_trylock(&in->lock) == 0)
		return EXS_OK;
	return lock_wait(in, what, err);
}

static void unlock(struct instance *in)
{
	if (serialised(in))
		pthread_mutex_unlock(&in->lock);
}

/* ---- crumbs: who is inside, since when ---- */

/* All taken: the call goes unwatched. */
static struct crumb *crumb_drop(struct instance *in, const char *what)
{
	const char *none;
	unsigned i;

	for (i = 0; i < CRUMBS; i++) {
		struct crumb *c = &in->crumbs[i];

		none = NULL;
		if (atomic_load_explicit(&c->what, memory_order_relaxed))
			continue;
		/* The name last: nobody may see an old thread or time beside a new call. */
		if (atomic_compare_exchange_strong(&c->what, &none, "")) {
			atomic_store_explicit(&c->thread, pthread_self(), memory_order_relaxed);
			atomic_store_explicit(&c->since_ms, clock_coarse_ms(),
					      memory_order_relaxed);
			atomic_store_explicit(&c->told, false, memory_order_relaxed);
			atomic_store_explicit(&c->what, what, memory_order_release);
			return c;
		}
	}
	return NULL;
}

static void crumb_lift(struct crumb *c)
{
	if (c)
		atomic_store_explicit(&c->what, NULL, memory_order_release);
}

bool guard_inside(struct instance *in)
{
	unsigned i;

	for (i = 0; i < CRUMBS; i++) {
		const char *what = atomic_load_explicit(&in->crumbs[i].what, memory_order_acquire);

		if (what && what[0] &&
		    pthread_equal(atomic_load_explicit(&in->crumbs[i].thread, memory_order_relaxed),
				  pthread_self()))
			return true;
	}
	return false;
}

static void watch_crumb(struct instance *in, struct crumb *c, int64_t now)
{
	const char *what = atomic_load_explicit(&c->what, memory_order_acquire);
	int64_t since = atomic_load_explicit(&c->since_ms, memory_order_relaxed);
	char why[128];

	if (!what || !what[0] || now < since || now - since < in->host->stall_ms)
		return;
	if (atomic_exchange(&c->told, true))
		return;
	snprintf(why, sizeof why, "%s has not returned for %lld ms", what,
		 (long long)(now - since));
	lose(in, why);
	/* Each thread that hangs in there is missing. */
	pool_replace_lost(&in->host->steps);
}

void guard_watch(struct host *h)
{
	int64_t now = clock_coarse_ms();
	size_t i;
	unsigned j;

	for (i = 0; i < h->instance_n; i++)
		for (j = 0; j < CRUMBS; j++)
			watch_crumb(&h->instances[i], &h->instances[i].crumbs[j], now);
}

/* ---- failures ---- */

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
	rest = rest < REST_MAX_MS ? rest : REST_MAX_MS;
	atomic_store(&in->rest_until_ms, clock_coarse_ms() + rest);
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

exs_status guard_status(struct instance *in, const char *what, exs_status status, exs_err *err)
{
	return status_believed(in->conf->name, what, status, err);
}

/* ---- short calls ---- */

static exs_status go_in(struct guard *g, struct instance *in, const char *what, exs_err *err)
{
	if (lock_for(in, what, err))
		return err->status;
	g->in = in;
	g->what = what;
	g->said = EXS_OK;
	g->crumb = crumb_drop(in, what);
	/* What the battery leaves behind in the record is read even when it fills nothing. */
	err->size = sizeof *err;
	err->sys = 0;
	err->klass = EXS_CLASS_NONE;
	err->retry_after_ms = 0;
	err->at = -1;
	err->text[0] = '\0';
	return EXS_OK;
}

exs_status guard_enter(struct guard *g, struct instance *in, const char *what, exs_err *err)
{
	return guard_usable(in, err) ? err->status : go_in(g, in, what, err);
}

exs_status guard_enter_last(struct guard *g, struct instance *in, const char *what, exs_err *err)
{
	if (guard_usable(in, err) == EXS_LOST)
		return EXS_LOST;
	return go_in(g, in, what, err);
}

void guard_leave_void(struct guard *g)
{
	crumb_lift(g->crumb);
	unlock(g->in);
}

exs_status guard_leave(struct guard *g, exs_status status, exs_err *err)
{
	struct instance *in = g->in;

	guard_leave_void(g);
	if (g->said) {
		err->text[sizeof err->text - 1] = '\0';
		if (!err->text[0])
			err_set(err, g->said, 0, "%s was ended by its reader: %s", g->what,
				status_word(g->said));
		err->status = g->said;
		return g->said;
	}
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

void guard_pause(struct guard *g)
{
	if (g->crumb)
		atomic_store_explicit(&g->crumb->since_ms, INT64_MAX, memory_order_relaxed);
}

exs_status guard_enter_unwatched(struct guard *g, struct instance *in, const char *what,
				 exs_err *err)
{
	exs_status status = guard_enter(g, in, what, err);

	if (status == EXS_OK)
		guard_pause(g);
	return status;
}

exs_status guard_resume(struct guard *g, exs_status said)
{
	if (g->crumb)
		atomic_store_explicit(&g->crumb->since_ms, clock_coarse_ms(), memory_order_relaxed);
	if (said < EXS_OK || said >= EXS_STATUS_COUNT)
		said = EXS_INTERNAL;
	if (said && !g->said)
		g->said = said;
	return said;
}

/* ---- long calls ---- */

exs_status guard_enter_long(struct instance *in, const char *what, exs_err *err)
{
	exs_status status = guard_usable(in, err);

	if (status == EXS_OK)
		status = lock_for(in, what, err);
	if (status == EXS_OK && serialised(in))
		atomic_store(&in->long_inside, true);
	return status;
}

void guard_leave_long(struct instance *in)
{
	if (serialised(in))
		atomic_store(&in->long_inside, false);
	unlock(in);
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
