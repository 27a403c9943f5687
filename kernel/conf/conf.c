/* SPDX-License-Identifier: MIT */
/* conf.c - the whole configuration: its sections, the state directory, and finding things by name.
 */
#include "conf/conf_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/file.h"
#include "conf/ref.h"

#define NAMES_MAX 512u /* of one kind: more than any section holds */

_Static_assert(NAMES_MAX > CONF_AGENTS_MAX && NAMES_MAX > CONF_BATTERIES_MAX &&
		       NAMES_MAX > CONF_TIERS_MAX,
	       "a section is suggested from as a whole");

static const char *const sections[] = { "include", "state",  "batteries", "ports",
					"tiers",   "agents", "run",	  "retention",
					NULL };

/* ---- finding ---- */

const struct conf_battery *conf_battery(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->battery_n; i++) {
		if (strcmp(c->batteries[i].name, name) == 0)
			return &c->batteries[i];
	}
	return NULL;
}

const struct conf_tier *conf_tier(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->tier_n; i++) {
		if (strcmp(c->tiers[i].name, name) == 0)
			return &c->tiers[i];
	}
	return NULL;
}

const struct conf_agent *conf_agent(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->agent_n; i++) {
		if (strcmp(c->agents[i].name, name) == 0)
			return &c->agents[i];
	}
	return NULL;
}

const struct conf_battery *conf_bound(const struct conf *c, enum conf_port port)
{
	for (size_t i = 0; i < c->binding_n; i++) {
		if (c->bindings[i].port == port)
			return c->bindings[i].battery;
	}
	return NULL;
}

const struct conf_binding *conf_delivery(const struct conf *c, const char *kind)
{
	for (size_t i = 0; i < c->binding_n; i++) {
		const struct conf_binding *b = &c->bindings[i];

		if (b->port == CONF_DELIVERY && strcmp(b->kind, kind) == 0)
			return b;
	}
	return NULL;
}

/* ---- what the steps share ---- */

const char *battery_name(const struct conf *c, size_t i)
{
	return c->batteries[i].name;
}

const char *tier_name(const struct conf *c, size_t i)
{
	return c->tiers[i].name;
}

const char *agent_name(const struct conf *c, size_t i)
{
	return c->agents[i].name;
}

exs_status unknown_name(const struct conf *c, exs_err *err, const struct node *n,
			const char *before, const char *text, const char *what, name_at *at,
			size_t count)
{
	const char *words[NAMES_MAX];
	char s[SHOWN_MAX];
	const char *near;

	for (size_t i = 0; i < count; i++)
		words[i] = at(c, i);
	words[count] = NULL;
	near = suggest(text, words);
	if (near)
		return node_fail(err, n, "%s: there is no %s '%s': did you mean '%s'?", before,
				 what, shown(s, text), near);
	return node_fail(err, n, "%s: there is no %s '%s'", before, what, shown(s, text));
}

exs_status check_name(const struct node *n, const char *what, exs_err *err)
{
	size_t len = strlen(n->key);
	char s[SHOWN_MAX];

	if (len <= CONF_NAME_MAX && strspn(n->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						   "abcdefghijklmnopqrstuvwxyz0123456789-_") == len)
		return EXS_OK;
	return node_fail_key(err, n, "'%s' is no name for %s: letters, digits, - and _, at most %u",
			     shown(s, n->key), what, CONF_NAME_MAX);
}

exs_status check_section(const struct node *section, const char *name, size_t max, exs_err *err)
{
	if (!section || node_is_empty(section))
		return EXS_OK;
	if (section->type != NODE_MAP)
		return node_fail(err, section, "'%s' is a map of names, found %s", name,
				 node_type_word(section));
	if (section->count > max)
		return node_fail(err, section, "'%s' holds too many: at most %zu", name, max);
	return EXS_OK;
}

/* ---- state ---- */

