/* SPDX-License-Identifier: MIT */
/* call_end.c - how tool calls end: answered, timed out, abandoned, in doubt. Told honestly, each
 * exactly once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/doubt.h"
#include "fact/words.h"
#include "run/call_priv.h"

/* ---- facts ---- */

static void record_ended(struct run *run, uint32_t index, int32_t outcome, exs_str content,
			 exs_str more, int64_t ms)
{
	const struct call *c = &run->state.calls[index];
	auto_free char *name = strdup(c->name);
	char id[CALL_ID_MAX];
	struct buf body, text;

	call_id(&run->state, index, id);
	buf_init(&text, RUN_TEXT_MAX);
	buf_str(&text, content);
	if (more.n) {
		buf_puts(&text, "\n");
		buf_str(&text, more);
	}
	buf_init(&body, RUN_TEXT_MAX * 2);
	buf_printf(&body, "{\"status\":\"%s\",\"content\":", outcome_word(outcome));
	buf_json(&body, buf_view(&text));
	buf_printf(&body, ",\"ms\":%lld}", (long long)ms);
	buf_release(&text);
	run_record(run, EXS_FACT_CALL_ENDED, str_of(name), id, NULL, &body);
}

void call_end_with(struct run *run, uint32_t index, int32_t outcome, const char *text)
{
	record_ended(run, index, outcome, str_of(text), str_of(NULL), 0);
}

static const char in_doubt_text[] = "OUTCOME UNKNOWN: this call was started, then the process "
				    "stopped before its result was seen. It may or may not "
				    "have taken effect. Find out before you repeat it.";

bool calls_doubt(struct run *run, const struct action *a)
{
	int32_t step = run->state.step;
	uint32_t i;

	for (i = 0; i < run->state.call_count && run->state.step == step; i++)
		if (a->calls >> i & 1)
			call_end_with(run, i, CALL_IN_DOUBT, in_doubt_text);
	return true;
}

bool calls_park(struct run *run)
{
	char text[WHY_MAX];

	doubt_text(&run->state, doubt_calls(&run->state), text, sizeof text);
	return finish_park(run, "in_doubt", text);
}

/* ---- outcomes ---- */

/* Nobody knows whether it happened: it left, it may change something, and it did not come back with
 * an answer. */
static bool unknown(const struct call_work *w, const struct pending *p)
{
	if (!w->dispatched || w->tool->effect == EXS_EFFECT_PURE ||
	    p->err.klass == EXS_CLASS_NOT_DONE)
		return false;
	switch (p->status) {
	case EXS_CANCELLED:
	case EXS_AGAIN:
	case EXS_IO:
	case EXS_LOST:
	case EXS_INTERNAL:
		return true;
	default:
		return false;
	}
}

static void reconciled(struct run *run, struct call_work *w, int64_t ms)
{
	struct pending *p = &w->work.pending;
	uint32_t index = w->index;

	if (p->status == EXS_OK)
		record_ended(run, index, CALL_OK, buf_view(&p->out), str_of(NULL), ms);
	else if (p->status == EXS_NOTFOUND)
		call_start(run, index, false); /* it did not happen: run it, with the same key */
	else if (run->leaving)
		return; /* asked again by the next attempt */
	else if (run->state.park_in_doubt)
		calls_park(run);
	else
		call_end_with(run, index, CALL_IN_DOUBT, in_doubt_text);
}

static void ended(struct run *run, struct call_work *w, int64_t ms)
{
	struct pending *p = &w->work.pending;
	char text[400];

	if (p->status == EXS_OK) {
		record_ended(run, w->index, CALL_OK, buf_view(&p->out), str_of(NULL), ms);
	} else if (unknown(w, p)) {
		if (run->leaving)
			return; /* no end: recovery judges it by its effect */
		snprintf(text, sizeof text,
			 "OUTCOME UNKNOWN: %s. The call may or may not have taken effect.",
			 p->err.text);
		record_ended(run, w->index, CALL_IN_DOUBT, str_of(text), buf_view(&p->out), ms);
	} else {
		int32_t outcome = p->status == EXS_DENIED      ? CALL_DENIED
				  : p->status == EXS_CANCELLED ? CALL_SKIPPED
							       : CALL_ERROR;

		record_ended(run, w->index, outcome,
			     str_of(p->err.text[0] ? p->err.text : status_word(p->status)),
			     buf_view(&p->out), ms);
	}
}

void call_received(struct run *run, struct mail *mail)
{
	struct call_work *w = container_of(mail, struct call_work, mail);
	int64_t ms = clock_mono_ms() - w->begun_ms;

	if (w->index < CALLS_MAX && run->calls[w->index] == w) {
		run->calls[w->index] = NULL;
		if (run->phase == RUN_LIVE && w->reconcile)
			reconciled(run, w, ms);
		else if (run->phase == RUN_LIVE)
			ended(run, w, ms);
	}
	call_unref(w);
}

static void abandon(struct run *run, struct call_work *w)
{
	if (!w->dispatched || !work_abandon(&w->work))
		return;
	run->calls[w->index] = NULL;
	/* The battery may still write to the pending: what is recorded is said by us. */
	if (run->phase == RUN_LIVE && !(run->leaving && w->tool->effect != EXS_EFFECT_PURE)) {
		bool pure = w->tool->effect == EXS_EFFECT_PURE;

		call_end_with(run, w->index, pure ? CALL_ERROR : CALL_IN_DOUBT,
			      pure ? "the tool did not answer in time"
				   : "OUTCOME UNKNOWN: the tool did not answer in time. The "
				     "call may or may not have taken effect.");
	}
	call_unref(w);
}

void calls_due(struct run *run, int64_t now)
{
	uint32_t i;

	for (i = 0; i < CALLS_MAX; i++) {
		struct call_work *w = run->calls[i];

		if (!w || !w->dispatched)
			continue;
		if (w->until_ms > now) {
			calls_note_due(run, w->until_ms);
		} else if (cancel_fire(w->work.token, EXS_CAUSE_TIMEOUT)) {
			w->until_ms = now + CLEANUP_MS;
			calls_note_due(run, w->until_ms);
		} else {
			abandon(run, w);
		}
	}
}

void calls_abandon(struct run *run)
{
	uint32_t i;

	for (i = 0; i < CALLS_MAX; i++)
		if (run->calls[i])
			abandon(run, run->calls[i]);
}

/* The run ends: every call gets an outcome, so that no transcript of it has an open one. */
void calls_close(struct run *run)
{
	int32_t step = run->state.step;
	uint32_t i;

	for (i = 0; i < run->state.call_count && run->state.step == step && !run->broken; i++) {
		const struct call *c = &run->state.calls[i];

		if (c->stage == CALL_ENDED)
			continue;
		if (c->stage == CALL_PLANNED || c->effect == EXS_EFFECT_PURE)
			call_end_with(run, i, CALL_SKIPPED, "not run: the run ended before it");
		else
			call_end_with(run, i, CALL_IN_DOUBT, in_doubt_text);
		if (run->state.call_count == 0)
			return;
	}
}
