/* SPDX-License-Identifier: MIT */
/* cmd_diff.c - executus diff: the first fact in which two runs say something else, and what became of both. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/past.h"
#include "fact/redact.h"
#include "fact/substance.h"
#include "fact/words.h"

#define AROUND	     3u /* facts that are shown before it, and from it on */
#define LINE_SHOWN   160u
#define DIFF_MAX     (64u << 10)
#define COLUMN_WIDTH 22

struct side {
	struct past past;
	struct facts facts;
	exs_err err;
};

struct diff {
	struct cli *c;
	struct side a, b;
	struct redact redact;
	struct buf begins;  /* words of what they began with and differs */
	size_t at;	    /* first facts that differ, if any */
	const char *what;   /* NULL: none do */
	bool output_same;
};

/* ---- loading ---- */

static exs_status each_fact(void *arg, const exs_fact *f)
{
	struct side *s = arg;

	return substance_add(&s->facts, f, &s->err);
}

static exs_status load(struct diff *d, struct side *s, exs_err *err)
{
	s->past.each = each_fact;
	s->past.arg = s;
	if (past_load(&s->past, d->c, err))
		return err->status;
	if (s->err.status) /* it does not fit: half of it says nothing */
		return *err = s->err, err->status;
	if (s->past.damage.status)
		log_error(&d->c->log, "run %s is damaged: %s; compared is what could be read",
			  s->past.id, s->past.damage.text);
	return EXS_OK;
}

/* ---- comparing ---- */

static void compare(struct diff *d)
{
	const char *a_out = d->a.past.state.output, *b_out = d->b.past.state.output;
	const exs_fact *a, *b;

	begins_differ(&d->a.past.state, &d->b.past.state, &d->begins);
	for (;; d->at++) {
		a = facts_at(&d->a.facts, d->at);
		b = facts_at(&d->b.facts, d->at);
		if (!a || !b)
			break;
		d->what = facts_differ(a, b);
		if (d->what)
			break;
	}
	if (!d->what && (a || b))
		d->what = "end"; /* one goes on where the other is over */
	d->output_same = strcmp(a_out ? a_out : "", b_out ? b_out : "") == 0;
}

static bool same(const struct diff *d)
{
	return !d->what && !d->begins.n && d->output_same;
}

/* ---- one fact ---- */

/* Its body as watchers would get it; an empty one when that cannot be told. */
static void shown_body(const struct diff *d, const exs_fact *f, struct buf *out)
{
	bool changed = false;

	buf_init(out, REDACT_BODY_MAX);
	if (redact_shown(&d->redact, f, NULL, NULL, out, &changed)) {
		buf_clear(out);
		buf_puts(out, "{}");
	} else if (!changed) {
		buf_clear(out);
		buf_str(out, f->body);
	}
}

static void fact_text(const struct diff *d, char side, const exs_fact *f, struct buf *b)
{
	unsigned width = out_width(d->c->out.fd, LINE_SHOWN);
	struct buf body, line;

	shown_body(d, f, &body);
	buf_init(&line, DIFF_MAX);
	buf_printf(&line, "%c %5" PRId64 "  step %-3" PRId32 "  %s ", side, f->seq, f->step,
		   fact_word(f->kind));
	if (f->call_id.n) {
		text_one_line(&line, f->call_id, CALL_ID_MAX);
		buf_puts(&line, " ");
	}
	if (f->name.n) {
		text_one_line(&line, f->name, RUN_NAME_MAX);
		buf_puts(&line, " ");
	}
	text_one_line(&line, buf_view(&body), width > line.n + 20 ? width - line.n : 20);
	buf_str(b, buf_view(&line));
	buf_puts(b, "\n");
	buf_release(&line);
	buf_release(&body);
}

static void facts_text(const struct diff *d, char side, const struct facts *l, size_t from, size_t to,
		       struct buf *b)
{
	const exs_fact *f;

	for (; from < to && (f = facts_at(l, from)); from++)
		fact_text(d, side, f, b);
	if (from < to && side != ' ')
		buf_printf(b, "%c        its facts are over\n", side);
}

static void fact_json(const struct diff *d, const struct side *s, struct buf *b)
{
	const exs_fact *f = facts_at(&s->facts, d->at);
	struct buf body;
	exs_fact shown;

	if (!f || !d->what) {
		buf_puts(b, "null");
		return;
	}
	shown = *f;
	shown_body(d, f, &body);
	shown.body = buf_view(&body);
	json_fact(b, s->past.id, &shown);
	buf_release(&body);
}

/* ---- totals ---- */

static const char *past_status(const struct past *p)
{
	const struct state *s = &p->state;

	if (s->ended)
		return ended_word(s->status);
	return s->parked ? ended_word(EXS_ENDED_PARKED) : "open";
}

static void put_row(struct buf *b, const char *what, const char *a, const char *other)
{
	buf_printf(b, "%-10s  %-*s  %s\n", what, COLUMN_WIDTH, a, other);
}

static void put_numbers(struct buf *b, const char *what, int64_t a, int64_t other)
{
	char x[24], y[24];

	snprintf(x, sizeof x, "%" PRId64, a);
	snprintf(y, sizeof y, "%" PRId64, other);
	put_row(b, what, x, y);
}

