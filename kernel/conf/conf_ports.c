/* SPDX-License-Identifier: MIT */
/* conf_ports.c - the sections batteries and ports: what is loaded, and what it is bound to. */
#include "conf/conf_build.h"

#include <stdio.h>
#include <string.h>

#include <executus/port/audit.h>
#include <executus/port/budget.h>
#include <executus/port/checkpoint.h>
#include <executus/port/critic.h>
#include <executus/port/delivery.h>
#include <executus/port/store.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/file.h"

#define LABEL_MAX 96u

struct port {
	const char *word, *id;
};

static const struct port ports[CONF_PORTS] = {
	[CONF_STORE] = { "store", EXS_PORT_STORE },
	[CONF_CHECKPOINT] = { "checkpoint", EXS_PORT_CHECKPOINT },
	[CONF_AUDIT] = { "audit", EXS_PORT_AUDIT },
	[CONF_BUDGET] = { "budget", EXS_PORT_BUDGET },
	[CONF_CRITIC] = { "critic", EXS_PORT_CRITIC },
	[CONF_DELIVERY] = { "delivery", EXS_PORT_DELIVERY },
};

const char *conf_port_word(enum conf_port port)
{
	return ports[port].word;
}

const char *conf_port_id(enum conf_port port)
{
	return ports[port].id;
}

/* ---- batteries ---- */

static exs_status take_so(struct conf *c, struct conf_battery *b, const struct node *so,
			  exs_err *err)
{
	auto_free char *path = NULL;
	exs_err why = EXS_ERR_INIT;
	char label[LABEL_MAX];

	snprintf(label, sizeof label, "battery '%s': 'so'", b->name);
	if (so->type != NODE_SCALAR)
		return node_fail(err, so, "%s: expected a file, found %s", label,
				 node_type_word(so));
	if (so->value_n == 0)
		return node_fail(err, so, "%s names no file: write it as so: store_lmdb.so", label);
	b->so = so->value;
	b->so_place = so;
	if (!strchr(so->value, '/'))
		return EXS_OK;
	b->so_is_path = true;
	if (file_path(so->source, so->value, &path, &why))
		return node_fail_why(err, so, label, &why);
	b->so = tree_text(c->tree, str_of(path));
	return b->so ? EXS_OK : tree_nomem(err);
}

static exs_status take_battery(struct conf *c, struct conf_battery *b, struct node *n, exs_err *err)
{
	struct node *so = n->first;
	exs_status st = check_name(n, "a battery", err);

	if (st)
		return st;
	if (n->type != NODE_MAP)
		return node_fail(err, n, "battery '%s': write it as %s: { so: FILE.so }", n->key,
				 n->key);
	while (so && strcmp(so->key, "so") != 0)
		so = so->next;
	if (!so)
		return node_fail_key(err, n, "battery '%s' needs 'so', the file of the battery",
				     n->key);
	b->name = n->key;
	b->options = n;
	b->place = n;
	st = take_so(c, b, so, err);
	if (!st)
		node_remove(so);
	return st;
}

exs_status build_batteries(struct conf *c, struct node *section, exs_err *err)
{
	exs_status st = check_section(section, "batteries", CONF_BATTERIES_MAX, err);
	struct conf_battery *list;
	size_t i = 0;

	if (st || !section || !section->count)
		return st;
	list = tree_alloc(c->tree, section->count * sizeof *list);
	if (!list)
		return tree_nomem(err);
	for (struct node *n = section->first; n && !st; n = n->next)
		st = take_battery(c, &list[i++], n, err);
	c->batteries = list;
	c->battery_n = i;
	return st;
}

/* ---- ports ---- */

/* The list that is being made; it has room for CONF_BINDINGS_MAX. */
struct bindings {
	struct conf *c;
	struct conf_binding *list;
	size_t n;
};

