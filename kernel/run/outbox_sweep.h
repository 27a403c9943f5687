/* SPDX-License-Identifier: MIT */
/* outbox_sweep.h - one look through the outbox: by whoever asks for it, and by sweeper.c. */
#ifndef RUN_OUTBOX_SWEEP_H
#define RUN_OUTBOX_SWEEP_H

#include "run/engine.h"

struct cancel;

struct sweep {
	struct engine *e;
	enum outbox_when when;
	bool quiet;	     /* nobody asked: what stays is no news */
	struct cancel *stop; /* NULL: never */
	uint32_t most;
	int64_t next_ms; /* wall clock: the next that is due; 0: none */
};

/* Tries what may be tried; how many rows are left. */
size_t outbox_sweep(struct sweep *s);

#endif
