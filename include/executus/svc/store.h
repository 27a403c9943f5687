/* SPDX-License-Identifier: MIT */
/*
 * svc/store.h - durable keys in a name space of the battery's own.
 *
 * The host puts the instance's name before every key, so two batteries never meet; renaming the instance in
 * the conf is a new name space. The service is NULL when no store is bound. Values and keys have the
 * store's bounds, less the prefix.
 *
 * An exs_batch is the kernel's: rows of one commit. It is open to a battery only during the call that handed it
 * over; if that call fails, what it added is dropped. A battery adds to it and never submits it.
 */
#ifndef EXECUTUS_SVC_STORE_H
#define EXECUTUS_SVC_STORE_H

#include <executus/port/store.h>

EXS_BEGIN

#define EXS_SVC_STORE "executus.svc.store/1"

typedef struct exs_batch exs_batch;

typedef struct exs_store_svc exs_store_svc;
struct exs_store_svc {
	uint32_t size;
	uint32_t reserved;
	/* Committed data only. NOTFOUND. Keys come and go without the prefix. [any-thread] */
	exs_status (*get)(const exs_store_svc *svc, exs_str key, exs_sink *value, exs_err *err);
	/* See port/store.h; here `from` is no longer than a key. [any-thread] */
	exs_status (*scan)(const exs_store_svc *svc, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *arg, exs_str key, exs_str value) /* [any-thread] of scan */,
			   void *arg, exs_err *err);
	/* Copies key and value into the batch. TOOBIG over a bound, INVALID for a closed batch. [any-thread] */
	exs_status (*batch_put)(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_str value,
				exs_err *err);
	exs_status (*batch_del)(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_err *err); /* [any-thread] */
	/*
	 * A sum without a bound may go into any batch. A bound (not INT64_MAX) is refused with INVALID in a facts
	 * batch, which holds one condition only, the run's head. [any-thread]
	 */
	exs_status (*batch_add)(const exs_store_svc *svc, exs_batch *batch, exs_str key, int64_t delta,
				int64_t bound, exs_err *err);
	/*
	 * A batch of the battery's own, at once: waits until it is durable. Keys without the prefix. UNSUPPORTED
	 * inside a short call, as when the host records facts or ticks (it would hold up every run): allowed in open,
	 * in port calls that answer through a done record, and on threads of the battery's own. For a battery that
	 * declares EXS_RETURNS_AT_ONCE those port calls are short too. [any-thread]
	 */
	exs_status (*commit)(const exs_store_svc *svc, const exs_op *const *ops, uint64_t n, exs_err *err);
	/*
	 * The row must be `value` when the batch commits, or absent when value.p is NULL; else all of it is a CONFLICT.
	 * Only where bounds are allowed: INVALID in a facts batch. [any-thread]
	 */
	exs_status (*batch_check)(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_str value,
				  exs_err *err);
};

EXS_END

#endif
