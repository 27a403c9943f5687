/* SPDX-License-Identifier: MIT */
/*
 * purse.c - what a run may spend, as one attempt holds it: started with the claim, settled turn by
 * turn, finished with the run's end or left. The reservation itself is in reserve.c.
 *
 * Rows go with the run's facts. A run whose facts are not stored books by itself: what it used was
 * used.
 */
#include <string.h>

#include "base/auto.h"
#include "fact/allowance.h"
#include "rows/aside.h"
#include "run/engine_priv.h"

void run_tally_fill(const struct run *run, exs_tally *out)
{
	tally_of(&run->state, run_active_ms(run), out);
	out->left_ms = cancel_public(run->token)->left_ms(cancel_public(run->token));
}

/* Where the rows of a verb go: into the run's batch, one of its own, or nowhere. */
static struct batch *rows_for(struct run *run, struct batch *own)
{
	batch_init(own);
	if (!run->host->store)
		return NULL;
	return run->durable ? &run->batch : own;
}

exs_status purse_start(struct run *run, exs_err *err)
{
	struct batch own, *b = rows_for(run, &own);
	exs_status status;

	if (!run->host->budget)
		return EXS_OK;
	status = call_budget_start(run->host->budget, &run->info, run->turn_sent, b, &run->purse,
				   err);
	if (status == EXS_OK && !run->purse)
		status = err_set(err, EXS_INTERNAL, 0,
				 "battery '%s' says that a run may spend and gives it no purse",
				 run->host->budget->conf->name);
	aside_send(run->host, &own, "what an attempt begins with");
	return status;
}

void purse_price(struct run *run, const char *target, exs_usage *usage)
{
	exs_err err = EXS_ERR_INIT;

	if (run->host->budget && call_budget_price(run->host->budget, target, usage, &err))
		log_warn(run->host->log, "run %s: what a turn cost is not known: %s", run->id,
			 err.text);
}

/* With the facts of the turn; by itself when those are not stored. */
void purse_settle(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	struct batch own, *b = rows_for(run, &own);
	exs_tally so_far;

	run->settle = false;
	if (!run->granted)
		return;
	run->granted = false;
	run_tally_fill(run, &so_far);
	if (call_budget_settle(run->host->budget, run->purse, &run->settle_usage, &so_far, b, &err))
		log_warn(run->host->log, "run %s: a reservation was not settled: %s", run->id,
			 err.text);
	aside_send(run->host, &own, "what a turn has used");
}

/* A grant that never became durable costs nothing. */
void purse_drop_grant(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	exs_tally so_far;

	if (!run->granted)
		return;
	run->granted = run->settle = false;
	run_tally_fill(run, &so_far);
	if (call_budget_settle(run->host->budget, run->purse, NULL, &so_far, NULL, &err))
		log_warn(run->host->log, "run %s: a reservation was not given back: %s", run->id,
			 err.text);
}

/* Paid for and never used. */
void purse_settle_unused(struct run *run)
{
	if (!run->granted || run->settle)
		return;
	memset(&run->settle_usage, 0, sizeof run->settle_usage);
	run->settle_usage.size = sizeof run->settle_usage;
	run->settle = true;
}

/* With run_ended. */
void purse_end(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	struct batch own, *b;
	exs_purse *purse;
	exs_tally total;
	exs_status status;

	if (!run->purse)
		return;
	status = run_open_batch(run, &err);
	purse_settle_unused(run);
	if (status == EXS_OK && run->settle) /* the last turn before the run */
		purse_settle(run);
	run_tally_fill(run, &total);
	purse = take(run->purse);
	run->granted = run->settle = false;
	b = rows_for(run, &own);
	if (status == EXS_OK)
		status = call_budget_finish(run->host->budget, purse, EXS_PURSE_ENDED, &total, b,
					    &err);
	else
		call_budget_finish(run->host->budget, purse, EXS_PURSE_LEFT, &total, NULL, &err);
	if (status)
		log_warn(run->host->log, "run %s: what it used was not booked: %s", run->id,
			 err.text);
	aside_send(run->host, &own, "what a run has used");
}

/* It goes on later, or elsewhere. */
void purse_leave(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	exs_tally total;

	if (!run->purse)
		return;
	purse_drop_grant(run);
	run_tally_fill(run, &total);
	if (call_budget_finish(run->host->budget, take(run->purse), EXS_PURSE_LEFT, &total, NULL,
			       &err))
		log_warn(run->host->log, "run %s: its purse did not close: %s", run->id, err.text);
}
