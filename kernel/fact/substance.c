/* SPDX-License-Identifier: MIT */
/* substance.c - see substance.h. */
#include "fact/substance.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fact/message.h"

#define KEYS_MAX 5

/* Members of a body that say something; of the kinds that are not listed, the whole body does. */
struct row {
	int32_t kind;
	const char *keys[KEYS_MAX]; /* ended by NULL */
};

static const struct row rows[] = {
	{ EXS_FACT_RUN_STARTED, { NULL } }, /* what runs begin with is compared by itself */
	{ EXS_FACT_RUN_FORKED, { "input" } },
	{ EXS_FACT_RUN_RESUMED, { "retry" } },
	{ EXS_FACT_RUN_PARKED, { "why" } },
	{ EXS_FACT_RUN_CANCELLED, { "cause", "text" } },
	{ EXS_FACT_RUN_ENDED, { "status", "reason", "output" } },
	{ EXS_FACT_TURN_STARTED, { NULL } },
	{ EXS_FACT_TURN_ENDED, { NULL } }, /* by the message */
	{ EXS_FACT_TURN_FAILED, { "status", "class" } },
	{ EXS_FACT_CALL_STARTED, { "effect", "args_sha256" } },
	{ EXS_FACT_CALL_ENDED, { "status", "content" } },
	{ EXS_FACT_STEERED, { "from", "text" } },
	{ EXS_FACT_CRITIC_DECIDED, { "what", "tag" } },
	{ EXS_FACT_LIMIT_RAISED, { "what", "now" } },
	{ EXS_FACT_BUDGET_DENIED, { NULL } }, /* its sentence tells amounts and times */
	{ EXS_FACT_BUDGET_SOFT, { "limit", "last" } },
	{ EXS_FACT_ARTIFACT_MADE, { "name", "path", "url", "sha256" } },
};

static const struct row *row_of(int32_t kind)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].kind == kind)
			return &rows[i];
	return NULL;
}

bool fact_counts(const exs_fact *f)
{
	bool asks = false;

	switch (f->kind) {
	case EXS_FACT_BUDGET_RESERVED:
	case EXS_FACT_BUDGET_SETTLED:
	case EXS_FACT_DELIVERY_QUEUED:
	case EXS_FACT_DELIVERY_ENDED:
	case EXS_FACT_PORT_FAILED:
		return false;
	case EXS_FACT_RUN_FORKED: /* it says something when it asks something */
		return json_get_bool(f->body, "asks", &asks) && asks;
	default:
		return true;
	}
}

/* ---- one against the other ---- */

/* One text may be written in two ways; the members of objects are in the kernel's own order. */
static bool same_value(exs_str a, exs_str b)
{
	struct buf x, y;
	bool same;

	if (json_type(a) != JSON_STRING || json_type(b) != JSON_STRING)
		return str_eq(a, b);
	buf_init(&x, RUN_TEXT_MAX);
	buf_init(&y, RUN_TEXT_MAX);
	same = json_text(a, &x) == EXS_OK && json_text(b, &y) == EXS_OK &&
	       str_eq(buf_view(&x), buf_view(&y));
	buf_release(&x);
	buf_release(&y);
	return same;
}

static bool same_member(exs_str a, exs_str b, const char *key)
{
	exs_str x = { NULL, 0 }, y = { NULL, 0 };
	bool has = json_get(a, key, &x) == EXS_OK;

	if (has != (json_get(b, key, &y) == EXS_OK))
		return false;
	return !has || same_value(x, y);
}

static bool same_text(exs_str a, exs_str b)
{
	struct buf x, y;
	bool same;

	buf_init(&x, RUN_TEXT_MAX);
	buf_init(&y, RUN_TEXT_MAX);
	message_text(a, &x);
	message_text(b, &y);
	same = buf_ok(&x) && buf_ok(&y) && str_eq(buf_view(&x), buf_view(&y));
	buf_release(&x);
	buf_release(&y);
	return same;
}

