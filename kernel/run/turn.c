/* SPDX-License-Identifier: MIT */
/* turn.c - asking the model: the call, and what came back. The reservation before it is in
 * reserve.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/message.h"
#include "fact/words.h"
#include "run/engine_priv.h"

struct turn_work {
	struct mail mail;
	struct work work;
	struct run *run;  /* a reference */
	_Atomic int refs; /* the work's, and ours until the answer was received */
	exs_turn turn;
	exs_str *messages;
	int64_t begun_ms, need_seq, bytes;
	bool dispatched;
};

/* ---- the turn ---- */

static void turn_unref(struct turn_work *t)
{
	struct run *run = t->run;

	if (atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	cancel_unref(t->work.token);
	buf_release(&t->work.pending.out);
	free(t->messages);
	free(t);
	run_unref(run);
}

struct turn_work *turn_of_mail(struct mail *mail)
{
	return container_of(mail, struct turn_work, mail);
}

static void on_start(struct work *w, exs_done done)
{
	struct turn_work *t = container_of(w, struct turn_work, work);

	call_model_turn(w, &t->turn, done);
}

static void on_ended(struct work *w)
{
	struct turn_work *t = container_of(w, struct turn_work, work);

	run_post(t->run, &t->mail);
}

static void on_freed(struct work *w)
{
	turn_unref(container_of(w, struct turn_work, work));
}

/* Leaf locks only: it runs under the done record's. */
static void on_progress(struct work *w, exs_str delta)
{
	struct turn_work *t = container_of(w, struct turn_work, work);

	run_touch(t->run);
	delta_add(t->run, delta);
}

static struct turn_work *turn_new(struct run *run)
{
	struct turn_work *t = calloc(1, sizeof *t);
	const struct state *s = &run->state;
	size_t i;

	if (!t)
		return NULL;
	t->messages = calloc(s->segment_count, sizeof *t->messages);
	t->work.token = cancel_new(run->token);
	if (!t->messages || !t->work.token) {
		free(t->messages);
		cancel_unref(t->work.token);
		free(t);
		return NULL;
	}
	for (i = 0; i < s->segment_count; i++)
		t->messages[i] = str_n(s->segments[i].p, s->segments[i].n);
	t->mail.kind = MAIL_TURN;
	t->run = run_ref(run);
	t->refs = 2;
	t->turn = (exs_turn){ sizeof t->turn,
			      s->step + 1,
			      &run->info,
			      NULL,
			      str_of(s->system),
			      t->messages,
			      s->segment_count,
			      run->transcript_id,
			      str_n(run->offer->json, run->offer->json_n),
			      s->limits.answer_tokens };
	t->work.cap = EXS_TURN_ANSWER_MAX;
	t->work.start = on_start;
	t->work.ended = on_ended;
	t->work.freed = on_freed;
	t->work.progress = on_progress;
	return t;
}

static void record_started(struct run *run, const char *target)
{
	struct buf body;

	buf_init(&body, RUN_NAME_MAX);
	buf_printf(&body, "{\"target\":%u,\"try\":%d,\"messages\":%zu,\"estimate\":%lld}",
		   run->next_target,
		   run->next_target == run->state.target ? (int)run->state.tries + 1 : 1,
		   run->state.segment_count, (long long)turn_estimate(run));
	run_record(run, EXS_FACT_TURN_STARTED, str_of(target), NULL, NULL, &body);
}

static void record_failed(struct run *run, const char *target, const struct pending *p, int64_t ms,
			  bool cut)
{
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"status\":\"%s\",\"class\":\"%s\",\"text\":", status_word(p->status),
		   class_word(p->err.klass));
	buf_jsonz(&body, p->err.text);
	buf_printf(&body, ",\"retry_after_ms\":%lld,\"ms\":%lld,\"cut\":%s}",
		   (long long)p->err.retry_after_ms, (long long)ms, cut ? "true" : "false");
	run_record(run, EXS_FACT_TURN_FAILED, str_of(target), NULL, p->has_usage ? &p->usage : NULL,
		   &body);
}

