/* SPDX-License-Identifier: MIT */
/* whatif.c - see whatif.h: the record, fact by fact, with other decisions in it. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/body.h"
#include "run/run.h"
#include "run/targets.h"
#include "run/whatif_priv.h"

#define NUMBER_MAX (INT64_C(1) << 53)

void whatif_init(struct whatif *w, struct host *host, const struct conf_agent *agent, const char *run_id)
{
	*w = (struct whatif){ .host = host,
			      .agent = agent,
			      .run_id = run_id,
			      .begin_seq = 1,
			      .err = EXS_ERR_INIT };
	replay_init(&w->r);
}

void whatif_release(struct whatif *w)
{
	whatif_unwatch(w);
	whatif_purse_finish(w, EXS_PURSE_LEFT);
	while (w->turns.n)
		free(w->turns.list[--w->turns.n].model);
	free(w->turns.list);
	free(w->would.list);
	free(w->was.list);
	free(w->expected);
	facts_release(&w->shown);
	replay_release(&w->r);
}

/* ---- time and limits ---- */

void whatif_clock(struct whatif *w, int64_t run_ms)
{
	w->now_ms = run_ms;
	host_set_time(w->host, WHATIF_BASE_MS + run_ms, run_ms + w->wall_gap_ms);
}

static void other_limits(struct whatif *w, const exs_fact *f)
{
	const struct conf_agent *a = w->agent;
	struct limits *l = &w->r.state.limits;
	int32_t before = f->kind == EXS_FACT_RUN_FORKED ? w->r.state.forked_step : 0;

	w->recorded = *l;
	l->steps = a->max_steps > INT32_MAX - before ? INT32_MAX : before + a->max_steps;
	l->runtime_ms = a->max_runtime_ms;
	l->same_calls = a->max_same_calls;
	l->failed_steps = a->max_failed_steps;
	l->answer_tokens = a->max_tokens;
	l->attempts = w->host->conf->run.attempts;
	l->retries = a->max_retries;
}

