/* SPDX-License-Identifier: MIT */
/* cmd_show.c - executus show: what happened in a run: a summary, every fact, or the conversation.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/live.h"
#include "cli/past.h"
#include "cli/show_deliveries.h"
#include "cli/show_doubt.h"
#include "cli/talk.h"
#include "fact/artifact.h"
#include "fact/redact.h"
#include "fact/words.h"
#include "rows/hold.h"

#define FACT_LINE_MAX 4096u
#define BODY_SHOW     100u /* bytes of a fact's body, when nothing tells the width */
#define INPUT_SHOW    160u
#define FACT_FIXED    62u /* columns in front of the body */

/* ---- facts ---- */

struct fact_list {
	struct cli *c;
	const char *id;
	bool json;
	size_t n;
	const struct redact *redact;
};

static void print_fact(struct fact_list *l, const exs_fact *f)
{
	unsigned width = out_width(l->c->out.fd, FACT_FIXED + BODY_SHOW);
	struct buf line;

	buf_init(&line, FACT_LINE_MAX);
	buf_printf(&line, "%5" PRId64 "  %8.3fs  step %-3" PRId32 "  %-15s  %-5.*s  ", f->seq,
		   (double)f->run_ms / 1000, f->step, fact_word(f->kind), (int)f->call_id.n,
		   f->call_id.n ? f->call_id.p : "");
	if (f->name.n) {
		text_one_line(&line, f->name, RUN_NAME_MAX);
		buf_puts(&line, "  ");
	}
	text_one_line(&line, f->body, width > line.n + 20 ? width - line.n : BODY_SHOW);
	buf_puts(&line, "\n");
	out_buf(&l->c->out, &line);
}

static void put_fact(struct fact_list *l, const exs_fact *f)
{
	struct buf line;

	if (!l->json) {
		print_fact(l, f);
	} else {
		buf_init(&line, CLI_JSON_MAX);
		buf_puts(&line, l->n ? ",\n" : "[");
		json_fact(&line, l->id, f);
		out_buf(&l->c->out, &line);
	}
	l->n++;
}

static exs_status each_fact(void *arg, const exs_fact *f)
{
	struct fact_list *l = arg;
	exs_fact shown = *f;
	exs_status status;
	bool changed;
	struct buf body;

	buf_init(&body, REDACT_BODY_MAX);
	status = redact_shown(l->redact, f, NULL, NULL, &body, &changed);
	if (status == EXS_OK) {
		if (changed)
			shown.body = buf_view(&body);
		put_fact(l, &shown);
	}
	buf_release(&body);
	return status ? status : l->c->out.failed ? EXS_IO : EXS_OK;
}

/* ---- what the conf's patterns take out ---- */

static exs_status hide_text(const struct redact *r, char **text)
{
	exs_status status;
	struct buf b;
	bool changed;

	if (!*text)
		return EXS_OK;
	buf_init(&b, REDACT_BODY_MAX);
	status = redact_text(r, str_of(*text), &b, &changed);
	if (status == EXS_OK && changed) {
		free(*text);
		*text = buf_take(&b);
	}
	buf_release(&b);
	return status;
}

static exs_status hide_message(const struct redact *r, struct segment *s)
{
	exs_status status;
	struct buf b;
	bool changed;

	buf_init(&b, REDACT_BODY_MAX);
	status = redact_json(r, str_n(s->p, s->n), &b, &changed);
	if (status == EXS_OK && changed) {
		free(s->p);
		s->n = b.n;
		s->p = buf_take(&b);
	}
	buf_release(&b);
	return status;
}

/* In the state itself: it is there to be shown and for nothing else. */
static exs_status hide(struct past *p, const struct redact *r, exs_err *err)
{
	char **texts[] = { &p->state.input, &p->state.system, &p->state.output, &p->state.why };
	exs_status status = EXS_OK;
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts && !status; i++)
		status = hide_text(r, texts[i]);
	for (i = 0; i < p->state.artifact_count && !status; i++)
		status = hide_text(r, &p->state.artifacts[i]);
	for (i = 0; i < p->state.segment_count && !status; i++)
		status = hide_message(r, &p->state.segments[i]);
	for (i = 0; i < p->state.call_count && !status; i++) {
		status = hide_text(r, &p->state.calls[i].args);
		p->state.calls[i].args_n = strlen(p->state.calls[i].args);
	}
	return status ? err_set(err, status, 0, "run %s cannot be redacted", p->id) : EXS_OK;
}

