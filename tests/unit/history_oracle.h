/* SPDX-License-Identifier: MIT */
/*
 * history_oracle.h - what comes next, said a second time: from the list of what happened alone.
 *
 * It looks back over the whole list for each question and keeps nothing between two of them, where
 * fold keeps a state and never looks back. So the two can only agree by being right, or by being
 * wrong in the same way twice.
 */
#ifndef TEST_HISTORY_ORACLE_H
#define TEST_HISTORY_ORACLE_H

#include "history_play.h"

struct oracle {
	const struct history *h;
	uint32_t n;	  /* facts that are seen */
	bool resumed;	  /* one run_resumed behind them */
	uint32_t since;	  /* where the run, its fork or its retry begins: what decides it is behind */
	uint32_t turn;	  /* of the last turn_ended; n when there is none */
	uint32_t attempt; /* where the present attempt begins; n: behind the last fact */
};

struct outcome {
	enum action_kind kind;
	uint64_t calls;
	int64_t delay_ms;
	int32_t status;
	const char *reason;
};

/* The last of a kind before `end`, or `none`. */
static inline uint32_t last_of(const struct oracle *o, int32_t kind, uint32_t end, uint32_t none)
{
	while (end-- > 0)
		if (o->h->deeds[end].kind == kind)
			return end;
	return none;
}

static inline bool ever(const struct oracle *o, int32_t kind)
{
	uint32_t at = last_of(o, kind, o->n, o->n);

	return at < o->n && at >= o->since;
}

static inline uint32_t beginning(const struct history *h, uint32_t n)
{
	while (n-- > 0)
		if (h->deeds[n].kind == EXS_FACT_RUN_FORKED || h->deeds[n].retry)
			return n;
	return 0;
}

static inline bool is_parked(const struct oracle *o, uint32_t end)
{
	while (end-- > 0) {
		if (o->h->deeds[end].kind == EXS_FACT_RUN_PARKED)
			return true;
		if (o->h->deeds[end].kind == EXS_FACT_RUN_RESUMED ||
		    o->h->deeds[end].kind == EXS_FACT_RUN_FORKED)
			return false;
	}
	return false;
}

static inline bool turn_is_open(const struct oracle *o)
{
	uint32_t i = o->n;

	while (!o->resumed && i-- > 0)
		switch (o->h->deeds[i].kind) {
		case EXS_FACT_TURN_STARTED:
			return true;
		case EXS_FACT_TURN_ENDED:
		case EXS_FACT_TURN_FAILED:
		case EXS_FACT_RUN_RESUMED:
			return false;
		default:
			break;
		}
	return false;
}

/* ---- the calls of the last turn ---- */

static inline uint32_t call_fact(const struct oracle *o, int32_t kind, uint32_t turn, uint32_t end,
				 uint32_t index)
{
	while (end-- > turn)
		if (o->h->deeds[end].kind == kind && o->h->deeds[end].index == index)
			return end;
	return o->n;
}

static inline bool call_is_over(const struct oracle *o, uint32_t index)
{
	return call_fact(o, EXS_FACT_CALL_ENDED, o->turn, o->n, index) < o->n;
}

struct calls {
	uint64_t planned, out, again, ask, doubt;
};

static inline struct calls calls_of(const struct oracle *o)
{
	struct calls c = { 0, 0, 0, 0, 0 };
	uint32_t i, at, count = o->turn < o->n ? o->h->deeds[o->turn].calls : 0;

	for (i = 0; i < count; i++) {
		uint64_t bit = (uint64_t)1 << i;

		if (call_is_over(o, i))
			continue;
		at = call_fact(o, EXS_FACT_CALL_STARTED, o->turn, o->n, i);
		if (at == o->n)
			c.planned |= bit;
		else if (at >= o->attempt)
			c.out |= bit;
		else if (o->h->deeds[at].effect == EXS_EFFECT_RECONCILABLE)
			c.ask |= bit;
		else if (o->h->deeds[at].effect == EXS_EFFECT_UNSAFE)
			c.doubt |= bit;
		else
			c.again |= bit;
	}
	return c;
}

