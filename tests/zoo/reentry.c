/* SPDX-License-Identifier: MIT */
/*
 * reentry.c - a good battery that is a nuisance: it fills every port but the store and calls every
 * function of every service from every callback. What each answered goes into the log, one line a
 * callback.
 */
#include <executus/helper.h>
#include <executus/port/audit.h>
#include <executus/port/budget.h>
#include <executus/port/checkpoint.h>
#include <executus/port/critic.h>
#include <executus/port/delivery.h>
#include <executus/port/model.h>
#include <executus/port/store.h>
#include <executus/port/tool.h>
#include <executus/svc/run.h>
#include <executus/svc/store.h>

#ifndef REENTRY_FLAGS
#define REENTRY_FLAGS EXS_CONCURRENT
#endif

struct exs_self {
	const exs_host *host;
	exs_batch *last; /* of the last call that had one: closed by now */
	uint64_t run;
};

struct answers {
	exs_status get, scan, put, del, add, bounded, last, commit;
	exs_status tally, steer, extend, raise, kill, cancel;
};

static void ask_run(const exs_host *host, uint64_t run, struct answers *a)
{
	const exs_run_svc *svc = (const exs_run_svc *)host->service(host, EXS_SVC_RUN);
	exs_tally tally = { .size = sizeof tally };

	a->tally = svc->tally(svc, run, &tally);
	a->steer = svc->steer(svc, run, exs_cstr("go on"));
	a->extend = svc->extend(svc, run, 1);
	a->raise = svc->raise_steps(svc, run, 1);
	a->kill = svc->kill(svc, run, exs_cstr("enough"));
	a->cancel = svc->cancel(svc, run, exs_cstr("enough"));
}

/* Inside a scan only the store is closed. */
static exs_status row(void *arg, exs_str key, exs_str value)
{
	exs_self *self = (exs_self *)arg;
	struct answers a;

	(void)key;
	(void)value;
	ask_run(self->host, self->run, &a);
	exs_logf(self->host, EXS_DEBUG, "row tally=%d", (int)a.tally);
	return EXS_OK;
}

static void ask_store(exs_self *self, exs_batch *batch, struct answers *a)
{
	const exs_store_svc *svc =
		(const exs_store_svc *)self->host->service(self->host, EXS_SVC_STORE);
	exs_op op = { .size = sizeof op, .kind = EXS_OP_PUT, .bound = INT64_MAX };
	const exs_op *ops[] = { &op };
	exs_err err = EXS_ERR_INIT;
	exs_str key = exs_cstr("k");
	exs_membuf value;

	op.key = key;
	op.value = exs_cstr("v");
	exs_membuf_init(&value, 64);
	a->get = svc->get(svc, key, &value.sink, &err);
	exs_membuf_release(&value);
	a->scan = svc->scan(svc, exs_cstr(NULL), exs_cstr(NULL), 0, row, self, &err);
	a->put = svc->batch_put(svc, batch, key, key, &err);
	a->del = svc->batch_del(svc, batch, key, &err);
	a->add = svc->batch_add(svc, batch, exs_cstr("sum"), 1, INT64_MAX, &err);
	a->bounded = svc->batch_add(svc, batch, exs_cstr("sum"), 1, 1000000, &err);
	a->last = self->last && self->last != batch
			  ? svc->batch_put(svc, self->last, key, key, &err)
			  : EXS_INVALID;
	a->commit = svc->commit(svc, ops, 1, &err);
	self->last = batch ? batch : self->last;
}

static void everything(exs_self *self, const char *where, exs_batch *batch, const exs_run_info *run)
{
	const exs_host *host = self->host;
	struct answers a;
	int64_t wall = host->wall_ms(host), mono = host->mono_ms(host);

	if (run)
		self->run = run->run;
	ask_store(self, batch, &a);
	ask_run(host, self->run, &a);
	exs_logf(host, EXS_INFO,
		 "in %s: get=%d scan=%d put=%d del=%d add=%d bounded=%d last=%d commit=%d tally=%d "
		 "steer=%d extend=%d raise=%d "
		 "kill=%d cancel=%d clocks=%d.",
		 where, a.get, a.scan, a.put, a.del, a.add, a.bounded, a.last, a.commit, a.tally,
		 a.steer, a.extend, a.raise, a.kill, a.cancel, wall > 0 && mono > 0);
}

/* ---- checkpoint: every handle is the instance itself ---- */

static exs_status begin(exs_self *self, const exs_run_info *run, exs_batch *batch, exs_ckpt **out,
			exs_err *err)
{
	(void)err;
	everything(self, "checkpoint.begin", batch, run);
	*out = (exs_ckpt *)(void *)self;
	return EXS_OK;
}

