/* SPDX-License-Identifier: MIT */
/* cmd_replay.c - executus replay: does a run follow from its facts? Nothing is asked, sent or written. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/replayed.h"
#include "fact/words.h"
#include "host/calls.h"
#include "rows/head.h"

#define LINE_BYTES_MAX 4096u

static const char *const last_words[] = { "input", "same", "other" };

/* ---- each fact, with what was planned before it ---- */

static void fact_text(const struct replayed *p, const exs_fact *f)
{
	struct buf line;

	buf_init(&line, LINE_BYTES_MAX);
	buf_printf(&line, "%5" PRId64 "  step %-3" PRId32 "  %-15s  %-6.*s  ", f->seq, f->step,
		   fact_word(f->kind), (int)(f->call_id.n > CALL_ID_MAX ? CALL_ID_MAX : f->call_id.n),
		   f->call_id.n ? f->call_id.p : "");
	if (p->r.last != REPLAY_INPUT)
		buf_printf(&line, "%s: ", last_words[p->r.last]);
	if (p->r.last != REPLAY_INPUT)
		text_one_line(&line, str_of(p->r.planned), REPLAY_TEXT_MAX);
	buf_puts(&line, "\n");
	out_buf(&p->c->out, &line);
}

static void put_begin(const struct replayed *p, struct buf *b)
{
	buf_puts(b, "{\"run\":");
	buf_jsonz(b, p->id);
}

static void fact_json(const struct replayed *p, const exs_fact *f)
{
	struct buf line;

	buf_init(&line, LINE_BYTES_MAX);
	if (!p->listed)
		put_begin(p, &line);
	buf_puts(&line, p->listed ? ",\n" : ",\"log\":[");
	buf_printf(&line, "{\"seq\":%" PRId64 ",\"kind\":\"%s\",\"step\":%" PRId32 ",\"is\":\"%s\"",
		   f->seq, fact_word(f->kind), f->step, last_words[p->r.last]);
	if (p->r.last != REPLAY_INPUT) {
		buf_puts(&line, ",\"planned\":");
		buf_jsonz(&line, p->r.planned);
	}
	buf_puts(&line, "}");
	out_buf(&p->c->out, &line);
}

static exs_status each_fact(void *arg, const exs_fact *f)
{
	struct replayed *p = arg;
	exs_status status = replay_fact(&p->r, f);

	if (status == EXS_OK && p->with.file)
		status = whatif_expect(&p->with.whatif, f, &p->r.damage);
	if (p->list && (status == EXS_OK || status == EXS_CANCELLED)) {
		(p->json ? fact_json : fact_text)(p, f);
		p->listed++;
	}
	return status ? status : p->c->out.failed ? EXS_IO : EXS_OK;
}

/* ---- loading ---- */

/* Facts that are gone from the end leave no hole; the head tells that there were more. */
static void check_head(struct replayed *p, const struct head *head)
{
	if (p->r.state.seq < head->seq)
		err_set(&p->damage, EXS_CORRUPT, 0, "its head counts %" PRId64 " facts, and %" PRId64
			" are there", head->seq, p->r.state.seq);
}

static exs_status load(struct replayed *p, exs_err *err)
{
	exs_err why = EXS_ERR_INIT, no_head = EXS_ERR_INIT;
	struct head head = { 0 };
	exs_status status;

	if (!id_ok(p->id))
		return err_set(err, EXS_NOTFOUND, 0, "'%.40s' is not the id of a run", p->id);
	if (p->c->host->store)
		head_read(p->c->host, p->id, &head, &no_head);
	status = call_ckpt_load(p->c->host->checkpoint, p->id, each_fact, p, &why);
	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0, "there is no run '%.40s': 'executus runs' lists them",
			       p->id);
	if (p->r.damage.status)
		p->damage = p->r.damage; /* the fold knows better what is wrong */
	else if (status && status != EXS_CANCELLED && !p->r.facts)
		return *err = why, status;
	else if (status && status != EXS_CANCELLED)
		p->damage = why;
	else if (!p->r.found.any)
		check_head(p, &head);
	return EXS_OK;
}

/* ---- what came out ---- */

static void next_words(const struct replayed *p, char out[REPLAY_TEXT_MAX])
{
	struct action a;

	plan(&p->r.state, &a);
	replay_words(&p->r.state, &a, out);
}