static void fail_at_once(struct run *run, const char *target, exs_status status, int32_t klass,
			 const char *text)
{
	struct pending p = { .status = status, .err = EXS_ERR_INIT };

	err_set(&p.err, status, 0, "%s", text);
	p.err.klass = klass;
	record_failed(run, target, &p, 0, false);
	reserve_settle(run, &p);
}

const char *turn_target(const struct run *run)
{
	return run->state.models[run->target_chosen ? run->next_target : run->state.target];
}

/* Runs that wait for the same model do not all come back at the same moment. */
static int64_t spread_ms(const struct run *run, int64_t ms)
{
	return ms > 0 ? ms + (int64_t)(run->info.run * 2654435761u % (uint64_t)(ms / 4 + 1)) : 0;
}

/*
 * The model that is asked next, and whether it may be asked now. A choice stands until the turn has
 * begun: it is paid for in between.
 */
static bool may_ask(struct run *run, int64_t delay_ms)
{
	struct targets *t = run->e->targets;
	int64_t now = clock_mono_ms(), pause;

	if (run->target_chosen)
		return true;
	run->next_target = targets_choose(t, run->state.models, run->state.model_count,
					  run->state.target, now);
	/* Another model owes nothing to the failure of the one before it. */
	if (run->retry_waited || run->next_target != run->state.target)
		delay_ms = 0;
	pause = spread_ms(run, targets_pause_ms(t, run->state.models[run->next_target], now));
	if (pause > delay_ms)
		delay_ms = pause;
	run->target_chosen = delay_ms == 0;
	if (delay_ms && !run->due[DUE_RETRY])
		run_due(run, DUE_RETRY, now + delay_ms);
	return run->target_chosen;
}

bool turn_perform(struct run *run, const struct action *a)
{
	const char *target;
	struct turn_work *t;

	if (run->reserve || !run_may_start(run) || !may_ask(run, a->delay_ms))
		return false;
	if (run->settle) /* one grant at a time: the last turn's goes to the disk first */
		run_flush(run);
	if (run->settle)
		return false;
	if (run->host->budget && !run->reserved && !reserve_turn(run))
		return !run->reserve; /* refused: plan again */
	target = turn_target(run);
	record_started(run, target);
	run->retry_waited = run->reserved = run->target_chosen = false;
	run_due(run, DUE_RETRY, 0); /* it may have been for a model that is not asked now */
	t = turn_new(run);
	if (!t) {
		fail_at_once(run, target, EXS_NOMEM, EXS_CLASS_TRANSIENT, "no memory for a turn");
		return true;
	}
	t->work.what = target; /* the state's: it lives as long as the run */
	t->work.in = target_instance(run, target, &t->turn.model);
	if (!t->work.in) {
		t->refs = 1;
		turn_unref(t);
		fail_at_once(run, target, EXS_NOTFOUND, EXS_CLASS_NO_MODEL,
			     "no battery of the configuration fills it");
		return true;
	}
	t->bytes = turn_bytes(run);
	t->need_seq = run_begun_seq(run);
	run->turn = t;
	return false;
}

void turn_release(struct run *run)
{
	struct turn_work *t = run->turn;

	if (!t || t->dispatched)
		return;
	if (run->cancel_seen || run->phase != RUN_LIVE) { /* never sent: the answer is ours */
		run->turn = NULL;
		t->work.pending.status = EXS_CANCELLED;
		t->work.pending.err = (exs_err)EXS_ERR_INIT;
		if (run->phase == RUN_LIVE)
			record_failed(run, run->state.models[run->state.target], &t->work.pending,
				      0, true);
		t->refs = 1;
		turn_unref(t);
		run_post(run, &run->due_mail);
		return;
	}
	if (run->durable_seq < t->need_seq) {
		run_flush(run);
		return;
	}
	t->dispatched = true;
	t->begun_ms = clock_mono_ms();
	work_start(&t->work);
}

