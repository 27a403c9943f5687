/* SPDX-License-Identifier: MIT */
/* run_list.c - see run_list.h. */
#include "cli/run_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "host/calls.h"

#define HEAD_MAX    (64u << 10)
#define AGENT_WIDTH 12u
#define FIXED_WIDTH 73u	 /* of all columns but the last */
#define WIDTH	    120u /* where no terminal says it */
#define INPUT_MIN   7u
#define MINUTES	    16u	      /* bytes of "2026-01-31T12:00" */
#define RUNNING	    "running" /* the word of a run that has not ended, as stored */
#define OPEN	    "open" /* the same, as shown: whether its process lives is not in the store */

exs_status run_list_init(struct run_list *l, struct cli *c, exs_err *err)
{
	l->c = c;
	memset(&l->holds, 0, sizeof l->holds);
	l->json = opts_has(&c->opts, OPT_JSON);
	buf_init(&l->text, CLI_JSON_MAX);
	return filter_init(&l->filter, &c->opts, clock_wall_ms(), err);
}

/* The head as it is stored, and whether a person holds the run. */
static void put_json(struct run_list *l, exs_str head)
{
	auto_free char *run = json_get_textz(head, "run", HEAD_MAX);

	if (!run || !head.n || !holds_has(&l->holds, run)) {
		buf_str(&l->text, head);
		return;
	}
	buf_str(&l->text, str_n(head.p, head.n - 1));
	buf_puts(&l->text, ",\"held\":true}");
}

static void put_row(struct run_list *l, exs_str head)
{
	auto_free char *run = json_get_textz(head, "run", HEAD_MAX);
	auto_free char *said = json_get_textz(head, "status", HEAD_MAX);
	auto_free char *agent_name = json_get_textz(head, "agent", HEAD_MAX);
	exs_str status = str_of(said), agent = str_of(agent_name);
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

exs_status run_list_row(void *arg, exs_str head)
{
	struct run_list *l = arg;
	exs_status status = filter_take(&l->filter, head);

	if (status)
		return status == EXS_NOTFOUND ? EXS_OK : status;
	if (l->json) {
		buf_puts(&l->text, l->filter.n > 1 ? ",\n" : "[");
		put_json(l, head);
	} else {
		if (l->filter.n == 1)
			out_printf(&l->c->out, "%-26s  %-11s  %-12s  %-16s  %s\n", "RUN", "STATUS",
				   "AGENT", "STARTED (UTC)", "INPUT");
		put_row(l, head);
	}
	return buf_ok(&l->text) ? EXS_OK : l->text.status;
}

/* What belongs to a line of ancestors is known by those that do not fit as well. */
exs_status run_list_ask(struct run_list *l, struct instance *audit, exs_err *err)
{
	const exs_audit_filter *all = &l->filter.pub;
	const exs_audit_filter line = { .size = sizeof line,
					.flags = EXS_AUDIT_ANCESTORS,
					.run_id = all->run_id };

	return call_audit_list(audit, all->flags & EXS_AUDIT_ANCESTORS ? &line : all, run_list_row,
			       l, err);
}

int run_list_end(struct run_list *l, exs_status status, const exs_err *err, bool *none)
{
	if (status == EXS_TOOBIG && l->filter.n == l->filter.limit)
		status = EXS_OK;
	if (l->json && status == EXS_OK)
		buf_puts(&l->text, l->filter.n ? "]\n" : "[]\n");
	*none = status == EXS_OK && l->filter.n == 0 && !l->json;
	if (l->json && status)
		buf_release(&l->text);
	out_buf(&l->c->out, &l->text);
	filter_release(&l->filter);
	holds_release(&l->holds);
	return status ? cli_failed(l->c, err) : EXIT_OK;
}
