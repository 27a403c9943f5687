/* SPDX-License-Identifier: MIT */
/*
 * port/critic.h - is it stuck, and what to do about it?
 *
 * Bound once. watch when a run begins; observe for each fact; tick when its time has come; unwatch when the run ended.
 * Calls with one watch never overlap. With a watch, the run's max_runtime is the soft trigger and
 * deadline_ms the hard limit, under a ceiling of max(24 h, max_runtime); without one max_runtime is hard.
 */
#ifndef EXECUTUS_PORT_CRITIC_H
#define EXECUTUS_PORT_CRITIC_H

#include <executus/battery.h>
#include <executus/fact.h>
#include <executus/run.h>

EXS_BEGIN

#define EXS_PORT_CRITIC "executus.critic/1"

typedef struct exs_watch exs_watch;

enum {
	EXS_VERDICT_WAIT = 0,   /* with words it is a decision and a fact as the others; without, nothing happened */
	EXS_VERDICT_NUDGE = 1,  /* words become a user message before the next turn */
	EXS_VERDICT_EXTEND = 2, /* max_runtime moves by extend_ms, recorded as limit_raised; deadline_ms does not */
	EXS_VERDICT_RAISE = 3,  /* the step limit rises by raise_steps, recorded as limit_raised */
	EXS_VERDICT_KILL = 4    /* sticky: wins over everything later; words say why */
};

typedef struct exs_verdict {
	uint32_t size;
	int32_t what; /* EXS_VERDICT_ */
	int64_t extend_ms;
	int64_t raise_steps;
	int64_t next_tick_ms; /* from now; 0: the host's default of one second */
	char words[240]; /* for a person, or for the model */
	char tag[32];    /* the critic's own word for why: it is in the fact, which it sees again on resume */
} exs_verdict;

typedef struct exs_critic {
	uint32_t size;
	uint32_t reserved;
	/* soft_ms: the agent's max_runtime. OK with *out = NULL: no watch. [worker-thread] */
	exs_status (*watch)(exs_self *self, const exs_run_info *run, int64_t soft_ms, exs_watch **out,
			    exs_err *err);
	/*
	 * One fact, in order. After a resume the stored ones come first; those whose attempt is lower than the
	 * run's are history. [worker-thread]
	 */
	void (*observe)(exs_watch *watch, const exs_fact *fact);
	/* idle_ms: since the last fact or progress. Returns at once; `out` is zeroed before. [worker-thread] */
	void (*tick)(exs_watch *watch, int64_t idle_ms, exs_verdict *out);
	/*
	 * Active run time at which the run is over, asked after each tick; 0: only the ceiling. It is the critic's own
	 * and no verdict moves it: to give a run more time, answer more here. [worker-thread]
	 */
	int64_t (*deadline_ms)(exs_watch *watch);
	/* No tick is running and none follows. Frees the watch. [worker-thread] */
	void (*unwatch)(exs_watch *watch);
} exs_critic;

EXS_END

#endif
