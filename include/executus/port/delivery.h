/* SPDX-License-Identifier: MIT */
/*
 * port/delivery.h - who gets the result?
 *
 * One for each kind that the conf names ("stdout", "file", "webhook"). Called after the run's terminal batch
 * is durable; a failure never changes the run's outcome. A delivery may come more than once (a crash between
 * the delivery and its receipt): `id` is the same each time, so that a receiver can tell.
 */
#ifndef EXECUTUS_PORT_DELIVERY_H
#define EXECUTUS_PORT_DELIVERY_H

#include <executus/battery.h>
#include <executus/cancel.h>
#include <executus/done.h>
#include <executus/run.h>

EXS_BEGIN

#define EXS_PORT_DELIVERY "executus.delivery/1"

/* Flags of the table. */
enum { EXS_DELIVERY_LOCAL = 1u /* to the terminal of whoever started the run: never queued, never retried */ };

typedef struct exs_parcel {
	uint32_t size;
	int32_t on;      /* EXS_ENDED_: how the run ended */
	int32_t attempt; /* of this delivery, 1 first */
	int32_t reserved;
	const exs_run_info *run;
	const char *kind;
	const char *target; /* what the kind understands: a path, a URL; may be empty */
	const char *id;     /* the same on every attempt */
	const char *status; /* "ok", "error", ... */
	exs_str output;     /* the answer, or what there is of it */
	exs_str error;      /* the sentence of a run that did not end ok; else empty */
	exs_str result;     /* all of it as one JSON object: the body of run_ended */
} exs_parcel;

typedef struct exs_delivery {
	uint32_t size;
	uint32_t flags; /* EXS_DELIVERY_ */
	/*
	 * Brings it there. End OK with a receipt put (may be empty); AGAIN or class TRANSIENT: try again later;
	 * anything else: give up. [worker-thread]
	 */
	void (*deliver)(exs_self *self, const exs_parcel *parcel, exs_cancel *cancel, exs_done receipt);
} exs_delivery;

EXS_END

#endif
