/* SPDX-License-Identifier: MIT */
/*
 * calls.c - see calls.h: all ports but store and budget. Every function has the same lines: enter, call,
 * leave. A handle reaches the caller only from a call that went well.
 */
#include "host/calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "host/calls_session.h"

/* ---- checkpoint ---- */

exs_status call_ckpt_begin(struct instance *in, const exs_run_info *run, struct batch *b,
			   exs_ckpt **out, exs_err *err)
{
	struct session s;
	exs_ckpt *c = NULL;
	exs_status status;

	if (session_begin(&s, in, b, "checkpoint.begin", err))
		return err->status;
	status = session_end(&s, in->checkpoint->begin(in->self, run, session_rows(b), &c, err), err);
	if (status == EXS_OK)
		*out = c;
	return status;
}

exs_status call_ckpt_adopt(struct instance *in, const exs_run_info *run, struct batch *b,
			   exs_ckpt **out, exs_err *err)
{
	struct session s;
	exs_ckpt *c = NULL;
	exs_status status;

	if (session_begin(&s, in, b, "checkpoint.adopt", err))
		return err->status;
	status = session_end(&s, in->checkpoint->adopt(in->self, run, session_rows(b), &c, err), err);
	if (status == EXS_OK)
		*out = c;
	return status;
}

exs_status call_ckpt_fork(struct instance *in, const exs_run_info *run, const char *from,
			  int64_t seq, struct batch *b, exs_ckpt **out, exs_err *err)
{
	struct session s;
	exs_ckpt *c = NULL;
	exs_status status;

	if (!EXS_CAN(in->checkpoint, fork))
		return err_set(err, EXS_UNSUPPORTED, 0, "checkpoint '%s' cannot fork a run",
			       in->conf->name);
	if (session_begin(&s, in, b, "checkpoint.fork", err))
		return err->status;
	status = in->checkpoint->fork(in->self, run, from, seq, session_rows(b), &c, err);
	status = session_end(&s, status, err);
	if (status == EXS_OK)
		*out = c;
	return status;
}

exs_status call_ckpt_append(struct instance *in, exs_ckpt *c, const exs_fact *const *facts,
			    uint64_t n, struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "checkpoint.append", err))
		return err->status;
	return session_end(&s, in->checkpoint->append(c, facts, n, session_rows(b), err), err);
}

exs_status call_ckpt_end(struct instance *in, exs_ckpt *c, int32_t how, exs_str status,
			 struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "checkpoint.end", err))
		return err->status;
	return session_end(&s, in->checkpoint->end(c, how, status, session_rows(b), err), err);
}

/* A function of ours that the battery calls back for each row. */
struct reader {
	struct guard g;
	exs_status (*fact)(void *, const exs_fact *);
	exs_status (*text)(void *, exs_str);
	exs_status (*spec)(void *, const exs_tool_spec *);
	void *arg;
};

static exs_status read_fact(void *arg, const exs_fact *fact)
{
	struct reader *r = arg;

	guard_pause(&r->g);
	return guard_resume(&r->g, r->fact(r->arg, fact));
}

static exs_status read_text(void *arg, exs_str text)
{
	struct reader *r = arg;

	guard_pause(&r->g);
	return guard_resume(&r->g, r->text(r->arg, text));
}

static exs_status read_spec(void *arg, const exs_tool_spec *spec)
{
	struct reader *r = arg;

	guard_pause(&r->g);
	return guard_resume(&r->g, r->spec(r->arg, spec));
}

exs_status call_ckpt_load(struct instance *in, const char *run_id,
			  exs_status (*row)(void *, const exs_fact *), void *arg, exs_err *err)
{
	struct reader r = { .fact = row, .arg = arg };

	if (guard_enter(&r.g, in, "checkpoint.load", err))
		return err->status;
	return guard_leave(&r.g, in->checkpoint->load(in->self, run_id, read_fact, &r, err), err);
}

