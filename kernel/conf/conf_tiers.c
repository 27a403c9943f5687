/* SPDX-License-Identifier: MIT */
/* conf_tiers.c - the section tiers: names for models and for fail-over chains of models. */
#include "conf/conf_build.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LABEL_MAX 64u

/* What is wrong with a text without a slash? */
static exs_status refuse_bare(const struct conf *c, const struct node *tiers, const struct node *n,
			      const char *label, exs_err *err)
{
	char s[SHOWN_MAX];

	if (node_get(tiers, n->value))
		return node_fail(err, n,
				 "%s: '%s' is a tier, and tiers do not nest: write its models here",
				 label, shown(s, n->value));
	if (conf_battery(c, n->value))
		return node_fail(err, n, "%s: '%s' names no model: write it as %s/MODEL", label,
				 n->value, n->value);
	return node_fail(err, n, "%s: '%s' has no slash: write it as BATTERY/MODEL", label,
			 shown(s, n->value));
}

static exs_status take_model(struct conf *c, const struct node *tiers, const struct node *n,
			     const char *label, struct conf_model *out, exs_err *err)
{
	const char *instance;
	char s[SHOWN_MAX];
	const char *slash;

	if (n->type != NODE_SCALAR)
		return node_fail(err, n, "%s: expected BATTERY/MODEL, found %s", label,
				 node_type_word(n));
	if (n->value_n == 0)
		return node_fail(err, n, "%s: a model is missing: write it as BATTERY/MODEL",
				 label);
	slash = strchr(n->value, '/');
	if (!slash)
		return refuse_bare(c, tiers, n, label, err);
	if (slash == n->value || !slash[1])
		return node_fail(err, n, "%s: '%s' is not complete: write it as BATTERY/MODEL",
				 label, shown(s, n->value));
	instance = tree_text(c->tree, str_n(n->value, (size_t)(slash - n->value)));
	if (!instance)
		return tree_nomem(err);
	out->battery = conf_battery(c, instance);
	if (!out->battery)
		return unknown_name(c, err, n, label, instance, "battery", battery_name,
				    c->battery_n);
	out->model = slash + 1;
	out->text = n->value;
	out->place = n;
	return EXS_OK;
}

/* A model that stands in the chain already would only be tried twice. */
static bool is_there(const struct conf_model *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].text, text) == 0)
			return true;
	}
	return false;
}

static exs_status take_chain(struct conf *c, const struct node *tiers, const struct node *n,
			     const char *label, struct conf_tier *tier, exs_err *err)
{
	const struct node *item = n->type == NODE_SEQ ? n->first : n;
	struct conf_model *list;

	if (!item)
		return node_fail(err, n, "%s has no model: write it as BATTERY/MODEL", label);
	list = tree_alloc(c->tree, CONF_TIER_MODELS_MAX * sizeof *list);
	if (!list)
		return tree_nomem(err);
	tier->models = list;
	for (; item; item = item == n ? NULL : item->next) {
		struct conf_model m = { 0 };
		exs_status st = take_model(c, tiers, item, label, &m, err);

		if (st)
			return st;
		if (is_there(list, tier->model_n, m.text))
			continue;
		if (tier->model_n == CONF_TIER_MODELS_MAX)
			return node_fail(err, item, "%s: too many models: at most %u", label,
					 CONF_TIER_MODELS_MAX);
		list[tier->model_n++] = m;
	}
	return EXS_OK;
}

exs_status build_tiers(struct conf *c, const struct node *section, exs_err *err)
{
	exs_status st = check_section(section, "tiers", CONF_TIERS_MAX, err);
	struct conf_tier *list;
	char label[LABEL_MAX];
	size_t i = 0;

	if (st || !section || !section->count)
		return st;
	list = tree_alloc(c->tree, section->count * sizeof *list);
	if (!list)
		return tree_nomem(err);
	for (const struct node *n = section->first; n; n = n->next, i++) {
		st = check_name(n, "a tier", err);
		if (st)
			return st;
		list[i].name = n->key;
		list[i].place = n;
		snprintf(label, sizeof label, "tier '%s'", n->key);
		st = take_chain(c, section, n, label, &list[i], err);
		if (st)
			return st;
	}
	c->tiers = list;
	c->tier_n = i;
	return EXS_OK;
}
