/* SPDX-License-Identifier: MIT */
/* load.h - the state of a stored run. */
#ifndef ROWS_LOAD_H
#define ROWS_LOAD_H

#include "fact/state.h"
#include "host/host.h"

/* Folds all its facts into a state that was initialised. Statuses of the checkpoint's load, and CORRUPT. */
exs_status state_load(struct host *h, const char *run_id, struct state *out, exs_err *err);

#endif
