/* SPDX-License-Identifier: MIT */
/* whatif_critic.c - the other critic over a record: watch.c, with the recorded clock. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "run/run.h"
#include "run/verdict.h"
#include "run/whatif_priv.h"

static void lost(struct whatif *w)
{
	exs_err why = w->err;

	err_set(&w->err, why.status, 0, "critic '%s' cannot be asked: %.180s",
		w->host->critic->conf->name, why.text);
}

void whatif_observe(struct whatif *w, const exs_fact *f)
{
	if (w->watch && call_critic_observe(w->host->critic, w->watch, f, &w->err))
		lost(w);
}

/* As a process that takes the run up shows what came before: not of another run, nor before a retry. */
static void recall(struct whatif *w)
{
	const exs_fact *f;
	size_t i;

	for (i = 0; (f = facts_at(&w->shown, i)) && !w->err.status; i++)
		if (f->attempt < w->info.attempt && f->attempt >= w->r.state.retried)
			whatif_observe(w, f);
}

exs_status whatif_watch(struct whatif *w)
{
	w->critic_deadline_ms = 0;
	w->tick_ms = w->now_ms + TICK_MS;
	if (!w->host->critic || !w->agent->critic)
		return EXS_OK;
	if (call_critic_watch(w->host->critic, &w->info, w->r.state.limits.runtime_ms, &w->watch,
			      &w->err)) {
		w->watch = NULL;
		lost(w);
	} else if (w->info.attempt > 1) {
		recall(w);
	}
	return w->err.status;
}

void whatif_unwatch(struct whatif *w)
{
	if (w->watch)
		call_critic_unwatch(w->host->critic, w->watch);
	w->watch = NULL;
}

/* ---- verdicts ---- */

static exs_status raised(struct whatif *w, const char *what, int64_t now)
{
	struct buf body;

	buf_init(&body, RUN_NAME_MAX);
	buf_printf(&body, "{\"what\":\"%s\",\"now\":%lld}", what, (long long)now);
	return whatif_record(w, EXS_FACT_LIMIT_RAISED, NULL, &body);
}

static exs_status nudged(struct whatif *w, const exs_verdict *v)
{
	struct buf body;

	if (!v->words[0])
		return EXS_OK;
	buf_init(&body, RUN_TEXT_MAX);
	buf_puts(&body, "{\"from\":\"critic\",\"text\":");
	buf_jsonz(&body, v->words);
	buf_puts(&body, "}");
	return whatif_record(w, EXS_FACT_STEERED, NULL, &body);
}

static exs_status effect(struct whatif *w, const exs_verdict *v)
{
	const struct limits *l = &w->r.state.limits;
	int64_t ms;

	switch (v->what) {
	case EXS_VERDICT_NUDGE:
		return nudged(w, v);
	case EXS_VERDICT_EXTEND:
		ms = v->extend_ms > 0 ? verdict_runtime_ms(l->runtime_ms, v->extend_ms) : 0;
		return ms > l->runtime_ms ? raised(w, "runtime_ms", ms) : EXS_OK;
	case EXS_VERDICT_RAISE:
		return v->raise_steps > 0 ? raised(w, "steps", verdict_steps(l->steps, v->raise_steps))
					  : EXS_OK;
	case EXS_VERDICT_KILL:
		w->over = true;
		return EXS_OK;
	default:
		return EXS_OK;
	}
}

static exs_status decide(struct whatif *w, const exs_verdict *v)
{
	static const char *const words[] = { "wait", "nudge", "extend", "raise", "kill" };
	struct buf body;

	if (!verdict_counts(v))
		return EXS_OK;
	if (v->what == EXS_VERDICT_NUDGE && w->r.state.steer_count == STEERS_MAX)
		return EXS_OK; /* no room: what has no effect was not decided */
	if (whatif_note(w, &w->would, WHATIF_CRITIC, words[v->what], v->tag, v->words))
		return w->err.status;
	buf_init(&body, RUN_TEXT_MAX);
	verdict_body(v, &body);
	if (whatif_record(w, EXS_FACT_CRITIC_DECIDED, w->host->critic->conf->name, &body))
		return w->err.status;
	return effect(w, v);
}

/* ---- time ---- */

static exs_status timeout(struct whatif *w, const char *why)
{
	w->over = true;
	return whatif_note(w, &w->would, WHATIF_TIME, "timeout", "", why);
}

static exs_status tick(struct whatif *w)
{
	exs_verdict v = { .size = sizeof v };
	int64_t idle = w->now_ms - w->last_ms;

	if (++w->ticks > WHATIF_TICKS_MAX)
		return err_set(&w->err, EXS_TOOBIG, 0,
			       "critic '%s' wants to be asked more than %u times over this record",
			       w->host->critic->conf->name, WHATIF_TICKS_MAX);
	if (call_critic_tick(w->host->critic, w->watch, idle, &v, &w->critic_deadline_ms, &w->err)) {
		lost(w);
		return w->err.status;
	}
	if (decide(w, &v))
		return w->err.status;
	if (!w->over && w->critic_deadline_ms > 0 && w->now_ms >= w->critic_deadline_ms)
		return timeout(w, "the critic's deadline passed");
	w->tick_ms = w->now_ms + verdict_pause_ms(&v, w->critic_deadline_ms > 0,
						  w->critic_deadline_ms - w->now_ms);
	return EXS_OK;
}

/* Without a watch the agent's time is hard; with one only the ceiling is. */
static int64_t hard_ms(const struct whatif *w)
{
	int64_t ms = w->r.state.limits.runtime_ms;

	if (w->watch && ms < CEILING_MS)
		ms = CEILING_MS;
	return ms < INT64_MAX ? ms + 1 : ms;
}

/* A process ticks a little late. Where the record shows when it did, that is when. */
static int64_t next_tick(const struct whatif *w)
{
	size_t i;

	for (i = 0; i < w->expected_n; i++)
		if (w->expected[i] >= w->tick_ms)
			return w->expected[i] - w->tick_ms <= WHATIF_ALIGN_MS ? w->expected[i] : w->tick_ms;
	return w->tick_ms;
}

exs_status whatif_wait(struct whatif *w, int64_t until_ms)
{
	while (!w->over && !w->asleep && !w->err.status) {
		int64_t hard = hard_ms(w), at = w->watch ? next_tick(w) : hard;

		if (at > hard)
			at = hard;
		if (at > until_ms)
			break;
		whatif_clock(w, at);
		if (at == hard)
			timeout(w, "the run's time is over (max_runtime)");
		else
			tick(w);
	}
	if (until_ms > w->now_ms && !w->over)
		whatif_clock(w, until_ms);
	return w->err.status;
}