exs_status call_ckpt_list(struct instance *in, uint32_t flags, exs_status (*row)(void *, exs_str),
			  void *arg, exs_err *err)
{
	struct reader r = { .text = row, .arg = arg };

	if (guard_enter(&r.g, in, "checkpoint.list", err))
		return err->status;
	return guard_leave(&r.g, in->checkpoint->list(in->self, flags, read_text, &r, err), err);
}

exs_status call_ckpt_forget(struct instance *in, const char *run_id, struct batch *b, bool *more,
			    exs_err *err)
{
	struct session s;
	int32_t again = 0;
	exs_status status;

	if (!EXS_CAN(in->checkpoint, forget))
		return err_set(err, EXS_UNSUPPORTED, 0, "checkpoint '%s' keeps its runs for ever",
			       in->conf->name);
	b->bounds_allowed = true;
	if (session_begin(&s, in, b, "checkpoint.forget", err))
		return err->status;
	status = in->checkpoint->forget(in->self, run_id, session_rows(b), &again, err);
	status = session_end(&s, status, err);
	if (status == EXS_OK)
		*more = again != 0;
	return status;
}

exs_status call_ckpt_verify(struct instance *in, exs_status (*finding)(void *, exs_str), void *arg,
			    exs_err *err)
{
	struct reader r = { .text = finding, .arg = arg };

	if (!EXS_CAN(in->checkpoint, verify))
		return err_set(err, EXS_UNSUPPORTED, 0, "checkpoint '%s' has nothing to compare",
			       in->conf->name);
	if (guard_enter(&r.g, in, "checkpoint.verify", err))
		return err->status;
	return guard_leave(&r.g, in->checkpoint->verify(in->self, read_text, &r, err), err);
}

/* ---- audit ---- */

exs_status call_audit_start(struct instance *in, const exs_run_info *run, exs_trail **out,
			    exs_err *err)
{
	struct guard g;
	exs_trail *t = NULL;
	exs_status status;

	if (guard_enter(&g, in, "audit.start", err))
		return err->status;
	status = guard_leave(&g, in->audit->start(in->self, run, &t, err), err);
	if (status == EXS_OK)
		*out = t;
	return status;
}

exs_status call_audit_record(struct instance *in, exs_trail *t, const exs_fact *fact,
			     struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "audit.record", err))
		return err->status;
	return session_end(&s, in->audit->record(t, fact, session_rows(b), err), err);
}

exs_status call_audit_finish(struct instance *in, exs_trail *t, exs_err *err)
{
	struct guard g;
	exs_status status;

	if (guard_enter_last(&g, in, "audit.finish", err))
		return err->status;
	status = in->audit->finish(t, err);
	if (status)
		return guard_leave(&g, status, err);
	guard_leave_void(&g); /* that a trail closes does not mean that it can be written again */
	return EXS_OK;
}

/* ---- critic ---- */

exs_status call_critic_watch(struct instance *in, const exs_run_info *run, int64_t soft_ms,
			     exs_watch **out, exs_err *err)
{
	struct guard g;
	exs_watch *w = NULL;
	exs_status status;

	if (guard_enter(&g, in, "critic.watch", err))
		return err->status;
	status = guard_leave(&g, in->critic->watch(in->self, run, soft_ms, &w, err), err);
	if (status == EXS_OK)
		*out = w;
	return status;
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
	exs_verdict v = { .size = sizeof v };
	exs_status status = EXS_OK;
	struct guard g;
	int64_t deadline;

	if (guard_enter(&g, in, "critic.tick", err))
		return err->status;
	in->critic->tick(w, idle_ms, &v);
	deadline = in->critic->deadline_ms(w);
	if (v.what < EXS_VERDICT_WAIT || v.what > EXS_VERDICT_KILL)
		status = err_set(
			err, EXS_INTERNAL, 0,
			"battery '%s' answered critic.tick with verdict %d, which does not exist",
			in->conf->name, (int)v.what);
	status = guard_leave(&g, status, err);
	if (status)
		return status;
	v.size = sizeof v;
	v.words[sizeof v.words - 1] = '\0';
	v.tag[sizeof v.tag - 1] = '\0';
	*out = v;
	*deadline_ms = deadline;
	return EXS_OK;
}

