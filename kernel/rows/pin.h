/* SPDX-License-Identifier: MIT */
/*
 * pin.h - what keeps a run in the store while others are forked from it, whose first facts are its
 * own.
 *
 *	k/fork/RUN/FORK  {"v":1,"why":PIN_}; put before the fork's first batch, which checks it
 *	k/forks/RUN      {"v":1,"last":FORK}: which one was put last
 *
 * A pin whose fork has no head says nothing: the fork was never born, or is pruned. A prune takes
 * such pins away under the condition that there is still no head and that none was put since, so
 * that either the fork finds its pin gone or the prune conflicts.
 */
#ifndef ROWS_PIN_H
#define ROWS_PIN_H

#include "rows/head.h"

#define PIN_PREFIX  "k/fork/"
#define PIN_KEY_MAX 96u

#define PIN_ASKED   "asked"   /* a person forked it */
#define PIN_CHANGED "changed" /* run.on_change did: there is one such fork of a run at a time */

/* Durable when it returns. NOTFOUND: there is no such run; CONFLICT: it changes too fast. */
exs_status pin_put(struct host *h, const char *run_id, const char *fork_id, const char *why,
		   exs_err *err);
/* Into the fork's first batch: its pin is still there. */
exs_status pin_check(struct batch *b, const char *run_id, const char *fork_id, const char *why,
		     exs_err *err);
/* The first fork of the run that has a head, made for that reason (NULL: any). NOTFOUND: none. */
exs_status pin_find(struct host *h, const char *run_id, const char *why, char out[ID_MAX],
		    exs_err *err);
/* Into a batch that forgets the run: no fork was begun since. */
exs_status pin_close(struct host *h, const char *run_id, struct batch *b, exs_err *err);
/* Into that batch, for one key of PIN_PREFIX: its fork has no head. */
exs_status pin_check_dead(struct batch *b, const char *key, exs_err *err);
/* Into that batch, the last one of them. */
exs_status pin_forget(struct batch *b, const char *run_id, exs_err *err);

#endif
