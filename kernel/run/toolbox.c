/* SPDX-License-Identifier: MIT */
/*
 * toolbox.c - see toolbox.h. What a battery says of its tools is measured before it is read and
 * copied before it is believed; the first thing that is wrong with it stops the start.
 */
#include "run/toolbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/schema.h"
#include "base/text.h"
#include "host/calls.h"

#define SCHEMA_NEST_MAX (JSON_DEPTH_MAX - 4u) /* it stands inside the request to a model */
#define TOOLS_FIRST	16u		      /* room that the list begins with */

/* One battery while it tells its tools. */
struct listing {
	struct toolbox *box;
	struct instance *in;
	exs_err err; /* the first refusal; status OK: none */
};

static const char *file_of(const struct instance *in)
{
	return in->loaded->file;
}

#define refuse(l, status, fmt, ...)                                                                \
	err_set(&(l)->err, status, 0, "battery '%s' (%s) " fmt, (l)->in->conf->name,               \
		file_of((l)->in), __VA_ARGS__)

/* ---- one tool ---- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static exs_status check_name(struct listing *l, const exs_tool_spec *spec)
{
	size_t n = spec->name ? strnlen(spec->name, EXS_TOOL_NAME_MAX + 1) : 0;

	if (n == 0)
		return refuse(l, EXS_INVALID, "offers a tool without a name (number %u in all)",
			      l->box->n + 1);
	if (n > EXS_TOOL_NAME_MAX)
		return refuse(l, EXS_INVALID,
			      "offers tool '%.*s...', whose name is longer than %u letters", 32,
			      spec->name, EXS_TOOL_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		if (!is_name_char(spec->name[i]))
			return refuse(l, EXS_INVALID,
				      "offers tool '%s': a tool's name has only letters, digits, "
				      "'_' and '-'",
				      spec->name);
	return EXS_OK;
}

/* The name is good from here on. */
static exs_status check_about(struct listing *l, const exs_tool_spec *spec)
{
	size_t n = spec->about ? strnlen(spec->about, ABOUT_MAX + 1) : 0;

	if (n == 0)
		return refuse(l, EXS_INVALID, "offers tool '%s' without saying what it is about",
			      spec->name);
	if (n > ABOUT_MAX)
		return refuse(l, EXS_TOOBIG, "describes tool '%s' in more than %u bytes",
			      spec->name, ABOUT_MAX);
	if (utf8_bad(spec->about, n) != n)
		return refuse(l, EXS_INVALID, "describes tool '%s' in text that is not UTF-8",
			      spec->name);
	return EXS_OK;
}

static exs_status check_schema(struct listing *l, const exs_tool_spec *spec)
{
	exs_err why = EXS_ERR_INIT;
	exs_str type;

	if (!spec->schema.p || !spec->schema.n)
		return refuse(l, EXS_INVALID,
			      "gives tool '%s' no schema; for a tool without arguments it is "
			      "{\"type\":\"object\"}",
			      spec->name);
	if (spec->schema.n > SCHEMA_MAX)
		return refuse(l, EXS_TOOBIG,
			      "gives tool '%s' a schema of %zu bytes; at most %u are possible",
			      spec->name, spec->schema.n, SCHEMA_MAX);
	if (json_check_object(spec->schema, SCHEMA_NEST_MAX, &why))
		return refuse(l, why.status, "gives tool '%s' a bad schema: %s", spec->name,
			      why.text);
	if (json_get(spec->schema, "type", &type) == EXS_OK && !str_is(type, "\"object\""))
		return refuse(l, EXS_INVALID,
			      "gives tool '%s' a schema that is not of type \"object\"",
			      spec->name);
	return EXS_OK;
}

static exs_status check_effect(struct listing *l, const exs_tool_spec *spec)
{
	if (spec->effect < EXS_EFFECT_UNSAFE || spec->effect > EXS_EFFECT_RECONCILABLE)
		return refuse(l, EXS_INVALID, "gives tool '%s' the effect %d, which does not exist",
			      spec->name, (int)spec->effect);
	if (spec->effect == EXS_EFFECT_RECONCILABLE && !EXS_CAN(l->in->tool, reconcile))
		return refuse(l, EXS_INVALID,
			      "calls tool '%s' reconcilable but has no function 'reconcile'",
			      spec->name);
	if (EXS_HAS(spec, timeout_ms) && spec->timeout_ms < 0)
		return refuse(l, EXS_INVALID, "gives tool '%s' a negative time-out", spec->name);
	return EXS_OK;
}

static exs_status check_twin(struct listing *l, const exs_tool_spec *spec)
{
	for (uint32_t i = 0; i < l->box->n; i++) {
		const struct tool *t = &l->box->tools[i];

		if (strcmp(t->name, spec->name) != 0)
			continue;
		if (t->in == l->in)
			return refuse(l, EXS_CONFLICT, "offers tool '%s' twice", t->name);
		return refuse(
			l, EXS_CONFLICT,
			"offers tool '%s', and so does battery '%s' (%s): leave one of them out",
			t->name, t->in->conf->name, file_of(t->in));
	}
	return EXS_OK;
}

