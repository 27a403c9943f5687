/* SPDX-License-Identifier: MIT */
/* ledger.c - limits on what runs may spend, kept in the store so that no two of them overshoot
 * together. */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <executus/helper.h>

int64_t ledger_now(const exs_self *self)
{
	return self->host->wall_ms(self->host);
}

bool ledger_who(const struct limit *l, const exs_run_info *run, const char *model,
		char out[WHO_MAX + 1])
{
	const char *who = "";

	switch (l->scope) {
	case SCOPE_RUN:
		who = run->run_id;
		break;
	case SCOPE_TREE:
		who = run->root_id[0] ? run->root_id : run->run_id;
		break;
	case SCOPE_CALLER:
		who = run->caller;
		break;
	case SCOPE_AGENT:
		who = run->agent;
		break;
	case SCOPE_MODEL:
		who = model ? model : "";
		break;
	default:
		break;
	}
	who_write(who[0] ? who : "-", out);
	return l->scope != SCOPE_MODEL || model;
}

static void time_text(int64_t ms, char *out, size_t size)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	out[0] = '\0';
	if (ms > 0 && gmtime_r(&t, &tm))
		strftime(out, size, "; room again from %Y-%m-%dT%H:%M:%SZ", &tm);
}

exs_status ledger_deny(const struct limit *l, const char *who, int64_t used, int64_t need,
		       int64_t room_ms, exs_err *err)
{
	char is[AMOUNT_TEXT_MAX], max[AMOUNT_TEXT_MAX], more[AMOUNT_TEXT_MAX], when[64];
	char name[WHO_MAX + 1];

	who_read(who, strlen(who), name);
	amount_text(l->unit, used, is);
	amount_text(l->unit, l->max, max);
	amount_text(l->unit, need, more);
	time_text(room_ms, when, sizeof when);
	if (need > 0 && used < l->max)
		return exs_fail(err, EXS_DENIED, 0,
				"the budget '%s' of %s %.40s has %s of %s used or reserved; this "
				"turn may need %s%s",
				l->name, scope_words[l->scope], name, is, max, more, when);
	return exs_fail(err, EXS_DENIED, 0, "the budget '%s' of %s %.40s is used up: %s of %s%s",
			l->name, scope_words[l->scope], name, is, max, when);
}

/* ---- the gate ---- */

static exs_status check(exs_self *self, const exs_run_info *run, exs_err *err)
{
	char who[WHO_MAX + 1];
	struct state s;
	uint32_t i;

	for (i = 0; i < self->limits.n; i++) {
		const struct limit *l = &self->limits.list[i];

		if (!limit_is_shared(l) || !ledger_who(l, run, NULL, who))
			continue;
		if (rows_state(self->store, l, who, ledger_now(self), &s, err))
			return err->status;
		if (s.live >= l->max)
			return ledger_deny(l, who, s.live, 0,
					   s.oldest < 0 ? 0 : window_ends_ms(&l->per, s.oldest),
					   err);
	}
	return EXS_OK;
}

static exs_status price(exs_self *self, const char *model, exs_usage *usage, exs_err *err)
{
	if (usage->cost_micro != 0)
		return EXS_OK;
	if (prices_cost(self->prices, model, ledger_now(self), usage, &usage->cost_micro))
		return EXS_OK;
	if (self->unknown == UNKNOWN_REFUSE)
		return exs_fail(err, EXS_DENIED, 0,
				"no price is known for the model '%.100s': add it to the file of "
				"'prices', or set unknown_model: warn",
				model);
	/* Where nobody counts dollars nobody misses a price. */
	if (!self->prices && !self->in_dollars)
		return EXS_OK;
	if (self->unknown == UNKNOWN_WARN && !atomic_exchange(&self->warned, true))
		exs_logf(self->host, EXS_WARN,
			 "no price is known for the model '%.100s': it and others without one "
			 "count as "
			 "free",
			 model);
	return EXS_OK;
}

/* ---- opening ---- */

static enum unknown_model read_unknown(const exs_conf *conf)
{
	const char *word = conf->text(conf, "unknown_model").p;

	return strcmp(word, "refuse") == 0 ? UNKNOWN_REFUSE
	       : strcmp(word, "free") == 0 ? UNKNOWN_FREE
					   : UNKNOWN_WARN;
}

static exs_status check_ground(exs_self *self, const exs_conf *conf, exs_err *err)
{
	uint32_t i;

	for (i = 0; i < self->limits.n; i++) {
		const struct limit *l = &self->limits.list[i];

		self->in_dollars |= l->unit == UNIT_USD;
		if (limit_is_shared(l) && !self->store)
			return exs_fail(err, EXS_INVALID, 0,
					"%s: the limit '%s' counts several runs, so it needs a "
					"store: bind one under ports, or use scope: run",
					conf->where(conf, "limits").p, l->name);
	}
	return EXS_OK;
}

static exs_status self_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for an instance");
	self->host = host;
	self->store = host->service(host, EXS_SVC_STORE);
	self->unknown = read_unknown(conf);
	if (limits_read(conf, &self->limits, err) || check_ground(self, conf, err) ||
	    prices_read(conf, &self->prices, err)) {
		free(self);
		return err->status;
	}
	if (self->in_dollars && !self->prices)
		exs_logf(host, EXS_WARN,
			 "a limit is in dollars and 'prices' names no file: only what a server "
			 "says it cost is counted");
	*out = self;
	return EXS_OK;
}

static void self_close(exs_self *self)
{
	prices_free(self->prices);
	free(self);
}

static const exs_budget table = { .size = sizeof table,
				  .check = check,
				  .start = purse_start,
				  .price = price,
				  .reserve = purse_reserve,
				  .settle = purse_settle,
				  .finish = purse_finish,
				  .explain = ledger_explain };

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_BUDGET) == 0 ? &table : NULL;
}

static const exs_option options[] = {
	{ "limits", EXS_OPT_TREE, EXS_REQUIRED, NULL,
	  "list of { name, scope, unit, max, soft, per, grace }", NULL },
	{ "prices", EXS_OPT_PATH, 0, NULL, "file of what models cost", NULL },
	{ "unknown_model", EXS_OPT_CHOICE, 0, "warn", "a model without a price",
	  "refuse|warn|free" },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_BUDGET, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.budget_ledger", EXECUTUS_VERSION,
		  "limits on what runs, callers and models may spend", "MIT", options, ports,
		  self_open, self_close, port)
