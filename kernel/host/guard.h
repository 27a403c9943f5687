/* SPDX-License-Identifier: MIT */
/*
 * guard.h - the door to every battery: serialises, watches, counts failures, and never believes a
 *status unseen.
 *
 *	struct guard g;
 *	if (guard_enter(&g, in, "audit.record", err))
 *		return err->status;
 *	return guard_leave(&g, in->audit->record(...), err);
 */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H

#include "host/host.h"

struct guard {
	struct instance *in;
	const char *what;
	struct crumb *crumb;
};

/* LOST or AGAIN (resting) without having called; then guard_leave must not be called. */
exs_status guard_enter(struct guard *g, struct instance *in, const char *what, exs_err *err);
/* Turns a status that does not exist into INTERNAL, makes the sentence presentable, counts. */
exs_status guard_leave(struct guard *g, exs_status status, exs_err *err);
void guard_leave_void(struct guard *g);

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
