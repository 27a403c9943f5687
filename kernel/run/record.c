/* SPDX-License-Identifier: MIT */
/*
 * record.c - the log of a run: facts into the state and into a batch, without a hole.
 *
 * run_record folds a fact and queues it. run_flush hands what is queued to the batteries that watch
 * and then, as one commit, to commit.c.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/words.h"
#include "run/engine_priv.h"

/* ---- facts ---- */

void fact_recs_free(struct fact_rec *list)
{
	struct fact_rec *f;

	while ((f = list)) {
		list = f->next;
		free(f->text);
		free(f->shown_text);
		free(f);
	}
}

/* One block holds the texts of a fact. */
static struct fact_rec *fact_new(exs_str name, const char *call_id, const exs_usage *usage,
				 const struct buf *body)
{
	struct fact_rec *f = calloc(1, sizeof *f);
	size_t id_n = call_id ? strlen(call_id) : 0;
	char *p;

	if (!f || !buf_ok(body))
		goto undo;
	p = f->text = malloc(id_n + name.n + body->n + 1);
	if (!p)
		goto undo;
	memcpy(p, call_id ? call_id : "", id_n);
	memcpy(p + id_n, name.n ? name.p : "", name.n);
	memcpy(p + id_n + name.n, body->n ? body->p : "", body->n);
	f->pub.size = sizeof f->pub;
	f->pub.call_id = str_n(p, id_n);
	f->pub.name = str_n(p + id_n, name.n);
	f->pub.body = str_n(p + id_n + name.n, body->n);
	if (usage) {
		f->usage = *usage;
		f->pub.usage = &f->usage;
	}
	return f;
undo:
	free(f);
	return NULL;
}

static void run_break(struct run *run, const char *why)
{
	log_error(run->host->log, "run %s: %s", run->id, why);
	run->broken = true;
	if (!run->result.error)
		run->result.error = strdup(why);
}

/* The step that a fact belongs to: a turn under way is one more than those that ended. */
static int32_t step_of(const struct run *run, int32_t kind)
{
	switch (kind) {
	case EXS_FACT_TURN_STARTED:
	case EXS_FACT_TURN_ENDED:
	case EXS_FACT_TURN_FAILED:
		return run->state.step + 1;
	default:
		return run->state.step;
	}
}

int64_t run_record(struct run *run, int32_t kind, exs_str name, const char *call_id,
		   const exs_usage *usage, struct buf *body)
{
	exs_err err = EXS_ERR_INIT;
	struct fact_rec *f;

	if (run->e->redact.form_n && redact_secrets(&run->e->redact, body, &err)) {
		buf_release(body);
		run_break(run, err.text);
		return 0;
	}
	f = fact_new(name, call_id, usage, body);
	if (body->n > EXS_FACT_BODY_MAX) {
		fact_recs_free(f);
		f = NULL;
	}
	buf_release(body);
	if (!f) {
		run_break(run, "a fact is larger than 8 MiB, or there is no memory for it");
		return 0;
	}
	f->pub.kind = kind;
	f->pub.seq = run->state.seq + 1;
	f->pub.at_ms = clock_wall_ms();
	f->pub.run_ms = run_active_ms(run);
	f->pub.step = step_of(run, kind);
	f->pub.attempt = run->info.attempt;
	if (fold(&run->state, &f->pub, &err)) {
		run_break(run, err.text);
		fact_recs_free(f);
		return 0;
	}
	f->next = NULL;
	*run->pending_tail = f;
	run->pending_tail = &f->next;
	run->pending_n++;
	run->pending_bytes += f->pub.body.n;
	run_touch(run);
	return f->pub.seq;
}

/* ---- one batch ---- */

/* The batch begins with the check of the head that it rests on. */
exs_status run_open_batch(struct run *run, exs_err *err)
{
	char key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];

	if (!run->durable || run->batch.n > 0)
		return EXS_OK;
	head_key(run->id, key);
	head_text(&run->head, text);
	return batch_check(&run->batch, str_of(key), run->head_stored ? str_of(text) : str_of(NULL),
			   err);
}

static exs_status put_head(struct run *run, struct commit *c, exs_err *err)
{
	char key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];

	c->before = run->head;
	c->after.fence = run->fence;
	c->after.seq = run->state.seq;
	if (run->phase <= RUN_LIVE) /* else nobody carries it any more */
		memcpy(c->after.owner, owner_id(run->e->owner), sizeof c->after.owner);
	head_key(run->id, key);
	head_text(&c->after, text);
	return batch_put(&run->batch, str_of(NULL), str_of(key), str_of(text), err);
}