/* ---- how it was decided ---- */

static inline bool is_final(const struct oracle *o)
{
	uint32_t asked;

	if (o->turn == o->n || o->h->deeds[o->turn].calls > 0)
		return false;
	asked = last_of(o, EXS_FACT_TURN_STARTED, o->turn, 0);
	return last_of(o, EXS_FACT_STEERED, o->turn, 0) < asked;
}

struct chain {
	uint32_t target;
	int tries;
	int64_t retry_ms;
	bool over;
};

static inline struct chain chain_of(const struct oracle *o)
{
	struct chain c = { 0, 0, 0, false };
	int32_t retries = 0;
	uint32_t i;

	for (i = o->since; i < o->n; i++) {
		const struct deed *d = &o->h->deeds[i];
		bool next = d->outlook == OUTLOOK_NEXT, again = d->outlook == OUTLOOK_AGAIN;

		if (d->kind == EXS_FACT_TURN_ENDED)
			c = (struct chain){ 0, 0, 0, false };
		if (d->kind == EXS_FACT_TURN_STARTED && d->target == c.target)
			retries += c.tries > 0;
		if (d->kind == EXS_FACT_TURN_STARTED && d->target > c.target)
			c = (struct chain){ d->target, 0, 0, false };
		if (d->kind != EXS_FACT_TURN_FAILED || d->cut)
			continue;
		c.tries++;
		c.retry_ms = d->retry_ms;
		if (again && (c.tries == 2 || d->retry_ms > 60000 || retries >= o->h->retries))
			next = true;
		if (d->outlook == OUTLOOK_GIVE_UP)
			c.over = true;
		else if (next)
			c = (struct chain){ c.target + 1, 0, 0, c.target + 1 == o->h->models };
	}
	return c;
}

static inline int32_t first_cause(const struct oracle *o)
{
	uint32_t i;

	for (i = o->since; i < o->n; i++)
		if (o->h->deeds[i].kind == EXS_FACT_RUN_CANCELLED)
			return o->h->deeds[i].cause;
	return EXS_CAUSE_NONE;
}

/* Deaths behind the last turn that ended, or where it began. */
static inline int32_t deaths(const struct oracle *o)
{
	int32_t n = o->resumed && !is_parked(o, o->n) ? 1 : 0;
	uint32_t i = o->turn < o->n && o->turn > o->since ? o->turn : o->since;

	for (; i < o->n; i++)
		if (o->h->deeds[i].kind == EXS_FACT_RUN_RESUMED && !o->h->deeds[i].retry &&
		    !is_parked(o, i))
			n++;
	return n;
}

/* ---- guards ---- */

static inline bool calls_repeat(const struct oracle *o)
{
	int32_t last = -1, row = 0;
	uint32_t i, k;

	for (i = o->since; i < o->n; i++)
		for (k = 0; o->h->deeds[i].kind == EXS_FACT_TURN_ENDED && k < o->h->deeds[i].calls;
		     k++) {
			row = o->h->deeds[i].ident[k] == last ? row + 1 : 1;
			last = o->h->deeds[i].ident[k];
			if (row >= o->h->same_calls)
				return true;
		}
	return false;
}

/* 1: every call of that turn ended and none well; 0: one did; -1: not a step, or not over. */
static inline int step_failed(const struct oracle *o, uint32_t turn, uint32_t end)
{
	const struct deed *d = &o->h->deeds[turn];
	uint32_t i, at;
	int failed = 1;

	if (d->kind != EXS_FACT_TURN_ENDED || d->calls == 0)
		return -1;
	for (i = 0; i < d->calls; i++) {
		at = call_fact(o, EXS_FACT_CALL_ENDED, turn, end, i);
		if (at == o->n)
			return -1;
		if (o->h->deeds[at].outcome == CALL_OK)
			failed = 0;
	}
	return failed;
}

static inline bool steps_fail(const struct oracle *o)
{
	uint32_t i, end = o->n;
	int32_t row = 0;
	int failed;

	for (i = o->n; i-- > o->since;) {
		if (o->h->deeds[i].kind != EXS_FACT_TURN_ENDED)
			continue;
		failed = step_failed(o, i, end);
		end = i;
		if (failed == 0)
			break;
		row += failed == 1;
	}
	return row >= o->h->failed_steps;
}

