/* SPDX-License-Identifier: MIT */
/* forget.h - taking a run out of the journal, in as many batches as its facts need. */
#ifndef CHECKPOINT_JOURNAL_FORGET_H
#define CHECKPOINT_JOURNAL_FORGET_H

#include <executus/port/checkpoint.h>

#include "rows.h"

exs_status journal_forget(exs_self *self, const char *run_id, exs_batch *batch, int32_t *more,
			  exs_err *err);
/* CONFLICT: facts of an earlier run of that id are still there. */
exs_status forget_check(const exs_self *self, const char *run_id, exs_err *err);

#endif
