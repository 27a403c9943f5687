/* SPDX-License-Identifier: MIT */
/* limits.c - see limits.h. */
#include "limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <executus/helper.h>

#define WHOLE_DIGITS_MAX 12
#define NAME_CHARS	 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

const char *const scope_words[SCOPES] = { "run", "tree", "caller", "agent", "model", "all" };
const char *const unit_words[UNITS] = { "tokens", "tokens_in", "tokens_out", "tokens_cached",
					"usd",	  "turns",     "seconds",    "calls" };

/* ---- amounts ---- */

bool decimal_parse(const char *text, int digits, int64_t *out)
{
	size_t whole = strspn(text, "0123456789"), part = 0, i;
	int64_t n = 0;

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (whole == 0 || whole > WHOLE_DIGITS_MAX || part > (size_t)digits)
		return false;
	if (text[whole] && (part == 0 || text[whole + 1 + part]))
		return false;
	for (i = 0; i < whole; i++)
		n = n * 10 + (text[i] - '0');
	for (i = 0; i < (size_t)digits; i++)
		n = n * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	*out = n;
	return true;
}

bool unit_is_reserved(enum unit unit)
{
	return unit != UNIT_SECONDS && unit != UNIT_CALLS;
}

bool limit_is_shared(const struct limit *l)
{
	return l->scope != SCOPE_RUN;
}

int64_t unit_of_usage(enum unit unit, const exs_usage *u)
{
	switch (unit) {
	case UNIT_TOKENS:
		return u->in_tokens + u->out_tokens;
	case UNIT_TOKENS_IN:
		return u->in_tokens;
	case UNIT_TOKENS_OUT:
		return u->out_tokens;
	case UNIT_TOKENS_CACHED:
		return u->cache_read_tokens;
	case UNIT_USD:
		return u->cost_micro;
	case UNIT_TURNS:
		return 1;
	default:
		return 0;
	}
}

int64_t unit_of_worst(enum unit unit, const exs_usage *u)
{
	return unit == UNIT_TOKENS_CACHED ? u->in_tokens : unit_of_usage(unit, u);
}

int64_t unit_of_tally(enum unit unit, const exs_tally *t)
{
	switch (unit) {
	case UNIT_TURNS:
		return t->step;
	case UNIT_SECONDS:
		return t->run_ms;
	case UNIT_CALLS:
		return t->calls;
	default:
		return unit_of_usage(unit, &t->usage);
	}
}

void amount_text(enum unit unit, int64_t n, char out[AMOUNT_TEXT_MAX])
{
	const char *sign = n < 0 ? "-" : "";
	int64_t a = n < 0 ? -n : n;

	if (unit == UNIT_USD)
		snprintf(out, AMOUNT_TEXT_MAX, "%s$%" PRId64 ".%06" PRId64, sign, a / 1000000,
			 a % 1000000);
	else if (unit == UNIT_SECONDS)
		snprintf(out, AMOUNT_TEXT_MAX, "%s%" PRId64 ".%" PRId64 " seconds", sign, a / 1000,
			 a % 1000 / 100);
	else
		snprintf(out, AMOUNT_TEXT_MAX, "%" PRId64 " %s", n, unit_words[unit]);
}

/* Digits behind the point that the unit is counted in. */
static int unit_digits(enum unit unit)
{
	return unit == UNIT_USD ? 6 : unit == UNIT_SECONDS ? 3 : 0;
}

static const char *unit_form(enum unit unit)
{
	return unit == UNIT_USD	      ? "dollars such as 2.50"
	       : unit == UNIT_SECONDS ? "seconds such as 3600 or 1.5"
				      : "a whole number such as 200000";
}

/* ---- one limit ---- */

struct reading {
	const exs_conf *conf;
	const cJSON *node;
	uint32_t number; /* 1-based */
	exs_err *err;
};

static exs_status wrong(struct reading *r, const char *key, const char *value, const char *hint)
{
	return exs_fail(r->err, EXS_INVALID, 0, "%s: limit %u: %s '%.40s': %s",
			r->conf->where(r->conf, "limits").p, r->number, key, value, hint);
}

static const char *text_of(const struct reading *r, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->node, key));

	return s ? s : "";
}

static exs_status read_word(struct reading *r, const char *key, const char *const *words, int n,
			    int *out)
{
	const char *text = text_of(r, key);
	char hint[160] = "write one of";
	int i;

	for (i = 0; i < n; i++) {
		size_t at = strlen(hint);

		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return EXS_OK;
		}
		snprintf(hint + at, sizeof hint - at, "%s %s", i ? "," : "", words[i]);
	}
	return wrong(r, key, text, hint);
}

static exs_status read_per(struct reading *r, struct limit *l)
{
	const char *text = text_of(r, "per");

	if (!text[0] && (l->scope == SCOPE_RUN || l->scope == SCOPE_TREE))
		text = "run";
	if (!window_parse(text, &l->per))
		return wrong(r, "per", text,
			     "write run, hour, day, month, ever, or a time such as 7d (1s to 10 "
			     "years)");
	if (l->scope == SCOPE_RUN && l->per.kind != PER_RUN)
		return wrong(r, "per", text, "with scope: run it is run");
	if (l->per.kind == PER_RUN && l->scope != SCOPE_RUN && l->scope != SCOPE_TREE)
		return wrong(r, "per", text,
			     "it goes with scope: run and scope: tree; write day or ever");
	if (strlen(text) >= sizeof l->per_text)
		return wrong(r, "per", text, "it is too long");
	snprintf(l->per_text, sizeof l->per_text, "%s", text);
	return EXS_OK;
}

