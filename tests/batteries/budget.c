/* SPDX-License-Identifier: MIT */
/*
 * budget.c - a budget that refuses, fails or keeps a shared bound, as its options say, and writes
 * what it saw.
 *
 * Lines: "check RUN", "start RUN sent|unsent" (attempts behind the first), "reserve RUN TOKENS",
 * "settle RUN TOKENS actual|estimated|none|never", "commit RUN MS". With `bound` each reservation adds 1 to one sum of the store, which must not
 * pass it, and puts a grant row that settling deletes; with `give_back` settling takes the 1 away
 * again. With `cancel_at` the run is cancelled while that reservation is made.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <executus/port/budget.h>
#include <executus/svc/run.h>

#include "note.h"

struct exs_self {
	const exs_host *host;
	const exs_store_svc *store;
	const exs_run_svc *runs;
	char log[512], fail[16];
	int64_t deny_check, deny_at, cancel_at, bound;
	int give_back;
	pthread_mutex_t lock;
	int64_t reserved; /* how often, in this process */
	int64_t stale, price, soft_at, last_at, die_at;
};

struct exs_purse {
	exs_self *self;
	char run[64], key[128];
	uint64_t handle;
	int32_t attempt;
};

static int fails(const exs_self *self, const char *verb)
{
	return strcmp(self->fail, verb) == 0;
}

static exs_status broken(exs_err *err)
{
	return exs_fail(err, EXS_IO, 0, "the purse is stuck");
}

static exs_status check(exs_self *self, const exs_run_info *run, exs_err *err)
{
	note(self->log, "check %s", run->run_id);
	if (fails(self, "check"))
		return broken(err);
	if (self->deny_check)
		return exs_fail(err, EXS_DENIED, 0, "'%s' has nothing left this week", run->caller);
	return EXS_OK;
}

static exs_status start(exs_self *self, const exs_run_info *run, int32_t sent, exs_batch *batch,
			exs_purse **out, exs_err *err)
{
	exs_purse *p;

	if (run->attempt > 1)
		note(self->log, "start %s %s", run->run_id, sent ? "sent" : "unsent");
	if (fails(self, "start"))
		return broken(err);
	p = (exs_purse *)calloc(1, sizeof *p);
	if (!p)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	p->self = self;
	p->attempt = run->attempt;
	p->handle = run->run;
	snprintf(p->run, sizeof p->run, "%s", run->run_id);
	if (self->bound && batch && run->attempt > 1 &&
	    self->store->batch_put(self->store, batch, exs_cstr("adopted"), exs_cstr("1"), err)) {
		free(p);
		return err->status;
	}
	*out = p;
	return EXS_OK;
}

static exs_status price(exs_self *self, const char *model, exs_usage *usage, exs_err *err)
{
	(void)model;
	if (fails(self, "price"))
		return exs_fail(err, EXS_DENIED, 0, "nobody knows what that costs");
	usage->cost_micro = self->price * (usage->in_tokens + usage->out_tokens);
	usage->in_tokens = -1; /* not its business */
	return EXS_OK;
}

static exs_status add_rows(exs_purse *p, exs_batch *own, exs_err *err)
{
	exs_self *self = p->self;
	exs_status status;

	if (!self->bound)
		return EXS_OK;
	if (self->stale > 0) { /* rests on what is not so, a few times */
		self->stale--;
		return self->store->batch_check(self->store, own, exs_cstr("nothing"),
						exs_cstr("1"), err);
	}
	status = self->store->batch_add(self->store, own, exs_cstr("sum"), 1, self->bound, err);
	return status ? status
		      : self->store->batch_put(self->store, own, exs_cstr(p->key), exs_cstr("1"),
					       err);
}

static exs_status reserve(exs_purse *p, const exs_spend *spend, exs_batch *own, exs_allowance *out,
			  exs_err *err)
{
	exs_self *self = p->self;
	const exs_usage *worst = spend->worst;
	int64_t n;

	pthread_mutex_lock(&self->lock);
	n = ++self->reserved;
	pthread_mutex_unlock(&self->lock);
	note(self->log, "reserve %s %lld", p->run, (long long)(worst->in_tokens + worst->out_tokens));
	if (fails(self, "reserve"))
		return broken(err);
	if (n == self->cancel_at)
		self->runs->cancel(self->runs, p->handle, exs_cstr("enough"));
	if (n == self->deny_at)
		return exs_fail(err, EXS_DENIED, 0, "the purse is empty");
	snprintf(p->key, sizeof p->key, "grant/%s/%lld", p->run, (long long)n);
	if (self->soft_at && n >= self->soft_at) {
		out->flags = n == self->last_at ? EXS_ALLOWED_LAST : EXS_ALLOWED_SOFT;
		snprintf(out->limit, sizeof out->limit, "purse");
		snprintf(out->words, sizeof out->words, "%s",
			 n == self->last_at ? "This is the last turn." : "Little is left.");
	}
	return own ? add_rows(p, own, err) : EXS_OK;
}

