/* SPDX-License-Identifier: MIT */
/*
 * call.c - running tools: checked, journaled, dispatched once what they rest on is durable, timed, and told honestly.
 *
 * All calls of a turn go out together. A pure call goes at once; any other waits until its call_started is on
 * the disk and the lease is young. On a stop of the process a call whose outcome is unknown gets no end:
 * the next attempt judges it by its effect.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "base/text.h"
#include "run/engine_priv.h"
#include "run/words.h"

#define KEY_CHARS 32u /* of the hash: 128 bits */

struct call_work {
	struct mail mail;
	struct work work;
	struct run *run; /* a reference */
	_Atomic int refs; /* the work's, and ours until the outcome was received */
	uint32_t index;
	exs_call call;
	char id[CALL_ID_MAX], key[SHA256_HEX_MAX], what[RUN_NAME_MAX];
	char *args;
	const struct tool *tool;
	int64_t begun_ms, need_seq, until_ms; /* until: mono, of the next time-out */
	bool dispatched, reconcile;
};

bool calls_out(const struct run *run)
{
	uint32_t i;

	for (i = 0; i < CALLS_MAX; i++)
		if (run->calls[i])
			return true;
	return false;
}

/* ---- facts ---- */

static void record_ended(struct run *run, uint32_t index, int32_t outcome, exs_str content, exs_str more, int64_t ms)
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

static void end_with(struct run *run, uint32_t index, int32_t outcome, const char *text)
{
	record_ended(run, index, outcome, str_of(text), str_of(NULL), 0);
}

/* The host makes the key once, from what the call is; later attempts read it back from the fact. */
static void make_key(const struct run *run, const struct call *c, const char *id, char out[SHA256_HEX_MAX])
{
	unsigned char sum[SHA256_BYTES];
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, run->id, strlen(run->id) + 1);
	sha256_add(&h, id, strlen(id) + 1);
	sha256_add(&h, c->name, strlen(c->name) + 1);
	sha256_add(&h, c->args, c->args_n);
	sha256_end(&h, sum);
	sha256_hex(sum, out);
	out[KEY_CHARS] = '\0';
}

static int64_t record_started(struct run *run, struct call_work *w)
{
	const struct call *c = &run->state.calls[w->index];
	unsigned char sum[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];
	struct sha256 h;
	struct buf body;

	sha256_init(&h);
	sha256_add(&h, c->args, c->args_n);
	sha256_end(&h, sum);
	sha256_hex(sum, hex);
	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"effect\":\"%s\",\"key\":\"%s\",\"args_sha256\":\"%s\",\"try\":%d}",
		   effect_word(w->tool->effect), w->key, hex, (int)w->call.attempt);
	return run_record(run, EXS_FACT_CALL_STARTED, str_of(w->tool->name), w->id, NULL, &body);
}

/* ---- the work ---- */

static void call_unref(struct call_work *w)
{
	struct run *run = w->run;

	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	cancel_unref(w->work.token);
	buf_release(&w->work.pending.out);
	free(w->args);
	free(w);
	run_unref(run);
}

static struct call_work *of_work(struct work *w)
{
	return container_of(w, struct call_work, work);
}

static void on_start(struct work *w, exs_done done)
{
	struct call_work *c = of_work(w);

	if (c->reconcile)
		call_tool_reconcile(w, &c->call, done);
	else
		call_tool_call(w, &c->call, done);
}

static void on_ended(struct work *w)
{
	run_post(of_work(w)->run, &of_work(w)->mail);
}

static void on_freed(struct work *w)
{
	call_unref(of_work(w));
}

static void on_progress(struct work *w, exs_str delta)
{
	(void)delta;
	run_touch(of_work(w)->run);
}

static struct call_work *call_new(struct run *run, uint32_t index, const struct tool *tool)
{
	const struct call *c = &run->state.calls[index];
	struct call_work *w = calloc(1, sizeof *w);
	bool empty = str_trim(str_n(c->args, c->args_n)).n == 0;

