/* SPDX-License-Identifier: MIT */
/* work.c - see work.h. No worker blocks on an instance's lock: a serialised instance has a queue.
 */
#include "host/work.h"

#include "base/auto.h"
#include "host/guard.h"

/* Where the table function is. Leaving STAGE_WAITS is a claim: one thread wins it. */
enum stage { STAGE_WAITS, STAGE_INSIDE, STAGE_BACK, STAGE_CUT };

static void unref(struct work *w)
{
	if (atomic_fetch_sub(&w->refs, 1) == 1)
		w->freed(w);
}

static bool claim(struct work *w, enum stage stage)
{
	int waits = STAGE_WAITS;

	return atomic_compare_exchange_strong(&w->stage, &waits, (int)stage);
}

static bool serialised(const struct instance *in)
{
	return !(in->battery->flags & EXS_CONCURRENT);
}

/* ---- outcomes ---- */

static struct work *work_of(struct pending *p)
{
	return container_of(p, struct work, pending);
}

static void on_ended(struct pending *p)
{
	struct work *w = work_of(p);

	if (!w->refused)
		guard_judge(w->in, p->status);
	w->ended(w);
	unref(w);
}

static void on_late(struct pending *p)
{
	struct work *w = work_of(p);

	atomic_fetch_sub(&w->in->abandoned, 1);
	log_info(w->in->host->log, "%s ended after it was abandoned; its answer goes nowhere",
		 w->what);
	unref(w);
}

static void on_progress(struct pending *p, exs_str delta)
{
	struct work *w = work_of(p);

	if (w->progress)
		w->progress(w, delta);
}

/* Ends what never reached the battery. Whoever claimed it calls this. */
static void refuse(struct work *w, exs_status status, exs_err *err)
{
	w->refused = true;
	err->status = status;
	err->klass = EXS_CLASS_NOT_DONE;
	done_end(&w->in->host->done, &w->pending, status, err);
}

/* ---- the queue of a serialised instance ---- */

/* The function of `w` returned (NULL: it was never called): the next call may go in, or nobody is
 * inside. */
static struct work *queue_next(struct instance *in, struct work *w)
{
	struct work *next;

	pthread_mutex_lock(&in->queue_lock);
	if (w)
		atomic_store(&w->stage, STAGE_BACK);
	in->stuck = false;
	next = in->queue;
	if (next) {
		in->queue = next->next;
		if (!in->queue)
			in->queue_tail = &in->queue;
		in->queued--;
	} else {
		in->busy = false;
	}
	pthread_mutex_unlock(&in->queue_lock);
	return next;
}

/* Abandoned: while its function is inside, nobody behind it would ever get in. */
static struct work *queue_stick(struct instance *in, const struct work *w)
{
	struct work *list = NULL;

	pthread_mutex_lock(&in->queue_lock);
	if (atomic_load(&w->stage) == STAGE_INSIDE) {
		in->stuck = true;
		list = in->queue;
		in->queue = NULL;
		in->queue_tail = &in->queue;
		in->queued = 0;
	}
	pthread_mutex_unlock(&in->queue_lock);
	return list;
}

static void refuse_stuck(struct work *w)
{
	exs_err err = EXS_ERR_INIT;

	err_set(&err, EXS_AGAIN, 0,
		"battery '%s' has not returned from a call that was abandoned; %s was not started",
		w->in->conf->name, w->what);
	if (claim(w, STAGE_BACK))
		refuse(w, EXS_AGAIN, &err);
	unref(w);
}

/* ---- calling ---- */

static exs_status may_start(struct work *w, exs_err *err)
{
	if (w->token && cancel_cause(w->token))
		return err_set(err, EXS_CANCELLED, 0,
			       "%s was not started: it was cancelled before its turn came",
			       w->what);
	return EXS_OK;
}

static void run_inside(struct work *w)
{
	exs_err err = EXS_ERR_INIT;

	if (!claim(w, STAGE_INSIDE))
		return; /* cut while it waited: ended already */
	if (may_start(w, &err) || guard_enter_long(w->in, w->what, &err)) {
		refuse(w, err.status, &err);
		return;
	}
	w->start(w, w->done);
	guard_leave_long(w->in);
}

static void dispatch(struct work *w);

