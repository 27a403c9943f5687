/* SPDX-License-Identifier: MIT */
/*
 * delivery.h - results to whoever gets them, after the end is durable.
 *
 * A delivery that is not local has a row in the outbox, put by the terminal batch and deleted once
 * the battery said that it arrived; a process that dies in between leaves the row, and the next one
 * tries again with the same id.
 */
#ifndef RUN_DELIVERY_H
#define RUN_DELIVERY_H

#include "run/run.h"

#define OUTBOX_KEY_MAX	  (HEAD_KEY_MAX + 16u)
#define DELIVERY_PAUSE_MS 500
#define OUTBOX_MAX	  10000u /* rows looked at in one sweep */

struct delivery_target {
	struct instance *in;
	char kind[RUN_NAME_MAX], target[RUN_NAME_MAX];
	char id[ID_MAX + 8]; /* the same on every attempt */
	char key[OUTBOX_KEY_MAX];
	bool local;
};

/* The i-th target of the run; false when the conf has no such kind any more (logged). */
bool delivery_target(struct run *run, uint32_t i, struct delivery_target *out);
/* The outbox row into the run's batch. */
exs_status delivery_queue(struct run *run, const struct delivery_target *t, exs_err *err);
/* Starts all of them; the run is over when the last has ended or its time is up. */
void delivery_begin(struct run *run);
void finish_over(struct run *run); /* finish.c */

#endif