	if (!w)
		return NULL;
	w->args = empty ? strdup("{}") : str_dup(str_n(c->args, c->args_n));
	w->work.token = cancel_new(run->token);
	if (!w->args || !w->work.token) {
		free(w->args);
		cancel_unref(w->work.token);
		free(w);
		return NULL;
	}
	call_id(&run->state, index, w->id);
	if (c->key[0])
		memcpy(w->key, c->key, sizeof w->key);
	else
		make_key(run, c, w->id, w->key);
	snprintf(w->what, sizeof w->what, "call %s of tool '%s'", w->id, tool->name);
	w->index = index;
	w->tool = tool;
	w->call = (exs_call){ sizeof w->call, c->tries + 1, &run->info,
			      tool->name,     w->id,	    w->key,
			      str_n(w->args, empty ? 2 : c->args_n) };
	w->mail.kind = MAIL_CALL;
	w->run = run_ref(run);
	w->refs = 2;
	w->work.in = tool->in;
	w->work.what = w->what;
	w->work.cap = EXS_TOOL_RESULT_MAX;
	w->work.start = on_start;
	w->work.ended = on_ended;
	w->work.freed = on_freed;
	w->work.progress = on_progress;
	return w;
}

static void call_drop(struct call_work *w) /* never dispatched */
{
	w->refs = 1;
	call_unref(w);
}

/* ---- performing ---- */

static void unknown_tool(struct run *run, uint32_t index)
{
	struct buf text;
	uint32_t i;

	buf_init(&text, RUN_TEXT_MAX);
	buf_printf(&text, "there is no tool '%.64s'; ", run->state.calls[index].name);
	buf_puts(&text, run->offer->n ? "the tools are:" : "there are no tools");
	for (i = 0; i < run->offer->n; i++)
		buf_printf(&text, "%s %s", i ? "," : "", run->offer->tools[i]->name);
	end_with(run, index, CALL_ERROR, buf_ok(&text) ? text.p : "there is no such tool");
	buf_release(&text);
}

/* What keeps a call from being started at all; true when it was ended here. */
static bool refused(struct run *run, uint32_t index, const struct tool *tool)
{
	const struct call *c = &run->state.calls[index];
	exs_err err = EXS_ERR_INIT;
	exs_str args = str_trim(str_n(c->args, c->args_n));

	if (!tool) {
		unknown_tool(run, index);
		return true;
	}
	if (tool_check_args(tool, args.n ? args : str_of("{}"), &err)) {
		end_with(run, index, CALL_ERROR, err.text);
		return true;
	}
	return false;
}

static void start_call(struct run *run, uint32_t index, bool reconcile)
{
	const struct tool *tool = offer_find(run->offer, run->state.calls[index].name);
	struct call_work *w;
	int64_t seq;

	if (refused(run, index, tool))
		return;
	w = call_new(run, index, tool);
	if (!w) {
		end_with(run, index, CALL_ERROR, "no memory to run the tool; nothing happened");
		return;
	}
	w->reconcile = reconcile;
	seq = reconcile ? 0 : record_started(run, w);
	if (run->broken) {
		call_drop(w);
		return;
	}
	w->need_seq = reconcile || tool->effect == EXS_EFFECT_PURE ? 0 : seq;
	run->calls[index] = w;
}

/* Starting one may end it, and the last end clears the list: so ask anew each time. */
static bool start_calls(struct run *run, uint64_t mask, bool reconcile)
{
	int32_t step = run->state.step;
	bool any = false;
	uint32_t i;

	for (i = 0; i < CALLS_MAX && i < run->state.call_count && run->state.step == step; i++) {
		if (!(mask >> i & 1) || run->calls[i])
			continue;
		start_call(run, i, reconcile);
		any = true;
	}
	return any;
}

bool calls_perform(struct run *run, const struct action *a)
{
	if (run->storage_failing)
		return false;
	return start_calls(run, a->calls, false);
}

bool calls_reconcile(struct run *run, const struct action *a)
{
	uint64_t able = 0;
	uint32_t i;

	for (i = 0; i < run->state.call_count; i++) {
		const struct tool *tool = offer_find(run->offer, run->state.calls[i].name);

		if (a->calls >> i & 1 && tool && EXS_CAN(tool->in->tool, reconcile))
			able |= (uint64_t)1 << i;
	}
	if (able)
		return start_calls(run, able, true);
	return calls_doubt(run, a);
}

