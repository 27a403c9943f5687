/* SPDX-License-Identifier: MIT */
/*
 * port/budget.h - may this be spent?
 *
 * Bound once. check before a run begins; reserve before and settle after each model turn; commit when the
 * run ended. A failure refuses the run: fail closed. DENIED with a sentence is a refusal, not a failure.
 */
#ifndef EXECUTUS_PORT_BUDGET_H
#define EXECUTUS_PORT_BUDGET_H

#include <executus/battery.h>
#include <executus/done.h>
#include <executus/run.h>
#include <executus/svc/store.h>

EXS_BEGIN

#define EXS_PORT_BUDGET "executus.budget/1"

typedef struct exs_grant exs_grant;

typedef struct exs_budget {
	uint32_t size;
	uint32_t reserved;
	/* Before anything of the run happens: DENIED leaves no model call, fact or delivery. [worker-thread] */
	exs_status (*check)(exs_self *self, const exs_run_info *run, exs_err *err);
	/*
	 * Before a model turn that uses `worst` at most. Rows go into a batch of its own, in which bounded sums are
	 * allowed; a bound that does not hold when it commits is a refusal too. [worker-thread]
	 */
	exs_status (*reserve)(exs_self *self, const exs_run_info *run, const exs_usage *worst, exs_batch *own,
			      exs_grant **out, exs_err *err);
	/* The turn used `actual`; NULL: the reservation never became durable. Frees the grant. [worker-thread] */
	exs_status (*settle)(exs_grant *grant, const exs_usage *actual, exs_batch *batch, exs_err *err);
	/* The run ended after run_ms of active time; its rows commit with run_ended. [worker-thread] */
	exs_status (*commit)(exs_self *self, const exs_run_info *run, int64_t run_ms, exs_batch *batch,
			     exs_err *err);
} exs_budget;

EXS_END

#endif