static void put_text(const struct replayed *p)
{
	const struct replay_found *d = &p->r.found;
	char next[REPLAY_TEXT_MAX];
	struct buf b;

	buf_init(&b, REPLAY_OUT_MAX);
	if (d->any) {
		buf_printf(&b, "fact %" PRId64 " is another one (step %" PRId32 ", attempt %" PRId32
			   "); the %" PRId64 " before it are the same\n", d->seq, d->step, d->attempt,
			   p->r.facts);
		buf_puts(&b, "  planned   ");
		text_one_line(&b, str_of(d->planned), REPLAY_TEXT_MAX);
		buf_puts(&b, "\n  recorded  ");
		text_one_line(&b, str_of(d->recorded), REPLAY_TEXT_MAX);
		buf_puts(&b, "\n");
	} else {
		buf_printf(&b, "%" PRId64 " facts, %" PRId32 " steps: every decision is the same%s\n",
			   p->r.facts, p->r.state.step, p->damage.status ? " so far" : "");
	}
	if (!d->any && !p->damage.status && !p->r.state.ended) {
		next_words(p, next);
		buf_puts(&b, "it has not ended; planned is: ");
		text_one_line(&b, str_of(next), REPLAY_TEXT_MAX);
		buf_puts(&b, "\n");
	}
	if (p->asked)
		with_text(p, &b);
	out_buf(&p->c->out, &b);
}

static void put_json(const struct replayed *p)
{
	const struct replay_found *d = &p->r.found;
	char next[REPLAY_TEXT_MAX];
	struct buf b;

	buf_init(&b, REPLAY_OUT_MAX);
	if (!p->listed)
		put_begin(p, &b);
	buf_puts(&b, p->listed ? "],\n" : ",");
	buf_printf(&b, "\"same\":%s,\"facts\":%" PRId64 ",\"steps\":%" PRId32 ",\"decisions\":%" PRId64
		   ",\"ended\":%s", d->any || p->damage.status ? "false" : "true", p->r.facts,
		   p->r.state.step, p->r.decisions, p->r.state.ended ? "true" : "false");
	next_words(p, next);
	buf_puts(&b, ",\"next\":");
	buf_jsonz(&b, d->any || p->r.state.ended ? "" : next);
	buf_puts(&b, ",\"damage\":");
	buf_jsonz(&b, p->damage.status ? p->damage.text : "");
	if (d->any) {
		buf_printf(&b, ",\"divergence\":{\"seq\":%" PRId64 ",\"step\":%" PRId32
			   ",\"attempt\":%" PRId32 ",\"planned\":", d->seq, d->step, d->attempt);
		buf_jsonz(&b, d->planned);
		buf_puts(&b, ",\"recorded\":");
		buf_jsonz(&b, d->recorded);
		buf_puts(&b, "}");
	}
	if (p->asked)
		with_json(p, &b);
	buf_puts(&b, "}\n");
	out_buf(&p->c->out, &b);
}

/* ---- the command ---- */

static int over(const struct replayed *p)
{
	struct cli *c = p->c;

	(p->json ? put_json : put_text)(p);
	if (p->damage.status)
		log_error(&c->log, "run %s is damaged behind fact %" PRId64 ": %s", p->id, p->r.facts,
			  p->damage.text);
	if (p->with.file && !p->asked)
		log_error(&c->log, "%s was not asked: the run itself does not replay", p->with.file);
	if (p->damage.status)
		return EXIT_STORAGE;
	return p->r.found.any || (p->asked && !with_same(p)) ? EXIT_RUN : EXIT_OK;
}

static int replay(struct replayed *p)
{
	exs_err err = EXS_ERR_INIT;

	if (load(p, &err))
		return cli_failed(p->c, &err);
	p->asked = p->with.file && !p->r.found.any && !p->damage.status;
	if (p->asked && with_ask(p, &err))
		return cli_failed(p->c, &err);
	return over(p);
}

int cmd_replay(struct cli *c)
{
	auto_free struct replayed *p = calloc(1, sizeof *p);
	const char *with = opts_value(&c->opts, OPT_WITH);
	exs_err err = EXS_ERR_INIT;
	int code;

	if (!p) {
		err_set(&err, EXS_NOMEM, 0, "no memory to replay a run");
		return cli_failed(c, &err);
	}
	if (!cli_open_past(c, &code))
		return code;
	p->c = c;
	p->id = c->opts.args[0];
	p->list = opts_has(&c->opts, OPT_FACTS);
	p->json = opts_has(&c->opts, OPT_JSON);
	p->damage = (exs_err)EXS_ERR_INIT;
	replay_init(&p->r);
	if (!with || with_open(p, with, &code))
		code = replay(p);
	replay_release(&p->r);
	with_close(p);
	return code;
}
