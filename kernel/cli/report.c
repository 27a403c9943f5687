/* SPDX-License-Identifier: MIT */
/* report.c - see report.h. */
#include "cli/report.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/target.h"
#include "fact/words.h"

exs_status report_init(struct report *rep, struct cli *c, uint32_t flags, exs_err *err)
{
	bool quiet = flags & REPORT_MANY || opts_has(&c->opts, OPT_QUIET);

	rep->c = c;
	rep->many = flags & REPORT_MANY;
	rep->printed = 0;
	rep->form = opts_has(&c->opts, OPT_JSONL)  ? REPORT_JSONL
		    : opts_has(&c->opts, OPT_JSON) ? REPORT_JSON
						   : REPORT_TEXT;
	if (rep->form != REPORT_TEXT && out_claim(&c->out, err))
		return err->status;
	pthread_mutex_init(&rep->lock, NULL);
	live_init(&rep->live, &c->log, quiet ? LIVE_QUIET : 0);
	return EXS_OK;
}

void report_release(struct report *rep)
{
	live_release(&rep->live);
	pthread_mutex_destroy(&rep->lock);
}

/* ---- while it goes on ---- */

static void print_fact(struct report *rep, const char *run_id, const exs_fact *fact)
{
	struct buf line;

	buf_init(&line, CLI_JSON_MAX);
	json_fact(&line, run_id, fact);
	buf_puts(&line, "\n");
	pthread_mutex_lock(&rep->lock);
	out_buf(&rep->c->out, &line);
	pthread_mutex_unlock(&rep->lock);
}

static void on_fact(void *arg, const exs_run_info *run, const exs_fact *fact)
{
	struct reported *one = arg;

	if (fact->kind == EXS_FACT_RUN_ENDED)
		one->ended = true;
	live_fact(&one->rep->live, fact);
	if (one->rep->form == REPORT_JSONL)
		print_fact(one->rep, run->run_id, fact);
}

/* {"run":ID,"step":N,"delta":TEXT}, or "void":true instead of the text. */
static void print_delta(struct report *rep, const char *run_id, int32_t step, exs_str text)
{
	struct buf line;

	buf_init(&line, CLI_JSON_MAX);
	buf_puts(&line, "{\"run\":");
	buf_jsonz(&line, run_id);
	buf_printf(&line, ",\"step\":%d,", (int)step);
	buf_puts(&line, text.n ? "\"delta\":" : "\"void\":true");
	if (text.n)
		buf_json(&line, text);
	buf_puts(&line, "}\n");
	pthread_mutex_lock(&rep->lock);
	out_buf(&rep->c->out, &line);
	pthread_mutex_unlock(&rep->lock);
}

static void on_delta(void *arg, const exs_run_info *run, int32_t step, exs_str text)
{
	struct reported *one = arg;

	live_delta(&one->rep->live, step, text);
	if (one->rep->form == REPORT_JSONL)
		print_delta(one->rep, run->run_id, step, text);
}

void report_listener(struct reported *one, struct report *rep, struct run_listener *out)
{
	memset(one, 0, sizeof *one);
	one->rep = rep;
	*out = (struct run_listener){ one, on_fact, on_delta };
}

/* ---- when it is over ---- */

static bool goes_on(const struct run_result *r)
{
	return r->status == EXS_ENDED_PARKED || r->status == EXS_ENDED_INTERRUPTED;
}

/* What to do about it. */
static void hint(struct reported *one, const struct run_result *r)
{
	struct log *log = &one->rep->c->log;

	if (!goes_on(r))
		return;
	if (!(run_info(one->run)->flags & EXS_RUN_DURABLE))
		log_info(log, "it was not stored, so it cannot be resumed");
	else if (strcmp(r->reason, "in_doubt") == 0)
		log_info(log, "what was sent, and how to settle it: executus show %s", one->id);
	else
		log_info(log, "go on with it: executus resume %s", one->id);
}

static void say(struct reported *one, const struct run_result *r)
{
	struct report *rep = one->rep;
	struct log *log = &rep->c->log;

	if (r->status == EXS_ENDED_OK && rep->many)
		log_info(log, "run %s: ok", one->id);
	else if (r->status == EXS_ENDED_OK)
		log_line(log, isatty(STDERR_FILENO) == 1 ? EXS_INFO : EXS_DEBUG, "run %s", one->id);
	else if (r->error && r->error[0])
		log_info(log, "run %s: %s: %s", one->id, ended_word(r->status), r->error);
	else
		log_info(log, "run %s: %s (%s)", one->id, ended_word(r->status), r->reason);
	hint(one, r);
}

static void print_json(struct reported *one, const struct run_result *r)
{
	struct report *rep = one->rep;
	struct buf json;

	buf_init(&json, CLI_JSON_MAX);
	if (rep->many)
		buf_puts(&json, rep->printed ? ",\n" : "[");
	json_result(&json, one->id, r);
	rep->printed++;
	out_buf(&rep->c->out, &json);
}

int report_over(struct reported *one)
{
	const struct run_result *r = run_result(one->run);
	struct report *rep = one->rep;

	if (!rep->many)
		live_end(&rep->live);
	if (rep->form == REPORT_JSON)
		print_json(one, r);
	if (rep->form == REPORT_TEXT && !goes_on(r) && !(one->local && one->ended))
		out_paragraph(&rep->c->out, str_of(r->output));
	say(one, r);
	return exit_of_run(r);
}

void report_end(struct report *rep)
{
	if (rep->form != REPORT_JSON)
		return;
	if (rep->many)
		out_raw(&rep->c->out, str_of(rep->printed ? "]\n" : "[]\n"));
	else if (rep->printed)
		out_raw(&rep->c->out, str_of("\n"));
}

bool report_is_local(struct host *h, exs_str target)
{
	exs_err ignored = EXS_ERR_INIT;
	const struct instance *in;
	struct target t;

	if (target_parse(target, &t, &ignored))
		return false;
	in = host_delivery(h, t.kind);
	return in && EXS_HAS(in->delivery, flags) && in->delivery->flags & EXS_DELIVERY_LOCAL;
}
