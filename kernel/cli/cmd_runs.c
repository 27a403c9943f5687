/* SPDX-License-Identifier: MIT */
/*
 * cmd_runs.c - executus runs: a table of runs, newest first.
 *
 * The checkpoint's heads answer, which opens the store and the checkpoint alone. What a run cost is
 * not in them: then, and only then, an audit is opened and asked.
 */
#include "base/json.h"
#include "cli/run_list.h"
#include "host/calls.h"

/* A list that comes out empty is explained, so that nobody looks for a mistake. */
static void explain(struct cli *c)
{
	struct buf_sink sink;
	struct buf stat;
	exs_err ignored = EXS_ERR_INIT;
	bool durable = true;

	buf_init(&stat, CLI_STAT_MAX);
	if (call_store_stat(c->host->store, buf_sink_init(&sink, &stat), &ignored) == EXS_OK)
		json_get_bool(buf_view(&stat), "durable", &durable);
	buf_release(&stat);
	log_info(&c->log, durable ? "no runs" : "no runs: this store forgets them with its process");
}

int cmd_runs(struct cli *c)
{
	struct run_list l;
	exs_err err = EXS_ERR_INIT;
	struct instance *audit = NULL;
	exs_status status;
	bool none;
	int code;

	if (run_list_init(&l, c, &err))
		return cli_usage(c, "%s", err.text);
	if (!(l.filter.pub.min_cost_micro ? cli_open_audit(c, &audit, &code)
					  : cli_open_past(c, &code))) {
		filter_release(&l.filter);
		return code;
	}
	if (l.json && c->host->store && holds_read(c->host, &l.holds, &err))
		log_warn(&c->log, "%s", err.text);
	if (audit)
		status = run_list_ask(&l, audit, &err);
	else
		status = call_ckpt_list(c->host->checkpoint, l.filter.open ? EXS_LIST_OPEN : 0,
					run_list_row, &l, &err);
	code = run_list_end(&l, status, &err, &none);
	if (none && c->host->store)
		explain(c);
	return code;
}
