/* SPDX-License-Identifier: MIT */
/* start.h - what a start and a fork have in common: the checks, the first fact, the first step. */
#ifndef RUN_START_H
#define RUN_START_H

#include "run/engine_priv.h"

/* With an id of its own, and otherwise as run_new. */
exs_status start_run(struct engine *e, const struct run_listener *listener, struct run **out,
		     exs_err *err);
exs_status start_check(const struct engine *e, const struct run_spec *spec, exs_err *err);
/*
 * The members of run_started, without the last bracket. `was`: of a fork, where it begins; what is
 * not said is what it was there, and the limit of steps counts from there.
 */
void start_body(const struct engine *e, const struct run_spec *spec, const char *id,
		const struct state *was, struct buf *out);
/* Records the first fact (the body is taken) and lets the run go. The reference is taken. */
exs_status start_go(struct run *run, int32_t kind, struct buf *body, struct run **out,
		    exs_err *err);

#endif
