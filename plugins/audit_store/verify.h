/* SPDX-License-Identifier: MIT */
/* verify.h - is everything that was written still there as it was written? Reads only. */
#ifndef AUDIT_STORE_VERIFY_H
#define AUDIT_STORE_VERIFY_H

#include "ask.h"
#include "entry.h"

struct verifying {
	exs_self *self;
	each_json *row;
	void *arg;
	int64_t findings;
	exs_membuf buf;
	struct tip tip; /* as it was when the look began */
};

/*
 * One finding: of a run (NULL: none), of a row or entry (0: none). The status is the row
 * function's. `what` is "seq" or "entry".
 */
exs_status verify_found(struct verifying *v, const char *run, const char *what, int64_t n,
			const char *fmt, ...) EXS_PRINTF(5, 6);

/* Log, head and place in the chain of one run. NOTFOUND: it has no head. */
exs_status verify_run(struct verifying *v, const char *id, exs_err *err);
/* Every entry, in order, and the runs that they name. */
exs_status verify_chain(struct verifying *v, exs_err *err);
/* What stands about a run that has no head; `prefix` is "log/", "unsealed/" or "sealed/". */
exs_status verify_strays(struct verifying *v, const char *prefix, exs_err *err);

exs_status verify_all(exs_self *self, const char *run_id, each_json *row, void *arg, exs_err *err);
exs_status verify_head(exs_self *self, exs_sink *json, exs_err *err);
exs_status verify_holds(exs_self *self, exs_str hash, int64_t entries, exs_err *err);

#endif
