/* SPDX-License-Identifier: MIT */
/*
 * run.c - the loop of a run: take mail, record what it says, plan, perform, until plan has nothing
 *more to do.
 *
 *	mail ──> receive: facts ──> fold ──> state ──> plan ──> action ──> perform ──> mail, some
 *day
 */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/artifact.h"
#include "fact/words.h"
#include "run/settle.h"
#include "run/verdict.h"

struct run *run_ref(struct run *run)
{
	atomic_fetch_add(&run->refs, 1);
	return run;
}

static void run_free(struct run *run)
{
	struct commit *c;

	timer_cancel(&run->host->timers, &run->timer);
	while ((c = run->commits)) {
		run->commits = c->next;
		commit_free(c);
	}
	fact_recs_free(run->pending);
	batch_release(&run->batch);
	state_release(&run->state);
	buf_release(&run->delta);
	buf_release(&run->live);
	buf_release(&run->end_body);
	free(run->trails);
	free(run->cancel_text);
	free(run->result.output);
	free(run->result.error);
	free(run->result.artifacts);
	cancel_unref(run->token);
	pthread_cond_destroy(&run->over_cond);
	pthread_mutex_destroy(&run->mail_lock);
	free(run);
}

void run_unref(struct run *run)
{
	if (run && atomic_fetch_sub(&run->refs, 1) == 1)
		run_free(run);
}

/* ---- receive ---- */

static void record_text(struct run *run, int32_t kind, const char *key, const char *word,
			exs_str text)
{
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"%s\":\"%s\",\"text\":", key, word);
	buf_json(&body, text);
	buf_puts(&body, "}");
	run_record(run, kind, str_of(NULL), NULL, NULL, &body);
}

/* The token fired. A stop of the process is no fact of the run: it goes on later as if nothing had
 * been. */
static void cancel_received(struct run *run)
{
	int32_t cause = cancel_cause(run->token);
	auto_free char *text = NULL;

	if (run->cancel_seen || run->phase > RUN_LIVE)
		return;
	run->cancel_seen = true;
	run_due(run, DUE_CLEANUP, clock_mono_ms() + CLEANUP_MS);
	if (cause == EXS_CAUSE_SHUTDOWN || cause == EXS_CAUSE_PREEMPT) {
		run->leaving = true;
		return;
	}
	pthread_mutex_lock(&run->mail_lock);
	text = take(run->cancel_text);
	pthread_mutex_unlock(&run->mail_lock);
	record_text(run, EXS_FACT_RUN_CANCELLED, "cause", cause_word(cause), str_of(text));
}

static void raise_limit(struct run *run, const char *what, int64_t now)
{
	struct buf body;

	buf_init(&body, RUN_NAME_MAX);
	buf_printf(&body, "{\"what\":\"%s\",\"now\":%lld}", what, (long long)now);
	run_record(run, EXS_FACT_LIMIT_RAISED, str_of(NULL), NULL, NULL, &body);
}

static void extend(struct run *run, int64_t ms)
{
	int64_t was = run->state.limits.runtime_ms;
	int64_t now = verdict_runtime_ms(was, ms);

	if (now <= was)
		return;
	raise_limit(run, "runtime_ms", now);
	/* With a watch the critic's own deadline is the hard one, and what is due is the ceiling.
	 */
	if (run->watch || !run->due[DUE_DEADLINE])
		return;
	run_due(run, DUE_DEADLINE, run->due[DUE_DEADLINE] + (now - was));
	cancel_set_deadline(run->token, run->due[DUE_DEADLINE]);
}

/* The row goes with the fact in one batch; what is not recorded stays for the next attempt. */
static void inbox_received(struct run *run, struct note *n)
{
	exs_err err = EXS_ERR_INIT;

	if (run->phase != RUN_LIVE || run->leaving)
		return;
	if (n->cause) {
		run_cancel(run, n->cause, n->text);
		cancel_received(run);
	} else if (n->settled) {
		settle_received(run, n);
	} else {
		record_text(run, EXS_FACT_STEERED, "from", "caller", str_of(n->text));
	}
	if (run->leaving) /* the process stops: the cancel is for whoever carries the run next */
		return;
	if (run_open_batch(run, &err) || batch_del(&run->batch, str_of(NULL), str_of(n->key), &err))
		log_warn(run->host->log, "run %s: a message stays in its inbox: %s", run->id,
			 err.text);
}

static void record_artifact(struct run *run, exs_str body)
{
	struct buf b;

	if (!artifact_fits(&run->state, body)) {
		log_warn(run->host->log, "run %s: more than %u artifacts; one is passed over",
			 run->id, ARTIFACTS_MAX);
		return;
	}
	buf_init(&b, EXS_ARTIFACT_MAX);
	buf_str(&b, body);
	run_record(run, EXS_FACT_ARTIFACT_MADE, str_of(NULL), NULL, NULL, &b);
}

void run_verdict(struct run *run, enum note_what what, int64_t number, exs_str text)
{
	if (what == NOTE_STEER)
		record_text(run, EXS_FACT_STEERED, "from", "critic", text);
	else if (what == NOTE_EXTEND)
		extend(run, number);
	else if (what == NOTE_RAISE && number > 0)
		raise_limit(run, "steps", verdict_steps(run->state.limits.steps, number));
	else if (what == NOTE_ARTIFACT)
		record_artifact(run, text);
}

