/* SPDX-License-Identifier: MIT */
/* conf_agents.c - the sections agents and run, each held against a table of the kernel's own. */
#include "conf/conf_build.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/pattern.h"
#include "base/text.h"
#include "conf/options_build.h"
#include "conf/target.h"

#define LABEL_MAX     64u
#define COUNT_MAX     1000000 /* steps, calls: more is a mistake */
#define RETRIES_MAX  1000
#define ATTEMPTS_MAX  100
#define DEFAULT_AGENT "default"
#define OPTION_SIZE   ((uint32_t)sizeof(exs_option))

/* clang-format off */
const exs_option conf_agent_options[] = {
	{ "tier", EXS_OPT_TEXT, 0, "fast", "which model: a name of the section tiers", NULL },
	{ "about", EXS_OPT_TEXT, 0, NULL, "one line for whoever chooses an agent", NULL },
	{ "prompt", EXS_OPT_TEXT, 0, NULL, "what the model is told first; $file:PATH reads it from a file", NULL },
	{ "tools", EXS_OPT_LIST, 0, NULL, "names of the tools that it may call; none when absent", NULL },
	{ "max_steps", EXS_OPT_INT, 0, "12", "model turns of one run; 0 or less: the default", NULL },
	{ "max_runtime", EXS_OPT_DURATION, 0, "60s", "active time of one run; 0: the default", NULL },
	{ "max_same_calls", EXS_OPT_INT, 0, "3", "times the same call with the same arguments; 0 or less: the default", NULL },
	{ "max_failed_steps", EXS_OPT_INT, 0, "3", "steps in a row in which every call failed; 0 or less: the default", NULL },
	{ "max_retries", EXS_OPT_INT, 0, "10", "turns of one run that are tried again at their model, all together; 0: none", NULL },
	{ "max_tokens", EXS_OPT_INT, 0, "0", "cap of one answer; 0: the model's own", NULL },
	{ "in_doubt", EXS_OPT_CHOICE, 0, "tell", "a call whose outcome is unknown: tell the model, or park for a person", "tell|park" },
	{ "critic", EXS_OPT_BOOL, 0, "true", "watched by the critic when that port is bound", NULL },
	{ "deliver", EXS_OPT_LIST, 0, NULL, "who gets the result: [ENDS=]KIND:TARGET each", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const exs_option conf_run_options[] = {
	{ "durability", EXS_OPT_CHOICE, 0, "strict", "what a crash may cost; see the manual", "strict|relaxed|none" },
	{ "agent", EXS_OPT_TEXT, 0, NULL, "who runs when the caller names none; the first of the file when absent", NULL },
	{ "attempts", EXS_OPT_INT, 0, "3", "recoveries of one run before it is a dead letter", NULL },
	{ "lease", EXS_OPT_DURATION, EXS_POSITIVE, "30s", "silence after which another process may take a run over", NULL },
	{ "call_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "120s", "longest single tool call, unless the tool has a limit of its own; model batteries have total_timeout", NULL },
	{ "storage_wait", EXS_OPT_DURATION, EXS_POSITIVE, "1m", "how long a run waits for a store that refuses its facts", NULL },
	{ "header", EXS_OPT_TEXT, 0, NULL, "stands before each agent's prompt, with a blank line between", NULL },
	{ "on_change", EXS_OPT_CHOICE, 0, "accept", "a run is resumed with another agent, tools or batteries", "accept|refuse|fork" },
	{ "redact", EXS_OPT_LIST, 0, NULL, "regular expressions: what fits is not shown to those who watch", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
/* clang-format on */

/* One agent, or run, while it is taken out of its settings. */
struct entry {
	struct conf *c;
	const exs_conf *conf;
	const struct node *map; /* NULL: all defaults */
	const char *label;
};

/* Where to point: at the value, or at the entry when a default is meant. */
static const struct node *value_of(const struct entry *e, const char *key)
{
	const struct node *n = node_get(e->map, key);

	return n ? n : e->map;
}

static exs_status keep_text(const struct entry *e, const char *key, const char **out, exs_err *err)
{
	*out = tree_text(e->c->tree, e->conf->text(e->conf, key));
	return *out ? EXS_OK : tree_nomem(err);
}

/* What the table says when the conf says nothing. */
static int64_t agent_default(const char *key)
{
	const exs_option *o = conf_agent_options;
	exs_err err = EXS_ERR_INIT;
	int64_t v = 0;
	exs_status st;

	while (o->key && strcmp(o->key, key) != 0)
		o++;
	st = option_number(o, o->deflt, &v, &err);
	assert(!st);
	return v;
}

/* A number that falls back to the table's default when it is 0 or less. */
static int64_t number_or_default(const struct entry *e, const char *key)
{
	int64_t v = e->conf->number(e->conf, key);

	return v > 0 ? v : agent_default(key);
}

static exs_status take_count(const struct entry *e, const char *key, int32_t *out, exs_err *err)
{
	int64_t v = number_or_default(e, key);

	if (v > COUNT_MAX)
		return node_fail(err, value_of(e, key), "%s: '%s' is too big: at most %d", e->label,
				 key, COUNT_MAX);
	*out = (int32_t)v;
	return EXS_OK;
}

static exs_status take_retries(const struct entry *e, struct conf_agent *a, exs_err *err)
{
	int64_t n = e->conf->number(e->conf, "max_retries");

	if (n < 0 || n > RETRIES_MAX)
		return node_fail(err, value_of(e, "max_retries"),
				 "%s: 'max_retries' is out of range: 0 to %d", e->label, RETRIES_MAX);
	a->max_retries = (int32_t)n;
	return EXS_OK;
}

static exs_status take_limits(const struct entry *e, struct conf_agent *a, exs_err *err)
{
	exs_status st = take_count(e, "max_steps", &a->max_steps, err);

	if (!st)
		st = take_count(e, "max_same_calls", &a->max_same_calls, err);
	if (!st)
		st = take_count(e, "max_failed_steps", &a->max_failed_steps, err);
	if (!st)
		st = take_retries(e, a, err);
	if (st)
		return st;
	a->max_tokens = e->conf->number(e->conf, "max_tokens");
	if (a->max_tokens < 0)
		return node_fail(err, value_of(e, "max_tokens"),
				 "%s: 'max_tokens' is negative: 0 is the "
				 "model's own cap",
				 e->label);
	a->max_runtime_ms = number_or_default(e, "max_runtime");
	a->critic = e->conf->number(e->conf, "critic") != 0;
	a->in_doubt = str_is(e->conf->text(e->conf, "in_doubt"), "park") ? CONF_PARK : CONF_TELL;
	return EXS_OK;
}

static exs_status take_tier(const struct entry *e, struct conf_agent *a, exs_err *err)
{
	char label[2 * LABEL_MAX];
	exs_status st = keep_text(e, "tier", &a->tier_name, err);

	if (st)
		return st;
	a->tier = conf_tier(e->c, a->tier_name);
	if (a->tier || !e->map)
		return EXS_OK;
	if (strchr(a->tier_name, '/'))
		return node_fail(err, value_of(e, "tier"),
				 "%s: 'tier' is a name of the section tiers: give "
				 "this model a name there",
				 e->label);
	snprintf(label, sizeof label, "%s%s", e->label,
		 node_get(e->map, "tier") ? "" : " (by default)");
	return unknown_name(e->c, err, value_of(e, "tier"), label, a->tier_name, "tier", tier_name,
			    e->c->tier_n);
}

static exs_status take_tools(const struct entry *e, struct conf_agent *a, exs_err *err)
{
	const struct node *n = node_get(e->map, "tools");
	char s[SHOWN_MAX];
	const char **list;

	a->tools_place = n;
	if (!n || !n->count)
		return EXS_OK;
	if (n->count > CONF_TOOLS_MAX)
		return node_fail(err, n, "%s: too many tools: at most %u", e->label,
				 CONF_TOOLS_MAX);
	list = tree_alloc(e->c->tree, n->count * sizeof *list);
	if (!list)
		return tree_nomem(err);
	for (const struct node *item = n->first; item; item = item->next) {
		if (item->value_n == 0)
			return node_fail(err, item, "%s: a tool without a name", e->label);
		for (size_t i = 0; i < a->tool_n; i++) {
			if (strcmp(list[i], item->value) == 0)
				return node_fail(err, item, "%s: the tool '%s' is listed twice",
						 e->label, shown(s, item->value));
		}
		list[a->tool_n++] = item->value;
	}
	a->tools = list;
	return EXS_OK;
}

static exs_status take_target(const struct entry *e, const struct node *item,
			      struct conf_target *out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct target t;
	char s[SHOWN_MAX];

	if (target_parse(str_n(item->value, item->value_n), &t, &why))
		return node_fail(err, item, "%s: 'deliver': %s", e->label, why.text);
	out->text = item->value;
	out->kind = tree_text(e->c->tree, t.kind);
	if (!out->kind)
		return tree_nomem(err);
	out->target = t.target.p; /* the rest of the text */
	out->delivery = conf_delivery(e->c, out->kind);
	if (!out->delivery)
		return node_fail(err, item,
				 "%s: 'deliver': no battery delivers '%s': bind one under "
				 "ports.delivery",
				 e->label, shown(s, out->kind));
	return EXS_OK;
}

static exs_status take_deliver(const struct entry *e, struct conf_agent *a, exs_err *err)
{
	const struct node *n = node_get(e->map, "deliver");
	struct conf_target *list;
	exs_status st = EXS_OK;

	if (!n || !n->count)
		return EXS_OK;
	if (n->count > CONF_DELIVER_MAX)
		return node_fail(err, n, "%s: too many deliveries: at most %u", e->label,
				 CONF_DELIVER_MAX);
	list = tree_alloc(e->c->tree, n->count * sizeof *list);
	if (!list)
		return tree_nomem(err);
	for (const struct node *item = n->first; item && !st; item = item->next)
		st = take_target(e, item, &list[a->deliver_n++], err);
	a->deliver = list;
	return st;
}

/* The header, a blank line, the prompt; where one is empty, the other as it is. */
static exs_status take_prompt(const struct entry *e, struct conf_agent *a, exs_err *err)
{
	exs_str head = str_of(e->c->run.header);
	exs_str own = e->conf->text(e->conf, "prompt");
	char *p;

	if (head.n == 0)
		return keep_text(e, "prompt", &a->prompt, err);
	if (own.n == 0) {
		a->prompt = e->c->run.header;
		return EXS_OK;
	}
	while (head.n && head.p[head.n - 1] == '\n')
		head.n--;
	while (own.n && own.p[0] == '\n') {
		own.p++;
		own.n--;
	}
	p = tree_alloc(e->c->tree, head.n + 2 + own.n + 1);
	if (!p)
		return tree_nomem(err);
	memcpy(p, head.p, head.n);
	memcpy(p + head.n, "\n\n", 2);
	memcpy(p + head.n + 2, own.p, own.n);
	a->prompt = p;
	return EXS_OK;
}

static exs_status take_agent(struct conf *c, struct conf_agent *a, const struct node *map,
			     const char *name, exs_err *err)
{
	const bool bare = map && node_is_empty(map);
	struct entry e = { .c = c, .map = map };
	struct settings *s = NULL;
	char label[LABEL_MAX];
	exs_status st;

	snprintf(label, sizeof label, "agent '%.40s'", name);
	e.label = label;
	st = settings_new(conf_agent_options, OPTION_SIZE, bare ? NULL : map, label, &s, err);
	if (st)
		return st;
	e.conf = settings_public(s);
	a->name = name;
	a->place = map;
	st = keep_text(&e, "about", &a->about, err);
	if (!st)
		st = take_tier(&e, a, err);
	if (!st)
		st = take_limits(&e, a, err);
	if (!st)
		st = take_tools(&e, a, err);
	if (!st)
		st = take_deliver(&e, a, err);
	if (!st)
		st = take_prompt(&e, a, err);
	settings_free(s);
	return st;
}

exs_status build_agents(struct conf *c, const struct node *section, exs_err *err)
{
	exs_status st = check_section(section, "agents", CONF_AGENTS_MAX, err);
	size_t count = section && section->count ? section->count : 1;
	struct conf_agent *list;

	if (st)
		return st;
	list = tree_alloc(c->tree, count * sizeof *list);
	if (!list)
		return tree_nomem(err);
	c->agents = list;
	c->agent_n = count;
	if (!section || !section->count)
		return take_agent(c, &list[0], NULL, DEFAULT_AGENT, err);
	for (const struct node *n = section->first; n && !st; n = n->next) {
		st = check_name(n, "an agent", err);
		if (!st)
			st = take_agent(c, list++, n, n->key, err);
	}
	return st;
}

/* ---- run ---- */

static exs_status check_pattern(const struct node *item, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	char s[SHOWN_MAX];
	regex_t re;

	if (item->value_n > CONF_PATTERN_MAX)
		return node_fail(err, item, "run: 'redact': a pattern is too long: at most %u bytes",
				 CONF_PATTERN_MAX);
	if (pattern_compile(item->value, &re, &why) == EXS_OK) {
		regfree(&re);
		return EXS_OK;
	}
	if (why.status == EXS_NOMEM)
		return tree_nomem(err);
	return node_fail(err, item, "run: 'redact': '%s' %s", shown(s, item->value), why.text);
}

static exs_status take_redact(const struct entry *e, exs_err *err)
{
	const struct node *n = node_get(e->map, "redact");
	struct conf_run *run = &e->c->run;
	const char **list;

	if (!n || !n->count)
		return EXS_OK;
	if (n->count > CONF_REDACT_MAX)
		return node_fail(err, n, "run: 'redact': too many patterns: at most %u",
				 CONF_REDACT_MAX);
	list = tree_alloc(e->c->tree, n->count * sizeof *list);
	if (!list)
		return tree_nomem(err);
	for (const struct node *item = n->first; item; item = item->next) {
		if (check_pattern(item, err))
			return err->status;
		list[run->redact_n++] = item->value;
	}
	run->redact = list;
	return EXS_OK;
}

static exs_status take_run(const struct entry *e, exs_err *err)
{
	static const char *const words[] = { "strict", "relaxed", "none" };
	static const char *const changes[] = { "accept", "refuse", "fork" };
	exs_str durability = e->conf->text(e->conf, "durability");
	struct conf_run *run = &e->c->run;
	int64_t attempts = e->conf->number(e->conf, "attempts");

	for (unsigned i = 0; i < 3; i++) {
		if (str_is(e->conf->text(e->conf, "on_change"), changes[i]))
			run->on_change = (enum conf_change)i;
	}
	for (unsigned i = 0; i < 3; i++) {
		if (str_is(durability, words[i]))
			run->durability = (enum conf_durability)i;
	}
	if (attempts < 0 || attempts > ATTEMPTS_MAX)
		return node_fail(err, value_of(e, "attempts"),
				 "%s: 'attempts' is out of range: 0 to %d", e->label, ATTEMPTS_MAX);
	run->attempts = (int32_t)attempts;
	run->lease_ms = e->conf->number(e->conf, "lease");
	run->call_timeout_ms = e->conf->number(e->conf, "call_timeout");
	run->storage_wait_ms = e->conf->number(e->conf, "storage_wait");
	if (keep_text(e, "agent", &run->agent_name, err) || take_redact(e, err))
		return err->status;
	return keep_text(e, "header", &run->header, err);
}

exs_status build_run(struct conf *c, const struct node *section, exs_err *err)
{
	const struct node *map = section && !node_is_empty(section) ? section : NULL;
	struct entry e = { .c = c, .map = map, .label = "run" };
	struct settings *s = NULL;
	exs_status st = settings_new(conf_run_options, OPTION_SIZE, map, e.label, &s, err);

	if (st)
		return st;
	e.conf = settings_public(s);
	st = take_run(&e, err);
	settings_free(s);
	return st;
}

exs_status build_run_agent(struct conf *c, const struct node *section, exs_err *err)
{
	const struct node *n = section ? node_get(section, "agent") : NULL;

	c->run.agent = &c->agents[0];
	if (!n)
		return EXS_OK;
	c->run.agent = conf_agent(c, c->run.agent_name);
	if (!c->run.agent)
		return unknown_name(c, err, n, "run: 'agent'", c->run.agent_name, "agent",
				    agent_name, c->agent_n);
	return EXS_OK;
}
