/* SPDX-License-Identifier: MIT */
/*
 * change.h - what becomes of a run that is taken up with another agent, other tools or other batteries
 * than it was made with: run.on_change says it.
 *
 * A run that goes on as a fork is cancelled by a message that is durable with the fork, and ends when it
 * is taken up next.
 */
#ifndef RUN_CHANGE_H
#define RUN_CHANGE_H

#include "run/engine_priv.h"

/*
 * `changed`: bits of digests_changed. INVALID: it is refused. *fork: the run must not go on itself,
 * but as a fork.
 */
exs_status change_judge(struct run *run, uint32_t flags, uint32_t changed, bool *fork, exs_err *err);
/* Forks it behind the last step that has ended. */
exs_status change_fork(struct run *run, const struct run_listener *listener, struct run **out,
		       exs_err *err);

#endif
