/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what comes next, from the folded state alone: no clock, no port, no memory of its own.
 */
#ifndef FACT_PLAN_H
#define FACT_PLAN_H

#include "fact/state.h"

#define WHY_MAX	       4096u /* room for what each model of a chain said */
#define RETRY_PAUSE_MS 500 /* before the second try, when the server asked for nothing */
#define ANSWER_TOKENS  4096 /* what a turn may say, for a reservation, when nothing caps it */

enum action_kind {
	ACT_NOTHING,   /* ended, parked, or not begun */
	ACT_WAIT,      /* something is out; its answer comes as a fact */
	ACT_TURN,      /* ask the model */
	ACT_CALLS,     /* run these calls */
	ACT_RECONCILE, /* ask the tools what became of these calls */
	ACT_DOUBT,     /* end these calls as in doubt */
	ACT_PARK,      /* wait for a person */
	ACT_END	       /* over */
};

struct action {
	enum action_kind kind;
	uint64_t calls;	    /* bit i: call i; CALLS, RECONCILE, DOUBT */
	int64_t delay_ms;   /* TURN: not before that much later */
	int32_t status;	    /* END: EXS_ENDED_ */
	const char *reason; /* END not ok: a word of docs/FACTS.md; never NULL */
	char why[WHY_MAX];  /* END not ok, PARK: the sentence */
};

void plan(const struct state *s, struct action *out);

const char *action_word(enum action_kind kind);

#endif
