/* SPDX-License-Identifier: MIT */
/* host.c - opens the batteries of a configuration and binds them. See host.h. */
#include "host/host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "host/guard.h"

#define SCRATCH_STORE "store_memory.so"

struct instance *host_instance(struct host *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->instance_n; i++)
		if (strcmp(h->instances[i].conf->name, name) == 0)
			return &h->instances[i];
	return NULL;
}

struct instance *host_delivery(struct host *h, exs_str kind)
{
	size_t i;

	for (i = 0; i < h->delivery_n; i++)
		if (str_is(kind, h->deliveries[i].kind))
			return h->deliveries[i].in;
	return NULL;
}

static bool fills(const struct instance *in, const char *port_id)
{
	const char *const *p;

	for (p = in->battery->ports; *p; p++)
		if (strcmp(*p, port_id) == 0)
			return true;
	return false;
}

/* ---- loading ---- */

static exs_status instance_load(struct host *h, struct instance *in,
				const struct conf_battery *conf, exs_err *err)
{
	char what[CONF_NAME_MAX + 16];
	exs_err why = EXS_ERR_INIT;

	in->host = h;
	in->conf = conf;
	in->queue_tail = &in->queue;
	in->may_rest = true;
	pthread_mutex_init(&in->lock, NULL);
	pthread_mutex_init(&in->queue_lock, NULL);
	snprintf(in->prefix, sizeof in->prefix, "b/%s/", conf->name);
	if (loader_open(&h->loader, conf->so, conf->so_place->source->dir, &in->loaded, &why))
		return node_fail(err, conf->so_place, "%s", why.text);
	in->battery = in->loaded->battery;
	snprintf(what, sizeof what, "battery '%s'", conf->name);
	if (settings_new(in->battery->options, in->battery->option_size, conf->options, what,
			 &in->settings, err))
		return err->status;
	settings_log_to(in->settings, h->log);
	services_init(in);
	return EXS_OK;
}

static exs_status instance_open(struct instance *in, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_self *self = NULL;
	exs_status status;

	loader_guard_naming(in->loaded->path, "open");
	status = in->battery->open(&in->pub, settings_public(in->settings), &self, &why);
	loader_guard_naming(NULL, NULL);
	status = guard_status(in, "open", status, &why);
	if (status)
		return node_fail_key(err, in->conf->place, "battery '%s': %s", in->conf->name,
				     why.text);
	if (!self)
		return node_fail_key(err, in->conf->place,
				     "battery '%s' (%s) opened without an instance: it set no self",
				     in->conf->name, in->loaded->file);
	in->self = self;
	return EXS_OK;
}

/* ---- binding ---- */

static exs_status table_of(struct instance *in, const char *port_id, const void **out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	const void *table;

	loader_guard_naming(in->loaded->path, "port");
	table = in->battery->port(in->self, port_id);
	loader_guard_naming(NULL, NULL);
	if (port_check(port_id, table, in->conf->name, in->loaded->file, &why))
		return node_fail_key(err, in->conf->place, "%s", why.text);
	*out = table;
	return EXS_OK;
}

/* One binding of the conf: the instance gets the table, the host the instance. */
static exs_status bind(struct host *h, const struct conf_binding *b, exs_err *err)
{
	struct instance *in = host_instance(h, b->battery->name);
	const void *table;

	if (table_of(in, b->port_id, &table, err))
		return err->status;
	switch (b->port) {
	case CONF_STORE:
		in->store = table;
		h->store = in;
		break;
	case CONF_CHECKPOINT:
		in->checkpoint = table;
		h->checkpoint = in;
		break;
	case CONF_BUDGET:
		in->budget = table;
		h->budget = in;
		break;
	case CONF_CRITIC:
		in->critic = table;
		h->critic = in;
		break;
	case CONF_AUDIT:
		in->audit = table;
		h->audits[h->audit_n++] = in;
		break;
	case CONF_DELIVERY:
	default:
		in->delivery = table;
		h->deliveries[h->delivery_n++] = (struct delivery_slot){ b->kind, in };
		break;
	}
	if (b->port == CONF_STORE || b->port == CONF_CHECKPOINT || b->port == CONF_BUDGET)
		in->may_rest = false;
	return EXS_OK;
}

