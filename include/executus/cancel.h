/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - the token that says "stop, and this is why".
 *
 * The host makes one token for each long call and keeps it valid until the call's done record has
 * ended and the function returned. A token fires at most once. The first cause wins and never changes.
 * When it fires, end soon: with status CANCELLED, or with class NOT_DONE if nothing left the process.
 */
#ifndef EXECUTUS_CANCEL_H
#define EXECUTUS_CANCEL_H

#include <executus/status.h>

EXS_BEGIN

enum {
	EXS_CAUSE_NONE = 0,     /* not fired */
	EXS_CAUSE_CALLER = 1,   /* whoever asked for the run does not want it any more */
	EXS_CAUSE_TIMEOUT = 2,  /* the run's or the call's time is over */
	EXS_CAUSE_KILL = 3,     /* the critic stopped the run */
	EXS_CAUSE_PREEMPT = 4,  /* a more urgent job needs the place */
	EXS_CAUSE_SHUTDOWN = 5, /* the process stops; the run goes on after the next start */
	EXS_CAUSE_BUDGET = 6    /* a limit was reached */
};

typedef struct exs_cancel exs_cancel;
struct exs_cancel {
	uint32_t size;
	uint32_t reserved;
	/* EXS_CAUSE_, cheap enough to poll in a loop. [any-thread] */
	int32_t (*cause)(const exs_cancel *token);
	/*
	 * A descriptor that becomes readable when the token fires, made on first use; -1 when none could
	 * be made (poll cause() then). The host owns it: never read from, write to or close it. [any-thread]
	 */
	int32_t (*fd)(const exs_cancel *token);
	/*
	 * Calls fn(arg) once when the token fires, at once if it already has. `fn` runs on the thread that
	 * fires it: leaf locks only, no call back into the host but exs_end. TOOBIG past four listeners.
	 * A listener cannot be removed and may run after the call's record has ended: what it touches
	 * lives until close. [any-thread]
	 */
	exs_status (*notify)(const exs_cancel *token, void (*fn)(void *arg) /* [any-thread] */, void *arg);
	/* Milliseconds until the deadline, 0 when it passed, INT64_MAX when there is none. [any-thread] */
	int64_t (*left_ms)(const exs_cancel *token);
};

EXS_END

#endif
