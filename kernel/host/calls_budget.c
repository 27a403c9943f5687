/* SPDX-License-Identifier: MIT */
/* calls_budget.c - see calls.h: the budget. */
#include "host/calls.h"

#include "base/log.h"
#include "host/calls_session.h"

exs_status call_budget_check(struct instance *in, const exs_run_info *run, exs_err *err)
{
	struct guard g;

	if (guard_enter(&g, in, "budget.check", err))
		return err->status;
	return guard_leave(&g, in->budget->check(in->self, run, err), err);
}

exs_status call_budget_start(struct instance *in, const exs_run_info *run, bool sent,
			     struct batch *b, exs_purse **out, exs_err *err)
{
	struct session s;
	exs_purse *p = NULL;
	exs_status status;

	if (session_begin(&s, in, b, "budget.start", err))
		return err->status;
	status = session_end(&s, in->budget->start(in->self, run, sent, session_rows(b), &p, err),
			     err);
	if (status == EXS_OK)
		*out = p;
	return status;
}

exs_status call_budget_price(struct instance *in, const char *model, exs_usage *usage, exs_err *err)
{
	struct guard g;
	exs_usage priced = *usage;
	exs_status status;

	if (!EXS_CAN(in->budget, price))
		return EXS_OK;
	if (guard_enter(&g, in, "budget.price", err))
		return err->status;
	status = guard_leave(&g, in->budget->price(in->self, model, &priced, err), err);
	if (status == EXS_OK && priced.cost_micro > 0) /* it says what it cost and nothing else */
		usage->cost_micro = priced.cost_micro;
	return status;
}

exs_status call_budget_reserve(struct instance *in, exs_purse *p, const exs_spend *spend,
			       struct batch *own, exs_allowance *out, exs_err *err)
{
	exs_allowance a = { .size = sizeof a };
	struct session s;
	exs_status status;

	if (own)
		own->bounds_allowed = true;
	if (session_begin(&s, in, own, "budget.reserve", err))
		return err->status;
	status = session_end(&s, in->budget->reserve(p, spend, session_rows(own), &a, err), err);
	if (status)
		return status;
	a.limit[sizeof a.limit - 1] = a.words[sizeof a.words - 1] = '\0';
	*out = a;
	return EXS_OK;
}

exs_status call_budget_settle(struct instance *in, exs_purse *p, const exs_usage *actual,
			      const exs_tally *so_far, struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "budget.settle", err))
		return err->status;
	return session_end(&s, in->budget->settle(p, actual, so_far, session_rows(b), err), err);
}

exs_status call_budget_finish(struct instance *in, exs_purse *p, int32_t how,
			      const exs_tally *total, struct batch *b, exs_err *err)
{
	struct session s;

	if (session_begin(&s, in, b, "budget.finish", err))
		return err->status;
	return session_end(&s, in->budget->finish(p, how, total, session_rows(b), err), err);
}

exs_status call_budget_explain(struct instance *in, const char *caller, exs_sink *json,
			       exs_err *err)
{
	struct guard g;

	if (!EXS_CAN(in->budget, explain))
		return err_set(err, EXS_UNSUPPORTED, 0, "budget '%s' does not tell its figures",
			       in->conf->name);
	if (guard_enter(&g, in, "budget.explain", err))
		return err->status;
	return guard_leave(&g, in->budget->explain(in->self, caller, json, err), err);
}
