/* SPDX-License-Identifier: MIT */
/* run_kit.c - see run_kit.h. */
#include "support/run_kit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/words.h"
#include "host/calls.h"

#define WAIT_MS 30000

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

void kit_script(struct kit *k, const char *script)
{
	write_file(k->dir, "script.yaml", script);
}

/* At once for whoever reads: the new file takes the place of the old one. */
void kit_control(struct kit *k, const char *order)
{
	char from[128], to[128];

	write_file(k->dir, "control.new", order);
	snprintf(from, sizeof from, "%s/control.new", k->dir);
	snprintf(to, sizeof to, "%s/control", k->dir);
	assert_int_equal(rename(from, to), 0);
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void make_conf(struct kit *k, const char *agents, const char *more,
		      const struct kit_extra *extra)
{
	static const char *const stores[] = {
		"", "  store: { so: store_memory.so }\n",
		"  store: { so: store_lmdb.so, map: 256m, path: store }\n",
		"  store: { so: flaky_store.so, path: rows, control: control, log: effects.log }\n"
	};
	static const char *const everything =
		"agents:\n"
		"  tester:\n"
		"    tools: [pure, idempotent, keyed, reconcilable, unsafe]\n"
		"    max_runtime: 20s\n";

	snprintf(k->conf_text, sizeof k->conf_text,
		 "state: %s/state\n"
		 "batteries:\n"
		 "%s%s"
		 "  script: { so: model_script.so, script: %s/script.yaml }\n"
		 "  effects: { so: effects.so, log: %s/effects.log }\n"
		 "%s%s%s%s"
		 "tiers:\n"
		 "  fast: script/x\n"
		 "%s%s",
		 k->dir, stores[k->store],
		 k->store ? "  journal: { so: checkpoint_journal.so }\n" : "", k->dir, k->dir,
		 text(extra->batteries), k->store || extra->ports ? "ports:\n" : "",
		 k->store ? "  store: store\n  checkpoint: journal\n" : "", text(extra->ports),
		 agents ? agents : everything, text(more));
	write_file(k->dir, "executus.yaml", k->conf_text);
}

static exs_status bring_up(struct kit *k, exs_err *err)
{
	static const char *const folders[] = { BATTERIES, TEST_BATTERIES, ZOO, NULL };
	char path[128];
	exs_status status;

	log_init(&k->log, 2, getenv("KIT_VERBOSE") ? EXS_DEBUG : EXS_ERROR - 1);
	snprintf(path, sizeof path, "%s/executus.yaml", k->dir);
	status = conf_load(path, &k->conf, err);
	if (status == EXS_OK)
		status = host_open(k->conf, HOST_ALL, folders, &k->log, &k->host, err);
	if (status == EXS_OK)
		status = engine_open(k->host, &k->engine, err);
	return status;
}

static void prepare(struct kit *k, const char *script, enum kit_store store, const char *agents,
		    const char *more, const struct kit_extra *extra)
{
	memset(k, 0, sizeof *k);
	k->store = store;
	pthread_mutex_init(&k->lock, NULL);
	snprintf(k->dir, sizeof k->dir, "/tmp/executus-kit-XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	kit_script(k, script);
	make_conf(k, agents, more, extra);
}

static const struct kit_extra nothing;

void kit_open(struct kit *k, const char *script, enum kit_store store, const char *agents,
	      const char *more)
{
	kit_open_with(k, script, store, agents, more, &nothing);
}

void kit_open_with(struct kit *k, const char *script, enum kit_store store, const char *agents,
		   const char *more, const struct kit_extra *extra)
{
	prepare(k, script, store, agents, more, extra);
	kit_reopen(k);
}

void kit_reopen(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;

	if (bring_up(k, &err))
		fail_msg("%s", err.text);
}

void kit_reopen_fails(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;

	assert_int_not_equal(bring_up(k, &err), EXS_OK);
	snprintf(k->delta, sizeof k->delta, "%s", err.text);
}

void kit_open_fails(struct kit *k, const char *script, enum kit_store store, const char *agents,
		    const char *more)
{
	prepare(k, script, store, agents, more, &nothing);
	kit_reopen_fails(k);
}

void kit_drop(struct kit *k)
{
	run_drop(k->run);
	k->run = NULL;
	k->result = NULL;
}

void kit_shut(struct kit *k)
{
	kit_drop(k);
	engine_close(k->engine);
	host_close(k->host);
	conf_free(k->conf);
	k->engine = NULL;
	k->host = NULL;
	k->conf = NULL;
}

void kit_close(struct kit *k)
{
	char command[128];

	kit_shut(k);
	snprintf(command, sizeof command, "rm -rf '%s'", k->dir);
	assert_int_equal(system(command), 0);
	pthread_mutex_destroy(&k->lock);
}

/* ---- listening ---- */

static void put(char *out, size_t cap, exs_str s)
{
	size_t n = s.n < cap - 1 ? s.n : cap - 1;

	memcpy(out, n ? s.p : "", n);
	out[n] = '\0';
}

static void on_fact(void *arg, const exs_run_info *run, const exs_fact *fact)
{
	struct kit *k = arg;

	(void)run;
	pthread_mutex_lock(&k->lock);
	if (k->fact_n < KIT_FACTS) {
		struct kit_fact *f = &k->facts[k->fact_n++];

		f->kind = fact->kind;
		f->step = fact->step;
		f->attempt = fact->attempt;
		put(f->name, sizeof f->name, fact->name);
		put(f->call, sizeof f->call, fact->call_id);
		put(f->body, sizeof f->body, fact->body);
	}
	pthread_mutex_unlock(&k->lock);
	if (getenv("KIT_VERBOSE"))
		fprintf(stderr, "%3lld %-16s %.*s %.*s\n", (long long)fact->seq,
			fact_word(fact->kind), (int)fact->name.n, fact->name.p, (int)fact->body.n,
			fact->body.p);
	if (k->on_fact)
		k->on_fact(k, fact);
}

static void on_delta(void *arg, const exs_run_info *run, int32_t step, exs_str text)
{
	struct kit *k = arg;
	size_t n = strlen(k->delta);

	(void)run, (void)step;
	put(k->delta + n, sizeof k->delta - n, text.n ? text : str_of("[void]"));
}

static struct run_listener listener(struct kit *k)
{
	return (struct run_listener){ k, on_fact, on_delta };
}

void kit_start(struct kit *k, const char *input)
{
	struct run_listener l = listener(k);
	struct run_spec spec = { .agent = k->conf->run.agent, .caller = "someone",
				 .channel = "test", .input = str_of(input),
				 .durability = (int32_t)k->conf->run.durability };
	exs_err err = EXS_ERR_INIT;

	k->fact_n = 0;
	k->delta[0] = '\0';
	if (engine_start(k->engine, &spec, &l, &k->run, &err))
		fail_msg("%s", err.text);
}

void kit_wait(struct kit *k)
{
	if (!engine_wait(k->run, WAIT_MS))
		fail_msg("the run did not end");
	k->result = run_result(k->run);
}

void kit_run(struct kit *k, const char *input)
{
	kit_drop(k);
	kit_start(k, input);
	kit_wait(k);
}

exs_status kit_resume(struct kit *k, const char *run_id, exs_err *err)
{
	struct run_listener l = listener(k);
	exs_status status;

	kit_drop(k);
	k->fact_n = 0;
	status = engine_resume(k->engine, run_id, k->how, &l, &k->run, err);
	if (status == EXS_OK)
		kit_wait(k);
	return status;
}

void kit_run_dies(struct kit *k, const char *input)
{
	int status;
	pid_t pid;

	kit_shut(k);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		kit_reopen(k);
		kit_run(k, input);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- looking ---- */

int kit_count(const struct kit *k, int32_t kind)
{
	pthread_mutex_t *lock =
		(pthread_mutex_t *)(uintptr_t)&k->lock; /* asked of a run that goes on, too */
	int i, n = 0;

	pthread_mutex_lock(lock);
	for (i = 0; i < k->fact_n; i++)
		n += k->facts[i].kind == kind;
	pthread_mutex_unlock(lock);
	return n;
}

const struct kit_fact *kit_fact(const struct kit *k, int32_t kind, int nth)
{
	int i;

	for (i = 0; i < k->fact_n; i++)
		if (k->facts[i].kind == kind && nth-- == 0)
			return &k->facts[i];
	return NULL;
}

bool kit_body_has(const struct kit_fact *f, const char *part)
{
	return f && strstr(f->body, part) != NULL;
}

static bool begins(const char *line, const char *first)
{
	size_t n = first ? strlen(first) : 0;

	return n == 0 || (strncmp(line, first, n) == 0 && (line[n] == ' ' || line[n] == '\0'));
}

bool kit_line(const struct kit *k, const char *file, const char *first, int nth, char out[512])
{
	char path[128], line[1024];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", k->dir, file);
	f = fopen(path, "r");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		found = begins(line, first) && nth-- == 0;
	}
	if (found)
		put(out, 512, str_of(line));
	fclose(f);
	return found;
}

int kit_lines(const struct kit *k, const char *file, const char *first)
{
	char line[512];
	int n = 0;

	while (kit_line(k, file, first, n, line))
		n++;
	return n;
}

void kit_wait_lines(const struct kit *k, const char *file, const char *first, int n)
{
	int64_t until = clock_mono_ms() + WAIT_MS;

	while (kit_lines(k, file, first) < n) {
		if (clock_mono_ms() > until)
			fail_msg("'%s' does not say '%s' %d times", file, text(first), n);
		usleep(2000);
	}
}

int kit_effects(const struct kit *k, const char *tool)
{
	return kit_lines(k, "effects.log", tool);
}

static exs_status first_id(void *arg, exs_str head)
{
	char *out = arg;
	const char *p = memmem(head.p, head.n, "\"run\":\"", 7);

	if (p && !out[0])
		snprintf(out, ID_MAX, "%.26s", p + 7);
	return EXS_OK;
}

void kit_newest(struct kit *k, char out[ID_MAX])
{
	exs_err err = EXS_ERR_INIT;

	out[0] = '\0';
	assert_int_equal(call_ckpt_list(k->host->checkpoint, 0, first_id, out, &err), EXS_OK);
	assert_true(out[0] != '\0');
}

static exs_status count_row(void *arg, exs_str key, exs_str value)
{
	(void)key;
	(void)value;
	++*(int *)arg;
	return EXS_OK;
}

int kit_rows(struct kit *k, const char *prefix)
{
	exs_err err = EXS_ERR_INIT;
	int n = 0;

	assert_int_equal(call_store_scan(k->host->store, str_of(prefix), str_of(NULL), 0, count_row,
					 &n, &err),
			 EXS_OK);
	return n;
}