static exs_status state_default(struct conf *c, char **out, exs_err *err)
{
	const char *xdg = getenv("XDG_STATE_HOME");
	exs_err why = EXS_ERR_INIT;
	struct buf b;
	exs_status st;

	/* A relative one is to be ignored, says the standard behind it. */
	buf_init(&b, FILE_PATH_MAX);
	buf_puts(&b, xdg && xdg[0] == '/' ? xdg : "~/.local/state");
	buf_puts(&b, "/executus");
	st = buf_ok(&b) ? file_path(tree_source(c->tree), b.p, out, &why) : b.status;
	buf_release(&b);
	if (!st)
		return EXS_OK;
	if (st == EXS_NOMEM)
		return tree_nomem(err);
	return err_set(err, EXS_INVALID, 0,
		       "%.100s: no 'state' is given and it has no default: %.100s", c->file,
		       why.text[0] ? why.text : "XDG_STATE_HOME is too long");
}

static exs_status build_state(struct conf *c, const struct node *n, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	auto_free char *text = NULL;
	auto_free char *path = NULL;
	exs_status st;

	if (!n) {
		st = state_default(c, &path, err);
		if (st)
			return st;
	} else {
		if (n->type != NODE_SCALAR || node_is_empty(n))
			return node_fail(err, n, "'state' is the path of a folder");
		st = ref_text(n, "'state'", &text, err);
		if (st)
			return st;
		if (file_path(n->source, text, &path, &why))
			return node_fail_why(err, n, "'state'", &why);
	}
	c->state_dir = tree_text(c->tree, str_of(path));
	return c->state_dir ? EXS_OK : tree_nomem(err);
}

/* ---- the whole ---- */

static exs_status check_sections(const struct node *root, exs_err *err)
{
	char s[SHOWN_MAX];

	for (const struct node *n = root->first; n; n = n->next) {
		const char *near = suggest(n->key, sections);
		size_t i = 0;

		while (sections[i] && strcmp(sections[i], n->key) != 0)
			i++;
		if (i == 0)
			return node_fail_key(err, n, "'include' needs a file");
		if (sections[i])
			continue;
		if (near)
			return node_fail_key(err, n, "unknown key '%s': did you mean '%s'?",
					     shown(s, n->key), near);
		return node_fail_key(err, n,
				     "unknown key '%s': known are include, state, batteries, "
				     "ports, tiers, agents, run and retention",
				     shown(s, n->key));
	}
	return EXS_OK;
}

static struct node *section(struct conf *c, const char *key)
{
	struct node *n = c->tree->root->first;

	while (n && strcmp(n->key, key) != 0)
		n = n->next;
	return n;
}

static exs_status build_all(struct conf *c, exs_err *err)
{
	const struct node *run = section(c, "run");
	exs_status st = check_sections(c->tree->root, err);

	if (!st)
		st = build_batteries(c, section(c, "batteries"), err);
	if (!st)
		st = build_ports(c, section(c, "ports"), err);
	if (!st)
		st = build_tiers(c, section(c, "tiers"), err);
	if (!st)
		st = build_run(c, run, err);
	if (!st)
		st = build_agents(c, section(c, "agents"), err);
	if (!st)
		st = build_run_agent(c, run, err);
	if (!st)
		st = build_retention(c, section(c, "retention"), err);
	if (!st)
		st = build_state(c, section(c, "state"), err);
	return st;
}

/* Takes the tree. */
static exs_status build(struct tree *t, struct conf **out, exs_err *err)
{
	struct conf *c = calloc(1, sizeof *c);
	exs_status st;

	if (!c) {
		tree_free(t);
		return tree_nomem(err);
	}
	c->tree = t;
	c->file = tree_source(t)->name;
	st = build_all(c, err);
	if (st) {
		conf_free(c);
		return st;
	}
	*out = c;
	return EXS_OK;
}

exs_status conf_load(const char *path, struct conf **out, exs_err *err)
{
	struct tree *t = NULL;
	exs_status st = tree_load(path, &t, err);

	return st ? st : build(t, out, err);
}

exs_status conf_parse(const char *name, exs_str text, struct conf **out, exs_err *err)
{
	struct tree *t = NULL;
	exs_status st = tree_parse(name, text, &t, err);

	if (st)
		return st;
	if (tree_root(t)->type != NODE_MAP) {
		st = node_fail(err, tree_root(t),
			       "expected sections such as 'batteries:', found %s",
			       node_type_word(tree_root(t)));
		tree_free(t);
		return st;
	}
	return build(t, out, err);
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	tree_free(c->tree);
	free(c);
}
