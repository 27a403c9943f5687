/* SPDX-License-Identifier: MIT */
/*
 * reserve.c - what a turn may cost, reserved before it and settled with what it used.
 *
 * One grant at a time: it is made before the turn, by itself or as a batch of its own behind the
 * facts, and settled exactly once: with the facts of the turn, at the end of the run when it was
 * never used, or as one that never became durable.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "run/engine_priv.h"

#define ANSWER_TOKENS 4096 /* what a turn may say, for a reservation, when nothing caps it */

struct reserve_work {
	struct mail mail;
	struct pending pending;
	struct batch batch;
	struct run *run;
	int64_t sent_ms; /* mono */
};

int64_t turn_estimate(const struct run *run)
{
	return (int64_t)(run->state.transcript_bytes + strlen(run->state.system) +
			 run->offer->json_n) /
	       BYTES_A_TOKEN;
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

/* A grant that never became durable costs nothing. */
static void drop_grant(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	exs_grant *grant = take(run->grant);

	if (grant && call_budget_settle(run->host->budget, grant, NULL, NULL, &err))
		log_warn(run->host->log, "run %s: a reservation was not given back: %s", run->id,
			 err.text);
}

void reserve_received(struct run *run, struct mail *mail)
{
	struct reserve_work *r = container_of(mail, struct reserve_work, mail);

	run->reserve = NULL;
	if (run->phase != RUN_LIVE) {
		drop_grant(run);
	} else if (r->pending.status == EXS_OK) {
		run->reserved = true;
	} else {
		drop_grant(run);
		denied(run, r->pending.status == EXS_CONFLICT ? "the limit would be passed"
							      : r->pending.err.text);
	}
	reserve_free(r);
}

bool reserve_turn(struct run *run)
{
	struct reserve_work *r = calloc(1, sizeof *r);
	exs_usage worst = { .size = sizeof worst, .estimated = 1 };
	exs_err err = EXS_ERR_INIT;

	if (!r) {
		denied(run, "no memory for a reservation");
		return false;
	}
	batch_init(&r->batch);
	worst.in_tokens = turn_estimate(run);
	worst.out_tokens =
		run->state.limits.answer_tokens ? run->state.limits.answer_tokens : ANSWER_TOKENS;
	record_usage(run, EXS_FACT_BUDGET_RESERVED, "estimate", &worst);
	if (call_budget_reserve(run->host->budget, &run->info, &worst, &r->batch, &run->grant,
				&err)) {
		run->grant = NULL;
		reserve_free(r);
		denied(run, err.text);
		return false;
	}
	run->reserved = r->batch.n == 0 || !run->host->store;
	if (run->reserved) {
		reserve_free(r);
		return true;
	}
	run_flush(run); /* one sync serves both */
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
	if (!run->grant)
		return;
	run->settle = true;
	run->settle_usage = p->usage;
	run->settle_usage.size = sizeof run->settle_usage;
	record_usage(run, EXS_FACT_BUDGET_SETTLED, "actual", &run->settle_usage);
}
