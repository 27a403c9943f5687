/* SPDX-License-Identifier: MIT */
/*
 * budget.c - a budget that refuses, fails or keeps a shared bound, as its options say, and writes
 * what it saw.
 *
 * Lines: "check RUN", "reserve RUN TOKENS", "settle RUN TOKENS actual|estimated|none|never",
 * "commit RUN MS". With `bound` each reservation adds 1 to one sum of the store, which must not
 * pass it, and puts a grant row that settling deletes; with `give_back` settling takes the 1 away
 * again. With `cancel_at` the run is cancelled while that reservation is made.
 */
#include <pthread.h>

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
};

struct exs_grant {
	exs_self *self;
	char run[64], key[128];
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

static exs_status add_rows(exs_self *self, exs_batch *own, const exs_grant *g, exs_err *err)
{
	exs_status status;

	if (!self->bound)
		return EXS_OK;
	status = self->store->batch_add(self->store, own, exs_cstr("sum"), 1, self->bound, err);
	return status ? status
		      : self->store->batch_put(self->store, own, exs_cstr(g->key), exs_cstr("1"),
					       err);
}

static exs_status reserve(exs_self *self, const exs_run_info *run, const exs_usage *worst,
			  exs_batch *own, exs_grant **out, exs_err *err)
{
	exs_grant *g;
	int64_t n;

	pthread_mutex_lock(&self->lock);
	n = ++self->reserved;
	pthread_mutex_unlock(&self->lock);
	note(self->log, "reserve %s %lld", run->run_id,
	     (long long)(worst->in_tokens + worst->out_tokens));
	if (fails(self, "reserve"))
		return broken(err);
	if (n == self->cancel_at)
		self->runs->cancel(self->runs, run->run, exs_cstr("enough"));
	if (n == self->deny_at)
		return exs_fail(err, EXS_DENIED, 0, "the purse is empty");
	g = (exs_grant *)calloc(1, sizeof *g);
	if (!g)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	g->self = self;
	snprintf(g->run, sizeof g->run, "%s", run->run_id);
	snprintf(g->key, sizeof g->key, "grant/%s/%lld", run->run_id, (long long)n);
	if (add_rows(self, own, g, err)) {
		free(g);
		return err->status;
	}
	*out = g;
	return EXS_OK;
}

static exs_status settle_rows(const exs_grant *g, exs_batch *batch, exs_err *err)
{
	exs_self *self = g->self;
	exs_status status;

	status = self->store->batch_del(self->store, batch, exs_cstr(g->key), err);
	if (status == EXS_OK && self->give_back)
		status = self->store->batch_add(self->store, batch, exs_cstr("sum"), -1, INT64_MAX,
						err);
	return status;
}

static exs_status settle(exs_grant *g, const exs_usage *actual, exs_batch *batch, exs_err *err)
{
	exs_self *self = g->self;
	int64_t tokens = actual ? actual->in_tokens + actual->out_tokens : 0;
	exs_status status = EXS_OK;

	note(self->log, "settle %s %lld %s", g->run, (long long)tokens,
	     !actual		 ? "never"
	     : tokens == 0	 ? "none"
	     : actual->estimated ? "estimated"
				 : "actual");
	if (fails(self, "settle"))
		status = broken(err);
	else if (self->bound && batch && actual)
		status = settle_rows(g, batch, err);
	free(g);
	return status;
}

static exs_status commit(exs_self *self, const exs_run_info *run, int64_t run_ms, exs_batch *batch,
			 exs_err *err)
{
	note(self->log, "commit %s %lld", run->run_id, (long long)run_ms);
	if (fails(self, "commit"))
		return broken(err);
	if (!self->bound || !batch)
		return EXS_OK;
	return self->store->batch_add(self->store, batch, exs_cstr("runs"), 1, INT64_MAX, err);
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
	self->give_back = conf->number(conf, "give_back") != 0;
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const exs_budget budget = { sizeof budget, 0, check, reserve, settle, commit };

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
	{ "fail", EXS_OPT_TEXT, 0, "none", "the verb that answers IO", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_BUDGET, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.budget", "1",
		  "a budget that does as it is told", "MIT", options, ports, open_, close_, port)
