/* SPDX-License-Identifier: MIT */
/*
 * replay.h - a run once more, from its facts alone: does what was done follow from what was known?
 *
 * The recorded facts are folded one by one in place of performing anything. Before each of them
 * plan() is asked, and a fact that tells of a decision (a turn or a call was started, the run was
 * parked or ended) is held against its answer. All other facts are inputs: they say what the world
 * answered, and nobody here can know better.
 *
 *	replay_init(&r);
 *	while (a fact is left && replay_fact(&r, fact) == EXS_OK) ...
 *	r.found, r.damage ...
 *	replay_release(&r);
 *
 * No battery is asked and nothing is dispatched or written.
 */
#ifndef FACT_REPLAY_H
#define FACT_REPLAY_H

#include "fact/plan.h"

#define REPLAY_TEXT_MAX 320u /* of one decision, in words */

enum replay_last {
	REPLAY_INPUT,	/* plan has no part in it */
	REPLAY_DECIDED, /* plan decides the same */
	REPLAY_OTHER	/* plan decides otherwise: the divergence */
};

struct replay_found {
	bool any;
	int64_t seq;
	int32_t step, attempt;
	char planned[REPLAY_TEXT_MAX], recorded[REPLAY_TEXT_MAX];
};

struct replay {
	struct state state;
	int64_t facts, decisions;
	struct replay_found found;	/* the first divergence */
	exs_err damage;			/* status 0: the facts follow each other */
	enum replay_last last;		/* of the last fact */
	char planned[REPLAY_TEXT_MAX];	/* what was planned before it */
	/* calls that plan listed at some moment of this step and attempt: they go out together */
	uint64_t listed;
	int32_t listed_step, listed_attempt;
};

void replay_init(struct replay *r);
void replay_release(struct replay *r);

/*
 * The next fact. OK; CANCELLED: it diverges, and what comes behind it follows from that; CORRUPT or NOMEM:
 * it cannot follow here, r->damage says why.
 */
exs_status replay_fact(struct replay *r, const exs_fact *fact);

/* What plan says, in words: "turn with local/qwen, try 2", "calls 3.0 3.1", "end: error, step_limit". */
void replay_words(const struct state *s, const struct action *a, char out[REPLAY_TEXT_MAX]);

#endif
