/* SPDX-License-Identifier: MIT */
/*
 * outbox_sweep.c - deliveries that an earlier process queued and did not finish, and those that are
 * due again.
 *
 * A row of a process that is not provably gone is left alone: it is being delivered. Before it
 * delivers a process claims the row: CHECK what was read, PUT its own name, so that two never
 * deliver at once. The result is made again from the run's facts. A sweep is asked for by `resume
 * --all`, or made by a thread of the engine while it lives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "run/delivery.h"
#include "run/engine_priv.h"
#include "run/outbox_sweep.h"

#define SWEEP_FIRST_MS 1000 /* a command that is quick does nothing for others */
#define SWEEP_EVERY_MS 5000 /* when nothing is known to be due sooner */
#define SWEEP_LEAST_MS 1000

struct rows {
	struct row {
		char key[OUTBOX_KEY_MAX];
		char *text;
	} * list;
	uint32_t n, cap;
};

static void rows_release(struct rows *r)
{
	uint32_t i;

	for (i = 0; i < r->n; i++)
		free(r->list[i].text);
	free(r->list);
}

static exs_status keep_row(void *arg, exs_str key, exs_str value)
{
	struct rows *r = arg;
	struct row *grown, *row;
	uint32_t cap;

	if (key.n >= sizeof row->key || r->n == OUTBOX_MAX)
		return r->n == OUTBOX_MAX ? EXS_TOOBIG : EXS_OK;
	if (r->n == r->cap) {
		cap = r->cap ? r->cap * 2 : 16;
		grown = realloc(r->list, cap * sizeof *grown);
		if (!grown)
			return EXS_NOMEM;
		r->list = grown;
		r->cap = cap;
	}
	row = &r->list[r->n];
	memset(row, 0, sizeof *row);
	memcpy(row->key, key.p, key.n);
	row->text = str_dup(value);
	if (!row->text)
		return EXS_NOMEM;
	r->n++;
	return EXS_OK;
}

/* ---- the run behind it ---- */

struct loading {
	struct run *run;
	int32_t parked;  /* the attempt that parked and is told of; 0: an end */
	int32_t retried; /* the retry whose end it is; 0: the first end */
	bool found;
	exs_err err;
};

static exs_status fold_row(void *arg, const exs_fact *fact)
{
	struct loading *l = arg;
	bool parks = fact->kind == EXS_FACT_RUN_PARKED && fact->attempt == l->parked;
	exs_status status = fold(&l->run->state, fact, &l->err);
	bool ends = fact->kind == EXS_FACT_RUN_ENDED && !l->parked &&
		    l->run->state.retried == l->retried;

	if (status || (!ends && !parks))
		return status;
	buf_clear(&l->run->end_body);
	buf_str(&l->run->end_body, fact->body);
	l->run->end_status = parks ? EXS_ENDED_PARKED : l->run->state.status;
	l->found = true;
	return EXS_CANCELLED; /* what it became later is not told here */
}

/* The attempt in "RUN.N.pATTEMPT" or "RUN.N.rATTEMPT"; 0: the id has no such part. */
static int32_t attempt_in(const char *id, const char *mark)
{
	const char *p = strstr(id, mark);

	return p ? (int32_t)strtol(p + strlen(mark), NULL, 10) : 0;
}

/* A run that is not live: only to look at. */
static exs_status load(struct engine *e, const struct outbox_row *row, struct run **out,
		       exs_err *err)
{
	struct loading l = { .parked = attempt_in(row->id, ".p"),
			     .retried = attempt_in(row->id, ".r"),
			     .err = EXS_ERR_INIT };
	exs_status status = run_new(e, row->run_id, NULL, &l.run, err);

	if (status)
		return status;
	l.run->durable = true;
	status = call_ckpt_load(e->host->checkpoint, row->run_id, fold_row, &l, err);
	if (l.found && status == EXS_CANCELLED)
		status = EXS_OK;
	if (status && l.err.status)
		*err = l.err;
	else if (status == EXS_OK)
		status = run_info_fill(l.run, err);
	if (status == EXS_OK && (!l.found || !buf_ok(&l.run->end_body)))
		status = err_set(err, EXS_CORRUPT, 0, "run %s has not ended", row->run_id);
	if (status)
		run_unref(l.run);
	else
		*out = l.run;
	return status;
}

