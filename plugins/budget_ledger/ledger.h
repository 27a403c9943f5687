/* SPDX-License-Identifier: MIT */
/* ledger.h - an instance, constant after open, and the purse of one attempt. */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdatomic.h>

#include <executus/port/budget.h>

#include "limits.h"
#include "price.h"
#include "rows.h"

enum unknown_model { UNKNOWN_REFUSE, UNKNOWN_WARN, UNKNOWN_FREE };

struct exs_self {
	const exs_host *host;
	const exs_store_svc *store; /* NULL when no limit is shared */
	struct limits limits;
	struct prices *prices; /* NULL: none */
	enum unknown_model unknown;
	bool in_dollars;     /* some limit is */
	_Atomic bool warned; /* of a model without a price: said once */
};

int64_t ledger_now(const exs_self *self);
/* Who a limit counts for. `model` is NULL where no turn is asked for: then one per model is passed
 * over (false). */
bool ledger_who(const struct limit *l, const exs_run_info *run, const char *model,
		char out[WHO_MAX + 1]);
/* DENIED with the sentence that a person needs. `need` 0: it is used up. */
exs_status ledger_deny(const struct limit *l, const char *who, int64_t used, int64_t need,
		       int64_t room_ms, exs_err *err);

/* ---- purse.c ---- */

exs_status purse_start(exs_self *self, const exs_run_info *run, int32_t sent, exs_batch *batch,
		       exs_purse **out, exs_err *err);
exs_status purse_reserve(exs_purse *purse, const exs_spend *spend, exs_batch *own,
			 exs_allowance *out, exs_err *err);
exs_status purse_settle(exs_purse *purse, const exs_usage *actual, const exs_tally *so_far,
			exs_batch *batch, exs_err *err);
exs_status purse_finish(exs_purse *purse, int32_t how, const exs_tally *total, exs_batch *batch,
			exs_err *err);

/* ---- explain.c ---- */

exs_status ledger_explain(exs_self *self, const char *caller, exs_sink *json, exs_err *err);

#endif
