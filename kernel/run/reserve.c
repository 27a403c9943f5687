/* SPDX-License-Identifier: MIT */
/*
 * reserve.c - what a turn may cost, reserved before it and settled with what it used.
 *
 * One grant at a time: it is made before the turn, by itself or as a batch of its own behind the
 * facts, and settled exactly once: with the facts of the turn, at the end of the run when it was
 * never used, or as one that never became durable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/allowance.h"
#include "fact/image.h"
#include "run/engine_priv.h"

struct reserve_work {
	struct mail mail;
	struct pending pending;
	struct batch batch;
	struct run *run;
	int64_t sent_ms; /* mono */
	int64_t head_at; /* index of the check of the head; -1: none */
};

/* A model looks at an image and does not read its digits: it counts as a text of its tokens would. */
int64_t turn_bytes(const struct run *run)
{
	const struct state *s = &run->state;

	return (int64_t)(s->transcript_bytes - s->image_bytes +
			 s->image_count * EXS_IMAGE_TOKENS * EXS_TOKEN_BYTES + strlen(s->system) +
			 run->offer->json_n);
}

int64_t turn_estimate(const struct run *run)
{
	return targets_tokens(run->e->targets, turn_target(run), turn_bytes(run));
}

static void usage_json(struct buf *b, const exs_usage *u)
{
	buf_printf(b,
		   "{\"in_tokens\":%lld,\"cache_read_tokens\":%lld,\"cache_write_tokens\":%lld,"
		   "\"out_tokens\":%lld,"
		   "\"reasoning_tokens\":%lld,\"cost_micro\":%lld,\"estimated\":%u}",
		   (long long)u->in_tokens, (long long)u->cache_read_tokens,
		   (long long)u->cache_write_tokens, (long long)u->out_tokens,
		   (long long)u->reasoning_tokens, (long long)u->cost_micro, u->estimated);
}

static void record_usage(struct run *run, int32_t kind, const char *key, const exs_usage *u)
{
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"%s\":", key);
	usage_json(&body, u);
	buf_puts(&body, "}");
	run_record(run, kind, str_of(run->host->budget->conf->name), NULL, NULL, &body);
}

static void denied(struct run *run, const char *why)
{
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX);
	buf_puts(&body, "{\"text\":");
	buf_jsonz(&body, why);
	buf_puts(&body, "}");
	run_record(run, EXS_FACT_BUDGET_DENIED, str_of(run->host->budget->conf->name), NULL, NULL,
		   &body);
}

static void reserve_free(struct reserve_work *r)
{
	batch_release(&r->batch);
	buf_release(&r->pending.out);
	free(r);
}

static void reserve_ended(struct pending *p)
{
	struct reserve_work *r = container_of(p, struct reserve_work, pending);
	struct run *run = r->run;

	run_post(run, &r->mail);
	run_unref(run);
}

/* The run was parked long ago. */
static void reserve_late(struct pending *p)
{
	struct reserve_work *r = container_of(p, struct reserve_work, pending);
	struct run *run = r->run;

	reserve_free(r);
	run_unref(run);
}

/* The fact says what the model hears. */
static void record_soft(struct run *run, const exs_allowance *a)
{
	char name[SOFT_NAME_MAX];
	struct buf body;

	buf_init(&body, RUN_TEXT_MAX);
	if (soft_body(&run->state, a, name, &body))
		run_record(run, EXS_FACT_BUDGET_SOFT, str_of(run->host->budget->conf->name), NULL,
			   NULL, &body);
}

/* Another changed what it rested on: asked again, it reads what there is now. */
static bool conflict(struct run *run, const struct reserve_work *r)
{
	if (r->pending.status != EXS_CONFLICT)
		return false;
	if (r->head_at >= 0 && r->pending.err.at == r->head_at)
		return true; /* the facts before it are not in: they say what becomes of the run */
	return ++run->reserve_tries < RESERVE_TRIES;
}

/* The disk and not the budget says no: then the run waits for it, as with its facts. */
static bool is_storage(const struct run *run, const struct reserve_work *r)
{
	exs_status s = r->pending.status;

	return run->durable && (s == EXS_IO || s == EXS_TOOBIG || s == EXS_AGAIN || s == EXS_LOST);
}

static void storage_refused(struct run *run, const struct reserve_work *r)
{
	if (!run->storage_failing) /* else the facts before it were refused as well */
		commit_refused(run, &r->pending.err);
}

