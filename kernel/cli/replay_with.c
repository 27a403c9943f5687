/* SPDX-License-Identifier: MIT */
/* replay_with.c - replay --with: what another configuration would have decided, beside what was decided. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/replayed.h"
#include "host/calls.h"

#define WORDS_SHOWN   160u

static const char *const who_words[] = { "critic", "budget", "time" };

/* ---- opening ---- */

bool with_open(struct replayed *p, const char *file, int *code)
{
	struct with *w = &p->with;
	exs_err err = EXS_ERR_INIT;

	if (conf_load(file, &w->conf, &err) ||
	    host_open(w->conf, HOST_REHEARSAL, p->c->folders, &p->c->log, &w->host, &err)) {
		*code = cli_conf_mistake(p->c, &err);
		return false;
	}
	w->file = file;
	whatif_init(&w->whatif, w->host, NULL, p->id);
	return true;
}

void with_close(struct replayed *p)
{
	if (p->with.file)
		whatif_release(&p->with.whatif);
	host_close(p->with.host);
	conf_free(p->with.conf);
}

/* ---- asking ---- */

/* A run that goes on has more facts by now than were replayed. */
static exs_status each_fact(void *arg, const exs_fact *f)
{
	struct replayed *p = arg;

	return f->seq > p->r.state.seq ? EXS_CANCELLED : whatif_fact(&p->with.whatif, f);
}

exs_status with_ask(struct replayed *p, exs_err *err)
{
	struct whatif *w = &p->with.whatif;
	exs_status status;

	w->agent = conf_agent(p->with.conf, p->r.state.agent);
	if (!w->agent)
		return err_set(err, EXS_INVALID, 0,
			       "%s has no agent '%.40s', so it has no limits for this run", p->with.file,
			       p->r.state.agent);
	status = call_ckpt_load(p->c->host->checkpoint, p->id, each_fact, p, err);
	if (w->err.status)
		*err = w->err;
	else if (status == EXS_CANCELLED)
		*err = (exs_err)EXS_ERR_INIT;
	return err->status;
}

bool with_same(const struct replayed *p)
{
	return whatif_same(&p->with.whatif);
}

/* ---- text ---- */

static const char *name_of(const struct instance *in)
{
	return in ? in->conf->name : "-";
}

static void items_text(struct buf *b, const char *side, const struct whatif_items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		const struct whatif_item *d = &items->list[i];

		buf_printf(b, "%-10sfact %-5" PRId64 " %8.3fs  step %-3" PRId32 "  %s: %s", i ? "" : side,
			   d->seq, (double)d->run_ms / 1000, d->step, who_words[d->who], d->what);
		if (d->tag[0]) {
			buf_puts(b, " (");
			text_one_line(b, str_of(d->tag), sizeof d->tag);
			buf_puts(b, ")");
		}
		if (d->words[0]) {
			buf_puts(b, " ");
			text_one_line(b, str_of(d->words), WORDS_SHOWN);
		}
		buf_puts(b, "\n");
	}
	if (!items->n)
		buf_printf(b, "%-10snothing\n", side);
}

static void turns_text(struct buf *b, const struct whatif *w)
{
	size_t i;

	for (i = 0; i < w->turns.n; i++) {
		const struct whatif_turn *t = &w->turns.list[i];

		buf_printf(b, "%-10sfact %-5" PRId64 " step %-3" PRId32 "  $%.6f, recorded $%.6f  ",
			   i ? "" : "turns", t->seq, t->step, (double)t->cost_micro / 1e6,
			   (double)t->recorded_micro / 1e6);
		text_one_line(b, str_of(t->model), RUN_NAME_MAX);
		buf_puts(b, "\n");
	}
}

static void result_text(struct buf *b, const struct whatif *w)
{
	const struct replay_found *d = &w->r.found;

	if (whatif_same(w))
		buf_puts(b, "it decides the same\n");
	else if (d->any) {
		buf_printf(b, "the run would have gone another way at fact %" PRId64 "\n  planned   ", d->seq);
		text_one_line(b, str_of(d->planned), REPLAY_TEXT_MAX);
		buf_puts(b, "\n  recorded  ");
		text_one_line(b, str_of(d->recorded), REPLAY_TEXT_MAX);
		buf_puts(b, "\n");
	} else if (w->over)
		buf_printf(b, "the run would have ended behind fact %" PRId64 "\n", w->seq);
	else
		buf_puts(b, "it decides otherwise, and the run goes the same way\n");
}