static exs_status adopt(exs_self *self, const exs_run_info *run, exs_batch *batch, exs_ckpt **out,
			exs_err *err)
{
	(void)err;
	everything(self, "checkpoint.adopt", batch, run);
	*out = (exs_ckpt *)(void *)self;
	return EXS_OK;
}

static exs_status append(exs_ckpt *ckpt, const exs_fact *const *facts, uint64_t n, exs_batch *batch,
			 exs_err *err)
{
	(void)facts;
	(void)n;
	(void)err;
	everything((exs_self *)(void *)ckpt, "checkpoint.append", batch, NULL);
	return EXS_OK;
}

static exs_status end(exs_ckpt *ckpt, int32_t how, exs_str status, exs_batch *batch, exs_err *err)
{
	(void)how;
	(void)status;
	(void)err;
	everything((exs_self *)(void *)ckpt, "checkpoint.end", batch, NULL);
	return EXS_OK;
}

static exs_status load(exs_self *self, const char *run_id,
		       exs_status (*fact)(void *, const exs_fact *), void *arg, exs_err *err)
{
	(void)run_id;
	(void)fact;
	(void)arg;
	(void)err;
	everything(self, "checkpoint.load", NULL, NULL);
	return EXS_OK;
}

static exs_status list_runs(exs_self *self, uint32_t flags, exs_status (*head)(void *, exs_str),
			    void *arg, exs_err *err)
{
	(void)flags;
	(void)err;
	everything(self, "checkpoint.list", NULL, NULL);
	return head(arg, exs_cstr("{}"));
}

/* ---- audit ---- */

static exs_status start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err)
{
	(void)err;
	everything(self, "audit.start", NULL, run);
	*out = (exs_trail *)(void *)self;
	return EXS_OK;
}

static exs_status record(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	(void)fact;
	(void)err;
	everything((exs_self *)(void *)trail, "audit.record", batch, NULL);
	return EXS_OK;
}

static exs_status finish(exs_trail *trail, exs_err *err)
{
	(void)err;
	everything((exs_self *)(void *)trail, "audit.finish", NULL, NULL);
	return EXS_OK;
}

/* ---- budget ---- */

static exs_status check(exs_self *self, const exs_run_info *run, exs_err *err)
{
	(void)err;
	everything(self, "budget.check", NULL, run);
	return EXS_OK;
}

static exs_status begin_purse(exs_self *self, const exs_run_info *run, int32_t sent,
			      exs_batch *batch, exs_purse **out, exs_err *err)
{
	(void)sent;
	(void)err;
	everything(self, "budget.start", batch, run);
	*out = (exs_purse *)(void *)self;
	return EXS_OK;
}

static exs_status price(exs_self *self, const char *model, exs_usage *usage, exs_err *err)
{
	(void)model;
	(void)usage;
	(void)err;
	everything(self, "budget.price", NULL, NULL);
	return EXS_OK;
}

static exs_status reserve(exs_purse *purse, const exs_spend *spend, exs_batch *own,
			  exs_allowance *out, exs_err *err)
{
	(void)spend;
	(void)out;
	(void)err;
	everything((exs_self *)(void *)purse, "budget.reserve", own, NULL);
	return EXS_OK;
}

static exs_status settle(exs_purse *purse, const exs_usage *actual, const exs_tally *so_far,
			 exs_batch *batch, exs_err *err)
{
	(void)actual;
	(void)so_far;
	(void)err;
	everything((exs_self *)(void *)purse, "budget.settle", batch, NULL);
	return EXS_OK;
}

static exs_status end_purse(exs_purse *purse, int32_t how, const exs_tally *total, exs_batch *batch,
			    exs_err *err)
{
	(void)how;
	(void)total;
	(void)err;
	everything((exs_self *)(void *)purse, "budget.finish", batch, NULL);
	return EXS_OK;
}

/* ---- critic ---- */

static exs_status watch(exs_self *self, const exs_run_info *run, int64_t soft_ms, exs_watch **out,
			exs_err *err)
{
	(void)soft_ms;
	(void)err;
	everything(self, "critic.watch", NULL, run);
	*out = (exs_watch *)(void *)self;
	return EXS_OK;
}

static void observe(exs_watch *w, const exs_fact *fact)
{
	(void)fact;
	everything((exs_self *)(void *)w, "critic.observe", NULL, NULL);
}

static void tick(exs_watch *w, int64_t idle_ms, exs_verdict *out)
{
	(void)idle_ms;
	(void)out;
	everything((exs_self *)(void *)w, "critic.tick", NULL, NULL);
}