static exs_status settle_rows(const exs_purse *p, exs_batch *batch, exs_err *err)
{
	exs_self *self = p->self;
	exs_status status;

	status = self->store->batch_del(self->store, batch, exs_cstr(p->key), err);
	if (status == EXS_OK && self->give_back)
		status = self->store->batch_add(self->store, batch, exs_cstr("sum"), -1, INT64_MAX,
						err);
	return status;
}

static exs_status settle(exs_purse *p, const exs_usage *actual, const exs_tally *so_far,
			 exs_batch *batch, exs_err *err)
{
	exs_self *self = p->self;
	int64_t tokens = actual ? actual->in_tokens + actual->out_tokens : 0;

	(void)so_far;
	note(self->log, "settle %s %lld %s", p->run, (long long)tokens,
	     !actual		 ? "never"
	     : tokens == 0	 ? "none"
	     : actual->estimated ? "estimated"
				 : "actual");
	if (self->die_at && p->attempt == 1 && --self->die_at == 0)
		kill(getpid(), SIGKILL);
	if (fails(self, "settle"))
		return broken(err);
	return self->bound && batch && actual ? settle_rows(p, batch, err) : EXS_OK;
}

static exs_status finish(exs_purse *p, int32_t how, const exs_tally *total, exs_batch *batch,
			 exs_err *err)
{
	exs_self *self = p->self;
	exs_status status = EXS_OK;

	if (how == EXS_PURSE_ENDED)
		note(self->log, "commit %s %lld", p->run, (long long)total->run_ms);
	if (how == EXS_PURSE_ENDED && fails(self, "commit"))
		status = broken(err);
	else if (self->bound && batch && how == EXS_PURSE_ENDED)
		status = self->store->batch_add(self->store, batch, exs_cstr("runs"), 1, INT64_MAX,
						err);
	free(p);
	return status;
}

static exs_status explain(exs_self *self, const char *caller, exs_sink *json, exs_err *err)
{
	char text[128];

	if (fails(self, "explain"))
		return broken(err);
	snprintf(text, sizeof text, "{\"limits\":[],\"caller\":\"%s\"}", caller ? caller : "");
	return json->put(json, text, strlen(text));
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	self->store = (const exs_store_svc *)host->service(host, EXS_SVC_STORE);
	pthread_mutex_init(&self->lock, NULL);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	snprintf(self->fail, sizeof self->fail, "%s", conf->text(conf, "fail").p);
	self->deny_check = conf->number(conf, "deny_check");
	self->deny_at = conf->number(conf, "deny_at");
	self->cancel_at = conf->number(conf, "cancel_at");
	self->runs = (const exs_run_svc *)host->service(host, EXS_SVC_RUN);
	self->bound = self->store ? conf->number(conf, "bound") : 0;
	self->stale = conf->number(conf, "stale");
	self->price = conf->number(conf, "price");
	self->die_at = conf->number(conf, "die_at");
	self->soft_at = conf->number(conf, "soft_at");
	self->last_at = conf->number(conf, "last_at");
	self->give_back = conf->number(conf, "give_back") != 0;
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const exs_budget budget = {
	.size = sizeof budget,
	.check = check,
	.start = start,
	.price = price,
	.reserve = reserve,
	.settle = settle,
	.finish = finish,
	.explain = explain,
};

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_BUDGET) == 0 ? &budget : NULL;
}

static const exs_option options[] = {
	{ "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "what it saw", NULL },
	{ "deny_check", EXS_OPT_BOOL, 0, "false", "refuse every run", NULL },
	{ "deny_at", EXS_OPT_INT, 0, "0", "refuse this reservation, 1 first", NULL },
	{ "cancel_at", EXS_OPT_INT, 0, "0", "cancel the run in this reservation, 1 first", NULL },
	{ "bound", EXS_OPT_INT, 0, "0", "the greatest sum of reservations", NULL },
	{ "give_back", EXS_OPT_BOOL, 0, "false", "settling takes from the sum", NULL },
	{ "stale", EXS_OPT_INT, 0, "0", "this many reservations rest on what is not so", NULL },
	{ "price", EXS_OPT_INT, 0, "0", "millionths of a dollar a token", NULL },
	{ "die_at", EXS_OPT_INT, 0, "0", "the process dies in this settlement of a first attempt", NULL },
	{ "soft_at", EXS_OPT_INT, 0, "0", "from this reservation on it is little, 1 first", NULL },
	{ "last_at", EXS_OPT_INT, 0, "0", "this one is the last", NULL },
	{ "fail", EXS_OPT_TEXT, 0, "none", "the verb that answers IO", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_BUDGET, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.budget", "1",
		  "a budget that does as it is told", "MIT", options, ports, open_, close_, port)
