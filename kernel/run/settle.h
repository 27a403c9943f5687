/* SPDX-License-Identifier: MIT */
/*
 * settle.h - a person's word on a call in doubt: engine_settle of engine.h puts it, a run takes it in.
 *
 * The word waits in the run's inbox, "k/inbox/RUN/settle.CALL", and is taken in before the run plans
 * when it is resumed. Until then a second word replaces the first.
 */
#ifndef RUN_SETTLE_H
#define RUN_SETTLE_H

#include "run/run.h"

/* Records what the note says of its call, unless the call is not in doubt any more. */
void settle_received(struct run *run, const struct note *n);

#endif
