/* SPDX-License-Identifier: MIT */
/*
 * delivery.h - results to whoever gets them, after the end is durable.
 *
 * A delivery that is not local has a row in the outbox, put by the terminal batch and deleted once
 * the battery said that it arrived, or never can. The row names the process that is at it; a
 * process that dies or gives up for now leaves the row, and engine_outbox of the next one tries
 * again with the same id. delivery.c delivers what this process ended, outbox.c what others left.
 */
#ifndef RUN_DELIVERY_H
#define RUN_DELIVERY_H

#include "run/run.h"

#define OUTBOX_KEY_MAX	  (HEAD_KEY_MAX + 16u)
#define OUTBOX_ROW_MAX	  (16u << 10)
#define OUTBOX_MAX	  10000u /* rows looked at in one sweep */
#define DELIVERY_PAUSE_MS 500	 /* before the second try; then more */
#define DELIVERY_MS	  8000	 /* its token fires; the rest up to CLEANUP_MS is for coming back */

struct delivery_target {
	struct instance *in;
	char kind[RUN_NAME_MAX];
	const char *target;  /* into the text that it was made from */
	char id[ID_MAX + 8]; /* the same on every attempt */
	char key[OUTBOX_KEY_MAX];
	bool local;
};

/* The i-th target of a run, from "kind:target"; false when the conf has no such kind (logged). */
bool delivery_find(struct host *h, const char *run_id, const char *text, uint32_t i,
		   struct delivery_target *out);
/* What the battery gets, from the run's state and its end_body, which must outlive it. */
void delivery_parcel(const struct run *run, const struct delivery_target *to, int32_t tries,
		     exs_parcel *out);

enum delivery_outcome { DELIVERY_ARRIVED, DELIVERY_LATER, DELIVERY_NEVER };
/* What an answer means: who was stopped, or never asked, has not refused. */
enum delivery_outcome delivery_outcome(const struct pending *answer);

/* Starts all of them; the run is over when the last has ended or its time is up. */
void delivery_begin(struct run *run);

/* Delivers now and waits for the answer. Not on a step worker. */
enum delivery_outcome delivery_wait(struct run *run, const struct delivery_target *to,
				    int32_t tries);

/* ---- outbox.c: the row of a delivery that this process is at ---- */

/* Into the run's batch. */
exs_status outbox_queue(struct run *run, const struct delivery_target *t, exs_err *err);
/* It arrived, or never will. If that is not stored it is delivered once more with the same id. */
void outbox_forget(struct run *run, const struct delivery_target *t);
/* Not now: whoever comes next may have it. */
void outbox_leave(struct run *run, const struct delivery_target *t, int32_t tries);

void finish_over(struct run *run); /* finish.c */

#endif
