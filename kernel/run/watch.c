/* SPDX-License-Identifier: MIT */
/* watch.c - everybody who sees facts: audits, the critic, and whoever listens to the run. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fact/words.h"
#include "run/shown.h"
#include "run/verdict.h"

static void port_failed(struct run *run, struct instance *in, const char *port, const exs_err *err)
{
	struct buf body;

	log_warn(run->host->log, "run %s goes on without %s '%s': %s", run->id, port,
		 in->conf->name, err->text);
	if (run->phase > RUN_LIVE) /* run_ended is the last fact */
		return;
	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"port\":\"%s\",\"status\":\"%s\",\"text\":", port,
		   status_word(err->status));
	buf_jsonz(&body, err->text);
	buf_puts(&body, "}");
	run_record(run, EXS_FACT_PORT_FAILED, str_of(in->conf->name), NULL, NULL, &body);
}

static bool outside(const struct trail *t)
{
	return (t->in->audit->flags & EXS_AUDIT_OUTSIDE) != 0;
}

static void drop_trail(struct run *run, struct trail *t, const exs_err *why)
{
	exs_err err = EXS_ERR_INIT;
	exs_trail *handle = t->handle;

	t->handle = NULL;
	if (call_audit_finish(t->in, handle, &err))
		log_debug(run->host->log, "run %s: audit '%s' did not close: %s", run->id,
			  t->in->conf->name, err.text);
	port_failed(run, t->in, "audit", why);
}

static void trail_record(struct run *run, struct trail *t, struct fact_rec *facts,
			 struct batch *b)
{
	exs_err err = EXS_ERR_INIT;
	struct fact_rec *f;

	for (f = facts; f && t->handle; f = f->next)
		if (call_audit_record(t->in, t->handle, fact_shown(run, f), b, &err))
			drop_trail(run, t, &err);
}

/* Nobody watches any more, so max_runtime is hard again. */
static void lose_critic(struct run *run, const exs_err *why)
{
	int64_t left = run->state.limits.runtime_ms - run_active_ms(run);

	run->lost_watch = run->watch;
	run->watch = NULL;
	run_due(run, DUE_TICK, 0);
	port_failed(run, run->host->critic, "critic", why);
	if (run->phase > RUN_LIVE)
		return;
	run_due(run, DUE_DEADLINE, clock_mono_ms() + (left > 0 ? left : 0) + 1);
	cancel_set_deadline(run->token, run->due[DUE_DEADLINE]);
}

static void critic_observe(struct run *run, const struct fact_rec *facts)
{
	exs_err err = EXS_ERR_INIT;
	const struct fact_rec *f;

	for (f = facts; f && run->watch; f = f->next)
		if (call_critic_observe(run->host->critic, run->watch, &f->pub, &err))
			lose_critic(run, &err);
}

void watch_inside(struct run *run, struct fact_rec *facts, struct batch *b)
{
	size_t i;

	for (i = 0; i < run->host->audit_n; i++)
		if (run->trails && run->trails[i].handle && !outside(&run->trails[i]))
			trail_record(run, &run->trails[i], facts, b);
	if (run->watch)
		critic_observe(run, facts);
}

void watch_outside(struct run *run, struct fact_rec *facts)
{
	struct fact_rec *f;
	size_t i;

	for (i = 0; i < run->host->audit_n; i++)
		if (run->trails && run->trails[i].handle && outside(&run->trails[i]))
			trail_record(run, &run->trails[i], facts, NULL);
	for (f = facts; f && run->listener.fact; f = f->next)
		run->listener.fact(run->listener.arg, &run->info, fact_shown(run, f));
}

static exs_status recall(void *arg, const exs_fact *fact)
{
	struct run *run = arg;
	exs_err err = EXS_ERR_INIT;

	if (fact->seq >= run->state.forked_seq && fact->attempt < run->info.attempt &&
	    fact->attempt >= run->state.retried && run->watch &&
	    call_critic_observe(run->host->critic, run->watch, fact, &err))
		lose_critic(run, &err);
	return EXS_OK;
}

/* What the critic knew of earlier attempts it knows again; what came before a retry counts no more. */
static void recall_all(struct run *run)
{
	exs_err err = EXS_ERR_INIT;

	if (run->watch && run->ckpt && run->info.attempt > 1 &&
	    call_ckpt_load(run->host->checkpoint, run->id, recall, run, &err))
		port_failed(run, run->host->critic, "critic", &err);
}

static void start_critic(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	struct instance *in = run->host->critic;

	if (!in || (run->agent && !run->agent->critic))
		return;
	if (call_critic_watch(in, &run->info, run->state.limits.runtime_ms, &run->watch, &err)) {
		run->watch = NULL;
		port_failed(run, in, "critic", &err);
	}
	recall_all(run);
	if (run->watch)
		run_due(run, DUE_TICK, clock_mono_ms() + TICK_MS);
}

