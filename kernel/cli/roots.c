/* SPDX-License-Identifier: MIT */
/*
 * roots.c - refuses a tool root that holds the host's own state.
 *
 * A tool that can read and write the store's files can undo every promise of the store. So a
 * battery that fills the tool port and has a path named `root` is looked at twice: before anything
 * is opened, by the settings alone, so that a store is not even made in the wrong place; and
 * afterwards, by what the opened store says of itself. A list named `deny` that covers the state
 * makes it right.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"

/* ---- paths ---- */

/* The real path of the longest part that exists, and the rest as it is. NULL: no memory, or no such
 * thing. */
static char *real_of(const char *path)
{
	auto_free char *head = strdup(path);
	char *real, *slash, *whole = NULL;
	size_t n;

	if (!head || path[0] != '/')
		return NULL;
	for (n = strlen(head); n > 1 && head[n - 1] == '/';)
		head[--n] = '\0';
	while (!(real = realpath(head, NULL))) {
		slash = strrchr(head, '/');
		if ((errno != ENOENT && errno != ENOTDIR) || !slash || slash == head)
			return NULL;
		*slash = '\0';
	}
	n = strlen(head);
	if (asprintf(&whole, "%s%s", strcmp(real, "/") == 0 && path[n] ? "" : real, path + n) < 0)
		whole = NULL;
	free(real);
	return whole;
}

/* Both are real paths. */
static bool lies_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* ---- one battery's settings ---- */

static bool fills_tool(const exs_battery *b)
{
	const char *const *p;

	for (p = b->ports; *p; p++)
		if (strcmp(*p, EXS_PORT_TOOL) == 0)
			return true;
	return false;
}

static bool has_option(const exs_battery *b, const char *key, int32_t type)
{
	const char *at = (const char *)b->options;
	const exs_option *o;

	for (; at; at += b->option_size) {
		o = (const exs_option *)(const void *)at;
		if (!o->key)
			return false;
		if (strcmp(o->key, key) == 0)
			return o->type == type;
	}
	return false;
}

static bool is_denied(const exs_battery *b, const exs_conf *conf, const char *path)
{
	int64_t i, n = has_option(b, "deny", EXS_OPT_LIST) ? conf->count(conf, "deny") : 0;

	for (i = 0; i < n; i++) {
		auto_free char *text = str_dup(conf->item(conf, "deny", i));
		auto_free char *real = text ? real_of(text) : NULL;

		if (real && lies_in(path, real))
			return true;
	}
	return false;
}

/* `state` is an absolute path; `what` names it. */
static exs_status check_root(const char *name, const exs_battery *b, const exs_conf *conf,
			     const char *what, const char *state, exs_err *err)
{
	auto_free char *given = NULL, *root = NULL, *path = NULL;
	exs_str where;

	if (!fills_tool(b) || !has_option(b, "root", EXS_OPT_PATH))
		return EXS_OK;
	given = str_dup(conf->text(conf, "root"));
	root = given && given[0] ? real_of(given) : NULL;
	path = root ? real_of(state) : NULL;
	if (!path || !lies_in(path, root) || is_denied(b, conf, path))
		return EXS_OK;
	where = conf->where(conf, "root");
	return err_set(
		err, EXS_INVALID, 0,
		"%.*s: the root of battery '%s' contains %s '%.70s': put it outside, or name "
		"it in 'deny'",
		(int)where.n, where.p, name, what, path);
}

/* ---- after the batteries were opened ---- */

static exs_status check_instances(struct host *h, const char *what, const char *state, exs_err *err)
{
	size_t i;

	for (i = 0; i < h->instance_n; i++) {
		const struct instance *in = &h->instances[i];

		if (check_root(in->conf->name, in->battery, settings_public(in->settings), what,
			       state, err))
			return err->status;
	}
	return EXS_OK;
}

exs_status roots_check_host(struct cli *c, exs_err *err)
{
	struct host *h = c->host;
	exs_err why = EXS_ERR_INIT;
	auto_free char *path = NULL;
	struct buf_sink sink;
	struct buf json;

	if (!h->store)
		return EXS_OK;
	buf_init(&json, CLI_STAT_MAX);
	if (call_store_stat(h->store, buf_sink_init(&sink, &json), &why) == EXS_OK)
		path = json_get_textz(buf_view(&json), "path", CLI_PATH_MAX);
	buf_release(&json);
	if (!path || path[0] != '/')
		return EXS_OK;
	return check_instances(h, "the store", path, err);
}

/* ---- before ---- */

/* What the conf alone says of one battery; its code does not run, but for what loading runs. */
struct look {
	const struct loaded *loaded;
	struct settings *settings;
};

/* False: something is wrong with it, which opening it will tell better. */
static bool look_at(struct loader *ld, const struct conf_battery *b, struct look *out)
{
	exs_err ignored = EXS_ERR_INIT;
	const exs_battery *battery;

	if (loader_open(ld, b->so, b->so_place->source->dir, &out->loaded, &ignored))
		return false;
	battery = out->loaded->battery;
	return settings_new(battery->options, battery->option_size, b->options, b->name,
			    &out->settings, &ignored) == EXS_OK;
}

/* Where the store will be, when its settings say so; else NULL. */
static char *store_path(struct cli *c, struct loader *ld)
{
	const struct conf_battery *store = conf_bound(c->conf, CONF_STORE);
	struct look look = { NULL, NULL };
	exs_str path = { NULL, 0 };
	char *copy;

	if (look_at(ld, store, &look) && has_option(look.loaded->battery, "path", EXS_OPT_PATH))
		path = settings_public(look.settings)->text(settings_public(look.settings), "path");
	copy = path.n ? str_dup(path) : NULL;
	settings_free(look.settings);
	return copy;
}

static exs_status check_one(struct cli *c, struct loader *ld, const struct conf_battery *b,
			    const char *store, exs_err *err)
{
	struct look look = { NULL, NULL };
	const exs_battery *battery;
	const exs_conf *conf;
	exs_status status = EXS_OK;

	if (!look_at(ld, b, &look))
		return EXS_OK;
	battery = look.loaded->battery;
	conf = settings_public(look.settings);
	if (store)
		status = check_root(b->name, battery, conf, "the store", store, err);
	if (status == EXS_OK)
		status = check_root(b->name, battery, conf, "the state folder", c->conf->state_dir,
				    err);
	settings_free(look.settings);
	return status;
}

static exs_status check_all(struct cli *c, struct loader *ld, exs_err *err)
{
	auto_free char *store = store_path(c, ld);
	exs_status status = EXS_OK;
	size_t i;

	for (i = 0; status == EXS_OK && i < c->conf->battery_n; i++)
		if (node_get(c->conf->batteries[i].options, "root"))
			status = check_one(c, ld, &c->conf->batteries[i], store, err);
	return status;
}

exs_status roots_check_conf(struct cli *c, exs_err *err)
{
	struct loader_guard guard;
	struct loader ld;
	exs_status status;
	size_t i;

	for (i = 0; i < c->conf->battery_n; i++)
		if (node_get(c->conf->batteries[i].options, "root"))
			break;
	if (i == c->conf->battery_n || !conf_bound(c->conf, CONF_STORE))
		return EXS_OK;
	loader_init(&ld, c->folders);
	if (loader_guard_begin(&guard, &c->log, err))
		return err->status;
	status = check_all(c, &ld, err);
	loader_guard_end(&guard);
	loader_release(&ld);
	return status;
}
