/* SPDX-License-Identifier: MIT */
/* cmd_resume.c - executus resume: go on with runs that were left or whose process died. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "conf/units.h"
#include "host/calls.h"

#define RESUME_MAX 10000u /* runs of one command; the next one takes the rest */

struct resume {
	struct cli *c;
	struct engine *engine;
	struct stop stop;
	struct report rep;
	char (*ids)[ID_MAX];
	size_t id_n;
	struct reported *runs; /* as many as ids; run NULL: not taken */
	struct resume_how how;
	int code;
};

/* ---- which runs ---- */

static exs_status keep_id(void *arg, exs_str head)
{
	struct resume *r = arg;
	auto_free char *id = json_get_textz(head, "run", ID_MAX - 1);

	if (r->id_n == RESUME_MAX)
		return EXS_AGAIN;
	if (id && id_ok(id))
		snprintf(r->ids[r->id_n++], ID_MAX, "%s", id);
	return EXS_OK;
}

static exs_status find_open(struct resume *r, exs_err *err)
{
	exs_status status = call_ckpt_list(r->c->host->checkpoint, EXS_LIST_OPEN, keep_id, r, err);

	if (status && r->id_n < RESUME_MAX)
		return status;
	if (status)
		log_warn(&r->c->log,
			 "only the newest %u open runs are taken: resume again afterwards",
			 RESUME_MAX);
	return EXS_OK;
}

static exs_status find_runs(struct resume *r, exs_err *err)
{
	r->ids = calloc(opts_has(&r->c->opts, OPT_ALL) ? RESUME_MAX : 1, sizeof *r->ids);
	if (!r->ids)
		return err_set(err, EXS_NOMEM, 0, "no memory for the list of runs");
	if (opts_has(&r->c->opts, OPT_ALL)) {
		if (find_open(r, err))
			return err->status;
	} else {
		if (!id_ok(r->c->opts.args[0]))
			return err_set(err, EXS_NOTFOUND, 0, "'%.40s' is not the id of a run",
				       r->c->opts.args[0]);
		snprintf(r->ids[r->id_n++], ID_MAX, "%s", r->c->opts.args[0]);
	}
	r->runs = calloc(r->id_n ? r->id_n : 1, sizeof *r->runs);
	return r->runs ? EXS_OK : err_set(err, EXS_NOMEM, 0, "no memory for %zu runs", r->id_n);
}

/* ---- one run ---- */

static bool prints_itself(struct cli *c, const struct run *run)
{
	uint32_t i, n;
	const char *const *targets = run_deliver(run, &n);

	for (i = 0; i < n; i++)
		if (report_is_local(c->host, str_of(targets[i])))
			return true;
	return false;
}

static void take_up(struct resume *r, size_t i)
{
	struct reported *one = &r->runs[i];
	struct run_listener listener;
	exs_err err = EXS_ERR_INIT;
	exs_status status;

	report_listener(one, &r->rep, &listener);
	memcpy(one->id, r->ids[i], ID_MAX);
	status = engine_resume(r->engine, one->id, &r->how, &listener, &one->run, &err);
	if (status == EXS_OK) {
		one->local = prints_itself(r->c, one->run);
		memcpy(one->id, run_info(one->run)->run_id, strlen(run_info(one->run)->run_id) + 1);
	}
	if (status == EXS_CONFLICT && r->rep.many)
		log_info(&r->c->log, "%s", err.text);
	else if (status)
		r->code = exit_worse(r->code, cli_failed(r->c, &err));
	else if (stop_add(&r->stop, one->run, &err))
		log_warn(&r->c->log, "%s", err.text);
}

/* It goes on as a fork, and its own end waits for it. */
static void end_other(struct resume *r, const char *id)
{
	const struct resume_how how = { .flags = RESUME_ACCEPT };
	exs_err err = EXS_ERR_INIT;
	struct run *run;

	if (engine_resume(r->engine, id, &how, NULL, &run, &err)) {
		log_warn(&r->c->log, "%s", err.text);
		return;
	}
	engine_wait(run, -1);
	run_drop(run);
}

static void wait_for(struct resume *r, size_t i)
{
	struct reported *one = &r->runs[i];

	if (!one->run)
		return;
	while (!engine_wait(one->run, LIVE_DRAW_MS))
		live_draw(&r->rep.live);
	r->code = exit_worse(r->code, report_over(one));
	if (strcmp(one->id, r->ids[i]) != 0)
		end_other(r, r->ids[i]);
}

/* ---- all of it ---- */

static void deliver_rest(struct resume *r)
{
	size_t left = engine_outbox(r->engine, opts_has(&r->c->opts, OPT_NOW) ? OUTBOX_NOW : OUTBOX_DUE);

	if (left)
		log_warn(&r->c->log, "%zu deliveries are still queued: try again later, or at once with --now", left);
}

static void carry(struct resume *r)
{
	size_t i;

	for (i = 0; i < r->id_n; i++)
		take_up(r, i);
	for (i = 0; i < r->id_n; i++)
		wait_for(r, i);
	report_end(&r->rep);
	if (opts_has(&r->c->opts, OPT_ALL))
		deliver_rest(r);
}

static int resume(struct resume *r)
{
	exs_err err = EXS_ERR_INIT;
	bool all = opts_has(&r->c->opts, OPT_ALL);
	size_t i;

	if (find_runs(r, &err) || report_init(&r->rep, r->c, all ? REPORT_MANY : 0, &err))
		return cli_failed(r->c, &err);
	if (stop_begin(&r->stop, &r->c->log, &err)) {
		r->code = cli_failed(r->c, &err);
	} else if (engine_open(r->c->host, &r->engine, &err)) {
		r->code = cli_failed(r->c, &err);
		stop_end(&r->stop);
	} else {
		stop_engine(&r->stop, r->engine);
		carry(r);
		engine_close(r->engine);
		stop_end(&r->stop);
	}
	for (i = 0; i < r->id_n; i++)
		run_drop(r->runs[i].run);
	report_release(&r->rep);
	return r->code;
}

/* What the options ask for; a sentence on standard error and the exit status when they do not fit together. */
static int how_of(struct cli *c, struct resume_how *out)
{
	const char *steps = opts_value(&c->opts, OPT_STEPS), *time = opts_value(&c->opts, OPT_RUNTIME);
	exs_err err = EXS_ERR_INIT;
	int64_t n = 0;

	if (opts_has(&c->opts, OPT_ACCEPT))
		out->flags |= RESUME_ACCEPT;
	if (opts_has(&c->opts, OPT_RETRY))
		out->flags |= RESUME_RETRY;
	else if (steps || time)
		return cli_usage(c, "--steps and --runtime go with --retry: without it a run keeps its limits");
	if (time && (units_duration(time, &out->runtime_ms, &err) || out->runtime_ms < 1))
		return cli_usage(c, "--runtime takes a time such as 90s, 20m or 2h");
	if (steps)
		n = strtoll(steps, NULL, 10); /* digits: the table says that it is a number */
	if (n > INT32_MAX)
		return cli_usage(c, "--steps is more than a run can have");
	out->steps = (int32_t)n;
	return 0;
}

int cmd_resume(struct cli *c)
{
	struct resume r = { .c = c };
	int code;

	if (opts_has(&c->opts, OPT_ALL) == (c->opts.arg_n > 0))
		return cli_usage(c, "name one run, or all: executus resume RUN | --all");
	code = how_of(c, &r.how);
	if (code)
		return code;
	if (!cli_open_runs(c, &code))
		return code;
	code = resume(&r);
	free(r.ids);
	free(r.runs);
	return code;
}
