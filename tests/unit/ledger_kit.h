/* SPDX-License-Identifier: MIT */
/* ledger_kit.h - the ledger over a store in memory, with a clock that a test sets. */
#ifndef TEST_LEDGER_KIT_H
#define TEST_LEDGER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <executus/port/budget.h>

#include "support/double.h"

#define T0   INT64_C(1767225600000) /* 2026-01-01 00:00 UTC */
#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

#define CALLER_100                                                                                 \
	"[{\"name\":\"cap\",\"scope\":\"caller\",\"unit\":\"tokens\",\"max\":\"100\",\"per\":"     \
	"\"ever\"}]"

struct ledger {
	struct double_host host;
	const exs_battery *battery;
	const exs_budget *port;
	exs_self *self;
	exs_err err;
	exs_allowance allowed; /* by the last reservation */
};

static EXS_UNUSED exs_status ledger_try(struct ledger *k, const struct double_setting *set)
{
	exs_status status;

	k->err = (exs_err)EXS_ERR_INIT;
	k->battery = double_load(BATTERIES "/budget_ledger.so");
	status = k->battery->open(&k->host.host,
				  double_host_conf(&k->host, k->battery->options, set), &k->self,
				  &k->err);
	if (status == EXS_OK)
		k->port = k->battery->port(k->self, EXS_PORT_BUDGET);
	return status;
}

static EXS_UNUSED void ledger_open_with(struct ledger *k, const struct double_setting *set)
{
	memset(k, 0, sizeof *k);
	double_host_init(&k->host, "purse");
	k->host.wall_ms = T0;
	if (ledger_try(k, set))
		fail_msg("%s", k->err.text);
}

static EXS_UNUSED void ledger_open(struct ledger *k, const char *limits)
{
	const struct double_setting set[] = { { "limits", limits }, { 0 } };

	ledger_open_with(k, set);
}

/* The same store under another conf. */
static EXS_UNUSED void ledger_again(struct ledger *k, const char *limits)
{
	const struct double_setting set[] = { { "limits", limits }, { 0 } };

	k->battery->close(k->self);
	if (ledger_try(k, set))
		fail_msg("%s", k->err.text);
}

static EXS_UNUSED const char *row_of(struct ledger *k, const char *key)
{
	size_t i;

	for (i = 0; i < k->host.n; i++)
		if (strcmp(k->host.rows[i].key, key) == 0)
			return k->host.rows[i].value;
	return NULL;
}

static EXS_UNUSED int64_t sum_of(struct ledger *k, const char *key)
{
	const char *value = row_of(k, key);
	int64_t n = 0;

	if (value)
		memcpy(&n, value, sizeof n);
	return n;
}

/* Of every limit and who: the sum is the sum of its buckets. */
static EXS_UNUSED void assert_sums(struct ledger *k)
{
	size_t i, j;

	for (i = 0; i < k->host.n; i++) {
		char prefix[512];
		int64_t sum, n, all = 0;

		if (strncmp(k->host.rows[i].key, "sum/", 4) != 0)
			continue;
		snprintf(prefix, sizeof prefix, "bucket/%s/", k->host.rows[i].key + 4);
		for (j = 0; j < k->host.n; j++)
			if (strncmp(k->host.rows[j].key, prefix, strlen(prefix)) == 0) {
				memcpy(&n, k->host.rows[j].value, sizeof n);
				all += n;
			}
		memcpy(&sum, k->host.rows[i].value, sizeof sum);
		assert_int_equal(sum, all);
	}
}

static EXS_UNUSED void ledger_close(struct ledger *k)
{
	assert_sums(k);
	k->battery->close(k->self);
	double_host_release(&k->host);
}

/* ---- a run ---- */

static EXS_UNUSED exs_run_info run_of(const char *id, const char *caller)
{
	exs_run_info run = double_run_info(id);

	run.caller = caller;
	return run;
}

static EXS_UNUSED exs_purse *start(struct ledger *k, const exs_run_info *run, int32_t sent)
{
	struct double_batch b;
	exs_purse *purse = NULL;

	double_batch_init(&b);
	if (k->port->start(k->self, run, sent, double_batch(&b), &purse, &k->err))
		fail_msg("%s", k->err.text);
	assert_non_null(purse);
	double_batch_apply(&k->host, &b);
	return purse;
}

static EXS_UNUSED exs_usage tokens(int64_t in, int64_t out)
{
	exs_usage u = { .size = sizeof u, .in_tokens = in, .out_tokens = out };

	return u;
}

/* Adds the reservation to a batch that is not committed. */
static EXS_UNUSED exs_status ask(struct ledger *k, exs_purse *purse, const char *model,
				 const exs_usage *worst, const exs_tally *so_far,
				 struct double_batch *own)
{
	static const exs_tally none = { .size = sizeof none };
	exs_spend spend = { sizeof spend, 1, model, worst, so_far ? so_far : &none };

	double_batch_own(own);
	memset(&k->allowed, 0, sizeof k->allowed);
	k->allowed.size = sizeof k->allowed;
	k->err = (exs_err)EXS_ERR_INIT;
	return k->port->reserve(purse, &spend, k->host.no_store ? NULL : double_batch(own),
				&k->allowed, &k->err);
}

/* As the kernel does it: a conflict gives back what never was and asks again. */
static EXS_UNUSED exs_status reserve_by(struct ledger *k, exs_purse *purse, const char *model,
					exs_usage worst, const exs_tally *so_far)
{
	struct double_batch own;
	exs_status status;
	int i;

	for (i = 0; i < 8; i++) {
		status = ask(k, purse, model, &worst, so_far, &own);
		if (status) {
			double_batch_drop(&own);
			return status;
		}
		status = double_batch_commit(&k->host, &own, &k->err);
		if (status != EXS_CONFLICT)
			return status;
		k->port->settle(purse, NULL, so_far, NULL, &k->err);
	}
	return status;
}

static EXS_UNUSED exs_status reserve(struct ledger *k, exs_purse *purse, int64_t n)
{
	return reserve_by(k, purse, "m/one", tokens(n, 0), NULL);
}

static EXS_UNUSED void settle_at(struct ledger *k, exs_purse *purse, exs_usage actual,
				 const exs_tally *so_far)
{
	static const exs_tally none = { .size = sizeof none };
	struct double_batch b;

	double_batch_init(&b);
	if (k->port->settle(purse, &actual, so_far ? so_far : &none, double_batch(&b), &k->err))
		fail_msg("%s", k->err.text);
	double_batch_apply(&k->host, &b);
}

static EXS_UNUSED void settle(struct ledger *k, exs_purse *purse, int64_t n)
{
	settle_at(k, purse, tokens(n, 0), NULL);
}

static EXS_UNUSED void finish(struct ledger *k, exs_purse *purse, int32_t how,
			      const exs_tally *total)
{
	static const exs_tally none = { .size = sizeof none };
	struct double_batch b;

	double_batch_init(&b);
	if (k->port->finish(purse, how, total ? total : &none,
			    how == EXS_PURSE_ENDED ? double_batch(&b) : NULL, &k->err))
		fail_msg("%s", k->err.text);
	double_batch_apply(&k->host, &b);
}

#endif