/* Models and tools are bound by themselves. */
static exs_status bind_free_ports(struct instance *in, exs_err *err)
{
	const void *table;

	if (fills(in, EXS_PORT_MODEL)) {
		if (table_of(in, EXS_PORT_MODEL, &table, err))
			return err->status;
		in->model = table;
	}
	if (fills(in, EXS_PORT_TOOL)) {
		if (table_of(in, EXS_PORT_TOOL, &table, err))
			return err->status;
		in->tool = table;
	}
	return EXS_OK;
}

/*
 * A serialised battery that is asked for long calls and also watches the run would hold up every
 * run while one of its long calls is inside.
 */
static exs_status check_mix(const struct instance *in, exs_err *err)
{
	bool lasting = in->model || in->tool || in->delivery;
	bool brief = in->store || in->checkpoint || in->audit || in->budget || in->critic;

	if (!lasting || !brief || in->battery->flags & (EXS_CONCURRENT | EXS_RETURNS_AT_ONCE))
		return EXS_OK;
	return node_fail_key(err, in->conf->place,
			     "battery '%s' (%s) is bound to long calls and to recording at once: "
			     "it must declare EXS_CONCURRENT",
			     in->conf->name, in->loaded->file);
}

/* Does a host of that scope fill that port? */
static bool in_scope(enum host_scope scope, enum conf_port port)
{
	if (scope == HOST_REHEARSAL)
		return port == CONF_STORE || port == CONF_BUDGET || port == CONF_CRITIC;
	return scope == HOST_ALL || port == CONF_STORE || port == CONF_CHECKPOINT ||
	       (scope == HOST_BUDGET && port == CONF_BUDGET) ||
	       (scope == HOST_AUDIT && port == CONF_AUDIT);
}

/* What the conf gets wrong about batteries is said before any of them is opened: nothing is half made. */
static exs_status check_bindings(struct host *h, enum host_scope scope, exs_err *err)
{
	size_t i;

	for (i = 0; i < h->conf->binding_n; i++) {
		const struct conf_binding *b = &h->conf->bindings[i];
		const struct instance *in = host_instance(h, b->battery->name);

		if (scope == HOST_REHEARSAL && !in_scope(scope, b->port))
			continue;
		if (in && !fills(in, b->port_id))
			return node_fail(err, b->place, "battery '%s' (%s) does not fill port '%s'",
					 b->battery->name, in->loaded->file, conf_port_word(b->port));
	}
	return EXS_OK;
}

static exs_status check_tiers(struct host *h, exs_err *err)
{
	size_t i, j;

	for (i = 0; i < h->conf->tier_n; i++)
		for (j = 0; j < h->conf->tiers[i].model_n; j++) {
			const struct conf_model *m = &h->conf->tiers[i].models[j];
			const struct instance *in = host_instance(h, m->battery->name);

			if (in && !fills(in, EXS_PORT_MODEL))
				return node_fail(
					err, m->place,
					"tier '%s' names '%s', but battery '%s' is not a model",
					h->conf->tiers[i].name, m->text, m->battery->name);
		}
	return EXS_OK;
}

static bool wanted(const struct host *h, const struct conf_battery *b, enum host_scope scope)
{
	size_t i;

	for (i = 0; i < h->conf->binding_n; i++)
		if (h->conf->bindings[i].battery == b &&
		    in_scope(scope, h->conf->bindings[i].port))
			return true;
	return scope == HOST_ALL;
}

/*
 * In a rehearsal nobody's rows are touched: the store is one in memory, without options, under the name of the one that
 * is bound.
 */
static const struct conf_battery *cast(struct host *h, const struct conf_battery *b,
				       enum host_scope scope)
{
	if (scope != HOST_REHEARSAL || b != conf_bound(h->conf, CONF_STORE))
		return b;
	h->scratch = *b;
	h->scratch.so = SCRATCH_STORE;
	h->scratch.so_is_path = false;
	h->scratch.options = NULL;
	return &h->scratch;
}

static exs_status load_all(struct host *h, enum host_scope scope, exs_err *err)
{
	size_t i;

	for (i = 0; i < h->conf->battery_n; i++) {
		if (!wanted(h, &h->conf->batteries[i], scope))
			continue;
		h->instance_n++;
		if (instance_load(h, &h->instances[h->instance_n - 1],
				  cast(h, &h->conf->batteries[i], scope), err))
			return err->status;
	}
	return check_bindings(h, scope, err) ? err->status : check_tiers(h, err);
}