static int64_t deadline_ms(exs_watch *w)
{
	everything((exs_self *)(void *)w, "critic.deadline_ms", NULL, NULL);
	return 0;
}

static void unwatch(exs_watch *w)
{
	everything((exs_self *)(void *)w, "critic.unwatch", NULL, NULL);
}

/* ---- delivery, model, tool ---- */

static void answer(exs_self *self, const char *where, const exs_run_info *run, exs_done done)
{
	everything(self, where, NULL, run);
	done.ops->progress(done, exs_cstr("half"));
	exs_put(done, "whole");
	exs_end(done, EXS_OK);
}

static void deliver(exs_self *self, const exs_parcel *parcel, exs_cancel *cancel, exs_done receipt)
{
	(void)cancel;
	answer(self, "delivery.deliver", parcel->run, receipt);
}

static exs_status describe(exs_self *self, const char *model, exs_model_info *out, exs_err *err)
{
	(void)model;
	(void)out;
	(void)err;
	everything(self, "model.describe", NULL, NULL);
	return EXS_OK;
}

static void turn(exs_self *self, const exs_turn *t, exs_cancel *cancel, exs_done done)
{
	(void)cancel;
	answer(self, "model.turn", t->run, done);
}

static exs_status list(exs_self *self, exs_status (*each)(void *, const exs_tool_spec *), void *arg,
		       exs_err *err)
{
	(void)each;
	(void)arg;
	(void)err;
	everything(self, "tool.list", NULL, NULL);
	return EXS_OK;
}

static void fired(void *arg)
{
	everything((exs_self *)arg, "cancel.notify", NULL, NULL);
}

static void call(exs_self *self, const exs_call *c, exs_cancel *cancel, exs_done done)
{
	cancel->notify(cancel, fired, self);
	answer(self, "tool.call", c->run, done);
}

static void reconcile(exs_self *self, const exs_call *c, exs_cancel *cancel, exs_done done)
{
	(void)cancel;
	answer(self, "tool.reconcile", c->run, done);
}

static void run_ended(exs_self *self, const char *run_id)
{
	(void)run_id;
	everything(self, "tool.run_ended", NULL, NULL);
}

/* ---- life ---- */

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	(void)conf;
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	everything(self, "open", NULL, NULL);
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	everything(self, "close", NULL, NULL);
	free(self);
}

static const void *port(exs_self *self, const char *port_id)
{
	static const exs_checkpoint checkpoint = {
		.size = sizeof checkpoint,
		.begin = begin,
		.adopt = adopt,
		.append = append,
		.end = end,
		.load = load,
		.list = list_runs,
	};
	static const exs_audit audit = {
		.size = sizeof audit,
		.start = start,
		.record = record,
		.finish = finish,
	};
	static const exs_budget budget = {
		.size = sizeof budget,
		.check = check,
		.start = begin_purse,
		.price = price,
		.reserve = reserve,
		.settle = settle,
		.finish = end_purse,
	};
	static const exs_critic critic = { sizeof critic, 0,	       watch,  observe,
					   tick,	  deadline_ms, unwatch };
	static const exs_delivery delivery = { sizeof delivery, 0, deliver };
	static const exs_model model = { sizeof model, 0, describe, turn };
	static const exs_tool tool = { sizeof tool, 0, list, call, reconcile, run_ended };
	static const struct {
		const char *id;
		const void *table;
	} tables[] = { { EXS_PORT_CHECKPOINT, &checkpoint },
		       { EXS_PORT_AUDIT, &audit },
		       { EXS_PORT_BUDGET, &budget },
		       { EXS_PORT_CRITIC, &critic },
		       { EXS_PORT_DELIVERY, &delivery },
		       { EXS_PORT_MODEL, &model },
		       { EXS_PORT_TOOL, &tool } };
	size_t i;

	everything(self, "port", NULL, NULL);
	for (i = 0; i < sizeof tables / sizeof tables[0]; i++)
		if (strcmp(tables[i].id, port_id) == 0)
			return tables[i].table;
	return NULL;
}

static const exs_option options[] = { { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_CHECKPOINT, EXS_PORT_AUDIT,
				     EXS_PORT_BUDGET,	  EXS_PORT_CRITIC,
				     EXS_PORT_DELIVERY,	  EXS_PORT_MODEL,
				     EXS_PORT_TOOL,	  NULL };

EXS_BATTERY_FLAGS(REENTRY_FLAGS, "org.example.reentry", "1.0", "calls everything from everywhere",
		  "MIT", options, ports, open_, close_, port)
