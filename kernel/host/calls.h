/* SPDX-License-Identifier: MIT */
/*
 * calls.h - one function for each function of a port: through the guard, with a savepoint in the
 * batch.
 *
 * What a battery adds to a batch in a call that fails is dropped. Handles that end are gone
 * whatever the end returned. `err` is never NULL. Outputs are written on OK only. What the caller's
 * own row function answers ends a list with that status and is no failure of the battery.
 */
#ifndef HOST_CALLS_H
#define HOST_CALLS_H

#include "host/host.h"
#include "host/work.h"

/* ---- store ---- */
exs_status call_store_get(struct instance *in, exs_str key, exs_sink *value, exs_err *err);
exs_status call_store_scan(struct instance *in, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *, exs_str, exs_str), void *arg, exs_err *err);
/* Hands the batch in; p->ended when durable. The batch lives until then. Not OK: p->ended is not
 * called. */
exs_status call_store_submit(struct instance *in, struct batch *b, struct pending *p, exs_err *err);
/* The same, and waits up to WAIT_STORE_MS; takes what is in the batch. Not on a step worker. */
exs_status call_store_commit(struct instance *in, struct batch *b, exs_err *err);
exs_status call_store_stat(struct instance *in, exs_sink *json, exs_err *err);
/* UNSUPPORTED with a sentence when the battery has no such function. */
exs_status call_store_copy(struct instance *in, const char *path, exs_err *err);
exs_status call_store_restore(struct instance *in, const char *path, exs_err *err);
exs_status call_store_compact(struct instance *in, exs_err *err);
exs_status call_store_check(struct instance *in, exs_status (*say)(void *, int32_t, exs_str),
			    void *arg, exs_err *err);

/* ---- checkpoint ---- */
exs_status call_ckpt_begin(struct instance *in, const exs_run_info *run, struct batch *b,
			   exs_ckpt **out, exs_err *err);
/* UNSUPPORTED when it cannot fork. */
exs_status call_ckpt_fork(struct instance *in, const exs_run_info *run, const char *from,
			  int64_t seq, struct batch *b, exs_ckpt **out, exs_err *err);
exs_status call_ckpt_adopt(struct instance *in, const exs_run_info *run, struct batch *b,
			   exs_ckpt **out, exs_err *err);
exs_status call_ckpt_append(struct instance *in, exs_ckpt *c, const exs_fact *const *facts,
			    uint64_t n, struct batch *b, exs_err *err);
exs_status call_ckpt_end(struct instance *in, exs_ckpt *c, int32_t how, exs_str status,
			 struct batch *b, exs_err *err);
exs_status call_ckpt_load(struct instance *in, const char *run_id,
			  exs_status (*row)(void *, const exs_fact *), void *arg, exs_err *err);
exs_status call_ckpt_list(struct instance *in, uint32_t flags, exs_status (*row)(void *, exs_str),
			  void *arg, exs_err *err);
/* run_id NULL: what an interrupted forget has left. UNSUPPORTED when the battery cannot. */
exs_status call_ckpt_forget(struct instance *in, const char *run_id, struct batch *b, bool *more,
			    exs_err *err);

/* UNSUPPORTED when the battery has no such function. */
exs_status call_ckpt_verify(struct instance *in, exs_status (*finding)(void *, exs_str), void *arg,
			    exs_err *err);

/* ---- audit ---- */
exs_status call_audit_start(struct instance *in, const exs_run_info *run, exs_trail **out,
			    exs_err *err);
exs_status call_audit_record(struct instance *in, exs_trail *t, const exs_fact *fact,
			     struct batch *b, exs_err *err);
exs_status call_audit_finish(struct instance *in, exs_trail *t, exs_err *err);

/* UNSUPPORTED with a sentence when the table does not fill the function. Without a run. */
exs_status call_audit_list(struct instance *in, const exs_audit_filter *filter,
			   exs_status (*row)(void *, exs_str), void *arg, exs_err *err);
exs_status call_audit_read(struct instance *in, const char *run_id,
			   exs_status (*row)(void *, exs_str), void *arg, exs_err *err);
exs_status call_audit_verify(struct instance *in, const char *run_id,
			     exs_status (*row)(void *, exs_str), void *arg, exs_err *err);
exs_status call_audit_head(struct instance *in, exs_sink *json, exs_err *err);
exs_status call_audit_holds(struct instance *in, exs_str hash, int64_t entries, exs_err *err);
/* Into a batch of its own, which may hold conditions; *more: it was not all. */
exs_status call_audit_forget(struct instance *in, const char *run_id, struct batch *own, bool *more,
			     exs_err *err);

/* ---- budget ---- */
exs_status call_budget_check(struct instance *in, const exs_run_info *run, exs_err *err);
exs_status call_budget_start(struct instance *in, const exs_run_info *run, bool sent,
			     struct batch *b, exs_purse **out, exs_err *err);
/* Fills cost_micro where the price is known; OK without a change when the battery has no prices. */
exs_status call_budget_price(struct instance *in, const char *model, exs_usage *usage,
			     exs_err *err);
exs_status call_budget_reserve(struct instance *in, exs_purse *p, const exs_spend *spend,
			       struct batch *own, exs_allowance *out, exs_err *err);
exs_status call_budget_settle(struct instance *in, exs_purse *p, const exs_usage *actual,
			      const exs_tally *so_far, struct batch *b, exs_err *err);
exs_status call_budget_finish(struct instance *in, exs_purse *p, int32_t how,
			      const exs_tally *total, struct batch *b, exs_err *err);
exs_status call_budget_explain(struct instance *in, const char *caller, exs_sink *json,
			       exs_err *err);

/* ---- critic ---- */
exs_status call_critic_watch(struct instance *in, const exs_run_info *run, int64_t soft_ms,
			     exs_watch **out, exs_err *err);
exs_status call_critic_observe(struct instance *in, exs_watch *w, const exs_fact *fact,
			       exs_err *err);
/* The verdict, and the deadline afterwards (active run time). INTERNAL: it said what no verdict is.
 */
exs_status call_critic_tick(struct instance *in, exs_watch *w, int64_t idle_ms, exs_verdict *out,
			    int64_t *deadline_ms, exs_err *err);
void call_critic_unwatch(struct instance *in, exs_watch *w);

/* ---- model and tool; turn, call, reconcile and deliver are works ---- */
exs_status call_model_describe(struct instance *in, const char *model, exs_model_info *out,
			       exs_err *err);
exs_status call_tool_list(struct instance *in, exs_status (*each)(void *, const exs_tool_spec *),
			  void *arg, exs_err *err);
/* Told at once, or by a call worker when the instance is serialised. */
void call_tool_run_ended(struct instance *in, const char *run_id);

/* The table functions of works: for work.start. */
void call_model_turn(struct work *w, const exs_turn *turn, exs_done done);
void call_tool_call(struct work *w, const exs_call *call, exs_done done);
void call_tool_reconcile(struct work *w, const exs_call *call, exs_done done);
void call_delivery(struct work *w, const exs_parcel *parcel, exs_done done);

#endif