void with_text(const struct replayed *p, struct buf *b)
{
	const struct whatif *w = &p->with.whatif;

	buf_printf(b, "\n%-10s", "with");
	text_one_line(b, str_of(p->with.file), RUN_NAME_MAX);
	buf_printf(b, ": critic %s, budget %s, agent %s\n", name_of(p->with.host->critic),
		   name_of(p->with.host->budget), w->agent->name);
	items_text(b, "would", &w->would);
	items_text(b, "was", &w->was);
	if (p->list)
		turns_text(b, w);
	if (p->with.host->budget)
		buf_printf(b, "%-10s$%.6f in %zu turns, recorded $%.6f\n", "cost",
			   (double)w->cost_micro / 1e6, w->turns.n, (double)w->recorded_micro / 1e6);
	result_text(b, w);
}

/* ---- JSON ---- */

static void items_json(struct buf *b, const char *key, const struct whatif_items *items)
{
	size_t i;

	buf_printf(b, ",\"%s\":[", key);
	for (i = 0; i < items->n; i++) {
		const struct whatif_item *d = &items->list[i];

		buf_printf(b, "%s{\"seq\":%" PRId64 ",\"run_ms\":%" PRId64 ",\"step\":%" PRId32
			   ",\"who\":\"%s\",\"what\":", i ? "," : "", d->seq, d->run_ms, d->step,
			   who_words[d->who]);
		buf_jsonz(b, d->what);
		buf_puts(b, ",\"tag\":");
		buf_jsonz(b, d->tag);
		buf_puts(b, ",\"words\":");
		buf_jsonz(b, d->words);
		buf_puts(b, "}");
	}
	buf_puts(b, "]");
}

static void turns_json(struct buf *b, const struct whatif *w)
{
	size_t i;

	buf_puts(b, ",\"turns\":[");
	for (i = 0; i < w->turns.n; i++) {
		const struct whatif_turn *t = &w->turns.list[i];

		buf_printf(b, "%s{\"seq\":%" PRId64 ",\"step\":%" PRId32 ",\"model\":", i ? "," : "", t->seq,
			   t->step);
		buf_jsonz(b, t->model);
		buf_printf(b, ",\"cost_micro\":%" PRId64 ",\"recorded_micro\":%" PRId64 "}", t->cost_micro,
			   t->recorded_micro);
	}
	buf_puts(b, "]");
}

static void name_json(struct buf *b, const char *key, const struct instance *in)
{
	buf_printf(b, ",\"%s\":", key);
	buf_jsonz(b, in ? in->conf->name : "");
}

void with_json(const struct replayed *p, struct buf *b)
{
	const struct whatif *w = &p->with.whatif;
	const struct replay_found *d = &w->r.found;

	buf_puts(b, ",\n\"with\":{\"conf\":");
	buf_jsonz(b, p->with.file);
	name_json(b, "critic", p->with.host->critic);
	name_json(b, "budget", p->with.host->budget);
	buf_printf(b, ",\"same\":%s,\"ends_at\":", whatif_same(w) ? "true" : "false");
	buf_printf(b, w->over ? "%" PRId64 : "null", w->seq);
	items_json(b, "would", &w->would);
	items_json(b, "was", &w->was);
	turns_json(b, w);
	buf_printf(b, ",\"cost_micro\":%" PRId64 ",\"recorded_micro\":%" PRId64, w->cost_micro,
		   w->recorded_micro);
	if (d->any) {
		buf_printf(b, ",\"other_way\":{\"seq\":%" PRId64 ",\"planned\":", d->seq);
		buf_jsonz(b, d->planned);
		buf_puts(b, ",\"recorded\":");
		buf_jsonz(b, d->recorded);
		buf_puts(b, "}");
	}
	buf_puts(b, "}");
}