static exs_status bind(struct bindings *b, enum conf_port port, const struct node *n, exs_err *err)
{
	const char *kind = port == CONF_DELIVERY ? n->key : NULL;
	const struct conf_battery *battery;
	char label[LABEL_MAX];

	snprintf(label, sizeof label, "port '%s%s%.40s'", ports[port].word, kind ? "." : "",
		 kind ? kind : "");
	if (n->type != NODE_SCALAR)
		return node_fail(err, n, "%s takes one battery, found %s", label,
				 node_type_word(n));
	if (n->value_n == 0)
		return node_fail(err, n, "%s names no battery", label);
	battery = conf_battery(b->c, n->value);
	if (!battery)
		return unknown_name(b->c, err, n, label, n->value, "battery", battery_name,
				    b->c->battery_n);
	for (size_t i = 0; i < b->n && port == CONF_AUDIT; i++) {
		if (b->list[i].port == port && b->list[i].battery == battery)
			return node_fail(err, n, "%s: '%s' is bound twice", label, battery->name);
	}
	if (b->n == CONF_BINDINGS_MAX)
		return node_fail(err, n, "too many bindings: at most %u", CONF_BINDINGS_MAX);
	b->list[b->n++] = (struct conf_binding){ .port = port,
						 .port_id = ports[port].id,
						 .kind = kind,
						 .battery = battery,
						 .place = n };
	return EXS_OK;
}

static exs_status bind_audit(struct bindings *b, const struct node *n, exs_err *err)
{
	exs_status st = EXS_OK;

	if (n->type != NODE_SEQ)
		return bind(b, CONF_AUDIT, n, err);
	for (const struct node *item = n->first; item && !st; item = item->next)
		st = bind(b, CONF_AUDIT, item, err);
	return st;
}

static exs_status bind_delivery(struct bindings *b, const struct node *n, exs_err *err)
{
	exs_status st = EXS_OK;

	if (n->type != NODE_MAP)
		return node_fail(err, n,
				 "port 'delivery' names a battery for each kind: write it as "
				 "delivery: { stdout: BATTERY }");
	for (const struct node *kind = n->first; kind && !st; kind = kind->next) {
		st = check_name(kind, "a kind of delivery", err);
		if (!st)
			st = bind(b, CONF_DELIVERY, kind, err);
	}
	return st;
}

static exs_status refuse_port(const struct node *n, exs_err *err)
{
	const char *words[CONF_PORTS + 1] = { NULL };
	char s[SHOWN_MAX];
	const char *near;

	if (strcmp(n->key, "model") == 0 || strcmp(n->key, "tool") == 0)
		return node_fail_key(err, n,
				     "port '%s' has no line here: model and tool batteries are "
				     "bound by themselves, remove this one",
				     n->key);
	for (size_t i = 0; i < CONF_PORTS; i++)
		words[i] = ports[i].word;
	near = suggest(n->key, words);
	if (near)
		return node_fail_key(err, n, "there is no port '%s': did you mean '%s'?",
				     shown(s, n->key), near);
	return node_fail_key(err, n,
			     "there is no port '%s': known are store, checkpoint, audit, budget, "
			     "critic and delivery",
			     shown(s, n->key));
}

static exs_status take_port(struct bindings *b, const struct node *n, exs_err *err)
{
	for (enum conf_port port = 0; port < CONF_PORTS; port++) {
		if (strcmp(ports[port].word, n->key) != 0)
			continue;
		if (port == CONF_AUDIT)
			return bind_audit(b, n, err);
		if (port == CONF_DELIVERY)
			return bind_delivery(b, n, err);
		return bind(b, port, n, err);
	}
	return refuse_port(n, err);
}

exs_status build_ports(struct conf *c, const struct node *section, exs_err *err)
{
	exs_status st = check_section(section, "ports", TREE_KEYS_MAX, err);
	struct bindings b = { .c = c };

	if (st || !section || !section->count)
		return st;
	b.list = tree_alloc(c->tree, CONF_BINDINGS_MAX * sizeof *b.list);
	if (!b.list)
		return tree_nomem(err);
	for (const struct node *n = section->first; n && !st; n = n->next)
		st = take_port(&b, n, err);
	c->bindings = b.list;
	c->binding_n = b.n;
	return st;
}
