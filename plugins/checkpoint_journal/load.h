/* SPDX-License-Identifier: MIT */
/* load.h - reading the journal: the facts of one run, and the list of runs. Any thread, no state.
 */
#ifndef CHECKPOINT_JOURNAL_LOAD_H
#define CHECKPOINT_JOURNAL_LOAD_H

#include <executus/port/checkpoint.h>

#include "rows.h"

exs_status journal_load(exs_self *self, const char *run_id,
			exs_status (*row)(void *arg, const exs_fact *fact) /* [any-thread] */,
			void *arg, exs_err *err);
exs_status journal_list(exs_self *self, uint32_t flags,
			exs_status (*row)(void *arg, exs_str head) /* [any-thread] */, void *arg,
			exs_err *err);

#endif
