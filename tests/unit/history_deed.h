/* SPDX-License-Identifier: MIT */
/*
 * history_deed.h - a run that never was: its facts, what each says in plain numbers, and the dice
 * that make it up.
 *
 * One seed is one history. Beside each fact stands a deed, which says in plain numbers what the
 * fact says in JSON, so that the oracle needs no reader.
 */
#ifndef TEST_HISTORY_DEED_H
#define TEST_HISTORY_DEED_H

#include "fact_kit.h"

#define TURN_CALLS_MAX 4u

enum outlook { OUTLOOK_AGAIN, OUTLOOK_NEXT, OUTLOOK_GIVE_UP };

struct deed {
	int32_t kind;
	uint32_t calls;			/* turn_ended */
	int32_t ident[TURN_CALLS_MAX];	/* of name and arguments: equal calls have equal ones */
	uint32_t index;			/* of the call */
	int32_t effect, outcome, cause; /* call_started, call_ended, run_cancelled */
	enum outlook outlook;		/* turn_failed */
	int64_t retry_ms;
	bool cut;
	int32_t steps; /* limit_raised, run_forked, a retry: the new limit; 0: as it was */
	bool retry;    /* run_resumed behind an end */
	uint32_t target; /* turn_started */
};

struct history {
	uint64_t seed, random;
	struct tale t;
	struct deed deeds[TALE_FACTS_MAX];
	struct action acts[TALE_FACTS_MAX + 1]; /* what was planned behind that many facts */
	char *prints[TALE_FACTS_MAX + 1];	/* and what the state was */
	int32_t steps, same_calls, failed_steps, attempts, retries;
	uint32_t models;
	bool parking;
};

/* xorshift64*: the same histories on every machine */
static inline uint64_t dice(struct history *h)
{
	h->random ^= h->random >> 12;
	h->random ^= h->random << 25;
	h->random ^= h->random >> 27;
	return h->random * 2685821657736338717u >> 16;
}

static inline uint32_t roll(struct history *h, uint32_t n)
{
	return (uint32_t)(dice(h) % n);
}

static inline bool chance(struct history *h, uint32_t percent)
{
	return roll(h, 100) < percent;
}

static inline char *history_print(const struct state *s)
{
	struct buf b;

	buf_init(&b, 64u << 20);
	kit_print(s, &b);
	return buf_take(&b);
}

static inline void remember(struct history *h)
{
	plan(&h->t.state, &h->acts[h->t.n]);
	h->prints[h->t.n] = history_print(&h->t.state);
}

/* Every fact goes through here. What the kernel would never record is a fault of this file. */
static inline void put(struct history *h, const struct deed *d, const char *name, const char *call,
		       const exs_usage *usage, const char *body)
{
	h->deeds[h->t.n] = *d;
	if (tell(&h->t, d->kind, name, call, usage, body)) {
		fprintf(stderr, "seed %llu, fact %u: %s\n%s\n", (unsigned long long)h->seed, h->t.n,
			h->t.err.text, body);
		abort();
	}
	remember(h);
}

/* A member of a newer release, which everybody passes over. */
static inline const char *newer(struct history *h)
{
	return chance(h, 10) ? ", \"newer\" : {\"a\":[1,-2.5e3,\"\\u00e9\\n\"]}" : "";
}

#endif
