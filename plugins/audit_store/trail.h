/* SPDX-License-Identifier: MIT */
/* trail.h - one run as it is written, and the rows of its log. */
#ifndef AUDIT_STORE_TRAIL_H
#define AUDIT_STORE_TRAIL_H

#include "entry.h"
#include "head.h"

#define BODY_MAX                                                                                   \
	(64u                                                                                       \
	 << 10) /* bytes of a fact's body; of a longer one length, hash and beginning are kept */
#define BODY_BEGIN 1024u /* that much of it */
#define ROW_BYTES  EXS_STORE_VALUE_MAX

exs_status trail_start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err);
exs_status trail_record(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err);
exs_status trail_finish(exs_trail *trail, exs_err *err);

/* What the tally needs of a stored row's JSON, and of which run it speaks. False: it cannot be
 * read. */
int row_facts_read(exs_str json, const char *run_id, struct row_facts *out);
/* Does the log of the entry's run hold the end that the entry is about, the last one or one that was retried? */
exs_status log_holds_end(const exs_self *self, const struct entry *e, int *found, exs_err *err);

#endif
