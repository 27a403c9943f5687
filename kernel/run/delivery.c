/* SPDX-License-Identifier: MIT */
/* delivery.c - see delivery.h. */
#include "run/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "conf/target.h"
#include "fact/words.h"

struct parcel_work {
	struct mail mail;
	struct work work;
	struct run *run; /* a reference */
	_Atomic int refs;
	exs_parcel parcel;
	struct delivery_target to;
	int32_t tries;
	int64_t until_ms; /* mono: the end of its slice */
	int64_t again_ms; /* mono: the next try; 0: none */
	bool out;
};

/* ---- targets and parcels ---- */

bool delivery_bind(struct host *h, const char *kind, const char *target, const char *id,
		   struct delivery_target *out)
{
	memset(out, 0, sizeof *out);
	snprintf(out->kind, sizeof out->kind, "%s", kind);
	snprintf(out->id, sizeof out->id, "%s", id);
	out->target = target;
	out->in = host_delivery(h, str_of(kind));
	if (!out->in)
		return false;
	out->local = (out->in->delivery->flags & EXS_DELIVERY_LOCAL) != 0;
	return true;
}

/* A run that waits may do so several times, and end several times when it is retried: each is told. */
static void delivery_id(const struct run *run, uint32_t i, char out[OUTBOX_ID_MAX])
{
	if (run->end_status == EXS_ENDED_PARKED)
		snprintf(out, OUTBOX_ID_MAX, "%s.%u.p%d", run->id, i, (int)run->state.attempt);
	else if (run->state.retried)
		snprintf(out, OUTBOX_ID_MAX, "%s.%u.r%d", run->id, i, (int)run->state.retried);
	else
		snprintf(out, OUTBOX_ID_MAX, "%s.%u", run->id, i);
}

bool delivery_find(const struct run *run, uint32_t i, struct delivery_target *out)
{
	exs_err err = EXS_ERR_INIT;
	char kind[RUN_NAME_MAX], id[OUTBOX_ID_MAX];
	struct target t;

	if (target_parse(str_of(run->state.deliver[i]), &t, &err)) {
		log_warn(run->host->log, "run %s: a delivery is passed over: %s", run->id,
			 err.text);
		return false;
	}
	if (!target_wants(t.ends, run->end_status))
		return false;
	snprintf(kind, sizeof kind, "%.*s", (int)(t.kind.n < sizeof kind ? t.kind.n : 0), t.kind.p);
	delivery_id(run, i, id);
	if (delivery_bind(run->host, kind, t.target.p, id, out)) /* the rest of the text */
		return true;
	log_warn(run->host->log, "run %s: nothing is bound to delivery '%.*s'", run->id,
		 (int)(t.kind.n < CONF_NAME_MAX ? t.kind.n : CONF_NAME_MAX), t.kind.p);
	return false;
}

void delivery_parcel(const struct run *run, const struct delivery_target *to, int32_t tries,
		     exs_parcel *out)
{
	const struct state *s = &run->state;
	bool ok = run->end_status == EXS_ENDED_OK;

	*out = (exs_parcel){ .size = sizeof *out,
			     .on = run->end_status,
			     .attempt = tries,
			     .run = &run->info,
			     .kind = to->kind,
			     .target = to->target,
			     .id = to->id,
			     .status = ended_word(run->end_status),
			     .output = str_of(s->ended ? s->output : s->last_text),
			     .error = str_of(ok ? NULL : s->why),
			     .result = buf_view(&run->end_body) };
}

static enum delivery_outcome what_it_means(const struct pending *answer)
{
	if (answer->status == EXS_OK)
		return DELIVERY_ARRIVED;
	if (answer->err.klass == EXS_CLASS_TRANSIENT || answer->err.klass == EXS_CLASS_NOT_DONE)
		return DELIVERY_LATER;
	switch (answer->status) {
	case EXS_AGAIN:
	case EXS_CANCELLED:
	case EXS_LOST:
	case EXS_NOMEM:
		return DELIVERY_LATER;
	default:
		return DELIVERY_NEVER;
	}
}

