/* SPDX-License-Identifier: MIT */
/* bench_kit.c - see bench_kit.h. */
#include "bench_kit.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/temp_dir.h"

extern char **environ;

void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

void dir_make(char out[DIR_MAX])
{
	if (temp_dir_make("bench", out, DIR_MAX))
		die("no folder");
}

int dir_remove(const char *dir)
{
	return temp_dir_remove(dir) != 0;
}

struct mock mock_start(const char *program, const char *const *more)
{
	char *argv[16] = { (char *)(uintptr_t)program };
	posix_spawn_file_actions_t files;
	struct mock m = { 0, 0 };
	char line[64] = "";
	int out[2], n = 1;

	for (; *more && n < 15; more++)
		argv[n++] = (char *)(uintptr_t)*more;
	if (pipe(out))
		die("no pipe");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, out[0]);
	if (posix_spawn(&m.pid, program, &files, NULL, argv, environ))
		die("the mock does not start");
	posix_spawn_file_actions_destroy(&files);
	close(out[1]);
	if (read(out[0], line, sizeof line - 1) <= 0 || sscanf(line, "port %d", &m.port) != 1)
		die("the mock names no port");
	close(out[0]);
	return m;
}

void mock_stop(const struct mock *m)
{
	kill(m->pid, SIGTERM);
	waitpid(m->pid, NULL, 0);
}

static void write_conf_with(const char *dir, const char *name, const char *so, int port, const char *tool, int durable,
			    const char *more)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.yaml", dir, name);
	f = fopen(path, "w");
	if (!f)
		die("no conf");
	fprintf(f, "state: %s/state\nbatteries:\n", dir);
	if (durable)
		fprintf(f, "  store: { so: store_lmdb.so, path: %s.store }\n  journal: { so: checkpoint_journal.so }\n", name);
	fprintf(f,
		"  local: { so: %s, base_url: \"http://127.0.0.1:%d/v1\" }\n"
		"  noop: { so: noop.so }\n"
		"  status: { so: tool_status.so }\n"
		"%s",
		so, port, more);
	if (durable)
		fputs("ports: { store: store, checkpoint: journal }\n", f);
	fprintf(f,
		"tiers: { fast: local/m }\n"
		"run: { attempts: 100 }\n" /* the resumed run is killed again and again */
		"agents:\n"
		"  t: { tools: [%s], prompt: You do nothing., max_steps: 100000, max_same_calls: 100000, max_runtime: 10m }\n",
		tool);
	fclose(f);
	chmod(path, 0600);
}

void write_conf(const char *dir, const char *name, int port, const char *tool, int durable)
{
	char trail[128];

	snprintf(trail, sizeof trail, "  trail: { so: audit_jsonl.so, path: %s.jsonl }\n", name);
	write_conf_with(dir, name, "model_openai.so", port, tool, durable, trail);
}

void write_model_conf(const char *dir, const char *name, const char *so, int port, const char *tool, int durable)
{
	write_conf_with(dir, name, so, port, tool, durable, "");
}

void kernel_open(struct kernel *k, const char *dir, const char *name)
{
	static const char *const folders[] = { BATTERIES, TEST_BATTERIES, NULL };
	exs_err err = EXS_ERR_INIT;
	char path[256];

	memset(k, 0, sizeof *k);
	log_init(&k->log, 2, EXS_WARN);
	snprintf(path, sizeof path, "%s/%s.yaml", dir, name);
	if (conf_load(path, &k->conf, &err) || host_open(k->conf, HOST_ALL, folders, &k->log, &k->host, &err) ||
	    engine_open(k->host, &k->engine, &err))
		die(err.text);
}

void kernel_close(struct kernel *k)
{
	engine_close(k->engine);
	host_close(k->host);
	conf_free(k->conf);
}

struct run *kernel_start(struct kernel *k, const struct run_listener *listener)
{
	struct run_spec spec = { .agent = k->conf->run.agent, .caller = "bench",
				 .channel = "bench", .input = str_of("go"),
				 .durability = CONF_STRICT };
	exs_err err = EXS_ERR_INIT;
	struct run *run;

	if (engine_start(k->engine, &spec, listener, &run, &err))
		die(err.text);
	return run;
}

int kernel_end(struct run *run)
{
	int steps;

	engine_wait(run, -1);
	if (run_result(run)->status != EXS_ENDED_OK)
		die(run_result(run)->error);
	steps = run_result(run)->steps;
	run_drop(run);
	return steps;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return v[n / 2];
}

long status_field(const char *pid, const char *key)
{
	char line[256];
	long v = -1;
	FILE *f;

	snprintf(line, sizeof line, "/proc/%s/status", pid);
	f = fopen(line, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtol(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return v;
}
