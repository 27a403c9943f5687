/* SPDX-License-Identifier: MIT */
/* forget.h - takes an ended run out of the trail; that it was there, and its last hash, stay in the
 * chain. */
#ifndef AUDIT_STORE_FORGET_H
#define AUDIT_STORE_FORGET_H

#include "entry.h"

#define FORGET_ROWS 2000u /* log rows that one batch deletes */

exs_status forget_run(exs_self *self, const char *run_id, exs_batch *batch, int32_t *more,
		      exs_err *err);

#endif
