/* SPDX-License-Identifier: MIT */
/*
 * finish.c - how a run leaves the process: ended, parked, refused, unstored or lost.
 *
 * One terminal batch holds run_ended, one delivery_queued a target, the last audit rows, the
 * budget's commit and the checkpoint's end. Only when it is durable is anybody told, each apart
 * from the others, and none of them can change the outcome. Deliveries are in delivery.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/artifact.h"
#include "fact/words.h"
#include "run/delivery.h"
#include "run/engine_priv.h"

/* ---- telling whoever waits ---- */

static void fill_result(struct run *run, int32_t status, const char *reason, const char *error)
{
	struct run_result *r = &run->result;
	const struct state *s = &run->state;

	if (run->told) /* somebody may be reading it */
		return;
	r->status = status;
	r->reason = reason ? reason : "";
	free(r->output);
	free(r->error);
	free(r->artifacts);
	r->artifacts = artifacts_text(s);
	r->output = strdup(s->output ? s->output : "");
	r->error = strdup(error ? error : "");
	/* An end without its answer is none: it is stored, and a resume shows it. */
	if (!r->output || !r->error) {
		r->status = EXS_ENDED_PARKED;
		r->reason = "storage";
	}
	r->usage = s->usage;
	r->steps = s->step;
	r->attempt = s->attempt;
	r->calls = s->calls_ended;
	r->run_ms = s->run_ms;
}

static void tell(struct run *run)
{
	run->told = true;
	pthread_mutex_lock(&run->mail_lock);
	run->over = true;
	pthread_cond_broadcast(&run->over_cond);
	pthread_mutex_unlock(&run->mail_lock);
}

void finish_over(struct run *run)
{
	int i;

	run->phase = RUN_OVER;
	for (i = 0; i < DUES; i++)
		run->due[i] = 0;
	/* A timer holds no reference: from here on it must not fire into a run that may go. */
	timer_cancel(&run->host->timers, &run->timer);
	registry_remove(run);
	tell(run);
}

/* ---- the terminal batch ---- */

static void record_deliveries(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	uint32_t i;

	run->queued_ms = clock_wall_ms();
	for (i = 0; i < run->state.deliver_count && i < DELIVERIES_MAX; i++) {
		struct delivery_target t;
		struct buf body;

		if (!delivery_find(run, i, &t) || t.local)
			continue;
		buf_init(&body, OUTBOX_ROW_MAX);
		buf_puts(&body, "{\"kind\":");
		buf_jsonz(&body, t.kind);
		buf_puts(&body, ",\"target\":");
		buf_jsonz(&body, t.target);
		buf_printf(&body, ",\"id\":\"%s\"}", t.id);
		if (run->durable && (run_open_batch(run, &err) || outbox_queue(run, &t, &err)))
			log_warn(run->host->log, "run %s: a delivery is tried once only: %s",
				 run->id, err.text);
		run_record(run, EXS_FACT_DELIVERY_QUEUED, str_of(t.kind), NULL, NULL, &body);
	}
}

static void ended_body(struct run *run, const struct action *a, struct buf *b)
{
	const struct state *s = &run->state;
	exs_str output = str_of(s->output);

	/* Without an answer, what there is of it is worth more than nothing. */
	if (a->status != EXS_ENDED_OK && !s->final)
		output = str_of(s->last_text);
	buf_printf(b, "{\"status\":\"%s\",\"output\":", ended_word(a->status));
	buf_json(b, output);
	if (a->status != EXS_ENDED_OK) {
		buf_puts(b, ",\"error\":");
		buf_jsonz(b, a->why);
		buf_printf(b, ",\"reason\":\"%s\"", a->reason);
	}
	buf_printf(b,
		   ",\"steps\":%d,\"calls\":%lld,\"usage\":{\"in_tokens\":%lld,\"cache_read_"
		   "tokens\":%lld,"
		   "\"cache_write_tokens\":%lld,\"out_tokens\":%lld,\"reasoning_tokens\":%lld,"
		   "\"cost_micro\":%lld,"
		   "\"estimated\":%u},\"model\":",
		   (int)s->step, (long long)s->calls_ended, (long long)s->usage.in_tokens,
		   (long long)s->usage.cache_read_tokens, (long long)s->usage.cache_write_tokens,
		   (long long)s->usage.out_tokens, (long long)s->usage.reasoning_tokens,
		   (long long)s->usage.cost_micro, s->usage.estimated);
	buf_jsonz(b, s->model ? s->model : "");
	if (s->artifact_count) {
		buf_puts(b, ",\"artifacts\":");
		artifacts_json(s, b);
	}
	buf_puts(b, "}");
}

