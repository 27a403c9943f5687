/* SPDX-License-Identifier: MIT */
/* conf_retention.c - the section retention: a list of rules that say which runs may go. */
#include "conf/conf_build.h"

#include <stdio.h>

#include <executus/run.h>
#include "base/ended.h"
#include "base/text.h"

#define OPTION_SIZE ((uint32_t)sizeof(exs_option))
#define LABEL_MAX   32u

/* clang-format off */
const exs_option conf_retention_options[] = {
	{ "older_than", EXS_OPT_DURATION, EXS_POSITIVE, NULL, "lets go what ended longer ago", NULL },
	{ "keep", EXS_OPT_INT, EXS_POSITIVE, NULL, "lets go all but the newest so many", NULL },
	{ "max_bytes", EXS_OPT_SIZE, EXS_POSITIVE, NULL, "lets go what no longer fits, counted from the newest on", NULL },
	{ "status", EXS_OPT_LIST, 0, NULL, "looks only at runs that ended so: ok, error, ...; all when absent", NULL },
	{ "agent", EXS_OPT_TEXT, 0, NULL, "looks only at runs of that agent, which need not exist any more", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
/* clang-format on */

/* A run that is parked has not ended. */
static bool is_end(int32_t status)
{
	return status > EXS_ENDED_NONE && status != EXS_ENDED_PARKED;
}

uint32_t conf_retention_status(const char *word)
{
	int32_t status = ended_of(str_of(word));

	return is_end(status) ? 1u << status : 0;
}

static exs_status unknown_status(const struct node *item, const char *label, exs_err *err)
{
	const char *words[EXS_ENDED_COUNT + 1];
	char s[SHOWN_MAX];
	const char *near;
	size_t n = 0;
	int32_t i;

	for (i = 0; i < EXS_ENDED_COUNT; i++)
		if (is_end(i))
			words[n++] = ended_word(i);
	words[n] = NULL;
	near = suggest(item->value, words);
	if (near)
		return node_fail(err, item, "%s: no run ends with '%s': did you mean '%s'?", label,
				 shown(s, item->value), near);
	return node_fail(err, item, "%s: no run ends with '%s': ok, error, cancelled and so on do",
			 label, shown(s, item->value));
}

static exs_status take_statuses(const struct node *n, const char *label, struct conf_retain *r,
				exs_err *err)
{
	const struct node *item;

	for (item = n ? n->first : NULL; item; item = item->next) {
		uint32_t bit = conf_retention_status(item->value);

		if (!bit)
			return unknown_status(item, label, err);
		r->statuses |= bit;
	}
	return EXS_OK;
}

static exs_status take_rule(struct conf *c, const struct node *map, const char *label,
			    const exs_conf *conf, struct conf_retain *r, exs_err *err)
{
	exs_str agent = conf->text(conf, "agent");

	r->place = map;
	r->older_than_ms = conf->number(conf, "older_than");
	r->keep = conf->number(conf, "keep");
	r->max_bytes = conf->number(conf, "max_bytes");
	if (!r->older_than_ms && !r->keep && !r->max_bytes)
		return node_fail(err, map,
				 "%s: it lets nothing go: give 'older_than', 'keep' or 'max_bytes'",
				 label);
	if (agent.n) {
		r->agent = tree_text(c->tree, agent);
		if (!r->agent)
			return tree_nomem(err);
	}
	return take_statuses(node_get(map, "status"), label, r, err);
}

static exs_status build_rule(struct conf *c, const struct node *map, size_t number,
			     struct conf_retain *r, exs_err *err)
{
	struct settings *s = NULL;
	char label[LABEL_MAX];
	exs_status st;

	snprintf(label, sizeof label, "retention rule %zu", number);
	if (map->type != NODE_MAP)
		return node_fail(err, map,
				 "%s: a rule is a map such as {older_than: 30d}, found %s", label,
				 node_type_word(map));
	st = settings_new(conf_retention_options, OPTION_SIZE, map, label, &s, err);
	if (st)
		return st;
	st = take_rule(c, map, label, settings_public(s), r, err);
	settings_free(s);
	return st;
}

exs_status build_retention(struct conf *c, const struct node *section, exs_err *err)
{
	const struct node *n;
	struct conf_retain *list;

	if (!section || node_is_empty(section))
		return EXS_OK;
	if (section->type != NODE_SEQ)
		return node_fail(err, section, "'retention' is a list of rules, found %s",
				 node_type_word(section));
	if (section->count > CONF_RETENTION_MAX)
		return node_fail(err, section, "'retention' holds too many: at most %u",
				 CONF_RETENTION_MAX);
	list = tree_alloc(c->tree, (section->count + 1) * sizeof *list);
	if (!list)
		return tree_nomem(err);
	c->retention = list;
	for (n = section->first; n; n = n->next, c->retention_n++)
		if (build_rule(c, n, c->retention_n + 1, &list[c->retention_n], err))
			return err->status;
	return EXS_OK;
}
