/* SPDX-License-Identifier: MIT */
/* whatif_budget.c - the other budget over a record: purse.c and reserve.c, with a ledger of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fact/allowance.h"
#include "run/run.h"
#include "run/whatif_priv.h"

static struct batch *rows_for(struct whatif *w, struct batch *own)
{
	batch_init(own);
	return w->host->store ? own : NULL;
}

static exs_status commit(struct whatif *w, struct batch *own, exs_err *err)
{
	exs_status status = EXS_OK;

	if (own->n && w->host->store)
		status = call_store_commit(w->host->store, own, err);
	batch_release(own);
	return status;
}

/* What a battery says when it fails, and not when it refuses. */
static exs_status failed(struct whatif *w, const exs_err *why)
{
	return err_set(&w->err, why->status, 0, "budget '%s' cannot be asked: %.180s",
		       w->host->budget->conf->name, why->text);
}

static exs_status denied(struct whatif *w, const char *why)
{
	w->over = true;
	return whatif_note(w, &w->would, WHATIF_BUDGET, "denied", "", why);
}

static exs_status refused(struct whatif *w, const exs_err *why)
{
	return why->status == EXS_DENIED ? denied(w, why->text) : failed(w, why);
}

static void tally(const struct whatif *w, exs_tally *out)
{
	tally_of(&w->r.state, w->now_ms, out);
	out->left_ms = w->r.state.limits.runtime_ms - w->now_ms;
	out->usage.cost_micro = w->cost_micro;
}

exs_status whatif_purse(struct whatif *w, bool sent)
{
	struct instance *in = w->host->budget;
	exs_err err = EXS_ERR_INIT;
	struct batch own, *b;

	if (!in)
		return EXS_OK;
	if (w->info.attempt == 1 && call_budget_check(in, &w->info, &err))
		return refused(w, &err);
	b = rows_for(w, &own);
	if (call_budget_start(in, &w->info, sent, b, &w->purse, &err) || !w->purse) {
		batch_release(&own);
		return refused(w, &err);
	}
	return commit(w, &own, &err) ? failed(w, &err) : EXS_OK;
}

static exs_status soft(struct whatif *w, const exs_allowance *a)
{
	char name[SOFT_NAME_MAX];
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX);
	if (!soft_body(&w->r.state, a, name, &body))
		return EXS_OK;
	if (whatif_note(w, &w->would, WHATIF_BUDGET, "soft", name, a->words)) {
		buf_release(&body);
		return w->err.status;
	}
	return whatif_record(w, EXS_FACT_BUDGET_SOFT, w->host->budget->conf->name, &body);
}

exs_status whatif_reserve(struct whatif *w, const char *target, int64_t in_tokens)
{
	exs_usage worst = { .size = sizeof worst, .estimated = 1, .in_tokens = in_tokens };
	exs_allowance allowed = { .size = sizeof allowed };
	int64_t most = w->r.state.limits.answer_tokens;
	struct instance *in = w->host->budget;
	exs_err err = EXS_ERR_INIT;
	struct batch own, *b;
	exs_tally so_far;
	exs_spend spend;

	snprintf(w->target, sizeof w->target, "%s", target);
	if (!w->purse)
		return EXS_OK;
	worst.out_tokens = most ? most : ANSWER_TOKENS;
	if (call_budget_price(in, w->target, &worst, &err))
		return refused(w, &err);
	tally(w, &so_far);
	spend = (exs_spend){ sizeof spend, w->r.state.step + 1, w->target, &worst, &so_far };
	b = rows_for(w, &own);
	if (call_budget_reserve(in, w->purse, &spend, b, &allowed, &err)) {
		batch_release(&own);
		return refused(w, &err);
	}
	w->granted = true;
	if (commit(w, &own, &err))
		return err.status == EXS_CONFLICT ? denied(w, "the limit would be passed")
						  : failed(w, &err);
	return soft(w, &allowed);
}

static exs_status settle(struct whatif *w, const exs_usage *actual)
{
	exs_err err = EXS_ERR_INIT;
	struct batch own, *b;
	exs_tally so_far;

	if (!w->granted)
		return EXS_OK;
	w->granted = false;
	tally(w, &so_far);
	b = rows_for(w, &own);
	if (call_budget_settle(w->host->budget, w->purse, actual, &so_far, b, &err)) {
		batch_release(&own);
		return failed(w, &err);
	}
	return commit(w, &own, &err) ? failed(w, &err) : EXS_OK;
}

exs_status whatif_settle_unused(struct whatif *w)
{
	const exs_usage none = { .size = sizeof none };

	return settle(w, &none);
}

/* A price that is known wins over what was recorded: whether a server said that one, the record does not tell. */
static exs_status price(struct whatif *w, exs_usage *actual)
{
	int64_t recorded = actual->cost_micro;
	exs_err err = EXS_ERR_INIT;

	if (!w->host->budget)
		return EXS_OK;
	actual->cost_micro = 0;
	if (call_budget_price(w->host->budget, w->target, actual, &err) && err.status != EXS_DENIED)
		return failed(w, &err);
	if (actual->cost_micro == 0)
		actual->cost_micro = recorded;
	return EXS_OK;
}

static void add(int64_t *sum, int64_t n)
{
	if (n > 0 && *sum <= INT64_MAX - n)
		*sum += n;
}

static exs_status note_turn(struct whatif *w, const exs_fact *f, const exs_usage *actual)
{
	struct whatif_turns *t = &w->turns;
	size_t cap = t->cap ? t->cap * 2 : 16;
	void *grown = t->n < t->cap ? t->list : realloc(t->list, cap * sizeof *t->list);
	char *model = strdup(w->target);

	if (!grown || !model) {
		free(model);
		return err_set(&w->err, EXS_NOMEM, 0, "no memory for a turn");
	}
	if (grown != t->list || t->n == t->cap) {
		t->list = grown;
		t->cap = cap;
	}
	t->list[t->n++] = (struct whatif_turn){ w->seq, f->step, model, actual->cost_micro,
						f->usage ? f->usage->cost_micro : 0 };
	add(&w->cost_micro, actual->cost_micro);
	add(&w->recorded_micro, f->usage ? f->usage->cost_micro : 0);
	return EXS_OK;
}

exs_status whatif_settle(struct whatif *w, const exs_fact *f)
{
	exs_usage actual = { .size = sizeof actual };

	if (f->usage) {
		actual = *f->usage;
		actual.size = sizeof actual;
	}
	if (price(w, &actual) || note_turn(w, f, &actual))
		return w->err.status;
	return settle(w, &actual);
}

exs_status whatif_purse_finish(struct whatif *w, int32_t how)
{
	exs_purse *purse = w->purse;
	exs_err err = EXS_ERR_INIT;
	struct batch own, *b;
	exs_tally total;
	exs_status status;

	if (!purse)
		return EXS_OK;
	if (how == EXS_PURSE_ENDED && whatif_settle_unused(w))
		how = EXS_PURSE_LEFT;
	w->purse = NULL;
	w->granted = false;
	tally(w, &total);
	b = rows_for(w, &own);
	status = call_budget_finish(w->host->budget, purse, how, &total,
				    how == EXS_PURSE_ENDED ? b : NULL, &err);
	if (status) {
		batch_release(&own);
		return failed(w, &err);
	}
	return commit(w, &own, &err) ? failed(w, &err) : EXS_OK;
}
