/* SPDX-License-Identifier: MIT */
/*
 * purse.c - one attempt of a run: what it reserves, what it settles, what is booked when it ends.
 *
 * Tokens, dollars and turns are reserved at their worst and settled at what they were. Seconds and
 * calls are known afterwards only: they are booked with each settled turn and at the end, and a
 * turn is refused once they are used up.
 */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <executus/helper.h>

struct exs_purse {
	exs_self *self;
	char run[RUN_ID_MAX + 1];
	char who[LIMITS_MAX][WHO_MAX + 1]; /* but for limits per model: of the last turn */
	bool durable, child;
	struct grant grant; /* shared items of the open reservation */
	bool kept;	    /* the grant has a row */
	struct booked booked;
	bool from_here;		 /* of a retry: all that was used before is booked already */
	bool graced, grace_open; /* had its turn beyond a limit; has it now */
	uint32_t told;		 /* bit i: the model heard of limit i */
	bool models;		 /* who of limits per model is known */
};

/* ---- start ---- */

/* What the attempt before held: kept as an estimate when the turn may have left, else given back.
 */
static exs_status settle_the_dead(exs_purse *p, int32_t sent, exs_batch *batch, exs_err *err)
{
	const exs_store_svc *svc = p->self->store;
	struct grant held;
	exs_status status = grant_get(svc, p->run, &held, err);
	uint32_t i;

	if (status == EXS_NOTFOUND)
		return EXS_OK;
	for (i = 0; status == EXS_OK && !sent && i < held.n; i++)
		status = rows_add(svc, held.items[i].limit, held.items[i].who, held.items[i].bucket,
				  -held.items[i].n, INT64_MAX, batch, err);
	if (status == EXS_OK)
		status = run_row_del(svc, "grant", p->run, batch, err);
	if (status == EXS_OK && sent)
		exs_logf(p->self->host, EXS_INFO,
			 "run %s: what its last turn cost is not known, the estimate is booked",
			 p->run);
	return status;
}

static exs_status recall(exs_purse *p, int32_t sent, bool retried, exs_batch *batch, exs_err *err)
{
	const exs_store_svc *svc = p->self->store;
	exs_status status;

	if (!svc || !batch)
		return EXS_OK;
	if (settle_the_dead(p, sent, batch, err))
		return err->status;
	status = booked_get(svc, p->run, &p->booked, err);
	p->from_here = status == EXS_NOTFOUND && retried;
	if (status && status != EXS_NOTFOUND)
		return status;
	return grace_get(svc, p->run, &p->graced, err);
}

exs_status purse_start(exs_self *self, const exs_run_info *run, int32_t sent, exs_batch *batch,
		       exs_purse **out, exs_err *err)
{
	exs_purse *p = calloc(1, sizeof *p);
	uint32_t i;

	if (!p)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a purse");
	p->self = self;
	p->durable = run->flags & EXS_RUN_DURABLE;
	p->child = run->parent_id[0] != '\0';
	if ((size_t)snprintf(p->run, sizeof p->run, "%s", run->run_id) >= sizeof p->run) {
		free(p);
		return exs_fail(err, EXS_INVALID, 0, "the run's id is longer than %d bytes",
				RUN_ID_MAX);
	}
	for (i = 0; i < self->limits.n; i++)
		ledger_who(&self->limits.list[i], run, NULL, p->who[i]);
	if (run->attempt > 1 && recall(p, sent, run->flags & EXS_RUN_RETRIED, batch, err)) {
		free(p);
		return err->status;
	}
	*out = p;
	return EXS_OK;
}

/* ---- reserve ---- */

struct asking {
	exs_purse *purse;
	const exs_spend *spend;
	exs_batch *own;
	exs_allowance *out;
	int64_t now_ms;
	const struct limit *last; /* passed, and this is the grace */
};

static void tell(struct asking *a, uint32_t i, int64_t used)
{
	const struct limit *l = &a->purse->self->limits.list[i];
	char is[AMOUNT_TEXT_MAX], max[AMOUNT_TEXT_MAX];

	if (a->out->flags || l->soft == 0 || used < l->soft || a->purse->told & (1u << i))
		return;
	a->purse->told |= 1u << i;
	amount_text(l->unit, used, is);
	amount_text(l->unit, l->max, max);
	a->out->flags = EXS_ALLOWED_SOFT;
	snprintf(a->out->limit, sizeof a->out->limit, "%s", l->name);
	snprintf(a->out->words, sizeof a->out->words,
		 "The budget '%s' is nearly used up (%s of %s). Finish what you can and answer.",
		 l->name, is, max);
}