static void put_sums(struct buf *b, const struct past *p, const struct past *q)
{
	const struct state *s = &p->state, *t = &q->state;
	char x[32], y[32];

	put_numbers(b, "steps", s->step, t->step);
	put_numbers(b, "calls", s->calls_ended, t->calls_ended);
	put_numbers(b, "tokens in", s->usage.in_tokens, t->usage.in_tokens);
	put_numbers(b, "tokens out", s->usage.out_tokens, t->usage.out_tokens);
	snprintf(x, sizeof x, "$%.4f", (double)s->usage.cost_micro / 1e6);
	snprintf(y, sizeof y, "$%.4f", (double)t->usage.cost_micro / 1e6);
	put_row(b, "cost", x, y);
	snprintf(x, sizeof x, "%.3fs", (double)s->run_ms / 1000);
	snprintf(y, sizeof y, "%.3fs", (double)t->run_ms / 1000);
	put_row(b, "took", x, y);
	put_row(b, "status", past_status(p), past_status(q));
}

static void put_common(struct buf *b, const struct past *p, const struct past *other)
{
	const struct state *s = &p->state;

	if (s->forked_seq)
		buf_printf(b, "run %s is a fork of %s behind step %" PRId32 "%s\n", p->id,
			   s->forked_from, s->forked_step,
			   strcmp(s->forked_from, other->id) == 0 ? ", the other one here" : "");
}

static void put_text(struct diff *d)
{
	size_t from = d->at > AROUND ? d->at - AROUND : 0;
	struct buf b;

	buf_init(&b, DIFF_MAX * 16);
	put_common(&b, &d->a.past, &d->b.past);
	put_common(&b, &d->b.past, &d->a.past);
	if (d->begins.n)
		buf_printf(&b, "they began with other things: %s\n", d->begins.p);
	if (d->what) {
		buf_printf(&b, "they differ from here on (%s):\n", d->what);
		facts_text(d, ' ', &d->a.facts, from, d->at, &b);
		facts_text(d, '<', &d->a.facts, d->at, d->at + AROUND, &b);
		facts_text(d, '>', &d->b.facts, d->at, d->at + AROUND, &b);
	} else {
		buf_printf(&b, "%zu facts: both say the same\n", d->a.facts.n);
	}
	buf_puts(&b, "\n");
	put_row(&b, "run", "<", ">");
	put_sums(&b, &d->a.past, &d->b.past);
	put_row(&b, "output", d->output_same ? "the same" : "another one", "");
	out_buf(&d->c->out, &b);
}

static void side_json(struct buf *b, const char *key, const struct past *p)
{
	const struct state *s = &p->state;

	buf_printf(b, "\"%s\":{\"run\":", key);
	buf_jsonz(b, p->id);
	buf_printf(b, ",\"status\":\"%s\",\"forked_from\":", past_status(p));
	buf_jsonz(b, s->forked_from);
	buf_printf(b, ",\"facts\":%" PRId64 ",\"steps\":%" PRId32 ",\"calls\":%" PRId64
		   ",\"run_ms\":%" PRId64 ",\"damage\":", p->facts, s->step, s->calls_ended, s->run_ms);
	buf_jsonz(b, p->damage.status ? p->damage.text : "");
	buf_puts(b, ",\"usage\":");
	json_usage(b, &s->usage);
	buf_puts(b, "}");
}

static void put_json(struct diff *d)
{
	struct buf b;

	buf_init(&b, CLI_JSON_MAX);
	buf_printf(&b, "{\"same\":%s,", same(d) ? "true" : "false");
	side_json(&b, "a", &d->a.past);
	buf_puts(&b, ",");
	side_json(&b, "b", &d->b.past);
	buf_puts(&b, ",\"began\":");
	buf_jsonz(&b, d->begins.p);
	buf_puts(&b, ",\"differ\":");
	buf_jsonz(&b, d->what ? d->what : "");
	buf_puts(&b, ",\"fact_a\":");
	fact_json(d, &d->a, &b);
	buf_puts(&b, ",\"fact_b\":");
	fact_json(d, &d->b, &b);
	buf_printf(&b, ",\"output_same\":%s}\n", d->output_same ? "true" : "false");
	out_buf(&d->c->out, &b);
}

/* ---- the command ---- */

static int diff(struct diff *d)
{
	struct cli *c = d->c;
	exs_err err = EXS_ERR_INIT;

	if (redact_add_patterns(&d->redact, c->conf->run.redact, c->conf->run.redact_n, &err) ||
	    load(d, &d->a, &err) || load(d, &d->b, &err))
		return cli_failed(c, &err);
	compare(d);
	if (opts_has(&c->opts, OPT_JSON))
		put_json(d);
	else
		put_text(d);
	if (d->a.past.damage.status || d->b.past.damage.status)
		return EXIT_STORAGE;
	return same(d) ? EXIT_OK : EXIT_RUN;
}

int cmd_diff(struct cli *c)
{
	auto_free struct diff *d = calloc(1, sizeof *d);
	exs_err err = EXS_ERR_INIT;
	int code;

	if (!d) {
		err_set(&err, EXS_NOMEM, 0, "no memory to compare two runs");
		return cli_failed(c, &err);
	}
	if (!cli_open_past(c, &code))
		return code;
	d->c = c;
	d->a.err = d->b.err = (exs_err)EXS_ERR_INIT;
	buf_init(&d->begins, RUN_NAME_MAX);
	past_init(&d->a.past, c->opts.args[0]);
	past_init(&d->b.past, c->opts.args[1]);
	code = diff(d);
	past_release(&d->a.past);
	past_release(&d->b.past);
	facts_release(&d->a.facts);
	facts_release(&d->b.facts);
	buf_release(&d->begins);
	redact_release(&d->redact);
	return code;
}