static void run_on_worker(struct job *job)
{
	struct work *w = container_of(job, struct work, job), *next = NULL;
	struct instance *in = w->in;

	run_inside(w);
	if (serialised(in))
		next = queue_next(in, w);
	else
		atomic_store(&w->stage, STAGE_BACK);
	unref(w);
	dispatch(next);
}

/* To a call worker; NULL does nothing. When there is none, the whole queue is refused, one after
 * the other. */
static void dispatch(struct work *w)
{
	while (w) {
		struct instance *in = w->in;
		exs_err err = EXS_ERR_INIT;

		w->job.run = run_on_worker;
		if (pool_submit(&in->host->calls, &w->job, &err) == EXS_OK)
			return;
		if (claim(w, STAGE_BACK))
			refuse(w, EXS_AGAIN, &err);
		unref(w);
		w = serialised(in) ? queue_next(in, NULL) : NULL;
	}
}

/* Short and watched: the battery promised to return at once. */
static void run_at_once(struct work *w)
{
	struct guard g;
	exs_err err = EXS_ERR_INIT;

	atomic_store(&w->stage, STAGE_INSIDE);
	/* A literal: the watchdog may read it when the work is gone. */
	if (may_start(w, &err) || guard_enter(&g, w->in, "a call that returns at once", &err)) {
		refuse(w, err.status, &err);
	} else {
		w->start(w, w->done);
		guard_leave_void(&g);
	}
	atomic_store(&w->stage, STAGE_BACK);
	unref(w);
}

static void enqueue(struct work *w)
{
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;
	enum { GO, WAITS, STUCK, FULL } what = GO;

	pthread_mutex_lock(&in->queue_lock);
	if (in->stuck) {
		what = STUCK;
	} else if (!in->busy) {
		in->busy = true;
	} else if (in->queued < QUEUE_MAX) {
		w->next = NULL;
		*in->queue_tail = w;
		in->queue_tail = &w->next;
		in->queued++;
		what = WAITS;
	} else {
		what = FULL;
	}
	pthread_mutex_unlock(&in->queue_lock);
	if (what == GO) {
		dispatch(w);
	} else if (what == STUCK) {
		refuse_stuck(w);
	} else if (what == FULL) {
		err_set(&err, EXS_AGAIN, 0, "%u calls wait for battery '%s' already", QUEUE_MAX,
			in->conf->name);
		refuse(w, EXS_AGAIN, &err);
		unref(w);
	}
}

void work_start(struct work *w)
{
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;

	atomic_store(&w->refs, 2);
	atomic_store(&w->stage, STAGE_WAITS);
	w->refused = false;
	w->pending.ended = on_ended;
	w->pending.late = on_late;
	w->pending.progress = on_progress;
	w->pending.what = w->what;
	w->pending.battery = in->conf->name;
	if (done_open(&in->host->done, &w->pending, w->cap, &w->done, &err)) {
		atomic_store(&w->stage, STAGE_BACK);
		err.status = EXS_AGAIN;
		err.klass = EXS_CLASS_NOT_DONE;
		w->pending.status = EXS_AGAIN;
		w->pending.err = err;
		w->ended(w);
		unref(w);
		unref(w);
	} else if (guard_usable(in, &err)) {
		refuse(w, err.status, &err);
		unref(w);
	} else if (in->battery->flags & EXS_RETURNS_AT_ONCE) {
		run_at_once(w);
	} else if (serialised(in)) {
		enqueue(w);
	} else {
		dispatch(w);
	}
}

/* ---- abandoning ---- */

static bool cut(struct work *w)
{
	exs_err err = EXS_ERR_INIT;

	if (!claim(w, STAGE_CUT))
		return false;
	err_set(&err, EXS_CANCELLED, 0,
		"%s was not started: its time was over before its turn came", w->what);
	refuse(w, EXS_CANCELLED, &err);
	return true;
}

bool work_abandon(struct work *w)
{
	struct instance *in = w->in;
	struct work *list, *next;

	if (cut(w) || !done_abandon(&in->host->done, &w->pending))
		return false;
	guard_abandoned(in, w->what);
	if (in->battery->flags & EXS_RETURNS_AT_ONCE)
		return true;
	/* A worker may never come back from there. */
	if (atomic_load(&w->stage) == STAGE_INSIDE)
		pool_replace_lost(&in->host->calls);
	if (!serialised(in))
		return true;
	for (list = queue_stick(in, w); list; list = next) {
		next = list->next;
		refuse_stuck(list);
	}
	return true;
}
