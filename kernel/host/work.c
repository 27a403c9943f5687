/* SPDX-License-Identifier: MIT */
/* work.c - see work.h. No worker blocks on an instance's lock: a serialised instance has a queue.
 */
#include "host/work.h"

#include "base/auto.h"
#include "host/guard.h"

static void unref(struct work *w)
{
	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	w->freed(w);
}

static struct work *work_of(struct pending *p)
{
	return container_of(p, struct work, pending);
}

static void on_ended(struct pending *p)
{
	struct work *w = work_of(p);

	p->status = guard_status(w->in, w->what, p->status, &p->err);
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

static bool serialised(const struct instance *in)
{
	return !(in->battery->flags & EXS_CONCURRENT);
}

static void refuse(struct work *w, exs_status status, const exs_err *err)
{
	done_end(&w->in->host->done, &w->pending, status, err);
	unref(w); /* no table function will return */
}

static void dispatch(struct work *w);

/* The function returned: the next call of a serialised instance may go in. */
static void instance_next(struct instance *in)
{
	struct work *w;

	if (!serialised(in))
		return;
	pthread_mutex_lock(&in->queue_lock);
	w = in->queue;
	if (w) {
		in->queue = w->next;
		if (!in->queue)
			in->queue_tail = &in->queue;
		in->queued--;
	} else {
		in->busy = false;
	}
	pthread_mutex_unlock(&in->queue_lock);
	if (w)
		dispatch(w);
}

static void run_inside(struct work *w)
{
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;
	exs_status status = guard_usable(in, &err);

	if (status == EXS_OK)
		w->start(w, w->done);
	else
		done_end(&in->host->done, &w->pending, status, &err);
	unref(w);
	instance_next(in);
}

static void run_on_worker(struct job *job)
{
	run_inside(container_of(job, struct work, job));
}

/* Short and watched: the battery promised to return at once. */
static void run_at_once(struct work *w)
{
	struct guard g;
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;

	if (guard_enter(&g, in, w->what, &err)) {
		refuse(w, err.status, &err);
		return;
	}
	w->start(w, w->done);
	guard_leave_void(&g);
	unref(w);
}

static void dispatch(struct work *w)
{
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;

	w->job.run = run_on_worker;
	if (pool_submit(&in->host->calls, &w->job, &err) == EXS_OK)
		return;
	err.klass = EXS_CLASS_NOT_DONE;
	refuse(w, EXS_AGAIN, &err);
	instance_next(in);
}

static void enqueue(struct work *w)
{
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;
	enum { GO, WAITS, FULL } what = GO;

	pthread_mutex_lock(&in->queue_lock);
	if (!in->busy) {
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
	} else if (what == FULL) {
		err_set(&err, EXS_AGAIN, 0, "%u calls wait for battery '%s' already", QUEUE_MAX,
			in->conf->name);
		err.klass = EXS_CLASS_NOT_DONE;
		refuse(w, EXS_AGAIN, &err);
	}
}

void work_start(struct work *w)
{
	struct instance *in = w->in;
	exs_err err = EXS_ERR_INIT;

	atomic_store(&w->refs, 2);
	w->pending.ended = on_ended;
	w->pending.late = on_late;
	w->pending.progress = on_progress;
	w->pending.what = w->what;
	if (done_open(&in->host->done, &w->pending, w->cap, &w->done, &err)) {
		err.klass = EXS_CLASS_NOT_DONE;
		w->pending.status = EXS_AGAIN;
		w->pending.err = err;
		w->ended(w);
		atomic_store(&w->refs, 1);
		unref(w);
	} else if (in->battery->flags & EXS_RETURNS_AT_ONCE) {
		run_at_once(w);
	} else if (serialised(in)) {
		enqueue(w);
	} else {
		dispatch(w);
	}
}

bool work_abandon(struct work *w)
{
	if (!done_abandon(&w->in->host->done, &w->pending))
		return false;
	guard_abandoned(w->in, w->what);
	/* A worker may never come back from there. */
	if (!(w->in->battery->flags & EXS_RETURNS_AT_ONCE))
		pool_replace_lost(&w->in->host->calls);
	return true;
}
