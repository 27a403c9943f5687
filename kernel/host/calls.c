/* SPDX-License-Identifier: MIT */
/* calls.c - see calls.h. Every function has the same three lines: enter, call, leave. */
#include "host/calls.h"

#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "host/guard.h"

/* A call that may add rows: the batch is open to this battery only, and rolled back when it fails.
 */
struct session {
	struct guard g;
	struct batch *b;
	struct batch_mark mark;
};

static exs_status session_begin(struct session *s, struct instance *in, struct batch *b,
				const char *what, exs_err *err)
{
	exs_status status = guard_enter(&s->g, in, what, err);

	s->b = b;
	if (status == EXS_OK && b) {
		s->mark = batch_mark(b);
		b->open_to = &in->store_svc;
	}
	return status;
}

static exs_status session_end(struct session *s, exs_status status, exs_err *err)
{
	status = guard_leave(&s->g, status, err);
	if (s->b) {
		s->b->open_to = NULL;
		if (status)
			batch_rollback(s->b, s->mark);
	}
	return status;
}

static exs_batch *pub(struct batch *b)
{
	return b ? batch_public(b) : NULL;
}

/* ---- store ---- */

exs_status call_store_get(struct instance *in, exs_str key, exs_sink *value, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "store.get", err))
		return err->status;
	return guard_leave(&g, in->store->get(in->self, key, value, err), err);
}

exs_status call_store_scan(struct instance *in, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *, exs_str, exs_str), void *arg, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "store.scan", err))
		return err->status;
	return guard_leave(&g, in->store->scan(in->self, prefix, from, flags, row, arg, err), err);
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
	status = done_open(&in->host->done, p, 0, &done, err);
	if (status)
		return status;
	if (guard_enter(&g, in, "store.submit", err)) {
		done_end(&in->host->done, p, err->status, err);
		return EXS_OK;
	}
	in->store->submit(in->self, ops, n, done);
	guard_leave_void(&g);
	return EXS_OK;
}

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
	pthread_condattr_t mono;

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
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&w->cond, &mono);
	pthread_condattr_destroy(&mono);
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
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_STORE_MS / 1000;
	pthread_mutex_lock(&w->lock);
	while (!w->ended && pthread_cond_timedwait(&w->cond, &w->lock, &until) == 0)
		;
	if (w->ended) {
		status = guard_status(in, "store.submit", w->pending.status, &w->pending.err);
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

/* ---- checkpoint ---- */

exs_status call_ckpt_begin(struct instance *in, const exs_run_info *run, struct batch *b,
			   exs_ckpt **out, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "checkpoint.begin", err))
		return err->status;
	return session_end(&s, in->checkpoint->begin(in->self, run, pub(b), out, err), err);
}

exs_status call_ckpt_adopt(struct instance *in, const exs_run_info *run, struct batch *b,
			   exs_ckpt **out, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "checkpoint.adopt", err))
		return err->status;
	return session_end(&s, in->checkpoint->adopt(in->self, run, pub(b), out, err), err);
}

exs_status call_ckpt_append(struct instance *in, exs_ckpt *c, const exs_fact *const *facts,
			    uint64_t n, struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "checkpoint.append", err))
		return err->status;
	return session_end(&s, in->checkpoint->append(c, facts, n, pub(b), err), err);
}

exs_status call_ckpt_end(struct instance *in, exs_ckpt *c, int32_t how, exs_str status,
			 struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "checkpoint.end", err))
		return err->status;
	return session_end(&s, in->checkpoint->end(c, how, status, pub(b), err), err);
}

exs_status call_ckpt_load(struct instance *in, const char *run_id,
			  exs_status (*row)(void *, const exs_fact *), void *arg, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "checkpoint.load", err))
		return err->status;
	return guard_leave(&g, in->checkpoint->load(in->self, run_id, row, arg, err), err);
}

exs_status call_ckpt_list(struct instance *in, uint32_t flags, exs_status (*row)(void *, exs_str),
			  void *arg, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "checkpoint.list", err))
		return err->status;
	return guard_leave(&g, in->checkpoint->list(in->self, flags, row, arg, err), err);
}

/* ---- audit ---- */

exs_status call_audit_start(struct instance *in, const exs_run_info *run, exs_trail **out,
			    exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "audit.start", err))
		return err->status;
	return guard_leave(&g, in->audit->start(in->self, run, out, err), err);
}

exs_status call_audit_record(struct instance *in, exs_trail *t, const exs_fact *fact,
			     struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "audit.record", err))
		return err->status;
	return session_end(&s, in->audit->record(t, fact, pub(b), err), err);
}

