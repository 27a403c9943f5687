/* SPDX-License-Identifier: MIT */
/* delivery.c - see delivery.h. */
#include "run/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "run/engine_priv.h"
#include "run/words.h"

struct parcel_work {
	struct mail mail;
	struct work work;
	struct run *run; /* a reference */
	_Atomic int refs;
	exs_parcel parcel;
	struct delivery_target to;
	int32_t tries;
	int64_t again_ms; /* mono: the next try; 0: none */
	bool out;
};

/* ---- targets and the outbox ---- */

static bool find_target(struct host *h, const char *run_id, const char *text, uint32_t i,
			struct delivery_target *out)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);

	memset(out, 0, sizeof *out);
	if (n >= sizeof out->kind)
		return false;
	memcpy(out->kind, text, n);
	snprintf(out->target, sizeof out->target, "%s", colon ? colon + 1 : "");
	snprintf(out->id, sizeof out->id, "%s.%u", run_id, i);
	snprintf(out->key, sizeof out->key, "k/outbox/%s", out->id);
	out->in = host_delivery(h, out->kind);
	if (!out->in) {
		log_warn(h->log, "run %s: nothing is bound to delivery '%s'", run_id, out->kind);
		return false;
	}
	out->local = (out->in->delivery->flags & EXS_DELIVERY_LOCAL) != 0;
	return true;
}

bool delivery_target(struct run *run, uint32_t i, struct delivery_target *out)
{
	return find_target(run->host, run->id, run->state.deliver[i], i, out);
}

exs_status delivery_queue(struct run *run, const struct delivery_target *t, exs_err *err)
{
	struct buf row;
	exs_status status;

	buf_init(&row, RUN_NAME_MAX * 8);
	buf_printf(&row, "{\"v\":1,\"run\":\"%s\",\"kind\":", run->id);
	buf_jsonz(&row, t->kind);
	buf_puts(&row, ",\"target\":");
	buf_jsonz(&row, t->target);
	buf_puts(&row, "}");
	status = batch_put(&run->batch, str_of(NULL), str_of(t->key), buf_view(&row), err);
	buf_release(&row);
	return status;
}

struct forget {
	struct pending pending;
	struct batch batch;
};

static void forget_ended(struct pending *p)
{
	struct forget *f = container_of(p, struct forget, pending);

	batch_release(&f->batch);
	buf_release(&p->out);
	free(f);
}

/* The row goes; if that fails it is delivered once more with the same id. */
static void outbox_forget(struct host *h, const char *key)
{
	struct forget *f = calloc(1, sizeof *f);
	exs_err err = EXS_ERR_INIT;

	if (!f)
		return;
	batch_init(&f->batch);
	f->pending.ended = forget_ended;
	if (batch_del(&f->batch, str_of(NULL), str_of(key), &err) ||
	    call_store_submit(h->store, &f->batch, &f->pending, &err)) {
		log_warn(h->log, "the outbox row '%s' stays: %s", key, err.text);
		batch_release(&f->batch);
		free(f);
	}
}

/* ---- one delivery ---- */