static exs_status open_store_first(struct host *h, exs_err *err)
{
	const struct conf_battery *store = conf_bound(h->conf, CONF_STORE);
	size_t i;

	if (!store)
		return EXS_OK;
	if (instance_open(host_instance(h, store->name), err))
		return err->status;
	for (i = 0; i < h->conf->binding_n; i++)
		if (h->conf->bindings[i].port == CONF_STORE)
			return bind(h, &h->conf->bindings[i], err);
	return EXS_OK;
}

static exs_status open_all(struct host *h, enum host_scope scope, exs_err *err)
{
	size_t i;

	if (load_all(h, scope, err) || open_store_first(h, err))
		return err->status;
	for (i = 0; i < h->instance_n; i++)
		if (!h->instances[i].self && instance_open(&h->instances[i], err))
			return err->status;
	for (i = 0; i < h->conf->binding_n; i++) {
		enum conf_port port = h->conf->bindings[i].port;

		if (port != CONF_STORE && in_scope(scope, port) &&
		    bind(h, &h->conf->bindings[i], err))
			return err->status;
	}
	for (i = 0; scope == HOST_ALL && i < h->instance_n; i++)
		if (bind_free_ports(&h->instances[i], err) || check_mix(&h->instances[i], err))
			return err->status;
	return EXS_OK;
}

static void watch(struct timer *t)
{
	struct host *h = container_of(t, struct host, watchdog);

	guard_watch(h);
	timer_set(&h->timers, t, clock_mono_ms() + WATCHDOG_MS);
}

static unsigned step_workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)STEP_WORKERS_MAX ? STEP_WORKERS_MAX : (unsigned)n;
}

exs_status host_open(const struct conf *conf, enum host_scope scope, const char *const *folders,
		     struct log *log, struct host **out, exs_err *err)
{
	struct host *h = calloc(1, sizeof *h);
	struct loader_guard guard;

	if (h)
		h->instances = calloc(conf->battery_n ? conf->battery_n : 1, sizeof *h->instances);
	if (!h || !h->instances) {
		free(h);
		return err_set(err, EXS_NOMEM, 0, "no memory for %zu batteries", conf->battery_n);
	}
	h->conf = conf;
	h->log = log;
	h->stall_ms = STALL_MS;
	loader_init(&h->loader, folders);
	pool_init(&h->steps, "step", step_workers());
	pool_init(&h->calls, "call", CALL_WORKERS_MAX);
	done_table_init(&h->done, log);
	services_init_host(h);
	h->watchdog.fire = watch;
	if (loader_guard_begin(&guard, log, err))
		goto undo;
	if (open_all(h, scope, err)) {
		loader_guard_end(&guard);
		goto undo;
	}
	loader_guard_end(&guard);
	if (timers_init(&h->timers, err))
		goto undo;
	timer_set(&h->timers, &h->watchdog, clock_mono_ms() + WATCHDOG_MS);
	*out = h;
	return EXS_OK;
undo:
	host_close(h);
	return err->status;
}

void host_close(struct host *h)
{
	size_t i;
	bool quiet;

	if (!h)
		return;
	if (h->timers.started)
		timers_stop(&h->timers);
	quiet = pool_stop(&h->steps, h->stall_ms);
	quiet = pool_stop(&h->calls, h->stall_ms) && quiet;
	/* A thread that is still inside a battery would find its instance gone: then nothing is
	 * closed. */
	if (!quiet) {
		log_warn(h->log,
			 "a call into a battery has not returned; batteries are left as they are");
		return;
	}
	for (i = h->instance_n; i-- > 0;)
		if (h->instances[i].self && &h->instances[i] != h->store)
			h->instances[i].battery->close(h->instances[i].self);
	if (h->store)
		h->store->battery->close(h->store->self);
	done_table_release(&h->done);
	pthread_rwlock_destroy(&h->run_lock);
	for (i = 0; i < h->instance_n; i++) {
		settings_free(h->instances[i].settings);
		pthread_mutex_destroy(&h->instances[i].lock);
		pthread_mutex_destroy(&h->instances[i].queue_lock);
	}
	loader_release(&h->loader);
	free(h->instances);
	free(h);
}
