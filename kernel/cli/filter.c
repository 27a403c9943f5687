/* SPDX-License-Identifier: MIT */
/* filter.c - see filter.h. */
#include "cli/filter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/units.h"

#define WORD_MAX	(64u << 10) /* bytes of one text of a head */
#define RUNNING		"running"   /* as stored; shown as "open" */
#define COST_DIGITS_MAX 9	    /* of whole dollars */

/* ---- values of options ---- */

/* A calendar time in UTC, complete to the end of the text. */
static bool read_date(const char *text, int64_t *out)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };
	const char *end;
	struct tm tm;
	time_t t;
	size_t i;
	int day;

	for (i = 0; i < ARRAY_LEN(forms); i++) {
		memset(&tm, 0, sizeof tm);
		end = strptime(text, forms[i], &tm);
		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		day = tm.tm_mday;
		t = timegm(&tm);
		if (tm.tm_mday != day) /* no 31st of June */
			return false;
		*out = (int64_t)t * 1000;
		return true;
	}
	return false;
}

exs_status filter_when(const char *text, int64_t now_ms, int64_t *out, exs_err *err)
{
	exs_err ignored = EXS_ERR_INIT;
	int64_t ago = 0;

	if (read_date(text, out))
		return EXS_OK;
	if (units_duration(text, &ago, &ignored) || ago < 0)
		return err_set(
			err, EXS_INVALID, 0,
			"'%.40s' is no time: write 2026-01-31, 2026-01-31T12:00 (UTC), or how "
			"long ago as 90m or 7d",
			text);
	*out = ago < now_ms ? now_ms - ago : 1;
	return EXS_OK;
}

exs_status filter_cost(const char *text, int64_t *out, exs_err *err)
{
	size_t whole = strspn(text, "0123456789"), part = 0, i;
	int64_t n = 0;

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (whole == 0 || whole > COST_DIGITS_MAX || part > 6 ||
	    (text[whole] && (part == 0 || text[whole + 1 + part])))
		return err_set(err, EXS_INVALID, 0,
			       "'%.40s' is no amount of dollars: write 0.25 or 3", text);
	for (i = 0; i < whole; i++)
		n = n * 10 + (text[i] - '0');
	for (i = 0; i < 6; i++)
		n = n * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	*out = n;
	return EXS_OK;
}

static exs_status read_options(struct filter *f, const struct opts *o, int64_t now_ms, exs_err *err)
{
	const char *status = opts_value(o, OPT_STATUS), *limit = opts_value(o, OPT_LIMIT);
	const char *since = opts_value(o, OPT_SINCE), *until = opts_value(o, OPT_UNTIL);
	const char *cost = opts_value(o, OPT_MIN_COST);
	exs_audit_filter *p = &f->pub;

	p->agent = opts_value(o, OPT_AGENT);
	p->caller = opts_value(o, OPT_CALLER);
	p->status = status && strcmp(status, "open") == 0 ? RUNNING : status;
	p->parent = opts_value(o, OPT_PARENT);
	p->run_id = opts_value(o, OPT_ANCESTORS);
	p->flags = (opts_has(o, OPT_TOP) ? EXS_AUDIT_TOP : 0u) |
		   (p->run_id ? EXS_AUDIT_ANCESTORS : 0u);
	f->open = opts_has(o, OPT_OPEN);
	f->last = opts_has(o, OPT_LAST);
	f->limit = limit ? strtol(limit, NULL, 10) : FILTER_LIMIT;
	if ((since && filter_when(since, now_ms, &p->from_ms, err)) ||
	    (until && filter_when(until, now_ms, &p->to_ms, err)) ||
	    (cost && filter_cost(cost, &p->min_cost_micro, err)))
		return err->status;
	return EXS_OK;
}

exs_status filter_init(struct filter *f, const struct opts *o, int64_t now_ms, exs_err *err)
{
	*f = (struct filter){ .pub.size = sizeof f->pub };
	if (read_options(f, o, now_ms, err))
		return err->status;
	if (f->last)
		f->agents = calloc(FILTER_AGENTS_MAX, sizeof *f->agents);
	if (f->pub.run_id)
		f->next = strdup(f->pub.run_id);
	if ((f->last && !f->agents) || (f->pub.run_id && !f->next)) {
		filter_release(f);
		return err_set(err, EXS_NOMEM, 0, "no memory for a list of runs");
	}
	return EXS_OK;
}

void filter_release(struct filter *f)
{
	while (f->agent_n > 0)
		free(f->agents[--f->agent_n]);
	free(f->agents);
	free(f->next);
	f->agents = NULL;
	f->next = NULL;
}

/* ---- heads ---- */

static bool text_fits(exs_str head, const char *key, const char *wanted)
{
	auto_free char *has = wanted ? json_get_textz(head, key, WORD_MAX) : NULL;

	return !wanted || (has && strcmp(has, wanted) == 0);
}

static bool time_fits(const exs_audit_filter *p, exs_str head)
{
	int64_t started = 0;

	json_get_int(head, "started_ms", &started);
	return (!p->from_ms || started >= p->from_ms) && (!p->to_ms || started < p->to_ms);
}

static bool cost_fits(const exs_audit_filter *p, exs_str head)
{
	int64_t cost = 0;
	exs_str usage;

	if (p->min_cost_micro && json_get_object(head, "usage", &usage))
		json_get_int(usage, "cost_micro", &cost);
	return cost >= p->min_cost_micro;
}

/* Heads come newest first and a parent is older than its children, so one look is enough; a circle
 * ends by itself. */
static bool is_ancestor(struct filter *f, exs_str head)
{
	if (!f->next || !text_fits(head, "run", f->next))
		return false;
	free(f->next);
	f->next = json_get_textz(head, "parent", WORD_MAX);
	return true;
}

/* The first of its agent, as far as agents are counted. */
static exs_status newest_of_agent(struct filter *f, exs_str head)
{
	auto_free char *agent = json_get_textz(head, "agent", WORD_MAX);
	size_t i;

	for (i = 0; i < f->agent_n; i++)
		if (strcmp(f->agents[i], agent ? agent : "") == 0)
			return EXS_NOTFOUND;
	if (f->agent_n == FILTER_AGENTS_MAX)
		return EXS_TOOBIG;
	f->agents[f->agent_n] = agent ? take(agent) : strdup("");
	if (!f->agents[f->agent_n])
		return EXS_NOMEM;
	f->agent_n++;
	return EXS_OK;
}

static bool fits(const struct filter *f, exs_str head)
{
	const exs_audit_filter *p = &f->pub;
	int64_t ended;

	if (f->open && json_get_int(head, "ended_ms", &ended))
		return false;
	if (p->flags & EXS_AUDIT_TOP && !text_fits(head, "parent", ""))
		return false;
	return text_fits(head, "agent", p->agent) && text_fits(head, "caller", p->caller) &&
	       text_fits(head, "status", p->status) && text_fits(head, "parent", p->parent) &&
	       time_fits(p, head) && cost_fits(p, head);
}

exs_status filter_take(struct filter *f, exs_str head)
{
	exs_status status;

	if (f->pub.flags & EXS_AUDIT_ANCESTORS && !is_ancestor(f, head))
		return EXS_NOTFOUND;
	if (!fits(f, head))
		return EXS_NOTFOUND;
	if (f->n == f->limit)
		return EXS_TOOBIG;
	status = f->last ? newest_of_agent(f, head) : EXS_OK;
	if (status == EXS_OK)
		f->n++;
	return status;
}