static void parcel_unref(struct parcel_work *p)
{
	struct run *run = p->run;

	if (atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	cancel_unref(p->work.token);
	buf_release(&p->work.pending.out);
	free(p);
	run_unref(run);
}

static void on_start(struct work *w, exs_done done)
{
	call_delivery(w, &container_of(w, struct parcel_work, work)->parcel, done);
}

static void on_ended(struct work *w)
{
	struct parcel_work *p = container_of(w, struct parcel_work, work);

	run_post(p->run, &p->mail);
}

static void on_freed(struct work *w)
{
	parcel_unref(container_of(w, struct parcel_work, work));
}

/* A try of its own: the battery may still be inside the function of the one before. */
static struct parcel_work *parcel_new(struct run *run, const struct delivery_target *to,
				      int32_t tries)
{
	struct parcel_work *p = calloc(1, sizeof *p);
	const struct run_result *r = &run->result;

	if (!p)
		return NULL;
	p->work.token = cancel_new(NULL); /* a delivery outlives the run's own token */
	if (!p->work.token) {
		free(p);
		return NULL;
	}
	p->mail.kind = MAIL_DELIVERED;
	p->run = run_ref(run);
	p->refs = 2; /* the work's and ours */
	p->to = *to;
	p->tries = tries;
	p->parcel = (exs_parcel){ sizeof p->parcel,
				  r->status,
				  tries,
				  0,
				  &run->info,
				  p->to.kind,
				  p->to.target,
				  p->to.id,
				  ended_word(r->status),
				  str_of(r->output),
				  str_of(r->error),
				  buf_view(&run->end_body) };
	p->work.in = to->in;
	p->work.what = "a delivery";
	p->work.cap = RUN_NAME_MAX * 4;
	p->work.start = on_start;
	p->work.ended = on_ended;
	p->work.freed = on_freed;
	p->out = true;
	cancel_set_deadline(p->work.token, clock_mono_ms() + CLEANUP_MS);
	return p;
}

static bool all_done(const struct run *run)
{
	uint32_t i;

	for (i = 0; i < run->parcel_n; i++)
		if (run->parcels[i]->out || run->parcels[i]->again_ms)
			return false;
	return true;
}

static void end_if_done(struct run *run)
{
	uint32_t i;

	if (run->phase != RUN_DELIVERING || !all_done(run))
		return;
	for (i = 0; i < run->parcel_n; i++)
		parcel_unref(run->parcels[i]);
	run->parcel_n = 0;
	finish_over(run);
}

void delivery_begin(struct run *run)
{
	struct delivery_target to;
	uint32_t i;

	for (i = 0; i < run->state.deliver_count && run->parcel_n < DELIVERIES_MAX; i++) {
		struct parcel_work *p =
			delivery_target(run, i, &to) ? parcel_new(run, &to, 1) : NULL;

		if (!p)
			continue;
		run->parcels[run->parcel_n++] = p;
		work_start(&p->work);
	}
	run_due(run, DUE_DELIVERY, clock_mono_ms() + CLEANUP_MS);
	end_if_done(run);
}

static bool worth_again(const struct parcel_work *p)
{
	const struct pending *r = &p->work.pending;

	return !p->to.local && p->tries < DELIVERY_TRIES &&
	       (r->status == EXS_AGAIN || r->err.klass == EXS_CLASS_TRANSIENT);
}

static void give_up(struct run *run, struct parcel_work *p)
{
	const struct pending *r = &p->work.pending;
	bool later = !p->to.local && run->durable &&
		     (r->status == EXS_AGAIN || r->err.klass == EXS_CLASS_TRANSIENT);

	log_warn(run->host->log, "run %s: delivery '%s' failed, the result stands%s: %s", run->id,
		 p->to.kind, later ? " and is tried again by 'executus resume --all'" : "",
		 r->err.text);
	if (!later && !p->to.local && run->durable)
		outbox_forget(run->host, p->to.key);
}

void delivery_received(struct run *run, struct mail *mail)
{
	struct parcel_work *p = container_of(mail, struct parcel_work, mail);

	p->out = false;
	if (p->work.pending.status == EXS_OK) {
		if (!p->to.local && run->durable)
			outbox_forget(run->host, p->to.key);
	} else if (worth_again(p) && run->phase == RUN_DELIVERING) {
		p->again_ms = clock_mono_ms() + DELIVERY_PAUSE_MS * p->tries;
		run_due(run, DUE_DELIVERY, p->again_ms);
	} else {
		give_up(run, p);
	}
	end_if_done(run);
}

static void try_again(struct run *run, uint32_t i)
{
	struct parcel_work *old = run->parcels[i], *p = parcel_new(run, &old->to, old->tries + 1);

	old->again_ms = 0;
	if (!p)
		return;
	run->parcels[i] = p;
	parcel_unref(old);
	work_start(&p->work);
}

/* Its slice of time is over: it is left to the outbox. */
static void cut_off(struct parcel_work *p)
{
	cancel_fire(p->work.token, EXS_CAUSE_TIMEOUT);
	if (work_abandon(&p->work))
		p->out = false;
}

static bool is_over(struct parcel_work *p)
{
	exs_cancel *token = cancel_public(p->work.token);

	return token->left_ms(token) == 0;
}

void delivery_due(struct run *run)
{
	int64_t now = clock_mono_ms(), next = 0, at;
	uint32_t i;

	if (run->phase != RUN_DELIVERING)
		return;
	for (i = 0; i < run->parcel_n; i++) {
		struct parcel_work *p = run->parcels[i];

		if (p->again_ms && p->again_ms <= now)
			try_again(run, i);
		else if (p->out && is_over(p))
			cut_off(p);
		p = run->parcels[i];
		at = p->again_ms ? p->again_ms : p->out ? now + DELIVERY_PAUSE_MS : 0;
		if (at && (!next || at < next))
			next = at;
	}
	if (next)
		run_due(run, DUE_DELIVERY, next);
	end_if_done(run);
}