static const char in_doubt_text[] =
	"OUTCOME UNKNOWN: this call was started, then the process stopped before its result was seen. It may or may not "
	"have taken effect. Find out before you repeat it.";

bool calls_doubt(struct run *run, const struct action *a)
{
	int32_t step = run->state.step;
	uint32_t i;

	for (i = 0; i < run->state.call_count && run->state.step == step; i++)
		if (a->calls >> i & 1)
			end_with(run, i, CALL_IN_DOUBT, in_doubt_text);
	return true;
}

static int64_t timeout_of(const struct run *run, const struct call_work *w)
{
	return w->tool->timeout_ms > 0 ? w->tool->timeout_ms : run->host->conf->run.call_timeout_ms;
}

static void note_due(struct run *run, int64_t at_ms)
{
	if (!run->due[DUE_CALLS] || at_ms < run->due[DUE_CALLS])
		run_due(run, DUE_CALLS, at_ms);
}

void calls_release(struct run *run)
{
	int64_t now = 0;
	uint32_t i;

	for (i = 0; i < CALLS_MAX; i++) {
		struct call_work *w = run->calls[i];

		if (!w || w->dispatched)
			continue;
		if (run->cancel_seen || run->phase != RUN_LIVE) { /* it never left */
			run->calls[i] = NULL;
			if (run->phase == RUN_LIVE && !w->reconcile)
				end_with(run, i, CALL_SKIPPED, "not run: the run was stopped before it began");
			call_drop(w);
			run_post(run, &run->due_mail);
			continue;
		}
		if (run->durable_seq < w->need_seq) {
			run_flush(run);
			continue;
		}
		now = now ? now : clock_mono_ms();
		if (w->need_seq && run->durable && !owner_is_sure(run->e->owner)) {
			note_due(run, now + STORAGE_PAUSE_MS);
			continue;
		}
		w->dispatched = true;
		w->begun_ms = now;
		w->until_ms = now + timeout_of(run, w);
		cancel_set_deadline(w->work.token, w->until_ms);
		note_due(run, w->until_ms);
		work_start(&w->work);
	}
}

/* ---- outcomes ---- */

/* Nobody knows whether it happened: it left, it may change something, and it did not come back with an answer. */
static bool unknown(const struct call_work *w, const struct pending *p)
{
	if (!w->dispatched || w->tool->effect == EXS_EFFECT_PURE || p->err.klass == EXS_CLASS_NOT_DONE)
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
		start_call(run, index, false); /* it did not happen: run it, with the same key */
	else if (run->leaving)
		return; /* asked again by the next attempt */
	else if (run->state.park_in_doubt)
		finish_park(run, "in_doubt", "a tool cannot tell what became of a call that was started before a crash");
	else
		end_with(run, index, CALL_IN_DOUBT, in_doubt_text);
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
		snprintf(text, sizeof text, "OUTCOME UNKNOWN: %s. The call may or may not have taken effect.", p->err.text);
		record_ended(run, w->index, CALL_IN_DOUBT, str_of(text), buf_view(&p->out), ms);
	} else {
		int32_t outcome = p->status == EXS_DENIED	       ? CALL_DENIED
				  : p->status == EXS_CANCELLED ? CALL_SKIPPED
								       : CALL_ERROR;

		record_ended(run, w->index, outcome, str_of(p->err.text[0] ? p->err.text : status_word(p->status)),
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

		end_with(run, w->index, pure ? CALL_ERROR : CALL_IN_DOUBT,
			 pure ? "the tool did not answer in time" : "OUTCOME UNKNOWN: the tool did not answer in time. The "
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
			note_due(run, w->until_ms);
		} else if (cancel_fire(w->work.token, EXS_CAUSE_TIMEOUT)) {
			w->until_ms = now + CLEANUP_MS;
			note_due(run, w->until_ms);
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
			end_with(run, i, CALL_SKIPPED, "not run: the run ended before it");
		else
			end_with(run, i, CALL_IN_DOUBT, in_doubt_text);
		if (run->state.call_count == 0)
			return;
	}
}
