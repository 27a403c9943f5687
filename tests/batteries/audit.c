/* SPDX-License-Identifier: MIT */
/*
 * audit.c - an audit that writes what it saw to a file and, with `rows`, a row a fact into the
 * batch.
 *
 * Lines: "start RUN ATTEMPT", "record RUN SEQ KIND", "finish RUN". The n-th record of a trail fails
 * (`fail_at`) behind its row, so that a row of a failing call can be looked for. `die_at`: the
 * process is killed at the first fact of that kind, once.
 */
#include <executus/port/audit.h>

#include "note.h"

struct exs_self {
	const exs_host *host;
	const exs_store_svc *store;
	char log[512];
	int64_t fail_at, die_at;
	int rows, outside, fail_start, deaf, fail_finish;
};

struct exs_trail {
	exs_self *self;
	char run[64];
	int64_t records;
};

static exs_status start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err)
{
	exs_trail *t;

	note(self->log, "start %s %d", run->run_id, (int)run->attempt);
	if (self->fail_start)
		return exs_fail(err, EXS_IO, 0, "the book does not open");
	if (self->deaf)
		return EXS_OK;
	t = (exs_trail *)calloc(1, sizeof *t);
	if (!t)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	t->self = self;
	snprintf(t->run, sizeof t->run, "%s", run->run_id);
	*out = t;
	return EXS_OK;
}

static exs_status record(exs_trail *t, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	exs_self *self = t->self;
	char key[128];
	exs_status status = EXS_OK;

	note(self->log, "record %s %lld %d", t->run, (long long)fact->seq, (int)fact->kind);
	if (fact->kind == self->die_at)
		note_die_once(self->log);
	if (self->rows && batch) {
		snprintf(key, sizeof key, "%s/%06lld", t->run, (long long)fact->seq);
		status = self->store->batch_put(self->store, batch, exs_cstr(key), exs_cstr("seen"),
						err);
	}
	if (++t->records == self->fail_at)
		return exs_fail(err, EXS_IO, 0, "the pen broke");
	return status;
}

static exs_status finish(exs_trail *t, exs_err *err)
{
	exs_status status = EXS_OK;

	note(t->self->log, "finish %s", t->run);
	if (t->self->fail_finish)
		status = exs_fail(err, EXS_IO, 0, "the book does not close");
	free(t);
	return status;
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	self->store = (const exs_store_svc *)host->service(host, EXS_SVC_STORE);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	self->fail_at = conf->number(conf, "fail_at");
	self->die_at = conf->number(conf, "die_at");
	self->rows = self->store && conf->number(conf, "rows");
	self->outside = conf->number(conf, "outside") != 0;
	self->fail_start = conf->number(conf, "fail_start") != 0;
	self->fail_finish = conf->number(conf, "fail_finish") != 0;
	self->deaf = conf->number(conf, "deaf") != 0;
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	free(self);
}

static const exs_audit inside = {
	.size = sizeof inside,
	.start = start,
	.record = record,
	.finish = finish,
};
static const exs_audit outside = {
	.size = sizeof outside,
	.flags = EXS_AUDIT_OUTSIDE,
	.start = start,
	.record = record,
	.finish = finish,
};

static const void *port(exs_self *self, const char *id)
{
	if (strcmp(id, EXS_PORT_AUDIT) != 0)
		return NULL;
	return self->outside ? &outside : &inside;
}

static const exs_option options[] = {
	{ "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "what it saw", NULL },
	{ "rows", EXS_OPT_BOOL, 0, "false", "put a row for each fact", NULL },
	{ "outside", EXS_OPT_BOOL, 0, "false", "see facts once they are durable", NULL },
	{ "fail_at", EXS_OPT_INT, 0, "0", "this record of a trail fails, 1 first", NULL },
	{ "fail_start", EXS_OPT_BOOL, 0, "false", "start fails", NULL },
	{ "fail_finish", EXS_OPT_BOOL, 0, "false", "finish fails", NULL },
	{ "deaf", EXS_OPT_BOOL, 0, "false", "wants no run", NULL },
	{ "die_at", EXS_OPT_INT, 0, "0", "die at a fact of this kind, once", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_AUDIT, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.audit", "1", "an audit that a test can read",
		  "MIT", options, ports, open_, close_, port)
