/* SPDX-License-Identifier: MIT */
/* explain.c - each limit, who used how much of it, and which runs hold a part in reserve. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <executus/helper.h>

#include "ledger.h"

#define USES_MAX   10000 /* who of one limit */
#define GRANTS_MAX 10000

struct held {
	char run[RUN_ID_MAX + 1];
	struct item item;
};

struct list {
	char (*who)[WHO_MAX + 1];
	struct held *held;
	size_t n, cap, prefix_n;
};

static bool grow(void **p, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *q;

	if (n < *cap)
		return true;
	q = realloc(*p, want * size);
	if (!q)
		return false;
	*p = q;
	*cap = want;
	return true;
}

static exs_status keep_who(void *arg, exs_str key, exs_str value)
{
	struct list *l = arg;
	size_t n = key.n - l->prefix_n;

	(void)value;
	if (l->n == USES_MAX)
		return EXS_TOOBIG;
	if (n > WHO_MAX)
		return EXS_OK;
	if (!grow((void **)&l->who, l->n, &l->cap, sizeof *l->who))
		return EXS_NOMEM;
	memcpy(l->who[l->n], key.p + l->prefix_n, n);
	l->who[l->n++][n] = '\0';
	return EXS_OK;
}

static exs_status keep_grant(void *arg, exs_str key, exs_str value)
{
	struct list *l = arg;
	struct grant grant;
	uint32_t i;

	if (key.n - l->prefix_n > RUN_ID_MAX || grant_parse(value, &grant))
		return EXS_OK; /* the run that it belongs to says so when it goes on */
	for (i = 0; i < grant.n; i++) {
		if (l->n == GRANTS_MAX)
			return EXS_TOOBIG;
		if (!grow((void **)&l->held, l->n, &l->cap, sizeof *l->held))
			return EXS_NOMEM;
		snprintf(l->held[l->n].run, sizeof l->held->run, "%.*s", (int)(key.n - l->prefix_n),
			 key.p + l->prefix_n);
		l->held[l->n++].item = grant.items[i];
	}
	return EXS_OK;
}

static exs_status collect(const exs_store_svc *svc, const char *prefix, struct list *out,
			  exs_status (*row)(void *arg, exs_str key, exs_str value), exs_err *err)
{
	exs_status status;

	memset(out, 0, sizeof *out);
	if (!svc)
		return EXS_OK;
	out->prefix_n = strlen(prefix);
	status = svc->scan(svc, exs_cstr(prefix), exs_cstr(NULL), 0, row, out, err);
	return status == EXS_TOOBIG ? EXS_OK : status;
}

static void put_int(cJSON *to, const char *key, int64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, n);
	cJSON_AddRawToObject(to, key, text);
}

/* Of a part of the window that is over it counts no more, whoever still holds it. */
static bool is_of(const struct held *h, const struct limit *l, const char *who,
		  const struct state *s)
{
	return strcmp(h->item.limit, l->rows) == 0 && strcmp(h->item.who, who) == 0 &&
	       h->item.bucket >= window_oldest(&l->per, s->now);
}

static exs_status put_use(exs_self *self, const struct limit *l, const char *who,
			  const struct list *grants, cJSON *uses, exs_err *err)
{
	cJSON *use = cJSON_CreateObject(), *runs;
	char name[WHO_MAX + 1];
	int64_t reserved = 0, ends;
	struct state s;
	size_t i;

	cJSON_AddItemToArray(uses, use);
	if (rows_state(self->store, l, who, ledger_now(self), &s, err))
		return err->status;
	who_read(who, strlen(who), name);
	cJSON_AddStringToObject(use, "who", l->scope == SCOPE_ALL ? "" : name);
	runs = cJSON_CreateArray();
	for (i = 0; i < grants->n; i++)
		if (is_of(&grants->held[i], l, who, &s)) {
			reserved += grants->held[i].item.n;
			cJSON_AddItemToArray(runs, cJSON_CreateString(grants->held[i].run));
		}
	put_int(use, "used", s.live - reserved);
	put_int(use, "reserved", reserved);
	put_int(use, "left", s.live < l->max ? l->max - s.live : 0);
	ends = s.oldest < 0 ? 0 : window_ends_ms(&l->per, s.oldest);
	if (ends)
		put_int(use, "resets_ms", ends);
	cJSON_AddItemToObject(use, "runs", runs);
	return EXS_OK;
}

/* Of one caller: what is counted for it alone, and what is counted for everybody. */
static bool wanted(const struct limit *l, const char *caller)
{
	return limit_is_shared(l) && (!caller || l->scope == SCOPE_CALLER || l->scope == SCOPE_ALL);
}

static exs_status put_uses(exs_self *self, const struct limit *l, const char *caller,
			   const struct list *grants, cJSON *uses, exs_err *err)
{
	char prefix[KEY_MAX], one[WHO_MAX + 1];
	exs_status status = EXS_OK;
	struct list who;
	size_t i;

	if (caller && l->scope == SCOPE_CALLER) {
		who_write(caller[0] ? caller : "-", one);
		return put_use(self, l, one, grants, uses, err);
	}
	snprintf(prefix, sizeof prefix, "sum/%s/", l->rows);
	status = collect(self->store, prefix, &who, keep_who, err);
	for (i = 0; i < who.n && status == EXS_OK; i++)
		status = put_use(self, l, who.who[i], grants, uses, err);
	free(who.who);
	return status;
}

static exs_status put_limit(exs_self *self, const struct limit *l, const char *caller,
			    const struct list *grants, cJSON *limits, exs_err *err)
{
	cJSON *limit = cJSON_CreateObject();

	cJSON_AddItemToArray(limits, limit);
	cJSON_AddStringToObject(limit, "name", l->name);
	cJSON_AddStringToObject(limit, "scope", scope_words[l->scope]);
	cJSON_AddStringToObject(limit, "unit", unit_words[l->unit]);
	cJSON_AddStringToObject(limit, "per", l->per_text);
	put_int(limit, "max", l->max);
	if (l->soft)
		put_int(limit, "soft", l->soft);
	cJSON_AddBoolToObject(limit, "grace", l->grace);
	if (!wanted(l, caller)) {
		cJSON_AddArrayToObject(limit, "uses");
		return EXS_OK;
	}
	return put_uses(self, l, caller, grants, cJSON_AddArrayToObject(limit, "uses"), err);
}

static exs_status print(const cJSON *root, exs_sink *json, exs_err *err)
{
	char *text = cJSON_PrintUnformatted(root);
	exs_status status;

	if (!text)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to tell what may be spent");
	status = json->put(json, text, strlen(text));
	cJSON_free(text);
	return status ? exs_fail(err, status, 0, "what may be spent is too long to tell") : EXS_OK;
}

exs_status ledger_explain(exs_self *self, const char *caller, exs_sink *json, exs_err *err)
{
	cJSON *root = cJSON_CreateObject(), *limits = cJSON_AddArrayToObject(root, "limits");
	struct list grants;
	exs_status status = collect(self->store, "grant/", &grants, keep_grant, err);
	uint32_t i;

	for (i = 0; i < self->limits.n && status == EXS_OK; i++)
		status = put_limit(self, &self->limits.list[i], caller, &grants, limits, err);
	if (status == EXS_OK)
		status = print(root, json, err);
	free(grants.held);
	cJSON_Delete(root);
	return status;
}
