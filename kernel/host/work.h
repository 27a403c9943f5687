/* SPDX-License-Identifier: MIT */
/*
 * work.h - the calls that may take long: turn, call, reconcile, deliver.
 *
 * A work is embedded in the record that holds the call's arguments. It is alive while the battery
 * may read them: until the done record was ended *and* the table function returned; then freed() is
 * called, once. ended() is called once, before that, on any thread, unless the work was abandoned
 * first. Whoever abandons holds a reference of his own to the record.
 */
#ifndef HOST_WORK_H
#define HOST_WORK_H

#include "base/cancel.h"
#include "host/host.h"

struct work {
	/* set by the caller */
	struct instance *in;
	const char *what;     /* for messages */
	size_t cap;	      /* bytes it may put */
	struct cancel *token; /* the caller's reference, valid until freed(); NULL: none */
	void (*start)(struct work *w, exs_done done); /* calls the battery */
	void (*ended)(struct work *w);
	void (*freed)(struct work *w);
	void (*progress)(struct work *w, exs_str delta); /* may be NULL; leaf locks only */

	/* the outcome, from ended() on: pending.status, .usage, .err, .out; releasing .out is the
	 * caller's */
	struct pending pending;

	/* work.c's own */
	struct job job;
	struct work *next;
	exs_done done;
	_Atomic int refs;
	_Atomic int stage;
	bool refused; /* the outcome is ours, not the battery's */
};

/*
 * Starts it: at once on this thread if the battery declares EXS_RETURNS_AT_ONCE, else on a call
 * worker, behind the other calls of a serialised instance. Every outcome, also a refusal, comes
 * through ended(). What was refused, or whose token had fired before its turn came, never reached
 * the battery and has class NOT_DONE.
 */
void work_start(struct work *w);
/*
 * True: ended() will not be called any more. False: it was, or is being called now; so for a work
 * that still waited for its turn, which ends CANCELLED with class NOT_DONE.
 */
bool work_abandon(struct work *w);

#endif