static exs_status read_soft(struct reading *r, struct limit *l)
{
	const char *text = text_of(r, "soft");
	char number[24];
	int64_t n = 0;
	size_t len = strlen(text);

	if (!text[0])
		return EXS_OK;
	if (len > 1 && len < sizeof number && text[len - 1] == '%') {
		memcpy(number, text, len - 1);
		number[len - 1] = '\0';
		if (!decimal_parse(number, 0, &n) || n < 1 || n > 99)
			return wrong(r, "soft", text, "write 1% to 99%");
		l->soft = l->max / 100 * n + l->max % 100 * n / 100;
		l->soft += l->soft == 0;
		return EXS_OK;
	}
	if (!decimal_parse(text, unit_digits(l->unit), &l->soft) || l->soft == 0 ||
	    l->soft >= l->max)
		return wrong(r, "soft", text, "write a part such as 80%, or an amount below max");
	return EXS_OK;
}

/*
 * A bucket's number and a sum's amount mean something only with the window and the unit they were
 * counted in: under another scope, unit or window a name begins anew. No name has a '.'.
 */
static void name_rows(struct limit *l)
{
	char rows[sizeof l->rows];

	snprintf(rows, sizeof rows, "%s.%s-%s-%s", l->name, scope_words[l->scope],
		 unit_words[l->unit], l->per_text);
	memcpy(l->rows, rows, sizeof l->rows);
}

static exs_status read_name(struct reading *r, const struct limits *others, struct limit *l)
{
	const char *text = text_of(r, "name");
	char name[sizeof l->name];
	uint32_t i;

	if (text[0] && (strlen(text) > LIMIT_NAME_MAX || strspn(text, NAME_CHARS) != strlen(text)))
		return wrong(r, "name", text, "write up to 40 letters, digits, - and _");
	if (text[0])
		snprintf(name, sizeof name, "%s", text);
	else
		snprintf(name, sizeof name, "%s-%s-%s", scope_words[l->scope], unit_words[l->unit],
			 l->per_text);
	memcpy(l->name, name, sizeof l->name);
	for (i = 0; i < others->n; i++)
		if (strcmp(others->list[i].name, l->name) == 0)
			return wrong(r, "name", l->name, "another limit has it; give one a name");
	if (text[0])
		name_rows(l);
	else
		memcpy(l->rows, l->name, sizeof l->name);
	return EXS_OK;
}

static exs_status check_keys(struct reading *r)
{
	static const char *const known[] = {
		"name", "scope", "unit", "max", "soft", "per", "grace"
	};
	const cJSON *c;
	size_t i;

	if (!cJSON_IsObject(r->node))
		return wrong(r, "entry", "",
			     "write { scope: caller, unit: usd, max: 5, per: day }");
	cJSON_ArrayForEach(c, r->node)
	{
		for (i = 0; i < sizeof known / sizeof *known; i++)
			if (strcmp(c->string, known[i]) == 0)
				break;
		if (i == sizeof known / sizeof *known)
			return wrong(r, "key", c->string,
				     "it takes name, scope, unit, max, soft, per and grace");
		if (!cJSON_IsString(c))
			return wrong(r, "key", c->string, "it takes one value");
	}
	return EXS_OK;
}

static exs_status read_limit(struct reading *r, const struct limits *others, struct limit *l)
{
	static const char *const bools[] = { "false", "true" };
	int scope = 0, unit = 0, grace = 0;

	memset(l, 0, sizeof *l);
	if (check_keys(r) || read_word(r, "scope", scope_words, SCOPES, &scope) ||
	    read_word(r, "unit", unit_words, UNITS, &unit))
		return r->err->status;
	l->scope = (enum scope)scope;
	l->unit = (enum unit)unit;
	if (!decimal_parse(text_of(r, "max"), unit_digits(l->unit), &l->max) || l->max == 0)
		return wrong(r, "max", text_of(r, "max"), unit_form(l->unit));
	if (text_of(r, "grace")[0] && read_word(r, "grace", bools, 2, &grace))
		return r->err->status;
	l->grace = grace != 0;
	if (read_per(r, l) || read_soft(r, l) || read_name(r, others, l))
		return r->err->status;
	return EXS_OK;
}

exs_status limits_read(const exs_conf *conf, struct limits *out, exs_err *err)
{
	exs_str text = conf->json(conf, "limits");
	cJSON *tree = cJSON_ParseWithLength(text.p, text.n);
	struct reading r = { .conf = conf, .err = err };
	exs_status status = EXS_OK;

	out->n = 0;
	if (!cJSON_IsArray(tree) || cJSON_GetArraySize(tree) == 0) {
		cJSON_Delete(tree);
		return exs_fail(err, EXS_INVALID, 0,
				"%s: 'limits' is a list with at least one limit, such as "
				"[{ scope: caller, unit: usd, max: 5, per: day }]",
				conf->where(conf, "limits").p);
	}
	cJSON_ArrayForEach(r.node, tree)
	{
		r.number++;
		if (out->n == LIMITS_MAX)
			status = exs_fail(err, EXS_INVALID, 0, "%s: 'limits' takes at most %d",
					  conf->where(conf, "limits").p, LIMITS_MAX);
		else
			status = read_limit(&r, out, &out->list[out->n]);
		if (status)
			break;
		out->n++;
	}
	cJSON_Delete(tree);
	return status;
}