/* ---- summary ---- */

static const char *status_of_state(const struct state *s)
{
	if (s->ended)
		return ended_word(s->status);
	return s->parked ? ended_word(EXS_ENDED_PARKED) : "open";
}

static const char *or_none(const char *s)
{
	return s && s[0] ? s : "-";
}

/* The reason of the person who holds the run, perhaps empty; NULL: it is not held. */
static char *hold_reason(struct cli *c, const char *id)
{
	exs_err ignored = EXS_ERR_INIT;
	char *why = NULL;
	struct buf row;

	buf_init(&row, HOLD_ROW_MAX);
	if (c->host->store && hold_read(c->host, id, &row, &ignored) == EXS_OK) {
		why = json_get_textz(buf_view(&row), "why", HOLD_WHY_MAX);
		if (!why)
			why = strdup("(its row cannot be read)");
	}
	buf_release(&row);
	return why;
}

static void put_member(struct buf *b, const char *key, const char *text)
{
	buf_printf(b, ",\"%s\":", key);
	buf_jsonz(b, text ? text : "");
}

static void summary_json(struct cli *c, const struct past *p, const struct redact *redact)
{
	const struct state *s = &p->state;
	auto_free char *held = hold_reason(c, p->id);
	struct buf b;

	buf_init(&b, CLI_JSON_MAX);
	buf_puts(&b, "{\"run\":");
	buf_jsonz(&b, p->id);
	put_member(&b, "status", status_of_state(s));
	put_member(&b, "reason", s->reason);
	put_member(&b, "agent", s->agent);
	put_member(&b, "caller", s->caller);
	put_member(&b, "channel", s->channel);
	put_member(&b, "tier", s->tier);
	put_member(&b, "model", s->model);
	if (s->forked_seq) {
		put_member(&b, "forked_from", s->forked_from);
		buf_printf(&b, ",\"forked_step\":%" PRId32 ",\"forked_seq\":%" PRId64, s->forked_step,
			   s->forked_seq);
	}
	put_member(&b, "input", s->input);
	put_member(&b, "output", s->output);
	put_member(&b, "error", s->status == EXS_ENDED_OK ? "" : s->why);
	put_member(&b, "damage", p->damage.status ? p->damage.text : "");
	if (held)
		put_member(&b, "held", held);
	buf_printf(&b,
		   ",\"started_ms\":%" PRId64 ",\"ended_ms\":%" PRId64 ",\"last_ms\":%" PRId64
		   ",\"run_ms\":%" PRId64 ",\"steps\":%" PRId32 ",\"max_steps\":%" PRId32
		   ",\"calls\":%" PRId64 ",\"attempt\":%" PRId32 ",\"facts\":%" PRId64
		   ",\"usage\":",
		   s->started_ms, p->ended_ms, p->last_ms, s->run_ms, s->step, s->limits.steps,
		   s->calls_ended, s->attempt, p->facts);
	json_usage(&b, &s->usage);
	doubt_json(s, &b);
	buf_puts(&b, ",\"artifacts\":");
	artifacts_json(s, &b);
	buf_puts(&b, ",\"deliveries\":");
	deliveries_json(c, p->id, redact, &b);
	buf_puts(&b, "}\n");
	out_buf(&c->out, &b);
}

static void put_line(struct buf *b, const char *what, const char *text, size_t max)
{
	buf_printf(b, "%-10s", what);
	text_one_line(b, str_of(text), max);
	buf_puts(b, "\n");
}

static void put_times(struct buf *b, const struct past *p)
{
	const struct state *s = &p->state;
	char started[CLOCK_TEXT_MAX], ended[CLOCK_TEXT_MAX];

	clock_text(s->started_ms, started);
	clock_text(p->ended_ms ? p->ended_ms : p->last_ms, ended);
	buf_printf(b, "%-10s%s\n%-10s%s\n", "started", started, p->ended_ms ? "ended" : "last fact",
		   ended);
	buf_printf(b, "%-10s%" PRId64 ".%03ds active, attempt %" PRId32 ", %" PRId64 " facts\n",
		   "took", s->run_ms / 1000, (int)(s->run_ms % 1000), s->attempt, p->facts);
}

