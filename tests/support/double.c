/* SPDX-License-Identifier: MIT */
/* double.c - see double.h. Aborts when memory runs out: a test that has none has failed. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/double_priv.h"

/* ---- the run service ---- */

static struct double_host *run_host(const exs_run_svc *svc)
{
	return container_of(svc, struct double_host, run);
}

static exs_status run_tally(const exs_run_svc *svc, uint64_t run, exs_tally *out)
{
	struct double_host *h = run_host(svc);

	if (run == 0)
		return EXS_NOTFOUND;
	exs_fill(out, out->size, &h->tally, sizeof h->tally);
	return EXS_OK;
}

static exs_status run_steer(const exs_run_svc *svc, uint64_t run, exs_str text)
{
	struct double_host *h = run_host(svc);

	if (run == 0)
		return EXS_NOTFOUND;
	snprintf(h->steered, sizeof h->steered, "%.*s", (int)text.n, text.p);
	return EXS_OK;
}

static exs_status run_extend(const exs_run_svc *svc, uint64_t run, int64_t ms)
{
	(void)svc;
	return run == 0 ? EXS_NOTFOUND : ms > 0 ? EXS_OK : EXS_INVALID;
}

static exs_status run_raise(const exs_run_svc *svc, uint64_t run, int32_t n)
{
	(void)svc;
	return run == 0 ? EXS_NOTFOUND : n > 0 ? EXS_OK : EXS_INVALID;
}

static exs_status run_kill(const exs_run_svc *svc, uint64_t run, exs_str why)
{
	(void)why;
	run_host(svc)->kills++;
	return run == 0 ? EXS_NOTFOUND : EXS_OK;
}

static exs_status run_artifact(const exs_run_svc *svc, uint64_t run, exs_str json)
{
	struct double_host *h = run_host(svc);

	if (run == 0)
		return EXS_NOTFOUND;
	snprintf(h->artifact, sizeof h->artifact, "%.*s", (int)json.n, json.p);
	h->artifacts++;
	return EXS_OK;
}

/* ---- the host ---- */

static void host_log(const exs_host *host, int32_t level, const char *line)
{
	struct double_host *h = container_of(host, struct double_host, host);

	(void)level;
	snprintf(h->log[h->log_n++ % 64], sizeof h->log[0], "%s", line);
}

static int64_t host_wall(const exs_host *host)
{
	struct double_host *h = container_of(host, struct double_host, host);

	return h->wall_ms ? h->wall_ms : clock_wall_ms();
}

static int64_t host_mono(const exs_host *host)
{
	struct double_host *h = container_of(host, struct double_host, host);

	return h->mono_ms ? h->mono_ms : clock_mono_ms();
}

static const void *host_service(const exs_host *host, const char *id)
{
	struct double_host *h = container_of(host, struct double_host, host);

	if (strcmp(id, EXS_SVC_STORE) == 0 && !h->no_store)
		return &h->store;
	if (strcmp(id, EXS_SVC_RUN) == 0)
		return &h->run;
	return NULL;
}

void double_host_init(struct double_host *h, const char *name)
{
	memset(h, 0, sizeof *h);
	h->host = (exs_host){ sizeof h->host, EXS_ABI, name,      "0-test",
			      host_log,       host_wall, host_mono, host_service, "/nonexistent/executus" };
	h->store = double_store_table;
	h->run = (exs_run_svc){ .size = sizeof h->run,
				.tally = run_tally,
				.steer = run_steer,
				.extend = run_extend,
				.raise_steps = run_raise,
				.kill = run_kill,
				.cancel = run_kill,
				.artifact = run_artifact };
	h->conf.conf = double_conf_table;
	pthread_mutex_init(&h->lock, NULL);
	h->tally.size = sizeof h->tally;
}

void double_host_release(struct double_host *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		free(h->rows[i].key);
		free(h->rows[i].value);
	}
	free(h->rows);
	h->rows = NULL;
	h->n = h->cap = 0;
	pthread_mutex_destroy(&h->lock);
}

const exs_conf *double_host_conf(struct double_host *h, const exs_option *options,
				 const struct double_setting *set)
{
	h->conf.options = options;
	h->conf.set = set;
	return &h->conf.conf;
}

bool double_host_logged(const struct double_host *h, const char *part)
{
	unsigned i;

	for (i = 0; i < 64; i++)
		if (strstr(h->log[i], part))
			return true;
	return false;
}

const exs_battery *double_load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const exs_battery *battery;

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
	battery = dlsym(handle, EXS_BATTERY_SYMBOL);
	if (!battery) {
		fprintf(stderr, "%s exports no %s\n", path, EXS_BATTERY_SYMBOL);
		abort();
	}
	return battery;
}

exs_run_info double_run_info(const char *run_id)
{
	exs_run_info info = { 0 };

	info.size = sizeof info;
	info.attempt = 1;
	info.run = 7;
	info.run_id = info.root_id = run_id;
	info.parent_id = "";
	info.agent = "tester";
	info.caller = "someone";
	info.channel = "test";
	info.tier = "fast";
	info.input = exs_cstr("what is there?");
	info.started_ms = 1700000000000;
	info.max_steps = 12;
	info.flags = EXS_RUN_DURABLE;
	return info;
}