/* After the state is there, before the first fact of the attempt is handed out. */
void watch_start(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	size_t i;

	if (run->host->audit_n)
		run->trails = calloc(run->host->audit_n, sizeof *run->trails);
	if (run->host->audit_n && !run->trails)
		log_error(run->host->log, "run %s goes on without its audits: no memory", run->id);
	for (i = 0; run->trails && i < run->host->audit_n; i++) {
		run->trails[i].in = run->host->audits[i];
		if (call_audit_start(run->trails[i].in, &run->info, &run->trails[i].handle, &err)) {
			run->trails[i].handle = NULL;
			port_failed(run, run->trails[i].in, "audit", &err);
		}
	}
	start_critic(run);
}

void watch_finish(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	exs_watch *w = run->watch ? run->watch : run->lost_watch;
	size_t i;

	for (i = 0; run->trails && i < run->host->audit_n; i++) {
		exs_trail *t = run->trails[i].handle;

		run->trails[i].handle = NULL;
		if (t && call_audit_finish(run->trails[i].in, t, &err))
			log_warn(run->host->log,
				 "run %s: audit '%s' did not close, the result stands: %s", run->id,
				 run->trails[i].in->conf->name, err.text);
	}
	run->watch = run->lost_watch = NULL;
	if (w)
		call_critic_unwatch(run->host->critic, w);
}

/* ---- what the critic says ---- */

static int64_t idle_ms(struct run *run)
{
	int64_t idle =
		clock_coarse_ms() - atomic_load_explicit(&run->activity_ms, memory_order_relaxed);

	return idle > 0 ? idle : 0;
}

/* A place among the messages that wait for the next turn, as one from outside would take it. */
static bool nudge_fits(struct run *run)
{
	bool fits;

	pthread_mutex_lock(&run->mail_lock);
	fits = run->note_n < STEERS_MAX;
	if (fits)
		run->note_n++;
	pthread_mutex_unlock(&run->mail_lock);
	return fits;
}

static void decide(struct run *run, const exs_verdict *v)
{
	struct buf body;

	if (!verdict_counts(v) || run->killed)
		return;
	if (v->what == EXS_VERDICT_NUDGE && v->words[0] && !nudge_fits(run)) {
		log_warn(run->host->log, "run %s: no room for a nudge, %u messages wait", run->id,
			 STEERS_MAX);
		return; /* what has no effect was not decided */
	}
	buf_init(&body, RUN_TEXT_MAX);
	verdict_body(v, &body);
	run_record(run, EXS_FACT_CRITIC_DECIDED, str_of(run->host->critic->conf->name), NULL, NULL,
		   &body);
	switch (v->what) {
	case EXS_VERDICT_NUDGE:
		if (v->words[0])
			run_verdict(run, NOTE_STEER, 0, str_of(v->words));
		return;
	case EXS_VERDICT_EXTEND:
		if (v->extend_ms > 0)
			run_verdict(run, NOTE_EXTEND, v->extend_ms, str_of(NULL));
		return;
	case EXS_VERDICT_RAISE:
		if (v->raise_steps > 0)
			run_verdict(run, NOTE_RAISE,
				    v->raise_steps > INT32_MAX ? INT32_MAX : v->raise_steps,
				    str_of(NULL));
		return;
	case EXS_VERDICT_KILL:
		run->killed = true;
		run_cancel(run, EXS_CAUSE_KILL,
			   v->words[0] ? v->words : "the critic stopped the run");
		return;
	default:
		return;
	}
}

/* The tick that the critic asked for, or its deadline when that comes first. */
static int64_t next_tick(struct run *run, int64_t now, const exs_verdict *v)
{
	int64_t left = run->critic_deadline_ms - run_active_ms(run);

	return now + verdict_pause_ms(v, run->critic_deadline_ms > 0, left);
}

void watch_tick(struct run *run, int64_t now)
{
	exs_err err = EXS_ERR_INIT;
	exs_verdict v = { .size = sizeof v };

	if (!run->watch || run->phase != RUN_LIVE)
		return;
	if (call_critic_tick(run->host->critic, run->watch, idle_ms(run), &v,
			     &run->critic_deadline_ms, &err)) {
		/* Resting is no reason to lose the watch; being lost is. */
		if (err.status != EXS_AGAIN) {
			lose_critic(run, &err);
			return;
		}
		memset(&v, 0, sizeof v);
	}
	decide(run, &v);
	if (run->critic_deadline_ms > 0 && run_active_ms(run) >= run->critic_deadline_ms)
		run_cancel(run, EXS_CAUSE_TIMEOUT, "the critic's deadline passed");
	run_due(run, DUE_TICK, next_tick(run, now, &v));
}