/* By how much the fact moves a limit, as it was recorded; and what that makes of ours. */
static void moved(struct whatif *w, const exs_fact *f, const struct limits *before)
{
	struct limits *l = &w->r.state.limits;
	int64_t now = 0, by;

	if (f->kind != EXS_FACT_LIMIT_RAISED || !json_get_int(f->body, "now", &now) || now < 1)
		return;
	if (body_word_is(f->body, "what", "steps")) {
		by = now - w->recorded.steps;
		w->recorded.steps = (int32_t)(now > INT32_MAX ? INT32_MAX : now);
		if (before && by > INT32_MAX - before->steps)
			by = INT32_MAX - before->steps;
		if (before)
			l->steps = before->steps + by < 1 ? 1 : (int32_t)(before->steps + by);
	} else {
		by = now - w->recorded.runtime_ms;
		w->recorded.runtime_ms = now;
		if (before && by > INT64_MAX - before->runtime_ms)
			by = INT64_MAX - before->runtime_ms;
		if (before)
			l->runtime_ms = before->runtime_ms + by < 1 ? 1 : before->runtime_ms + by;
	}
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void fill_info(struct whatif *w)
{
	const struct state *s = &w->r.state;

	w->info = (exs_run_info){ .size = sizeof w->info,
				  .attempt = s->attempt,
				  .run_id = w->run_id,
				  .parent_id = or_empty(s->parent),
				  .root_id = s->root && s->root[0] ? s->root : w->run_id,
				  .agent = or_empty(s->agent),
				  .caller = or_empty(s->caller),
				  .channel = or_empty(s->channel),
				  .tier = or_empty(s->tier),
				  .input = str_of(s->input),
				  .started_ms = s->started_ms,
				  .max_steps = s->limits.steps,
				  .depth = s->depth,
				  .flags = EXS_RUN_DURABLE | (s->retried ? EXS_RUN_RETRIED : 0) };
}

/* ---- facts ---- */

/* Into the record, where it may have another number. CANCELLED: the run would have gone another way. */
static exs_status fold_in(struct whatif *w, const exs_fact *f)
{
	exs_fact shown = *f;
	exs_status status;

	shown.seq = w->r.state.seq + 1;
	status = replay_fact(&w->r, &shown);
	if (status == EXS_CANCELLED) {
		w->r.found.seq = w->seq;
		return status;
	}
	if (status) {
		w->err = w->r.damage;
		return status;
	}
	w->last_ms = w->now_ms;
	return EXS_OK;
}

static exs_status show(struct whatif *w, const exs_fact *f)
{
	exs_fact shown = *f;

	shown.seq = w->r.state.seq;
	whatif_observe(w, &shown);
	return w->err.status ? w->err.status : facts_add(&w->shown, &shown, &w->err);
}

exs_status whatif_record(struct whatif *w, int32_t kind, const char *name, struct buf *body)
{
	exs_fact f = { .size = sizeof f,
		       .kind = kind,
		       .at_ms = w->now_ms + w->wall_gap_ms,
		       .run_ms = w->now_ms,
		       .step = w->r.state.step,
		       .attempt = w->r.state.attempt,
		       .name = str_of(name),
		       .body = buf_view(body) };
	exs_status status = buf_ok(body) ? fold_in(w, &f) : err_set(&w->err, EXS_NOMEM, 0, "no memory for a fact");

	if (status == EXS_OK)
		status = show(w, &f);
	buf_release(body);
	return status;
}

static bool begins(const struct whatif *w, const exs_fact *f)
{
	return f->seq == w->begin_seq ||
	       (f->seq > w->begin_seq && f->kind == EXS_FACT_RUN_RESUMED);
}

static exs_status leave(struct whatif *w, int32_t how)
{
	whatif_unwatch(w);
	return whatif_purse_finish(w, how);
}

static exs_status begin(struct whatif *w, const exs_fact *f)
{
	bool sent = w->r.state.turn_open;
	exs_status status;

	if (leave(w, EXS_PURSE_LEFT))
		return w->err.status;
	w->wall_gap_ms = f->at_ms - f->run_ms;
	whatif_clock(w, f->run_ms);
	status = fold_in(w, f);
	if (status)
		return status;
	if (f->kind != EXS_FACT_RUN_RESUMED)
		other_limits(w, f);
	w->asleep = false;
	fill_info(w);
	if (whatif_purse(w, sent) || w->over || whatif_watch(w))
		return w->err.status;
	return show(w, f);
}

static int64_t conversation(const struct whatif *w)
{
	const struct state *s = &w->r.state;

	return (int64_t)(s->transcript_bytes + strlen(or_empty(s->system))) / EXS_TOKEN_BYTES;
}

static exs_status turn_begins(struct whatif *w, const exs_fact *f)
{
	auto_free char *target = str_dup(f->name);
	int64_t estimate = 0;

	if (!target)
		return err_set(&w->err, EXS_NOMEM, 0, "no memory for a name");
	json_get_int(f->body, "estimate", &estimate);
	if (estimate < 0 || estimate > NUMBER_MAX)
		estimate = conversation(w);
	w->overhead = estimate - conversation(w);
	w->seq = f->seq - 1; /* it is asked before the turn begins */
	if (whatif_reserve(w, target, estimate) || w->over)
		return w->err.status;
	w->seq = f->seq;
	return EXS_OK;
}

/*
 * A turn that was refused has no estimate in the record: what its conversation has grown by is added to the last one.
 */
static exs_status turn_was_denied(struct whatif *w)
{
	const struct state *s = &w->r.state;
	struct action a;

	plan(s, &a);
	if (a.kind != ACT_TURN || w->asleep)
		return EXS_OK;
	if (whatif_reserve(w, s->models[s->target], conversation(w) + w->overhead) || w->over)
		return w->err.status;
	return whatif_settle_unused(w);
}

static exs_status withhold(struct whatif *w, const exs_fact *f)
{
	exs_status status = EXS_OK;

	moved(w, f, NULL);
	if (f->kind == EXS_FACT_BUDGET_DENIED)
		status = turn_was_denied(w);
	if (f->kind == EXS_FACT_BUDGET_DENIED || f->kind == EXS_FACT_RUN_CANCELLED)
		w->asleep = true;
	return status;
}

static exs_status go_on(struct whatif *w, const exs_fact *f)
{
	struct limits before = w->r.state.limits;
	exs_status status = EXS_OK;

	if (f->kind == EXS_FACT_TURN_STARTED)
		status = turn_begins(w, f);
	if (status || w->over)
		return status;
	status = fold_in(w, f);
	if (status)
		return status;
	moved(w, f, &before);
	if (f->kind == EXS_FACT_TURN_ENDED || f->kind == EXS_FACT_TURN_FAILED)
		status = whatif_settle(w, f);
	if (status == EXS_OK)
		status = show(w, f);
	if (status == EXS_OK && (f->kind == EXS_FACT_RUN_ENDED || f->kind == EXS_FACT_RUN_PARKED))
		status = leave(w, f->kind == EXS_FACT_RUN_ENDED ? EXS_PURSE_ENDED : EXS_PURSE_LEFT);
	return status;
}

static exs_status take_fact(struct whatif *w, const exs_fact *f)
{
	if (f->seq < w->begin_seq) {
		w->seq = f->seq;
		return fold_in(w, f);
	}
	if (begins(w, f)) {
		w->seq = f->seq;
		return begin(w, f);
	}
	if (whatif_wait(w, f->run_ms) || w->over)
		return w->err.status;
	w->seq = f->seq;
	w->wall_gap_ms = f->at_ms - f->run_ms;
	whatif_clock(w, w->now_ms);
	return whatif_withheld(w, f) ? withhold(w, f) : go_on(w, f);
}

/* Sums of times and tokens stay far from where numbers end, whatever a record says. */
static exs_status check_numbers(struct whatif *w, const exs_fact *f)
{
	const int64_t list[] = { f->run_ms, f->at_ms };
	size_t i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		if (list[i] < 0 || list[i] > NUMBER_MAX)
			return err_set(&w->err, EXS_CORRUPT, 0, "fact %lld has a time that no run has",
				       (long long)f->seq);
	return EXS_OK;
}

exs_status whatif_fact(struct whatif *w, const exs_fact *f)
{
	exs_status status = check_numbers(w, f);

	if (status == EXS_OK && f->seq >= w->begin_seq)
		status = whatif_note_recorded(w, f);
	if (status == EXS_OK && !w->over && !w->r.found.any)
		status = take_fact(w, f);
	w->before_kind = f->kind;
	return status == EXS_CANCELLED ? EXS_OK : status;
}
