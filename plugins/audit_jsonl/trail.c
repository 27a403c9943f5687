/* SPDX-License-Identifier: MIT */
/*
 * trail.c - audit battery: every fact of every run as one line of a JSON-lines file.
 *
 * It stands outside the store, so it is given only facts that are durable; a line in the file is
 * never taken back. A line can be missing when the process is killed in the moment behind the
 * commit.
 */
#include <executus/port/audit.h>

#include "../common_fact/line.h"
#include "sink.h"

#define LINE_KEEP  (64u << 10) /* a longer buffer is given back after the line that needed it */
#define RUN_ID_MAX 128u

struct exs_self {
	struct sink sink;
	exs_membuf line;
};

struct exs_trail {
	exs_self *self;
	char run[RUN_ID_MAX + 1];
};

static exs_status audit_start(exs_self *self, const exs_run_info *run, exs_trail **out,
			      exs_err *err)
{
	exs_trail *trail;

	if (strlen(run->run_id) > RUN_ID_MAX)
		return exs_fail(err, EXS_TOOBIG, 0, "a run id has at most %u bytes", RUN_ID_MAX);
	if (sink_look(&self->sink, err))
		return err->status;
	trail = calloc(1, sizeof *trail);
	if (!trail)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a trail");
	trail->self = self;
	memcpy(trail->run, run->run_id, strlen(run->run_id) + 1);
	*out = trail;
	return EXS_OK;
}

static exs_status audit_record(exs_trail *trail, const exs_fact *fact, exs_batch *batch,
			       exs_err *err)
{
	exs_self *self = trail->self;
	exs_status s;

	(void)batch;
	self->line.n = 0;
	s = line_of(&self->line, trail->run, fact);
	if (s == EXS_OK)
		s = sink_line(&self->sink, exs_bytes(self->line.p, self->line.n), err);
	else
		exs_fail(err, s, 0, "no audit line for fact %lld of run '%s': %s",
			 (long long)fact->seq, trail->run,
			 s == EXS_TOOBIG ? "it would be longer than 16 MiB" : "no memory");
	if (self->line.cap > LINE_KEEP)
		exs_membuf_release(&self->line);
	return s;
}

static exs_status audit_finish(exs_trail *trail, exs_err *err)
{
	(void)err;
	free(trail);
	return EXS_OK;
}

/* ---- the battery ---- */

static void audit_close(exs_self *self)
{
	sink_close(&self->sink);
	exs_membuf_release(&self->line);
	free(self->sink.path);
	free(self);
}

static exs_status audit_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			     exs_err *err)
{
	exs_str path = conf->text(conf, "path");
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	exs_membuf_init(&self->line, LINE_MAX_BYTES);
	self->sink.host = host;
	self->sink.fd = -1;
	self->sink.path = strdup(path.p ? path.p : "");
	self->sink.mode = exs_str_eq(conf->text(conf, "mode"), exs_cstr("group")) ? 0640 : 0600;
	self->sink.sync = conf->number(conf, "fsync") != 0;
	if (!self->sink.path) {
		audit_close(self);
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	}
	if (sink_open(&self->sink, err)) {
		audit_close(self);
		return err->status;
	}
	*out = self;
	return EXS_OK;
}

static const exs_audit audit = {
	.size = sizeof audit,
	.flags = EXS_AUDIT_OUTSIDE,
	.start = audit_start,
	.record = audit_record,
	.finish = audit_finish,
};

static const void *audit_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_AUDIT) == 0 ? &audit : NULL;
}

static const exs_option options[] = {
	{ "path", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the file that lines are appended to", NULL },
	{ "fsync", EXS_OPT_BOOL, 0, "false", "each line is on the disk before the run goes on",
	  NULL },
	{ "mode", EXS_OPT_CHOICE, 0, "private", "who may read a new file", "private|group" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const char *const ports[] = { EXS_PORT_AUDIT, NULL };

EXS_BATTERY("executus.audit_jsonl", EXECUTUS_VERSION, "appends every fact to a file of JSON lines",
	    "MIT", options, ports, audit_open, audit_close, audit_port)
