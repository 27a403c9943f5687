/* SPDX-License-Identifier: MIT */
/*
 * delivery.h - results to whoever gets them, after the end is durable.
 *
 * A delivery that is not local has a row "k/outbox/ID", put by the terminal batch. When the battery
 *said that it arrived, or never can, or it was tried long enough, the row moves to "k/sent/ID" in
 *one batch: each target has exactly one. A row of the outbox names the process that is at it and
 *when it is due; a process that dies or gives up for now leaves it, and a sweep of the next one
 *tries again with the same id.
 *
 *	delivery.c	what this process ended
 *	outbox.c	its rows
 *	outbox_row.c	rows as text, the pauses between tries
 *	outbox_sweep.c	what others left, or what is due again
 *	sweeper.c	a thread that looks for it
 */
#ifndef RUN_DELIVERY_H
#define RUN_DELIVERY_H

#include "rows/outbox_row.h"
#include "run/run.h"

#define DELIVERY_PAUSE_MS 500  /* before the second try; then more */
#define DELIVERY_MS	  8000 /* its token fires; the rest up to CLEANUP_MS is for coming back */

struct delivery_target {
	struct instance *in;
	char kind[RUN_NAME_MAX];
	const char *target;	/* into the text that it was made from */
	char id[OUTBOX_ID_MAX]; /* the same on every attempt */
	bool local;
};

/* What a try came to. */
struct delivery_answer {
	enum delivery_outcome { DELIVERY_ARRIVED, DELIVERY_LATER, DELIVERY_NEVER } outcome;
	exs_err why; /* when it did not arrive */
	char receipt[OUTBOX_RECEIPT_MAX];
};

/* The battery of a kind; false when the conf has none. `kind`, `target` and `id` are
 * NUL-terminated. */
bool delivery_bind(struct host *h, const char *kind, const char *target, const char *id,
		   struct delivery_target *out);
/* The i-th target of a run that ends, or parks; false when it does not want that end, or is not
 * bound (logged). */
bool delivery_find(const struct run *run, uint32_t i, struct delivery_target *out);
/* What the battery gets, from the run's state and its end_body, which must outlive it. */
void delivery_parcel(const struct run *run, const struct delivery_target *to, int32_t tries,
		     exs_parcel *out);
/* What an answer means: who was stopped, or never asked, has not refused. */
void delivery_answer(const struct pending *answer, struct delivery_answer *out);

/* Starts all of them; the run is over when the last has ended or its time is up. */
void delivery_begin(struct run *run);

/* Delivers now and waits for the answer, or until `stop` fires. Not on a step worker. */
void delivery_wait(struct run *run, const struct delivery_target *to, int32_t tries,
		   struct cancel *stop, struct delivery_answer *out);

/* ---- outbox.c: the row of a delivery that this process is at ---- */

/* Into the run's batch. */
exs_status outbox_queue(struct run *run, const struct delivery_target *t, exs_err *err);
/*
 * It arrived, or never will: moves to the rows that are done. If that is not stored it is delivered
 * once more with the same id.
 */
void outbox_done(struct run *run, const struct delivery_target *t, int32_t tries,
		 const struct delivery_answer *a);
/* Not now: whoever comes next may have it, once it is due. */
void outbox_leave(struct run *run, const struct delivery_target *t, int32_t tries,
		  const exs_err *why);

/* ---- sweeper.c ---- */

struct sweeper;
/* Starts the thread that delivers what is due; NULL when there is nobody to deliver to. */
exs_status sweeper_open(struct engine *e, struct sweeper **out, exs_err *err);
/* Stops what is under way; takes NULL. */
void sweeper_close(struct sweeper *s);

void finish_over(struct run *run); /* finish.c */

#endif