void call_critic_unwatch(struct instance *in, exs_watch *w)
{
	exs_err err = EXS_ERR_INIT;
	struct guard g;

	if (guard_enter_last(&g, in, "critic.unwatch", &err)) {
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
	exs_model_info info = { .size = sizeof info };
	exs_status status;
	struct guard g;

	if (guard_enter(&g, in, "model.describe", err))
		return err->status;
	status = guard_leave(&g, in->model->describe(in->self, model, &info, err), err);
	if (status)
		return status;
	info.size = sizeof info;
	info.context_tokens = info.context_tokens > 0 ? info.context_tokens : 0;
	info.max_out_tokens = info.max_out_tokens > 0 ? info.max_out_tokens : 0;
	*out = info;
	return EXS_OK;
}

exs_status call_tool_list(struct instance *in, exs_status (*each)(void *, const exs_tool_spec *),
			  void *arg, exs_err *err)
{
	struct reader r = { .spec = each, .arg = arg };

	if (guard_enter(&r.g, in, "tool.list", err))
		return err->status;
	return guard_leave(&r.g, in->tool->list(in->self, read_spec, &r, err), err);
}

static void run_ended_now(struct instance *in, const char *run_id)
{
	exs_err err = EXS_ERR_INIT;
	struct guard g;

	if (guard_enter(&g, in, "tool.run_ended", &err)) {
		log_warn(in->host->log, "run %s: its tools were not told that it ended: %s", run_id,
			 err.text);
		return;
	}
	in->tool->run_ended(in->self, run_id);
	guard_leave_void(&g);
}

/* A serialised tool may be inside a call of another run: the word waits in its queue, as a call
 * would. */
struct farewell {
	struct work work;
	char run_id[];
};

static void farewell_start(struct work *w, exs_done done)
{
	w->in->tool->run_ended(w->in->self, container_of(w, struct farewell, work)->run_id);
	done.ops->end(done, EXS_OK, NULL, NULL);
}

static void farewell_ended(struct work *w)
{
	if (w->pending.status)
		log_warn(w->in->host->log, "run %s: its tools were not told that it ended: %s",
			 container_of(w, struct farewell, work)->run_id, w->pending.err.text);
}

static void farewell_freed(struct work *w)
{
	buf_release(&w->pending.out);
	free(container_of(w, struct farewell, work));
}

void call_tool_run_ended(struct instance *in, const char *run_id)
{
	size_t n = strlen(run_id) + 1;
	struct farewell *f;

	if (!EXS_CAN(in->tool, run_ended))
		return;
	if (in->battery->flags & (EXS_CONCURRENT | EXS_RETURNS_AT_ONCE)) {
		run_ended_now(in, run_id);
		return;
	}
	f = calloc(1, sizeof *f + n);
	if (!f) {
		log_warn(in->host->log, "run %s: its tools were not told that it ended: no memory",
			 run_id);
		return;
	}
	memcpy(f->run_id, run_id, n);
	f->work.in = in;
	f->work.what = "tool.run_ended";
	f->work.start = farewell_start;
	f->work.ended = farewell_ended;
	f->work.freed = farewell_freed;
	work_start(&f->work);
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
	exs_err err = EXS_ERR_INIT;

	if (!EXS_CAN(w->in->tool, reconcile)) {
		err_set(&err, EXS_UNSUPPORTED, 0, "battery '%s' cannot tell what became of a call",
			w->in->conf->name);
		done.ops->end(done, EXS_UNSUPPORTED, NULL, &err);
		return;
	}
	w->in->tool->reconcile(w->in->self, call, cancel_public(w->token), done);
}

void call_delivery(struct work *w, const exs_parcel *parcel, exs_done done)
{
	w->in->delivery->deliver(w->in->self, parcel, cancel_public(w->token), done);
}
