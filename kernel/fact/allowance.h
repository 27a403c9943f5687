/* SPDX-License-Identifier: MIT */
/* allowance.h - what a budget is told of a run, and what its words of a soft limit become: for a run that goes on and for a replay. Pure. */
#ifndef FACT_ALLOWANCE_H
#define FACT_ALLOWANCE_H

#include <executus/port/budget.h>
#include "fact/state.h"

#define SOFT_NAME_MAX (sizeof(((exs_allowance *)0)->limit) + 8u)

/* The run's tally, but for its time that is left. */
void tally_of(const struct state *s, int64_t run_ms, exs_tally *out);
/*
 * The body of budget_soft. False: there is nothing to tell, or it was told: once a run for each limit,
 * and once more for its last turn. The caller has initialised the body.
 */
bool soft_body(const struct state *s, const exs_allowance *a, char name[SOFT_NAME_MAX],
	       struct buf *body);

#endif