/* What is recorded from here on carries the run out of this process. */
static void flush_end(struct run *run)
{
	purse_settle_unused(run);
	run_close_mail(run);
	run->phase = RUN_ENDING;
	run->end_seq = run->state.seq;
	run_flush(run);
	if (run->phase != RUN_ENDING)
		return;
	if (!run->durable) {
		finish_stored(run);
	} else if (run->state.relaxed && run->state.ended && !run->storage_failing) {
		/* Told while the disk works; the engine keeps the run until the end is stored. */
		fill_result(run, run->end_status, run->end_reason, run->state.why);
		tell(run);
	}
}

bool finish_end(struct run *run, const struct action *a)
{
	struct buf body;

	run->wants_end = true;
	if (run->storage_failing && run->durable)
		return false;
	calls_close(run);
	run->end_status = a->status;
	run->end_reason = a->reason;
	record_deliveries(run);
	inbox_clear(run);
	buf_init(&body, RUN_TEXT_MAX * 2);
	ended_body(run, a, &body);
	buf_str(&run->end_body, buf_view(&body));
	run_record(run, EXS_FACT_RUN_ENDED, str_of(NULL), NULL, NULL, &body);
	if (!run->state.ended) { /* not even the end fits */
		fill_result(run, EXS_ENDED_ERROR, "internal", a->why);
		finish_unstored(run);
		return false;
	}
	purse_end(run);
	flush_end(run);
	return false;
}

bool finish_park(struct run *run, const char *why, const char *text)
{
	struct buf body;

	run->end_status = strcmp(why, "shutdown") == 0 ? EXS_ENDED_INTERRUPTED : EXS_ENDED_PARKED;
	run->end_reason = why;
	record_deliveries(run);
	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"why\":\"%s\",\"text\":", why);
	buf_jsonz(&body, text);
	buf_puts(&body, "}");
	buf_str(&run->end_body, buf_view(&body));
	run_record(run, EXS_FACT_RUN_PARKED, str_of(NULL), NULL, NULL, &body);
	flush_end(run);
	return false;
}

static void tell_tools(struct run *run)
{
	size_t i;

	for (i = 0; i < run->host->instance_n; i++)
		if (run->host->instances[i].tool)
			call_tool_run_ended(&run->host->instances[i], run->id);
}

void finish_stored(struct run *run)
{
	run->phase = RUN_DELIVERING;
	fill_result(run, run->end_status, run->end_reason, run->state.why);
	purse_leave(run); /* a run that ended has none any more */
	watch_finish(run);
	if (run->state.ended)
		tell_tools(run);
	delivery_begin(run); /* of a run that waits: to whoever wants to know that */
}

/* ---- the other ways out ---- */

/* Handles go without a trace in the log: there is none, or it is not ours. */
static void let_go(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	struct batch scratch;
	exs_ckpt *ckpt = take(run->ckpt);

	batch_init(&scratch);
	if (ckpt)
		call_ckpt_end(run->host->checkpoint, ckpt, EXS_CKPT_LEAVE, str_of("parked"),
			      &scratch, &err);
	batch_release(&scratch);
	purse_leave(run);
	watch_finish(run);
	cancel_fire(run->token, EXS_CAUSE_SHUTDOWN);
	/* What is still out answers to nobody: turn_received and call_received see that the run is
	 * over. */
	finish_over(run);
}

void finish_refused(struct run *run, int32_t status, const char *reason, const char *text)
{
	fill_result(run, status, reason, text);
	let_go(run);
}

void finish_unstored(struct run *run)
{
	fill_result(run, EXS_ENDED_PARKED, "storage",
		    "the store does not take the run's facts; resume it when it does");
	let_go(run);
}

void finish_lost(struct run *run)
{
	log_error(run->host->log, "run %s is carried by another process now; this one drops it",
		  run->id);
	fill_result(run, EXS_ENDED_INTERRUPTED, "owner", "another process carries the run now");
	let_go(run);
}