void reserve_received(struct run *run, struct mail *mail)
{
	struct reserve_work *r = container_of(mail, struct reserve_work, mail);

	run->reserve = NULL;
	if (run->phase == RUN_LIVE && r->pending.status == EXS_OK) {
		run->reserved = true;
		run->reserve_tries = 0;
		if (!run->commits)
			commit_taken(run);
	} else {
		purse_drop_grant(run);
		if (run->phase == RUN_LIVE && is_storage(run, r))
			storage_refused(run, r);
		else if (run->phase == RUN_LIVE && !conflict(run, r))
			denied(run, r->pending.status == EXS_CONFLICT
					    ? "the limit would be passed"
					    : r->pending.err.text);
	}
	reserve_free(r);
}

static void submit(struct run *run, struct reserve_work *r)
{
	exs_err err = EXS_ERR_INIT;

	r->run = run_ref(run);
	r->mail.kind = MAIL_RESERVED;
	r->pending.ended = reserve_ended;
	r->pending.late = reserve_late;
	r->sent_ms = clock_mono_ms();
	run->reserve = r;
	commit_watch(run);
	if (call_store_submit(run->host->store, &r->batch, &r->pending, &err)) {
		r->pending.status = err.status;
		r->pending.err = err;
		reserve_ended(&r->pending);
	}
}

/* A process that was deposed meanwhile reserves nothing: the head must be as its facts left it. */
static exs_status check_head(struct run *run, struct reserve_work *r, exs_err *err)
{
	char key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];

	r->head_at = -1;
	if (!run->durable)
		return EXS_OK;
	r->head_at = r->batch.n;
	head_key(run->id, key);
	head_text(&run->head, text);
	return batch_check(&r->batch, str_of(key), str_of(text), err);
}

static exs_status ask(struct run *run, struct reserve_work *r, exs_allowance *out, exs_err *err)
{
	exs_usage worst = { .size = sizeof worst, .estimated = 1 };
	const char *target = turn_target(run);
	exs_tally so_far;
	exs_spend spend;
	exs_status status;

	worst.in_tokens = turn_estimate(run);
	worst.out_tokens =
		run->state.limits.answer_tokens ? run->state.limits.answer_tokens : ANSWER_TOKENS;
	status = call_budget_price(run->host->budget, target, &worst, err);
	if (status)
		return status;
	run_tally_fill(run, &so_far);
	spend = (exs_spend){ sizeof spend, run->state.step + 1, target, &worst, &so_far };
	status = call_budget_reserve(run->host->budget, run->purse, &spend,
				     run->host->store ? &r->batch : NULL, out, err);
	if (status == EXS_OK && run->reserve_tries == 0)
		record_usage(run, EXS_FACT_BUDGET_RESERVED, "estimate", &worst);
	return status;
}

bool reserve_turn(struct run *run)
{
	struct reserve_work *r = calloc(1, sizeof *r);
	exs_allowance allowed = { .size = sizeof allowed };
	exs_err err = EXS_ERR_INIT;

	if (!r) {
		denied(run, "no memory for a reservation");
		return false;
	}
	batch_init(&r->batch);
	if (ask(run, r, &allowed, &err)) {
		reserve_free(r);
		denied(run, err.text);
		return false;
	}
	run->granted = true;
	record_soft(run, &allowed);
	run->reserved = r->batch.n == 0;
	if (run->reserved) {
		run->reserve_tries = 0;
		reserve_free(r);
		return true;
	}
	run_flush(run); /* one sync serves both */
	if (run->storage_failing) { /* the facts before it have no batch yet: asked again behind them */
		reserve_free(r);
		purse_drop_grant(run);
		return false;
	}
	if (check_head(run, r, &err)) {
		reserve_free(r);
		purse_drop_grant(run);
		denied(run, err.text);
		return false;
	}
	submit(run, r);
	return false;
}

int64_t reserve_sent_ms(const struct run *run)
{
	return run->reserve ? run->reserve->sent_ms : 0;
}

void reserve_abandon(struct run *run)
{
	/* False: its answer is in the mail. */
	if (run->reserve && done_abandon(&run->host->done, &run->reserve->pending))
		run->reserve = NULL;
}

void reserve_settle(struct run *run, const struct pending *p)
{
	if (!run->granted)
		return;
	run->settle = true;
	run->settle_usage = p->usage;
	run->settle_usage.size = sizeof run->settle_usage;
	record_usage(run, EXS_FACT_BUDGET_SETTLED, "actual", &run->settle_usage);
}
