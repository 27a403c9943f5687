/* SPDX-License-Identifier: MIT */
/*
 * calls_session.h - a call that may add rows: the batch is open to this battery only, and rolled
 * back when the call fails. For calls*.c alone.
 */
#ifndef HOST_CALLS_SESSION_H
#define HOST_CALLS_SESSION_H

#include "host/guard.h"

struct session {
	struct guard g;
	struct batch *b;
	struct batch_mark mark;
};

/* As guard_enter; `b` may be NULL. */
exs_status session_begin(struct session *s, struct instance *in, struct batch *b, const char *what,
			 exs_err *err);
exs_status session_end(struct session *s, exs_status status, exs_err *err);
/* The batch as the battery gets it. */
exs_batch *session_rows(struct batch *b);

#endif