static void tell_last(struct asking *a)
{
	a->out->flags = EXS_ALLOWED_LAST;
	snprintf(a->out->limit, sizeof a->out->limit, "%s", a->last->name);
	snprintf(a->out->words, sizeof a->out->words,
		 "The budget '%s' is used up. This is your last turn: answer now, call no tools.",
		 a->last->name);
}

/* OK: there is room, or this turn is the grace. */
static exs_status judge(struct asking *a, uint32_t i, int64_t used, int64_t need, int64_t room_ms,
			bool *over, exs_err *err)
{
	exs_purse *p = a->purse;
	const struct limit *l = &p->self->limits.list[i];

	*over = unit_is_reserved(l->unit) ? need > l->max - used : used >= l->max;
	if (!*over) {
		tell(a, i, used + need);
		return EXS_OK;
	}
	if (!l->grace || p->graced)
		return ledger_deny(l, p->who[i], used, need, room_ms, err);
	a->last = l;
	return EXS_OK;
}

static exs_status reserve_shared(struct asking *a, uint32_t i, exs_err *err)
{
	exs_purse *p = a->purse;
	const struct limit *l = &p->self->limits.list[i];
	int64_t need = unit_of_worst(l->unit, a->spend->worst), used;
	const exs_store_svc *svc = p->self->store;
	struct item *item;
	struct state s;
	bool over;

	if (rows_state(svc, l, p->who[i], a->now_ms, &s, err))
		return err->status;
	used = s.live;
	if (l->unit == UNIT_SECONDS)
		used += a->spend->so_far->run_ms - p->booked.ms;
	else if (l->unit == UNIT_CALLS)
		used += a->spend->so_far->calls - p->booked.calls;
	if (judge(a, i, used, need, s.oldest < 0 ? 0 : window_ends_ms(&l->per, s.oldest), &over,
		  err) ||
	    rows_expire(svc, l, p->who[i], &s, a->own, err))
		return err->status;
	if (!unit_is_reserved(l->unit))
		return EXS_OK;
	item = &p->grant.items[p->grant.n++];
	memcpy(item->limit, l->rows, sizeof item->limit);
	memcpy(item->who, p->who[i], sizeof item->who);
	item->bucket = s.now;
	item->n = need;
	return rows_add(svc, l->rows, p->who[i], s.now, need, over ? INT64_MAX : l->max + s.removed,
			a->own, err);
}

static exs_status reserve_one(struct asking *a, uint32_t i, exs_err *err)
{
	exs_purse *p = a->purse;
	const struct limit *l = &p->self->limits.list[i];
	bool over;

	if (limit_is_shared(l))
		return reserve_shared(a, i, err);
	return judge(a, i, unit_of_tally(l->unit, a->spend->so_far),
		     unit_of_worst(l->unit, a->spend->worst), 0, &over, err);
}

/* A run that nobody goes on with leaves no grant behind: what it reserved counts until it is
 * settled. */
static exs_status keep(struct asking *a, exs_err *err)
{
	exs_purse *p = a->purse;
	const exs_store_svc *svc = p->self->store;

	p->kept = p->durable && p->grant.n > 0;
	if (p->kept && grant_put(svc, p->run, &p->grant, a->own, err))
		return err->status;
	if (!a->last)
		return EXS_OK;
	p->grace_open = true;
	tell_last(a);
	return svc && a->own ? grace_put(svc, p->run, a->own, err) : EXS_OK;
}

/* The end of the run has booked all, and its row is gone: what was used until now is where booking goes on. */
static void start_of_retry(exs_purse *p, const exs_tally *so_far)
{
	if (p->from_here)
		p->booked = (struct booked){ so_far->run_ms, so_far->calls };
	p->from_here = false;
}