void run_note_received(struct run *run, struct note *n)
{
	if (n->what == NOTE_INBOX)
		inbox_received(run, n);
	else if (run->phase == RUN_LIVE)
		run_verdict(run, n->what, n->number, str_of(n->text));
	note_free(n);
}

static void due_received(struct run *run)
{
	int64_t now = clock_mono_ms();

	run->armed_ms = 0;
	if (run_is_due(run, DUE_DEADLINE, now))
		run_cancel(run, EXS_CAUSE_TIMEOUT, "the run's time is over (max_runtime)");
	if (run_is_due(run, DUE_CLEANUP, now)) {
		turn_abandon(run);
		calls_abandon(run);
	}
	if (run_is_due(run, DUE_CALLS, now))
		calls_due(run, now);
	if (run_is_due(run, DUE_TICK, now))
		watch_tick(run, now);
	if (run_is_due(run, DUE_STORAGE, now))
		run_storage_retry(run);
	if (run_is_due(run, DUE_FLUSH, now))
		run_flush(run);
	if (run_is_due(run, DUE_DELIVERY, now))
		delivery_due(run);
	if (run_is_due(run, DUE_RETRY, now))
		run->retry_waited = true;
}

static void receive(struct run *run, struct mail *m)
{
	switch (m->kind) {
	case MAIL_BEGIN:
		run_begin(run);
		return;
	case MAIL_TURN:
		turn_received(run, turn_of_mail(m));
		return;
	case MAIL_CALL:
		call_received(run, m);
		return;
	case MAIL_STORED:
		run_stored(run, container_of(m, struct commit, mail));
		return;
	case MAIL_RESERVED:
		reserve_received(run, m);
		return;
	case MAIL_DELIVERED:
		delivery_received(run, m);
		return;
	case MAIL_CANCEL:
		cancel_received(run);
		return;
	case MAIL_NOTE:
		run_note_received(run, container_of(m, struct note, mail));
		return;
	case MAIL_DUE:
		due_received(run);
		return;
	}
}

/* ---- plan and perform ---- */

/* True: something changed, plan again. */
static bool perform(struct run *run, const struct action *a)
{
	switch (a->kind) {
	case ACT_TURN:
		return turn_perform(run, a);
	case ACT_CALLS:
		return calls_perform(run, a);
	case ACT_RECONCILE:
		return calls_reconcile(run, a);
	case ACT_DOUBT:
		return calls_doubt(run, a);
	case ACT_PARK:
		return finish_park(run, "in_doubt", a->why);
	case ACT_END:
		return finish_end(run, a);
	case ACT_NOTHING:
	case ACT_WAIT:
		break;
	}
	return false;
}

/* A fact did not fit: what there is of the run is ended and told. */
static void plan_broken(const struct run *run, struct action *out)
{
	memset(out, 0, sizeof *out);
	out->kind = ACT_END;
	out->status = EXS_ENDED_ERROR;
	out->reason = "internal";
	snprintf(out->why, sizeof out->why, "%s",
		 run->result.error ? run->result.error : "out of memory");
}

static void advance(struct run *run)
{
	struct action a;
	bool again = true;

	while (again && run->phase == RUN_LIVE) {
		if (run->reserve) /* a reservation is on its way to the disk: it must be settled,
				     not lost */
			return;
		if (run->broken) {
			if (run->turn || calls_out(run)) {
				run_cancel(run, EXS_CAUSE_KILL, "the run broke");
				return;
			}
			plan_broken(run, &a);
		} else {
			plan(&run->state, &a);
		}
		/* A process that stops starts nothing new; what is decided already is still written
		 * down. */
		if (run->leaving && a.kind != ACT_END) {
			if (run->turn || calls_out(run))
				return;
			again = finish_park(run, "shutdown", "the process was asked to stop");
		} else {
			again = perform(run, &a);
		}
	}
}

/*
 * Facts that somebody waits for go to the store at once; the others wait a moment for company. With
 * nothing out, what the run waits for is the disk.
 */
static void settle(struct run *run)
{
	bool wanted;

	if (!run->pending)
		return;
	wanted = run->phase != RUN_LIVE || !run->durable || run->storage_failing ||
		 !(run->turn || calls_out(run)) || run->pending_bytes > PENDING_MAX;
	if (wanted)
		run_flush(run);
	else if (!run->due[DUE_FLUSH])
		run_due(run, DUE_FLUSH, clock_mono_ms() + LINGER_MS);
}

static void publish_tally(struct run *run)
{
	exs_tally now;

	run_tally_fill(run, &now);
	pthread_mutex_lock(&run->mail_lock);
	run->tally = now;
	pthread_mutex_unlock(&run->mail_lock);
}

void run_pass(struct job *job)
{
	struct run *run = container_of(job, struct run, job);
	struct buf delta;
	struct mail *m;

	buf_init(&delta, DELTA_MAX);
	for (;;) {
		m = run_take_mail(run, &delta);
		delta_show(run, buf_view(&delta));
		if (!m && !delta.n)
			break;
		buf_clear(&delta);
		if (!m)
			continue;
		receive(run, m);
		advance(run);
		/* Works that wait for the disk may have become free, and facts may have to go there
		 * first. */
		turn_release(run);
		calls_release(run);
		settle(run);
		publish_tally(run);
		run_arm(run);
	}
	buf_release(&delta);
	run_unref(run);
}
