/* SPDX-License-Identifier: MIT */
/* cmd_runs.c - executus runs: a table of runs, newest first. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"
#include "run/hold.h"

#define LIMIT	    100 /* without --limit */
#define HEAD_MAX    (64u << 10)
#define AGENT_WIDTH 12u
#define FIXED_WIDTH 73u	 /* of all columns but the last */
#define WIDTH	    120u /* where no terminal says it */
#define INPUT_MIN   7u
#define MINUTES	    16u	      /* bytes of "2026-01-31T12:00" */
#define RUNNING	    "running" /* the word of a run that has not ended, as stored */
#define OPEN	    "open" /* the same, as shown: whether its process lives is not in the store */

struct listing {
	struct cli *c;
	struct buf text; /* JSON, or nothing */
	long limit, n;
	bool json;
	struct holds holds;
};

static bool wanted(const struct opts *o, exs_str status, exs_str agent)
{
	const char *s = opts_value(o, OPT_STATUS), *a = opts_value(o, OPT_AGENT);

	if (s && !str_is(status, strcmp(s, OPEN) == 0 ? RUNNING : s))
		return false;
	return !a || str_is(agent, a);
}

/* The stored head, and whether a person holds the run. */
static void put_json(struct listing *l, exs_str head)
{
	auto_free char *run = json_get_textz(head, "run", HEAD_MAX);

	buf_puts(&l->text, l->n ? ",\n" : "[");
	if (!run || !head.n || !holds_has(&l->holds, run)) {
		buf_str(&l->text, head);
		return;
	}
	buf_str(&l->text, str_n(head.p, head.n - 1));
	buf_puts(&l->text, ",\"held\":true}");
}

static void put_row(struct listing *l, exs_str head, exs_str status, exs_str agent)
{
	auto_free char *run = json_get_textz(head, "run", HEAD_MAX);
	unsigned width = out_width(l->c->out.fd, WIDTH);
	char when[CLOCK_TEXT_MAX] = "";
	struct buf line, input;
	int64_t started = 0;

	buf_init(&input, HEAD_MAX);
	buf_init(&line, HEAD_MAX * 2);
	json_get_int(head, "started_ms", &started);
	json_get_text(head, "input", &input);
	clock_text(started, when);
	when[MINUTES] = '\0';
	buf_printf(&line, "%-26s  %-11s  ", run ? run : "?",
		   str_is(status, RUNNING) ? OPEN
		   : status.n		   ? status.p
					   : "?");
	text_one_line(&line, agent, AGENT_WIDTH);
	buf_printf(&line, "%*s  %-16s  ", agent.n < AGENT_WIDTH ? (int)(AGENT_WIDTH - agent.n) : 0,
		   "", when);
	text_one_line(&line, buf_view(&input),
		      width > FIXED_WIDTH + INPUT_MIN ? width - FIXED_WIDTH : INPUT_MIN);
	buf_puts(&line, "\n");
	buf_release(&input);
	out_buf(&l->c->out, &line);
}

static exs_status row(void *arg, exs_str head)
{
	struct listing *l = arg;
	auto_free char *status = json_get_textz(head, "status", HEAD_MAX);
	auto_free char *agent = json_get_textz(head, "agent", HEAD_MAX);

	if (!wanted(&l->c->opts, str_of(status), str_of(agent)))
		return EXS_OK;
	if (l->n == l->limit)
		return EXS_TOOBIG;
	if (l->json)
		put_json(l, head);
	else if (l->n == 0)
		out_printf(&l->c->out, "%-26s  %-11s  %-12s  %-16s  %s\n", "RUN", "STATUS", "AGENT",
			   "STARTED (UTC)", "INPUT");
	if (!l->json)
		put_row(l, head, str_of(status), str_of(agent));
	l->n++;
	return buf_ok(&l->text) ? EXS_OK : l->text.status;
}

/* A list that comes out empty is explained, so that nobody looks for a mistake. */
static void explain(struct listing *l)
{
	struct buf_sink sink;
	struct buf stat;
	exs_err ignored = EXS_ERR_INIT;
	bool durable = true;

	buf_init(&stat, CLI_STAT_MAX);
	if (call_store_stat(l->c->host->store, buf_sink_init(&sink, &stat), &ignored) == EXS_OK)
		json_get_bool(buf_view(&stat), "durable", &durable);
	buf_release(&stat);
	log_info(&l->c->log,
		 durable ? "no runs" : "no runs: this store forgets them with its process");
}

int cmd_runs(struct cli *c)
{
	const char *limit = opts_value(&c->opts, OPT_LIMIT);
	struct listing l = { .c = c, .json = opts_has(&c->opts, OPT_JSON) };
	exs_err err = EXS_ERR_INIT;
	exs_status status;
	int code;

	if (!cli_open_past(c, &code))
		return code;
	if (l.json && c->host->store && holds_read(c->host, &l.holds, &err))
		return cli_failed(c, &err);
	l.limit = limit ? strtol(limit, NULL, 10) : LIMIT;
	buf_init(&l.text, CLI_JSON_MAX);
	status = call_ckpt_list(c->host->checkpoint,
				opts_has(&c->opts, OPT_OPEN) ? EXS_LIST_OPEN : 0, row, &l, &err);
	if (status == EXS_TOOBIG && l.n == l.limit)
		status = EXS_OK;
	if (l.json)
		buf_puts(&l.text, l.n ? "]\n" : "[]\n");
	else if (status == EXS_OK && l.n == 0 && c->host->store)
		explain(&l);
	out_buf(&c->out, &l.text);
	holds_release(&l.holds);
	return status ? cli_failed(c, &err) : EXIT_OK;
}
