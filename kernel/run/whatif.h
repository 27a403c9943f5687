/* SPDX-License-Identifier: MIT */
/*
 * whatif.h - a record shown to another critic, another budget and other limits: what would they
 * have decided?
 *
 * The facts of the run are replayed without what its own critic and budget decided (critic_decided
 * and what it moved, budget_*, cancels by kill, timeout and budget). The other critic sees them as
 * they come and is asked when its tick is due by the recorded clock; the other budget reserves before
 * each turn and settles behind it, in a ledger of its own. What they decide goes into the record in
 * the place of the old, until something would have ended the run or made it go another way: what comes
 * behind that never happened and nobody can know it.
 *
 *	whatif_init(&w, rehearsal host, agent, ...);
 *	for each fact: whatif_expect(&w, fact);       once, to know when the recorded critic was asked
 *	for each fact: whatif_fact(&w, fact);
 *	w.would, w.was, w.r.found ...
 *	whatif_release(&w);
 *
 * One thread, which may wait.
 */
#ifndef RUN_WHATIF_H
#define RUN_WHATIF_H

#include "fact/facts.h"
#include "fact/replay.h"
#include "host/host.h"

#define WHATIF_ITEMS_MAX 4096u	     /* decisions of one side */
#define WHATIF_TICKS_MAX (1u << 20)  /* of one record: a critic that wants more is not asked on */
#define WHATIF_ALIGN_MS	 250	     /* a tick that is due so shortly before a recorded decision made it */
#define WHATIF_BASE_MS	 INT64_C(86400000) /* what the steady clock shows when a run begins */

enum whatif_who { WHATIF_CRITIC, WHATIF_BUDGET, WHATIF_TIME };

struct whatif_item {
	enum whatif_who who;
	int64_t seq, run_ms; /* behind which recorded fact, when */
	int32_t step;
	char what[16];	 /* "nudge", "kill", "soft", "denied", "timeout" */
	char tag[64];	 /* the critic's word, or the name of a limit */
	char words[256];
};

struct whatif_items {
	struct whatif_item *list;
	size_t n, cap;
};

struct whatif_turn {
	int64_t seq; /* of the fact that ended it */
	int32_t step;
	char *model;
	int64_t cost_micro, recorded_micro;
};

struct whatif_turns {
	struct whatif_turn *list;
	size_t n, cap;
};

struct whatif {
	struct host *host;
	const struct conf_agent *agent;
	const char *run_id;
	int64_t begin_seq; /* its own first fact: that of a fork, or 1 */

	/* what came out */
	struct whatif_items would, was;
	struct whatif_turns turns;
	int64_t cost_micro, recorded_micro;
	bool over;	 /* what is decided last ends the run */
	struct replay r; /* the record with the new decisions in it; r.found: where it goes another way */
	exs_err err;	 /* of the batteries, or no memory */

	/* on the way */
	bool asleep; /* what was recorded has ended the run: nobody is asked before the next attempt */
	struct facts shown;
	struct limits recorded;
	int32_t before_kind; /* of the last recorded fact */
	int64_t seq, last_ms, now_ms, wall_gap_ms;
	int64_t *expected; /* run_ms of recorded decisions */
	size_t expected_n, expected_cap;
	exs_run_info info;

	exs_watch *watch;
	int64_t tick_ms, critic_deadline_ms;
	uint32_t ticks;

	exs_purse *purse;
	bool granted;
	char target[RUN_NAME_MAX]; /* of the turn that is out */
	int64_t overhead;	   /* tokens of an estimate that are not the conversation's */
};

/* `host` is a rehearsal; begin_seq as the first replay has it: state.forked_seq, or 1. Outlives w: all of them. */
void whatif_init(struct whatif *w, struct host *host, const struct conf_agent *agent, const char *run_id);
void whatif_release(struct whatif *w);
exs_status whatif_expect(struct whatif *w, const exs_fact *f, exs_err *err);
/* OK also when there is nothing left to ask. Else the sentence is in w->err. */
exs_status whatif_fact(struct whatif *w, const exs_fact *f);

/* The same decisions in the same order, and no other way? */
bool whatif_same(const struct whatif *w);

#endif
