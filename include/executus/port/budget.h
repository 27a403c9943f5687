/* SPDX-License-Identifier: MIT */
/*
 * port/budget.h - may this be spent?
 *
 * Bound once. check before a run begins. Then each attempt has a purse: start when the attempt begins, reserve before
 * and settle after each model turn, one reservation at a time, finish when the run ended or was left. A failure refuses
 * the run: fail closed. DENIED with a sentence is a refusal, not a failure.
 *
 * Amounts are counted in exs_usage (tokens, millionths of a US dollar) and exs_tally (tool calls, milliseconds). What a
 * turn cost is said by price, so that facts, audits and limits see the same figure.
 */
#ifndef EXECUTUS_PORT_BUDGET_H
#define EXECUTUS_PORT_BUDGET_H

#include <executus/battery.h>
#include <executus/done.h>
#include <executus/run.h>
#include <executus/svc/run.h>
#include <executus/svc/store.h>

EXS_BEGIN

#define EXS_PORT_BUDGET "executus.budget/1"

typedef struct exs_purse exs_purse;

/* The turn that is asked for. Valid for the call. */
typedef struct exs_spend {
	uint32_t size;
	int32_t step;            /* 1-based */
	const char *model;       /* "instance/model", NUL-terminated */
	const exs_usage *worst;  /* the most that it may use; cost_micro is what price said */
	const exs_tally *so_far; /* what the run has used until now, all attempts */
} exs_spend;

/* Flags of an allowance. */
enum {
	EXS_ALLOWED_SOFT = 1u, /* a soft limit is passed: the model is told `words`, once a run for each `limit` */
	EXS_ALLOWED_LAST = 2u  /* the hard limit is passed and this turn is the grace: told as above; the next is refused */
};

typedef struct exs_allowance {
	uint32_t size;
	uint32_t flags;  /* EXS_ALLOWED_ */
	char limit[64];  /* name of the limit, NUL-terminated */
	char words[240]; /* for the model, NUL-terminated */
} exs_allowance;

/* How a purse is finished. */
enum {
	EXS_PURSE_ENDED = 1, /* the run ended */
	EXS_PURSE_LEFT = 2   /* it goes on later, here or elsewhere, or nobody knows: nothing is booked */
};

typedef struct exs_budget {
	uint32_t size;
	uint32_t reserved;
	/* Before anything of the run happens: DENIED leaves no model call, fact or delivery. [worker-thread] */
	exs_status (*check)(exs_self *self, const exs_run_info *run, exs_err *err);
	/*
	 * An attempt begins. When run->attempt > 1, what the attempt before still held is settled here: `sent` 1: the
	 * turn may have left, so at its estimate; 0: it did not, so it is given back. The rows commit with the claim.
	 * `batch` is NULL when no store is bound. [worker-thread]
	 */
	exs_status (*start)(exs_self *self, const exs_run_info *run, int32_t sent, exs_batch *batch, exs_purse **out,
			    exs_err *err);
	/*
	 * Fills usage->cost_micro when it is 0 and the model's price is known; else leaves it. DENIED: the price is not
	 * known and the battery's settings refuse such a model. May be NULL. [worker-thread]
	 */
	exs_status (*price)(exs_self *self, const char *model, exs_usage *usage, exs_err *err);
	/*
	 * Before a model turn. DENIED and why. Rows go into `own`, a batch of its own in which bounds and checks are
	 * allowed; it is NULL when no store is bound. When a condition does not hold as it commits, the reservation is
	 * settled with NULL and reserve is called again, a few times. `out` is zeroed before. [worker-thread]
	 */
	exs_status (*reserve)(exs_purse *purse, const exs_spend *spend, exs_batch *own, exs_allowance *out,
			      exs_err *err);
	/*
	 * The turn used `actual`; NULL: the reservation never became durable. `so_far` holds the turn already.
	 * `batch` is NULL when no store is bound, and with NULL for `actual`. [worker-thread]
	 */
	exs_status (*settle)(exs_purse *purse, const exs_usage *actual, const exs_tally *so_far, exs_batch *batch,
			     exs_err *err);
	/*
	 * The attempt is over; `how` is EXS_PURSE_. ENDED: its rows commit with run_ended and `total` is all that the run
	 * used. LEFT: `batch` is NULL. Frees the purse, whatever it returns. [worker-thread]
	 */
	exs_status (*finish)(exs_purse *purse, int32_t how, const exs_tally *total, exs_batch *batch, exs_err *err);
	/*
	 * What there is, for a person: one JSON object {"limits":[{"name","scope","unit","per","max","soft","uses":
	 * [{"who","used","reserved","left","resets_ms","runs":[RUN...]}]}]}; `caller` NULL: of everybody. May be NULL.
	 * [any-thread]
	 */
	exs_status (*explain)(exs_self *self, const char *caller, exs_sink *json, exs_err *err);
} exs_budget;

EXS_END

#endif
