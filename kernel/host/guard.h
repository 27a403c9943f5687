/* SPDX-License-Identifier: MIT */
/*
 * guard.h - the door to every battery: serialises, watches, counts failures, and never believes a
 *status unseen.
 *
 *	struct guard g;
 *	if (guard_enter(&g, in, "audit.record", err))
 *		return err->status;
 *	return guard_leave(&g, in->audit->record(...), err);
 *
 * A short call goes through guard_enter and guard_leave: it is watched, and the battery may not
 *wait inside it. A long call on a call worker goes through guard_enter_long: it is not watched (its
 *token has a deadline), and while it is inside a serialised instance a short call is told to come
 *again instead of waiting for it.
 */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H

#include "host/host.h"

#define LOCK_SLICE_MS                                                                              \
	50 /* who waits for a serialised instance looks this often whether it is lost */

struct guard {
	struct instance *in;
	const char *what;
	struct crumb *crumb;
	exs_status said; /* what the kernel's own function answered that the battery called back */
};

/*
 * LOST, AGAIN (it rests, or is inside a long call) or UNSUPPORTED (this thread is inside it
 * already), each with class NOT_DONE and without having called; then guard_leave must not be
 * called. `what` is a literal: the watchdog reads it.
 */
exs_status guard_enter(struct guard *g, struct instance *in, const char *what, exs_err *err);
/* For a verb that frees its handle: as guard_enter, but an instance that rests is entered too. */
exs_status guard_enter_last(struct guard *g, struct instance *in, const char *what, exs_err *err);
/*
 * As guard_enter, for a verb that takes as long as what it looks through is long: that says nothing about the battery, so
 * it is not watched.
 */
exs_status guard_enter_unwatched(struct guard *g, struct instance *in, const char *what,
				 exs_err *err);
/* Turns a status that does not exist into INTERNAL, makes the sentence presentable, counts. */
exs_status guard_leave(struct guard *g, exs_status status, exs_err *err);
void guard_leave_void(struct guard *g);

/*
 * Around a function of ours that the battery calls back (rows of a scan): its time is not the
 * battery's. What it answers is what guard_leave answers, and no failure of the battery.
 */
void guard_pause(struct guard *g);
exs_status guard_resume(struct guard *g, exs_status said);

/* A long call on a call worker. As guard_enter; leave only after OK. */
exs_status guard_enter_long(struct instance *in, const char *what, exs_err *err);
void guard_leave_long(struct instance *in);
/* What a long call's outcome says about the instance. */
void guard_judge(struct instance *in, exs_status status);
void guard_abandoned(struct instance *in, const char *what);

/* OK, LOST or AGAIN: may the instance be called now? */
exs_status guard_usable(struct instance *in, exs_err *err);
/* Status of the closed list; anything else is the battery's lie. */
exs_status guard_status(struct instance *in, const char *what, exs_status status, exs_err *err);

/* The calling thread is inside a short call of this instance: it must not wait. */
bool guard_inside(struct instance *in);
/* [timer-thread] Names the calls that stall and makes their instances LOST. */
void guard_watch(struct host *h);

#endif