/* ---- one row ---- */

/* From the text that we know to another; CONFLICT: it is not as we knew it. `sent`: to a row that
 * is done with. */
static exs_status change(struct engine *e, const char *id, exs_str was, exs_str now, exs_str sent,
			 exs_err *err)
{
	char key[OUTBOX_KEY_MAX], done[OUTBOX_KEY_MAX];
	struct batch b;
	exs_status status;

	outbox_key(OUTBOX_PREFIX, id, key);
	outbox_key(SENT_PREFIX, id, done);
	batch_init(&b);
	b.ends = true;
	status = batch_check(&b, str_of(key), was, err);
	if (status == EXS_OK && now.n)
		status = batch_put(&b, str_of(NULL), str_of(key), now, err);
	else if (status == EXS_OK)
		status = batch_del(&b, str_of(NULL), str_of(key), err);
	if (status == EXS_OK && sent.n)
		status = batch_put(&b, str_of(NULL), str_of(done), sent, err);
	if (status == EXS_OK)
		status = call_store_commit(e->host->store, &b, err);
	batch_release(&b);
	return status;
}

static exs_status is_done(struct sweep *s, struct outbox_row *row, exs_str mine,
			  enum outbox_state state, const struct delivery_answer *a, exs_err *err)
{
	bool arrived = state == OUTBOX_DELIVERED;
	struct buf sent;
	exs_status status;

	sent_text(row, state, clock_wall_ms(), arrived ? "" : a->why.text,
		  arrived ? a->receipt : "", &sent);
	status = change(s->e, row->id, mine, str_of(NULL), buf_view(&sent), err);
	buf_release(&sent);
	return status;
}

/* AGAIN: it is tried later. */
static exs_status is_left(struct sweep *s, struct outbox_row *row, exs_str mine,
			  const struct delivery_answer *a, exs_err *err)
{
	char at[CLOCK_TEXT_MAX];
	struct buf left;
	exs_status status;

	row->next_ms = outbox_next_ms(row->tries, a->why.retry_after_ms, clock_wall_ms());
	if (!row->next_ms) {
		log_warn(s->e->host->log, "delivery '%s' is given up after %d tries", row->id,
			 (int)row->tries);
		return is_done(s, row, mine, OUTBOX_ABANDONED, a, err);
	}
	row->owner[0] = '\0';
	snprintf(row->why, sizeof row->why, "%.*s", (int)sizeof row->why - 1, a->why.text);
	outbox_text(row, &left);
	status = change(s->e, row->id, mine, buf_view(&left), str_of(NULL), err);
	buf_release(&left);
	if (status)
		return status;
	if (!s->next_ms || row->next_ms < s->next_ms)
		s->next_ms = row->next_ms;
	clock_text(row->next_ms, at);
	return err_set(err, EXS_AGAIN, 0, "it is tried again from %s on", at);
}

/* Claims it, delivers it, and says so. OK: it is done with. */
static exs_status carry_out(struct sweep *s, struct outbox_row *row, exs_str was, struct run *run,
			    const struct delivery_target *to, exs_err *err)
{
	struct delivery_answer a;
	struct buf mine;
	exs_status status;

	row->tries++;
	snprintf(row->owner, sizeof row->owner, "%s", owner_id(s->e->owner));
	outbox_text(row, &mine);
	status = change(s->e, row->id, was, buf_view(&mine), str_of(NULL), err);
	if (status == EXS_OK) {
		delivery_wait(run, to, row->tries, s->stop, &a);
		if (a.outcome == DELIVERY_LATER)
			status = is_left(s, row, buf_view(&mine), &a, err);
		else
			status = is_done(s, row, buf_view(&mine),
					 a.outcome == DELIVERY_ARRIVED ? OUTBOX_DELIVERED
								       : OUTBOX_FAILED,
					 &a, err);
	}
	buf_release(&mine);
	return status;
}

