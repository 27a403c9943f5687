/* SPDX-License-Identifier: MIT */
/* calls_store.c - the store's functions through the guard, and a commit that is waited for. See
 * calls.h. */
#include "host/calls.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/thread.h"
#include "host/guard.h"

exs_status call_store_get(struct instance *in, exs_str key, exs_sink *value, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "store.get", err))
		return err->status;
	return guard_leave(&g, in->store->get(in->self, key, value, err), err);
}

struct reader {
	struct guard g;
	exs_status (*row)(void *, exs_str, exs_str);
	void *arg;
};

static exs_status read_row(void *arg, exs_str key, exs_str value)
{
	struct reader *r = arg;

	guard_pause(&r->g);
	return guard_resume(&r->g, r->row(r->arg, key, value));
}

exs_status call_store_scan(struct instance *in, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *, exs_str, exs_str), void *arg, exs_err *err)
{
	struct reader r = { .row = row, .arg = arg };

	if (guard_enter(&r.g, in, "store.scan", err))
		return err->status;
	return guard_leave(&r.g, in->store->scan(in->self, prefix, from, flags, read_row, &r, err),
			   err);
}

exs_status call_store_submit(struct instance *in, struct batch *b, struct pending *p, exs_err *err)
{
	const exs_op *const *ops;
	exs_done done;
	struct guard g;
	uint64_t n;
	exs_status status;

	if (batch_ops(b, &ops, &n))
		return err_set(err, EXS_NOMEM, 0, "no memory to hand a batch to the store");
	p->what = "store.submit";
	p->battery = in->conf->name;
	status = done_open(&in->host->done, p, 0, &done, err);
	if (status)
		return status;
	if (guard_enter(&g, in, "store.submit", err)) {
		done_end(&in->host->done, p, err->status, err);
		return EXS_OK;
	}
	if (b->ends && EXS_CAN(in->store, submit_end))
		in->store->submit_end(in->self, ops, n, done);
	else
		in->store->submit(in->self, ops, n, done);
	guard_leave_void(&g);
	return EXS_OK;
}

/* ---- a commit that is waited for ---- */

struct waiter {
	struct pending pending;
	struct batch *batch;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	_Atomic int refs;
	bool ended;
};

static void waiter_unref(struct waiter *w)
{
	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	buf_release(&w->pending.out);
	batch_release(w->batch);
	free(w->batch);
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void waiter_ended(struct pending *p)
{
	struct waiter *w = container_of(p, struct waiter, pending);

	pthread_mutex_lock(&w->lock);
	w->ended = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
	waiter_unref(w);
}

static struct waiter *waiter_new(struct batch *b)
{
	struct waiter *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->batch = malloc(sizeof *w->batch);
	if (!w->batch) {
		free(w);
		return NULL;
	}
	*w->batch = *b; /* the store may still read it after we stopped waiting */
	batch_init(b);
	w->refs = 2;
	w->pending.ended = waiter_ended;
	pthread_mutex_init(&w->lock, NULL);
	cond_init_mono(&w->cond);
	return w;
}

exs_status call_store_commit(struct instance *in, struct batch *b, exs_err *err)
{
	struct waiter *w = waiter_new(b);
	struct timespec until;
	exs_status status;

	if (!w)
		return err_set(err, EXS_NOMEM, 0, "no memory to wait for the store");
	status = call_store_submit(in, w->batch, &w->pending, err);
	if (status) {
		w->refs = 1;
		waiter_unref(w);
		return status;
	}
	until = mono_time(clock_mono_ms() + WAIT_STORE_MS);
	pthread_mutex_lock(&w->lock);
	while (!w->ended && pthread_cond_timedwait(&w->cond, &w->lock, &until) == 0)
		;
	if (w->ended) {
		status = w->pending.status;
		*err = w->pending.err;
	} else {
		status = err_set(err, EXS_IO, 0, "the store did not answer within %d s",
				 WAIT_STORE_MS / 1000);
	}
	pthread_mutex_unlock(&w->lock);
	waiter_unref(w);
	return status;
}

exs_status call_store_stat(struct instance *in, exs_sink *json, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "store.stat", err))
		return err->status;
	return guard_leave(&g, in->store->stat(in->self, json, err), err);
}

exs_status call_store_copy(struct instance *in, const char *path, exs_err *err)
{
	struct guard g;

	if (!EXS_CAN(in->store, copy))
		return err_set(err, EXS_UNSUPPORTED, 0, "store '%s' makes no copies",
			       in->conf->name);
	if (guard_enter_unwatched(&g, in, "store.copy", err))
		return err->status;
	return guard_leave(&g, in->store->copy(in->self, path, err), err);
}

exs_status call_store_restore(struct instance *in, const char *path, exs_err *err)
{
	struct guard g;

	if (!EXS_CAN(in->store, restore))
		return err_set(err, EXS_UNSUPPORTED, 0, "store '%s' takes no copy back",
			       in->conf->name);
	if (guard_enter_unwatched(&g, in, "store.restore", err))
		return err->status;
	return guard_leave(&g, in->store->restore(in->self, path, err), err);
}

struct teller {
	struct guard g;
	exs_status (*say)(void *, int32_t, exs_str);
	void *arg;
};

static exs_status tell(void *arg, int32_t kind, exs_str text)
{
	struct teller *t = arg;

	exs_status status = guard_resume(&t->g, t->say(t->arg, kind, text));

	guard_pause(&t->g); /* it takes as long as the file is long */
	return status;
}

exs_status call_store_check(struct instance *in, exs_status (*say)(void *, int32_t, exs_str),
			    void *arg, exs_err *err)
{
	struct teller t = { .say = say, .arg = arg };

	if (!EXS_CAN(in->store, check))
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "store '%s' has nothing below its rows that could be checked",
			       in->conf->name);
	if (guard_enter_unwatched(&t.g, in, "store.check", err))
		return err->status;
	return guard_leave(&t.g, in->store->check(in->self, tell, &t, err), err);
}

exs_status call_store_compact(struct instance *in, exs_err *err)
{
	struct guard g;

	if (!EXS_CAN(in->store, compact))
		return err_set(err, EXS_UNSUPPORTED, 0, "store '%s' has nothing to compact",
			       in->conf->name);
	if (guard_enter_unwatched(&g, in, "store.compact", err))
		return err->status;
	return guard_leave(&g, in->store->compact(in->self, err), err);
}