static exs_status append(struct run *run, exs_err *err)
{
	const exs_fact **facts = calloc(run->pending_n, sizeof *facts);
	struct fact_rec *f;
	exs_status status;
	uint64_t n = 0;

	if (!facts)
		return err_set(err, EXS_NOMEM, 0, "no memory for %u facts", run->pending_n);
	for (f = run->pending; f; f = f->next)
		facts[n++] = &f->pub;
	status = call_ckpt_append(run->host->checkpoint, run->ckpt, facts, n, &run->batch, err);
	free(facts);
	return status;
}

/* With the last facts. A row that stays in the open index costs one look at a run that has ended.
 */
static void end_checkpoint(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = take(run->ckpt);
	int32_t how = run->state.parked			  ? EXS_CKPT_LEAVE
		      : run->state.status == EXS_ENDED_OK ? EXS_CKPT_COMPLETE
							  : EXS_CKPT_FAIL;

	if (ckpt && call_ckpt_end(run->host->checkpoint, ckpt, how,
				  str_of(ended_word(run->end_status)), &run->batch, &err))
		log_warn(run->host->log, "run %s: its checkpoint did not close: %s", run->id,
			 err.text);
}

/* Only when all of it is in the batch is it taken from the queue: an error leaves everything for
 * the next try. */
static exs_status fill_batch(struct run *run, struct commit *c, exs_err *err)
{
	struct batch_mark mark;
	exs_status status = run_open_batch(run, err);

	mark = batch_mark(&run->batch);
	if (status == EXS_OK)
		status = append(run, err);
	if (status == EXS_OK)
		status = put_head(run, c, err);
	if (status)
		batch_rollback(&run->batch, mark);
	else if (run->phase > RUN_LIVE)
		end_checkpoint(run);
	return status;
}

/*
 * A run, an attempt and a call are begun only while there is room; what they came to is always for the
 * room that the store keeps. The start of a turn is no beginning here: it stands in one batch with the
 * ends of the calls before it.
 */
static bool begins_nothing(const struct fact_rec *f)
{
	for (; f; f = f->next)
		if (f->pub.kind == EXS_FACT_RUN_STARTED || f->pub.kind == EXS_FACT_RUN_RESUMED ||
		    f->pub.kind == EXS_FACT_RUN_FORKED || f->pub.kind == EXS_FACT_CALL_STARTED)
			return false;
	return true;
}

static void flush_undurable(struct run *run)
{
	struct fact_rec *facts = take(run->pending);

	run->pending_tail = &run->pending;
	run->pending_n = 0;
	run->pending_bytes = 0;
	if (run->settle)
		purse_settle(run);
	watch_inside(run, facts, NULL);
	watch_outside(run, facts);
	fact_recs_free(facts);
}

/*
 * A checkpoint that refuses facts may have looked behind what another process wrote since our last look, or since
 * the run was read. With batches under way their answers say it.
 */
static bool is_carried_by_another(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	struct head now;

	return run->head_stored && !run->commits && head_read(run->host, run->id, &now, &err) == EXS_OK &&
	       !head_equal(&now, &run->head);
}

void run_flush(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	struct commit *c;

	run_due(run, DUE_FLUSH, 0);
	if (!run->pending || run->phase == RUN_OVER)
		return;
	if (!run->durable) {
		flush_undurable(run);
		return;
	}
	/* What failed goes first; the queue follows it when the store answers again. */
	if (run->storage_failing)
		return;
	c = calloc(1, sizeof *c);
	if (!c || fill_batch(run, c, &err)) {
		free(c);
		if (!err.text[0])
			err_set(&err, EXS_NOMEM, 0, "no memory for a batch");
		if (is_carried_by_another(run))
			finish_lost(run);
		else
			commit_refused(run, &err);
		return;
	}
	c->run = run;
	c->mail.kind = MAIL_STORED;
	c->facts = take(run->pending);
	c->step = run->state.step;
	run->pending_tail = &run->pending;
	run->pending_n = 0;
	run->pending_bytes = 0;
	if (run->settle)
		purse_settle(run);
	watch_inside(run, c->facts, &run->batch);
	run->batch.ends = begins_nothing(c->facts);
	c->batch = run->batch;
	batch_init(&run->batch);
	run->head = c->after;
	run->head_stored = true;
	*run->commit_tail = c;
	run->commit_tail = &c->next;
	commit_submit(run, c);
}