exs_status call_audit_finish(struct instance *in, exs_trail *t, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "audit.finish", err))
		return err->status;
	return guard_leave(&g, in->audit->finish(t, err), err);
}

/* ---- budget ---- */

exs_status call_budget_check(struct instance *in, const exs_run_info *run, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "budget.check", err))
		return err->status;
	return guard_leave(&g, in->budget->check(in->self, run, err), err);
}

exs_status call_budget_reserve(struct instance *in, const exs_run_info *run, const exs_usage *worst,
			       struct batch *own, exs_grant **out, exs_err *err)
{
	struct session s;

	own->bounds_allowed = true;
	if (session_begin(&s, in, own, "budget.reserve", err))
		return err->status;
	return session_end(&s, in->budget->reserve(in->self, run, worst, pub(own), out, err), err);
}

exs_status call_budget_settle(struct instance *in, exs_grant *g, const exs_usage *actual,
			      struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "budget.settle", err))
		return err->status;
	return session_end(&s, in->budget->settle(g, actual, pub(b), err), err);
}

exs_status call_budget_commit(struct instance *in, const exs_run_info *run, int64_t run_ms,
			      struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "budget.commit", err))
		return err->status;
	return session_end(&s, in->budget->commit(in->self, run, run_ms, pub(b), err), err);
}

/* ---- critic ---- */

exs_status call_critic_watch(struct instance *in, const exs_run_info *run, int64_t soft_ms,
			     exs_watch **out, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "critic.watch", err))
		return err->status;
	return guard_leave(&g, in->critic->watch(in->self, run, soft_ms, out, err), err);
}

exs_status call_critic_observe(struct instance *in, exs_watch *w, const exs_fact *fact,
			       exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "critic.observe", err))
		return err->status;
	in->critic->observe(w, fact);
	return guard_leave(&g, EXS_OK, err);
}

exs_status call_critic_tick(struct instance *in, exs_watch *w, int64_t idle_ms, exs_verdict *out,
			    int64_t *deadline_ms, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "critic.tick", err))
		return err->status;
	memset(out, 0, sizeof *out);
	out->size = sizeof *out;
	in->critic->tick(w, idle_ms, out);
	out->words[sizeof out->words - 1] = '\0';
	*deadline_ms = in->critic->deadline_ms(w);
	return guard_leave(&g, EXS_OK, err);
}

void call_critic_unwatch(struct instance *in, exs_watch *w)
{
	exs_err err = EXS_ERR_INIT;
	struct guard g;

	if (guard_enter(&g, in, "critic.unwatch", &err)) {
		log_warn(in->host->log, "a watch stays behind: %s", err.text);
		return;
	}
	in->critic->unwatch(w);
	guard_leave_void(&g);
}

/* ---- model, tool, delivery ---- */

exs_status call_model_describe(struct instance *in, const char *model, exs_model_info *out,
			       exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "model.describe", err))
		return err->status;
	memset(out, 0, sizeof *out);
	out->size = sizeof *out;
	return guard_leave(&g, in->model->describe(in->self, model, out, err), err);
}

exs_status call_tool_list(struct instance *in, exs_status (*each)(void *, const exs_tool_spec *),
			  void *arg, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "tool.list", err))
		return err->status;
	return guard_leave(&g, in->tool->list(in->self, each, arg, err), err);
}

void call_tool_run_ended(struct instance *in, const char *run_id)
{
	exs_err err = EXS_ERR_INIT;
	struct guard g;

	if (!EXS_CAN(in->tool, run_ended))
		return;
	if (guard_enter(&g, in, "tool.run_ended", &err)) {
		log_warn(in->host->log, "run %s: its tools were not told that it ended: %s", run_id,
			 err.text);
		return;
	}
	in->tool->run_ended(in->self, run_id);
	guard_leave_void(&g);
}

void call_model_turn(struct work *w, const exs_turn *turn, exs_done done)
{
	w->in->model->turn(w->in->self, turn, cancel_public(w->token), done);
}

void call_tool_call(struct work *w, const exs_call *call, exs_done done)
{
	w->in->tool->call(w->in->self, call, cancel_public(w->token), done);
}

void call_tool_reconcile(struct work *w, const exs_call *call, exs_done done)
{
	w->in->tool->reconcile(w->in->self, call, cancel_public(w->token), done);
}

void call_delivery(struct work *w, const exs_parcel *parcel, exs_done done)
{
	w->in->delivery->deliver(w->in->self, parcel, cancel_public(w->token), done);
}