static void put_usage(struct buf *b, const struct state *s)
{
	char in[32], out[32];

	live_count(in, sizeof in, s->usage.in_tokens);
	live_count(out, sizeof out, s->usage.out_tokens);
	buf_printf(b, "%-10s%" PRId32 " of %" PRId32 ", %" PRId64 " tool call%s\n", "steps",
		   s->step, s->limits.steps, s->calls_ended, s->calls_ended == 1 ? "" : "s");
	buf_printf(b, "%-10s%s in, %s out%s", "tokens", in, out,
		   s->usage.estimated ? " (estimated)" : "");
	if (s->usage.cost_micro)
		buf_printf(b, ", $%.4f", (double)s->usage.cost_micro / 1e6);
	buf_puts(b, "\n");
}

static void put_made(struct buf *b, const struct state *s)
{
	uint32_t i;

	for (i = 0; i < s->artifact_count; i++) {
		exs_str a = str_of(s->artifacts[i]);
		auto_free char *path = json_get_textz(a, "path", ARTIFACT_TEXT_MAX);
		auto_free char *url = json_get_textz(a, "url", ARTIFACT_TEXT_MAX);

		put_line(b, i ? "" : "made", path ? path : or_none(url), INPUT_SHOW);
	}
}

static void summary_text(struct cli *c, const struct past *p, const struct redact *redact)
{
	const struct state *s = &p->state;
	auto_free char *held = hold_reason(c, p->id);
	struct buf b;

	buf_init(&b, CLI_STAT_MAX);
	buf_printf(&b, "%-10s%s\n", "run", p->id);
	buf_printf(&b, "%-10s%s%s%s%s\n", "status", status_of_state(s), s->reason[0] ? " (" : "",
		   s->reason, s->reason[0] ? ")" : "");
	put_line(&b, "agent", or_none(s->agent), INPUT_SHOW);
	put_line(&b, "model", s->model ? s->model : or_none(s->tier), INPUT_SHOW);
	put_line(&b, "caller", or_none(s->caller), INPUT_SHOW);
	if (s->forked_seq)
		buf_printf(&b, "%-10s%s@%" PRId32 "\n", "fork of", s->forked_from, s->forked_step);
	put_times(&b, p);
	put_usage(&b, s);
	put_line(&b, "input", or_none(s->input), INPUT_SHOW);
	if (held)
		put_line(&b, "held", or_none(held), HOLD_WHY_MAX);
	if (s->why && s->why[0] && s->status != EXS_ENDED_OK)
		put_line(&b, "error", s->why, CLI_PATH_MAX);
	doubt_lines(p->id, s, &b);
	put_made(&b, s);
	deliveries_text(c, p->id, redact, &b);
	if (s->output && s->output[0])
		buf_puts(&b, "\n");
	out_buf(&c->out, &b);
	out_paragraph(&c->out, str_of(s->output));
}

/* ---- the command ---- */

static void print(struct cli *c, const struct past *p, struct fact_list *facts)
{
	bool json = opts_has(&c->opts, OPT_JSON);

	if (opts_has(&c->opts, OPT_FACTS)) {
		if (json)
			out_raw(&c->out, str_of(facts->n ? "]\n" : "[]\n"));
	} else if (opts_has(&c->opts, OPT_TRANSCRIPT)) {
		if (json)
			talk_json(&c->out, p);
		else
			talk_text(&c->out, p);
	} else if (json) {
		summary_json(c, p, facts->redact);
	} else {
		summary_text(c, p, facts->redact);
	}
}

static int show(struct cli *c, struct past *p, struct redact *redact)
{
	struct fact_list facts = { c, p->id, opts_has(&c->opts, OPT_JSON), 0, redact };
	exs_err err = EXS_ERR_INIT;

	if (opts_has(&c->opts, OPT_FACTS)) {
		p->each = each_fact;
		p->arg = &facts;
	}
	if (redact_add_patterns(redact, c->conf->run.redact, c->conf->run.redact_n, &err) || past_load(p, c, &err) ||
	    hide(p, redact, &err)) {
		log_error(&c->log, "%s", err.text);
		return err.status == EXS_NOTFOUND ? EXIT_RUN : exit_of_status(err.status);
	}
	print(c, p, &facts);
	if (!p->damage.status)
		return EXIT_OK;
	log_error(&c->log, "run %s is damaged: %s; shown is what could be read", p->id,
		  p->damage.text);
	return EXIT_STORAGE;
}

int cmd_show(struct cli *c)
{
	struct redact redact = { 0 };
	struct past past;
	int code;

	if (!cli_open_past(c, &code))
		return code;
	past_init(&past, c->opts.args[0]);
	code = show(c, &past, &redact);
	past_release(&past);
	redact_release(&redact);
	return code;
}