static void tool_release(struct tool *t)
{
	free(t->name);
	free(t->about);
	free(t->schema);
}

/* Room for one more, the capacity being the next power of two. */
static bool grow(struct toolbox *box)
{
	struct tool *tools;
	uint32_t cap = box->n ? box->n * 2 : TOOLS_FIRST;

	if (box->n && (box->n < TOOLS_FIRST || (box->n & (box->n - 1)) != 0))
		return true;
	tools = realloc(box->tools, cap * sizeof *tools);
	if (tools)
		box->tools = tools;
	return tools != NULL;
}

static exs_status keep(struct listing *l, const exs_tool_spec *spec)
{
	struct toolbox *box = l->box;
	struct tool t = { .in = l->in, .effect = spec->effect };

	t.flags = EXS_HAS(spec, flags) ? spec->flags : 0;
	t.timeout_ms = EXS_HAS(spec, timeout_ms) ? spec->timeout_ms : 0;
	t.name = str_dup(str_of(spec->name));
	t.about = str_dup(str_of(spec->about));
	t.schema = str_dup(str_trim(spec->schema));
	if (!t.name || !t.about || !t.schema || !grow(box)) {
		tool_release(&t);
		return refuse(l, EXS_NOMEM, "offers tool '%s', for which there is no memory",
			      spec->name);
	}
	box->tools[box->n++] = t;
	return EXS_OK;
}

/* A battery that goes on after a refusal gets the same answer again. */
static exs_status take_spec(void *arg, const exs_tool_spec *spec)
{
	struct listing *l = arg;

	if (l->err.status)
		return l->err.status;
	if (!spec || !EXS_HAS(spec, schema))
		return refuse(
			l, EXS_INVALID,
			"describes a tool in a record of %u bytes; it has %zu: rebuild the battery",
			spec ? spec->size : 0, sizeof *spec);
	if (l->box->n == TOOLBOX_MAX)
		return refuse(l, EXS_TOOBIG, "offers more tools: %u are possible in all",
			      TOOLBOX_MAX);
	if (check_name(l, spec) || check_about(l, spec) || check_schema(l, spec) ||
	    check_effect(l, spec) || check_twin(l, spec))
		return l->err.status;
	return keep(l, spec);
}

/* ---- the toolbox ---- */

static exs_status list_tools(struct toolbox *t, struct instance *in, exs_err *err)
{
	struct listing l = { t, in, EXS_ERR_INIT };
	exs_err why = EXS_ERR_INIT;
	exs_status status = call_tool_list(in, take_spec, &l, &why);

	/* Our own sentence knows more than what the battery makes of it. */
	if (l.err.status) {
		*err = l.err;
		return l.err.status;
	}
	if (status)
		return err_set(err, status, 0, "battery '%s' (%s) does not tell its tools: %s",
			       in->conf->name, file_of(in), why.text);
	return EXS_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tool *)a)->name, ((const struct tool *)b)->name);
}

exs_status toolbox_init(struct toolbox *t, struct host *h, exs_err *err)
{
	memset(t, 0, sizeof *t);
	pthread_mutex_init(&t->lock, NULL);
	for (size_t i = 0; i < h->instance_n; i++) {
		if (!h->instances[i].tool || list_tools(t, &h->instances[i], err) == EXS_OK)
			continue;
		toolbox_release(t);
		return err->status;
	}
	if (t->n)
		qsort(t->tools, t->n, sizeof *t->tools, by_name);
	return EXS_OK;
}

static void offer_free(struct offer *o)
{
	free(o->tools);
	free(o->json);
	free(o);
}

void toolbox_release(struct toolbox *t)
{
	struct offer *o;

	while ((o = t->offers)) {
		t->offers = o->next;
		offer_free(o);
	}
	for (uint32_t i = 0; i < t->n; i++)
		tool_release(&t->tools[i]);
	free(t->tools);
	pthread_mutex_destroy(&t->lock);
	memset(t, 0, sizeof *t);
}

static int by_word(const void *word, const void *tool)
{
	return strcmp(word, ((const struct tool *)tool)->name);
}

const struct tool *toolbox_find(const struct toolbox *t, const char *name)
{
	return t->n ? bsearch(name, t->tools, t->n, sizeof *t->tools, by_word) : NULL;
}

/* ---- offers ---- */

static exs_status unknown_tool(const struct toolbox *t, const char *name, exs_err *err)
{
	auto_free const char **words = calloc(t->n + 1u, sizeof *words);
	const char *meant = NULL;

	for (uint32_t i = 0; words && i < t->n; i++)
		words[i] = t->tools[i].name;
	if (words)
		meant = suggest(name, words);
	if (meant)
		return err_set(err, EXS_NOTFOUND, 0,
			       "tool '%.64s' is offered by no battery; did you mean '%s'?", name,
			       meant);
	return err_set(err, EXS_NOTFOUND, 0,
		       "tool '%.64s' is offered by no battery; add the battery or drop the tool",
		       name);
}