/* ---- the answer ---- */

static void estimate_usage(const struct run *run, struct pending *p)
{
	if (p->has_usage)
		return;
	p->has_usage = true;
	p->usage.size = sizeof p->usage;
	p->usage.estimated = 1;
	p->usage.in_tokens = turn_estimate(run);
	p->usage.out_tokens = (int64_t)p->out.n / EXS_TOKEN_BYTES;
}

/* It was on its way when it ended, so the provider may have billed it. */
static bool may_be_billed(const struct pending *p)
{
	if (p->err.klass == EXS_CLASS_NOT_DONE)
		return false;
	return p->status == EXS_OK || p->status == EXS_CANCELLED || p->status == EXS_LOST ||
	       p->status == EXS_INTERNAL || p->out.n > 0;
}

static void record_ended(struct run *run, const char *target, struct pending *p, int64_t ms)
{
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX * 2);
	buf_puts(&body, "{\"message\":");
	buf_str(&body, str_trim(buf_view(&p->out)));
	buf_printf(&body, ",\"ms\":%lld}", (long long)ms);
	run_record(run, EXS_FACT_TURN_ENDED, str_of(target), NULL, &p->usage, &body);
}

/* What all runs learn from it. */
static void tell_targets(struct run *run, const struct turn_work *t, const char *target,
			 const struct pending *p)
{
	bool counted = p->has_usage && !p->usage.estimated;

	if (p->status == EXS_OK)
		targets_answered(run->e->targets, target, t->bytes,
				 counted ? p->usage.in_tokens : 0);
	else if (!cancel_cause(run->token) &&
		 (p->err.klass == EXS_CLASS_LIMIT || failure_may_pass(p->status, p->err.klass)))
		targets_failed(run->e->targets, target, p->err.retry_after_ms, clock_mono_ms());
}

void turn_received(struct run *run, struct turn_work *t)
{
	struct pending *p = &t->work.pending;
	int64_t ms = clock_mono_ms() - t->begun_ms;
	char target[RUN_NAME_MAX];
	exs_err why = EXS_ERR_INIT;

	if (run->turn != t || run->phase != RUN_LIVE) {
		turn_unref(t);
		return;
	}
	run->turn = NULL;
	snprintf(target, sizeof target, "%s", run->state.models[run->state.target]);
	if (p->status == EXS_OK && message_check_assistant(str_trim(buf_view(&p->out)), &why)) {
		p->status = EXS_INVALID;
		p->err = why;
		p->err.klass = EXS_CLASS_TRANSIENT;
	}
	if (p->status == EXS_OK)
		delta_end(run);
	else
		delta_void(run);
	tell_targets(run, t, target, p);
	if (may_be_billed(p))
		estimate_usage(run, p);
	if (p->has_usage)
		purse_price(run, target, &p->usage);
	if (p->status == EXS_OK)
		record_ended(run, target, p, ms);
	else
		record_failed(run, target, p, ms,
			      p->status == EXS_CANCELLED && cancel_cause(run->token));
	reserve_settle(run, p);
	turn_unref(t);
}

void turn_abandon(struct run *run)
{
	struct turn_work *t = run->turn;
	/* The battery may still write to the work's own: what is recorded is said by us. */
	struct pending p = { .status = EXS_CANCELLED, .err = EXS_ERR_INIT };

	if (!t || !t->dispatched || !work_abandon(&t->work))
		return;
	run->turn = NULL;
	delta_void(run);
	err_set(&p.err, EXS_CANCELLED, 0,
		"the model did not answer in time after it was cancelled");
	estimate_usage(run, &p);
	purse_price(run, run->state.models[run->state.target], &p.usage);
	record_failed(run, run->state.models[run->state.target], &p, clock_mono_ms() - t->begun_ms,
		      true);
	reserve_settle(run, &p);
	turn_unref(t);
}
