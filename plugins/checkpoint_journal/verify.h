/* SPDX-License-Identifier: MIT */
/* verify.h - whether the counts of the blobs are those of the facts that refer to them. */
#ifndef CHECKPOINT_JOURNAL_VERIFY_H
#define CHECKPOINT_JOURNAL_VERIFY_H

#include <executus/port/checkpoint.h>

#include "rows.h"

exs_status journal_verify(exs_self *self, exs_status (*finding)(void *arg, exs_str text), void *arg,
			  exs_err *err);

#endif