/* A provider's ids of calls differ each time. */
static const char *messages_differ(exs_str a, exs_str b)
{
	struct message_calls x, y;
	struct message_call one, other;
	bool more, both;

	if (!same_text(a, b))
		return "text";
	message_calls_init(&x, a);
	message_calls_init(&y, b);
	for (;;) {
		more = message_calls_next(&x, &one);
		both = message_calls_next(&y, &other);
		if (more != both || (more && !same_value(one.name, other.name)))
			return "calls";
		if (!more)
			return NULL;
		if (!same_value(one.arguments, other.arguments))
			return "arguments";
	}
}

static const char *turns_differ(exs_str a, exs_str b)
{
	exs_str x, y;

	if (!json_get_object(a, "message", &x) || !json_get_object(b, "message", &y))
		return "message";
	return messages_differ(x, y);
}

static const char *members_differ(const struct row *row, exs_str a, exs_str b)
{
	const char *const *key;

	for (key = row->keys; *key; key++)
		if (!same_member(a, b, *key))
			return strcmp(*key, "args_sha256") == 0 ? "arguments" : *key;
	return NULL;
}

const char *facts_differ(const exs_fact *a, const exs_fact *b)
{
	const struct row *row = row_of(a->kind);
	bool named = a->kind == EXS_FACT_TURN_STARTED || a->kind == EXS_FACT_TURN_ENDED ||
		     a->kind == EXS_FACT_TURN_FAILED || a->kind == EXS_FACT_CALL_STARTED ||
		     a->kind == EXS_FACT_CALL_ENDED;

	if (a->kind != b->kind)
		return "kind";
	if (a->step != b->step)
		return "step";
	if (!str_eq(a->call_id, b->call_id))
		return "call";
	if (named && !str_eq(a->name, b->name))
		return "name";
	if (!row)
		return str_eq(a->body, b->body) ? NULL : "body";
	if (a->kind == EXS_FACT_TURN_ENDED)
		return turns_differ(a->body, b->body);
	return members_differ(row, a->body, b->body);
}

/* ---- keeping ---- */

/* "3.12": 12; -1: it is no call. */
static long place_of(const exs_fact *f)
{
	char id[CALL_ID_MAX];
	const char *dot;

	if ((f->kind != EXS_FACT_CALL_STARTED && f->kind != EXS_FACT_CALL_ENDED) ||
	    f->call_id.n == 0 || f->call_id.n >= sizeof id)
		return -1;
	memcpy(id, f->call_id.p, f->call_id.n);
	id[f->call_id.n] = '\0';
	dot = strchr(id, '.');
	return dot ? strtol(dot + 1, NULL, 10) : -1;
}

exs_status substance_add(struct facts *l, const exs_fact *f, exs_err *err)
{
	long place = place_of(f);
	size_t i;

	if (!fact_counts(f))
		return EXS_OK;
	if (facts_add(l, f, err))
		return err->status;
	for (i = l->n - 1; i > 0 && place >= 0; i--) {
		const exs_fact *before = facts_at(l, i - 1);

		if (before->step != f->step || before->attempt != f->attempt ||
		    place_of(before) <= place)
			break;
		facts_swap(l, i - 1, i);
	}
	return EXS_OK;
}

/* ---- beginnings ---- */

static void differs(struct buf *out, bool same, const char *word)
{
	if (!same)
		buf_printf(out, "%s%s", out->n ? ", " : "", word);
}

static bool same_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_list(char *const *a, uint32_t n, char *const *b, uint32_t m)
{
	uint32_t i;

	for (i = 0; i < n && i < m; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return n == m;
}

void begins_differ(const struct state *a, const struct state *b, struct buf *out)
{
	differs(out, same_texts(a->agent, b->agent), "agent");
	differs(out, a->forked_seq || b->forked_seq || same_texts(a->input, b->input), "input");
	differs(out, same_texts(a->system, b->system), "system");
	differs(out, same_list(a->models, a->model_count, b->models, b->model_count), "models");
	differs(out, same_list(a->tools, a->tool_count, b->tools, b->tool_count), "tools");
	differs(out, a->park_in_doubt == b->park_in_doubt, "in_doubt");
}