exs_status purse_reserve(exs_purse *p, const exs_spend *spend, exs_batch *own, exs_allowance *out,
			 exs_err *err)
{
	struct asking a = { p, spend, own, out, ledger_now(p->self), NULL };
	const struct limits *limits = &p->self->limits;
	exs_status status = EXS_OK;
	uint32_t i;

	p->grant.n = 0;
	p->kept = p->grace_open = false;
	start_of_retry(p, spend->so_far);
	for (i = 0; i < limits->n; i++)
		if (limits->list[i].scope == SCOPE_MODEL)
			who_write(spend->model, p->who[i]);
	p->models = true;
	for (i = 0; i < limits->n && status == EXS_OK; i++)
		status = reserve_one(&a, i, err);
	if (status == EXS_OK)
		status = keep(&a, err);
	if (status)
		p->grant.n = 0;
	return status;
}

/* ---- settle and finish ---- */

/* Seconds and calls since the last time, for each limit that counts them. */
static exs_status book(exs_purse *p, const exs_tally *so_far, exs_batch *batch, exs_err *err)
{
	exs_self *self = p->self;
	int64_t ms = so_far->run_ms - p->booked.ms, calls = so_far->calls - p->booked.calls;
	bool any = false;
	uint32_t i;

	for (i = 0; i < self->limits.n; i++) {
		const struct limit *l = &self->limits.list[i];
		struct state s;

		if (!limit_is_shared(l) || unit_is_reserved(l->unit))
			continue;
		if (l->scope == SCOPE_MODEL && !p->models)
			continue;
		if (rows_state(self->store, l, p->who[i], ledger_now(self), &s, err) ||
		    rows_add(self->store, l->rows, p->who[i], s.now,
			     l->unit == UNIT_SECONDS ? ms : calls, INT64_MAX, batch, err))
			return err->status;
		any = true;
	}
	p->booked = (struct booked){ so_far->run_ms, so_far->calls };
	return any && p->durable ? booked_put(self->store, p->run, &p->booked, batch, err) : EXS_OK;
}

static enum unit unit_of_rows(const struct limits *limits, const char *rows)
{
	uint32_t i;

	for (i = 0; i < limits->n && strcmp(limits->list[i].rows, rows) != 0; i++)
		;
	return limits->list[i].unit;
}

exs_status purse_settle(exs_purse *p, const exs_usage *actual, const exs_tally *so_far,
			exs_batch *batch, exs_err *err)
{
	const exs_store_svc *svc = p->self->store;
	exs_status status = EXS_OK;
	uint32_t i;

	if (actual && p->grace_open)
		p->graced = true;
	for (i = 0; actual && batch && i < p->grant.n && status == EXS_OK; i++) {
		const struct item *item = &p->grant.items[i];
		enum unit unit = unit_of_rows(&p->self->limits, item->limit);

		status = rows_add(svc, item->limit, item->who, item->bucket,
				  unit_of_usage(unit, actual) - item->n, INT64_MAX, batch, err);
	}
	if (status == EXS_OK && actual && batch && p->kept)
		status = run_row_del(svc, "grant", p->run, batch, err);
	if (status == EXS_OK && actual && batch && svc)
		status = book(p, so_far, batch, err);
	p->grant.n = 0;
	p->kept = p->grace_open = false;
	return status;
}

/* A tree is over with its root: nobody draws from it any more. */
static exs_status forget_tree(exs_purse *p, exs_batch *batch, exs_err *err)
{
	const struct limits *limits = &p->self->limits;
	uint32_t i;

	for (i = 0; i < limits->n; i++) {
		const struct limit *l = &limits->list[i];

		if (l->scope == SCOPE_TREE && l->per.kind == PER_RUN &&
		    rows_forget(p->self->store, l->rows, p->who[i], batch, err))
			return err->status;
	}
	return EXS_OK;
}

exs_status purse_finish(exs_purse *p, int32_t how, const exs_tally *total, exs_batch *batch,
			exs_err *err)
{
	const exs_store_svc *svc = p->self->store;
	exs_status status = EXS_OK;

	if (how == EXS_PURSE_ENDED && batch && svc) {
		start_of_retry(p, total);
		status = book(p, total, batch, err);
		if (status == EXS_OK)
			status = run_row_del(svc, "run", p->run, batch, err);
		if (status == EXS_OK && (p->graced || p->grace_open))
			status = run_row_del(svc, "grace", p->run, batch, err);
		if (status == EXS_OK && !p->child)
			status = forget_tree(p, batch, err);
	}
	free(p);
	return status;
}
