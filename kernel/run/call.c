/* SPDX-License-Identifier: MIT */
/*
 * call.c - how tool calls begin: checked, journaled, dispatched once what they rest on is durable.
 *
 * All calls of a turn go out together. A pure call goes at once; any other waits until its
 * call_started is on the disk and the lease is young. On a stop of the process a call whose outcome
 * is unknown gets no end: the next attempt judges it by its effect.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "base/text.h"
#include "fact/words.h"
#include "run/call_priv.h"

#define KEY_CHARS 32u /* of the hash: 128 bits */

bool calls_out(const struct run *run)
{
	uint32_t i;

	for (i = 0; i < CALLS_MAX; i++)
		if (run->calls[i])
			return true;
	return false;
}

/* The host makes the key once, from what the call is; later attempts read it back from the fact. */
static void make_key(const struct run *run, const struct call *c, const char *id,
		     char out[SHA256_HEX_MAX])
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

void call_unref(struct call_work *w)
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
	w->call = (exs_call){ sizeof w->call,
			      c->tries + 1,
			      &run->info,
			      tool->name,
			      w->id,
			      w->key,
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
	call_end_with(run, index, CALL_ERROR, buf_ok(&text) ? text.p : "there is no such tool");
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
		call_end_with(run, index, CALL_ERROR, err.text);
		return true;
	}
	return false;
}

void call_start(struct run *run, uint32_t index, bool reconcile)
{
	const struct tool *tool = offer_find(run->offer, run->state.calls[index].name);
	struct call_work *w;
	int64_t seq;

	if (refused(run, index, tool))
		return;
	w = call_new(run, index, tool);
	if (!w) {
		call_end_with(run, index, CALL_ERROR,
			      "no memory to run the tool; nothing happened");
		return;
	}
	w->reconcile = reconcile;
	seq = reconcile ? 0 : record_started(run, w);
	if (run->broken) {
		call_drop(w);
		return;
	}
	/* Whoever asks what became of a call must carry the run. */
	w->need_seq = reconcile || tool->effect == EXS_EFFECT_PURE ? run_begun_seq(run) : seq;
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
		call_start(run, i, reconcile);
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
	if (run->state.park_in_doubt)
		return calls_park(run);
	return calls_doubt(run, a);
}

static int64_t timeout_of(const struct run *run, const struct call_work *w)
{
	return w->tool->timeout_ms > 0 ? w->tool->timeout_ms : run->host->conf->run.call_timeout_ms;
}

void calls_note_due(struct run *run, int64_t at_ms)
{
	if (!run->due[DUE_CALLS] || at_ms < run->due[DUE_CALLS])
		run_due(run, DUE_CALLS, at_ms);
}

/* It may change something outside, so nobody else may be carrying the run when it leaves. */
static bool effectful(const struct call_work *w)
{
	return !w->reconcile && w->tool->effect != EXS_EFFECT_PURE;
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
				call_end_with(run, i, CALL_SKIPPED,
					      "not run: the run was stopped before it began");
			call_drop(w);
			run_post(run, &run->due_mail);
			continue;
		}
		if (run->durable_seq < w->need_seq) {
			run_flush(run);
			continue;
		}
		now = now ? now : clock_mono_ms();
		if (effectful(w) && run->durable && owner_is_lost(run->e->owner)) {
			finish_lost(run);
			return;
		}
		if (effectful(w) && run->durable && !owner_is_sure(run->e->owner)) {
			calls_note_due(run, now + STORAGE_PAUSE_MS);
			continue;
		}
		w->dispatched = true;
		w->begun_ms = now;
		w->until_ms = now + timeout_of(run, w);
		cancel_set_deadline(w->work.token, w->until_ms);
		calls_note_due(run, w->until_ms);
		work_start(&w->work);
	}
}