void delivery_answer(const struct pending *answer, struct delivery_answer *out)
{
	exs_str receipt = buf_view(&answer->out);

	memset(out, 0, sizeof *out);
	out->outcome = what_it_means(answer);
	out->why = answer->err;
	if (out->outcome == DELIVERY_ARRIVED && receipt.n)
		snprintf(out->receipt, sizeof out->receipt, "%.*s",
			 receipt.n < sizeof out->receipt ? (int)receipt.n
							 : (int)sizeof out->receipt - 1,
			 receipt.p);
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
				      int32_t tries, int64_t until_ms)
{
	struct parcel_work *p = calloc(1, sizeof *p);

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
	p->until_ms = until_ms;
	delivery_parcel(run, &p->to, tries, &p->parcel);
	p->work.in = to->in;
	p->work.what = "a delivery";
	p->work.cap = RUN_NAME_MAX * 4;
	p->work.start = on_start;
	p->work.ended = on_ended;
	p->work.freed = on_freed;
	p->out = true;
	cancel_set_deadline(p->work.token, until_ms);
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

/* Each has a slice of its own, all its tries together. */
void delivery_begin(struct run *run)
{
	int64_t until = clock_mono_ms() + DELIVERY_MS;
	exs_err err = EXS_ERR_INIT;
	struct delivery_target to;
	uint32_t i;

	for (i = 0; i < run->state.deliver_count && run->parcel_n < DELIVERIES_MAX; i++) {
		struct parcel_work *p;

		if (!delivery_find(run, i, &to))
			continue;
		p = parcel_new(run, &to, 1, until);
		if (!p) {
			err_set(&err, EXS_NOMEM, 0, "no memory for delivery '%s'", to.kind);
			log_warn(run->host->log, "run %s: %s", run->id, err.text);
			if (!to.local)
				outbox_leave(run, &to, 0, &err);
			continue;
		}
		run->parcels[run->parcel_n++] = p;
		work_start(&p->work);
	}
	run_due(run, DUE_DELIVERY, until);
	end_if_done(run);
}

static void give_up(struct run *run, struct parcel_work *p, const struct delivery_answer *a)
{
	bool later = !p->to.local && run->durable && a->outcome == DELIVERY_LATER;

	log_warn(run->host->log, "run %s: delivery '%s' failed, the result stands%s: %s", run->id,
		 p->to.kind, later ? " and is tried again by 'executus resume --all'" : "",
		 a->why.text);
	if (p->to.local)
		run->result.undelivered++;
	else if (later)
		outbox_leave(run, &p->to, p->tries, &a->why);
	else
		outbox_done(run, &p->to, p->tries, a);
}

/* When the next try is due, or 0: not in this slice. */
static int64_t next_try(const struct parcel_work *p)
{
	const struct pending *r = &p->work.pending;
	int64_t pause = DELIVERY_PAUSE_MS * p->tries, now = clock_mono_ms();

	if (p->to.local || p->tries >= DELIVERY_TRIES || r->status == EXS_CANCELLED ||
	    what_it_means(r) != DELIVERY_LATER)
		return 0;
	if (r->err.retry_after_ms > pause)
		pause = r->err.retry_after_ms;
	return pause < p->until_ms - now ? now + pause : 0;
}

void delivery_received(struct run *run, struct mail *mail)
{
	struct parcel_work *p = container_of(mail, struct parcel_work, mail);
	struct delivery_answer a;

	p->out = false;
	delivery_answer(&p->work.pending, &a);
	if (a.outcome == DELIVERY_ARRIVED) {
		if (!p->to.local)
			outbox_done(run, &p->to, p->tries, &a);
	} else {
		p->again_ms = next_try(p);
		if (!p->again_ms)
			give_up(run, p, &a);
		else if (!run->due[DUE_DELIVERY] || p->again_ms < run->due[DUE_DELIVERY])
			run_due(run, DUE_DELIVERY, p->again_ms);
	}
	end_if_done(run);
}

static void try_again(struct run *run, uint32_t i)
{
	struct parcel_work *old = run->parcels[i];
	struct parcel_work *p = parcel_new(run, &old->to, old->tries + 1, old->until_ms);

	old->again_ms = 0;
	if (!p) {
		struct delivery_answer a;

		delivery_answer(&old->work.pending, &a);
		give_up(run, old, &a);
		return;
	}
	run->parcels[i] = p;
	parcel_unref(old);
	work_start(&p->work);
}

/* Its slice of time is over: first it is told, then it is left to the outbox. */
static void cut_off(struct run *run, struct parcel_work *p, int64_t now)
{
	exs_err why = EXS_ERR_INIT;

	cancel_fire(p->work.token, EXS_CAUSE_TIMEOUT);
	if (now < p->until_ms + CLEANUP_MS - DELIVERY_MS || !work_abandon(&p->work))
		return;
	p->out = false;
	err_set(&why, EXS_LOST, 0, "it did not end in time");
	log_warn(run->host->log, "run %s: delivery '%s' does not end, the result stands%s", run->id,
		 p->to.kind, p->to.local ? "" : " and is tried again by 'executus resume --all'");
	if (p->to.local)
		run->result.undelivered++;
	else
		outbox_leave(run, &p->to, p->tries, &why);
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
		else if (p->out && p->until_ms <= now)
			cut_off(run, p, now);
		p = run->parcels[i];
		at = p->again_ms ? p->again_ms : 0;
		if (p->out)
			at = p->until_ms > now ? p->until_ms : now + DELIVERY_PAUSE_MS;
		if (at && (!next || at < next))
			next = at;
	}
	if (next)
		run_due(run, DUE_DELIVERY, next);
	end_if_done(run);
}
