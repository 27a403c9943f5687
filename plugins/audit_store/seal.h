/* SPDX-License-Identifier: MIT */
/*
 * seal.h - puts runs that have ended into the chain over the runs.
 *
 * The batch of run_ended can hold no condition, so it leaves `unsealed/RUN`; a thread of this
 * battery appends the entries in commits of its own, in which the end of the chain is checked: two
 * processes never write the same entry. The thread begins with the first run of the process and
 * first seals what a crash has left.
 */
#ifndef AUDIT_STORE_SEAL_H
#define AUDIT_STORE_SEAL_H

#include "entry.h"

#define SEAL_RUNS_MAX 64u /* in one commit */
#define SEAL_TRIES    8	  /* for one commit that others come before */

/* A run begins: the thread is there from now on. */
exs_status seal_begin(exs_self *self, exs_err *err);
/* A run has ended. */
void seal_wake(exs_self *self);
/* Seals what is left and ends the thread; when the store fails, the next process does it. */
void seal_end(exs_self *self);

#endif