/* May we have it now? */
static exs_status is_ours(struct sweep *s, const struct outbox_row *row, exs_err *err)
{
	char at[CLOCK_TEXT_MAX];

	if (strcmp(row->owner, owner_id(s->e->owner)) == 0 ||
	    !owner_is_gone(s->e->owner, row->owner))
		return err_set(err, EXS_AGAIN, 0, "a live process is at it");
	if (s->when == OUTBOX_NOW || row->next_ms <= clock_wall_ms())
		return EXS_OK;
	if (!s->next_ms || row->next_ms < s->next_ms)
		s->next_ms = row->next_ms;
	clock_text(row->next_ms, at);
	return err_set(err, EXS_AGAIN, 0, "it is tried again from %s on", at);
}

static exs_status try_parsed(struct sweep *s, struct outbox_row *row, exs_str was, exs_err *err)
{
	struct delivery_target to;
	struct run *run;
	exs_status status = is_ours(s, row, err);

	if (status)
		return status;
	if (!delivery_bind(s->e->host, row->kind, row->target, row->id, &to))
		return err_set(err, EXS_NOTFOUND, 0, "nothing is bound to delivery '%.40s'",
			       row->kind);
	status = load(s->e, row, &run, err);
	if (status == EXS_NOTFOUND) /* the run was cleared away: there is nothing to deliver */
		return change(s->e, row->id, was, str_of(NULL), str_of(NULL), err);
	if (status)
		return status;
	if (s->most > 0)
		s->most--;
	status = carry_out(s, row, was, run, &to, err);
	run_unref(run);
	return status;
}

static exs_status try_row(struct sweep *s, const struct row *row, exs_err *err)
{
	struct outbox_row r;
	exs_status status = outbox_parse(str_of(row->key), str_of(row->text), &r, err);

	if (status == EXS_OK)
		status = try_parsed(s, &r, str_of(row->text), err);
	outbox_release(&r);
	return status;
}

/* ---- all of them ---- */

static bool is_stopped(const struct sweep *s)
{
	return s->stop && cancel_cause(s->stop) != EXS_CAUSE_NONE;
}

static size_t sweep_rows(struct sweep *s, const struct rows *rows)
{
	exs_err err = EXS_ERR_INIT;
	size_t left = 0;
	uint32_t i;

	for (i = 0; i < rows->n; i++) {
		exs_status status;

		if (s->most == 0 || is_stopped(s))
			return left + rows->n - i;
		status = try_row(s, &rows->list[i], &err);
		if (status == EXS_OK)
			continue;
		left++;
		if (status == EXS_AGAIN || s->quiet)
			log_debug(s->e->host->log, "delivery '%s' stays: %s", rows->list[i].key,
				  err.text);
		else
			log_warn(s->e->host->log, "delivery '%s' stays: %s", rows->list[i].key,
				 err.text);
	}
	return left;
}

size_t outbox_sweep(struct sweep *s)
{
	struct rows rows = { 0 };
	exs_err err = EXS_ERR_INIT;
	size_t left;
	exs_status status = call_store_scan(s->e->host->store, str_of(OUTBOX_PREFIX), str_of(NULL),
					    0, keep_row, &rows, &err);

	if (status && status != EXS_TOOBIG)
		log_warn(s->e->host->log, "the outbox cannot be read: %s", err.text);
	left = sweep_rows(s, &rows);
	rows_release(&rows);
	return left;
}

/* What this process left a moment ago may be on its way to the store: wait behind it. */
static void wait_for_rows(struct engine *e)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	batch_init(&b);
	b.ends = true;
	if (batch_del(&b, str_of(NULL), str_of(OUTBOX_PREFIX "-"), &err) ||
	    call_store_commit(e->host->store, &b, &err))
		log_debug(e->host->log, "the outbox may be behind: %s", err.text);
	batch_release(&b);
}

size_t engine_outbox(struct engine *e, enum outbox_when when)
{
	struct sweep s = { .e = e, .when = when, .most = OUTBOX_MAX };

	if (!e->host->store || !e->host->checkpoint)
		return 0;
	wait_for_rows(e);
	return outbox_sweep(&s);
}