static inline bool steps_are_used_up(const struct oracle *o)
{
	int32_t used = 0, limit = o->h->steps;
	uint32_t i;

	for (i = 0; i < o->n; i++) {
		if (o->h->deeds[i].kind == EXS_FACT_TURN_ENDED)
			used++;
		if (o->h->deeds[i].steps)
			limit = o->h->deeds[i].steps;
	}
	return used >= limit;
}

/* ---- the answer ---- */

static inline struct outcome ending(int32_t status, const char *reason)
{
	return (struct outcome){ ACT_END, 0, 0, status, reason };
}

static inline struct outcome doing(enum action_kind kind, uint64_t calls)
{
	return (struct outcome){ kind, calls, 0, 0, "" };
}

static inline struct outcome cancelled_as(int32_t cause)
{
	if (cause == EXS_CAUSE_TIMEOUT)
		return ending(EXS_ENDED_TIMEOUT, "timeout");
	if (cause == EXS_CAUSE_KILL)
		return ending(EXS_ENDED_KILLED, "killed");
	if (cause == EXS_CAUSE_BUDGET)
		return ending(EXS_ENDED_DENIED, "budget");
	return ending(EXS_ENDED_CANCELLED, "cancelled");
}

static inline struct outcome going_on(const struct oracle *o, const struct calls *c)
{
	struct chain chain = chain_of(o);
	struct outcome turn = doing(ACT_TURN, 0);

	if (c->again)
		return doing(ACT_CALLS, c->again);
	if (c->ask)
		return doing(ACT_RECONCILE, c->ask);
	if (c->doubt && !o->h->parking)
		return doing(ACT_DOUBT, c->doubt);
	if (c->doubt)
		return doing(c->out ? ACT_WAIT : ACT_PARK, 0);
	if (c->planned)
		return doing(ACT_CALLS, c->planned);
	if (chain.tries > 0)
		turn.delay_ms = chain.retry_ms > 0 ? chain.retry_ms : 500;
	return turn;
}

/* Behind the first n facts of the history, and one run_resumed more when asked for. */
static inline struct outcome oracle_says(const struct history *h, uint32_t n, bool resumed)
{
	struct oracle o = { h, n, resumed, beginning(h, n), n, 0 };
	int32_t cause;
	struct calls c;

	o.turn = last_of(&o, EXS_FACT_TURN_ENDED, n, n);
	if (o.turn < n && last_of(&o, EXS_FACT_RUN_FORKED, n, 0) > o.turn)
		o.turn = n; /* it was another run's */
	o.attempt = resumed ? n : last_of(&o, EXS_FACT_RUN_RESUMED, n, 0);
	if (n == 0 || ever(&o, EXS_FACT_RUN_ENDED) || (!resumed && is_parked(&o, n)))
		return doing(ACT_NOTHING, 0);
	c = calls_of(&o);
	cause = first_cause(&o);
	if (turn_is_open(&o) ||
	    (c.out && (!c.planned || cause || ever(&o, EXS_FACT_BUDGET_DENIED))))
		return doing(ACT_WAIT, 0);
	if (is_final(&o))
		return ending(EXS_ENDED_OK, "");
	if (chain_of(&o).over)
		return ending(EXS_ENDED_ERROR, "model");
	if (ever(&o, EXS_FACT_BUDGET_DENIED))
		return ending(EXS_ENDED_DENIED, "budget");
	if (cause)
		return cancelled_as(cause);
	if (deaths(&o) > h->attempts)
		return ending(EXS_ENDED_ERROR, "attempts");
	if (calls_repeat(&o) || steps_fail(&o))
		return ending(EXS_ENDED_ERROR, "tool_loop");
	if (!(c.planned | c.out | c.again | c.ask | c.doubt) && steps_are_used_up(&o))
		return ending(EXS_ENDED_ERROR, "step_limit");
	return going_on(&o, &c);
}

#endif