static bool has(const struct offer *o, const struct tool *tool)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (o->tools[i] == tool)
			return true;
	return false;
}

/* The tools of the names, each once; no JSON yet. */
static exs_status resolve(const struct toolbox *t, const char *const *names, size_t n,
			  struct offer *o, exs_err *err)
{
	const struct tool *tool;

	o->tools = calloc(t->n + 1u, sizeof *o->tools);
	if (!o->tools)
		return err_set(err, EXS_NOMEM, 0, "no memory for a list of tools");
	for (size_t i = 0; i < n; i++) {
		tool = toolbox_find(t, names[i]);
		if (!tool)
			return unknown_tool(t, names[i], err);
		if (!has(o, tool))
			o->tools[o->n++] = tool;
	}
	return EXS_OK;
}

static exs_status write_json(struct offer *o, exs_err *err)
{
	struct buf b;

	buf_init(&b, OFFER_MAX);
	buf_puts(&b, "[");
	for (uint32_t i = 0; i < o->n; i++) {
		buf_puts(&b, i ? ",{\"name\":" : "{\"name\":");
		buf_jsonz(&b, o->tools[i]->name);
		buf_puts(&b, ",\"description\":");
		buf_jsonz(&b, o->tools[i]->about);
		buf_puts(&b, ",\"schema\":");
		buf_puts(&b, o->tools[i]->schema);
		buf_puts(&b, "}");
	}
	buf_puts(&b, "]");
	if (!buf_ok(&b)) {
		exs_status status = b.status;

		buf_release(&b);
		if (status == EXS_TOOBIG)
			return err_set(
				err, status, 0,
				"%u tools are described in more than %u bytes; offer fewer of them",
				o->n, OFFER_MAX);
		return err_set(err, status, 0, "no memory for the descriptions of %u tools", o->n);
	}
	o->json_n = b.n;
	o->json = buf_take(&b);
	return EXS_OK;
}

static const struct offer *find_same(const struct toolbox *t, const struct offer *wanted)
{
	for (const struct offer *o = t->offers; o; o = o->next)
		if (o->n == wanted->n &&
		    memcmp(o->tools, wanted->tools, o->n * sizeof *o->tools) == 0)
			return o;
	return NULL;
}

/* The lock is held. Takes o into the list, unless there is the same one already. */
static exs_status publish(struct toolbox *t, struct offer **o, const struct offer **out,
			  exs_err *err)
{
	const struct offer *same = find_same(t, *o);

	if (same) {
		*out = same;
		return EXS_OK;
	}
	if (t->offer_n == OFFERS_MAX)
		return err_set(
			err, EXS_TOOBIG, 0,
			"there are %u different lists of tools already; restart to forget old ones",
			OFFERS_MAX);
	if (write_json(*o, err))
		return err->status;
	(*o)->next = t->offers;
	t->offers = *o;
	t->offer_n++;
	*out = take(*o);
	return EXS_OK;
}

exs_status toolbox_offer(struct toolbox *t, const char *const *names, size_t n,
			 const struct offer **out, exs_err *err)
{
	struct offer *o = calloc(1, sizeof *o);
	exs_status status;

	if (!o)
		return err_set(err, EXS_NOMEM, 0, "no memory for a list of tools");
	status = resolve(t, names, n, o, err);
	if (status == EXS_OK) {
		pthread_mutex_lock(&t->lock);
		status = publish(t, &o, out, err);
		pthread_mutex_unlock(&t->lock);
	}
	if (o)
		offer_free(o);
	return status;
}

const struct tool *offer_find(const struct offer *o, const char *name)
{
	for (uint32_t i = 0; o && i < o->n; i++)
		if (strcmp(o->tools[i]->name, name) == 0)
			return o->tools[i];
	return NULL;
}

/* ---- arguments ---- */

exs_status tool_check_args(const struct tool *t, exs_str args, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;

	if (args.n > EXS_TOOL_ARGS_MAX)
		return err_set(err, EXS_INVALID, 0,
			       "the arguments of '%s' have %zu bytes; at most %u are possible",
			       t->name, args.n, EXS_TOOL_ARGS_MAX);
	if (json_check_object(args, JSON_DEPTH_MAX, &why) == EXS_OK)
		return schema_check(str_of(t->schema), args, err);
	if (why.status == EXS_NOMEM)
		return err_set(err, EXS_NOMEM, 0, "no memory to check the arguments of '%s'",
			       t->name);
	err_set(err, EXS_INVALID, 0, "the arguments of '%s' are no JSON object: %s", t->name,
		why.text);
	err->at = why.at;
	return EXS_INVALID;
}
