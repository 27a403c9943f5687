/* SPDX-License-Identifier: MIT */
/*
 * bench_turns.c - what a turn costs above a bare libcurl loop, in one run on one machine.
 *
 *	bench_turns MOCK [turns]	a mock_chat program; turns of one run (20)
 *
 * The bare loop posts requests of the same shape and length with one libcurl handle and discards the answers; with
 * a commit it also puts one LMDB row a turn, synced. Kinds are measured in turn, round after round, and the
 * median of the rounds is printed with its ratio to the bare loop of the same kind.
 */
#include <curl/curl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_kit.h"

#define ROUNDS	   9
#define WARM_UP	   2
#define CROWD	   64
#define CROWD_RUNS 4
#define CROWD_MAX  256
#define WAITING	   10000

/* ---- the bare loop ---- */

struct bare {
	CURL *curl;
	struct curl_slist *headers;
	MDB_env *env;
	MDB_dbi dbi;
	char **bodies;
	int turns;
	int64_t key;
};

static size_t discard(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static char *bare_body(const char *model, const char *tool, int done)
{
	struct buf b;
	int i;

	buf_init(&b, 64u << 20);
	buf_printf(&b, "{\"model\":\"%s\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[", model);
	buf_puts(&b, "{\"role\":\"system\",\"content\":\"You do nothing.\"},{\"role\":\"user\",\"content\":\"go\"}");
	for (i = 0; i < done; i++)
		buf_printf(&b,
			   ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_%d\",\"type\":\"function\","
			   "\"function\":{\"name\":\"%s\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call_%d\","
			   "\"content\":\"nothing\"}",
			   i, tool, i);
	buf_printf(&b,
		   "],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"%s\",\"description\":\"Does nothing.\","
		   "\"parameters\":{\"type\":\"object\"}}}]}",
		   tool);
	return buf_take(&b);
}

static void bare_open(struct bare *b, int port, int turns, const char *dir)
{
	char url[128], path[256];
	int i;

	memset(b, 0, sizeof *b);
	b->turns = turns;
	b->curl = curl_easy_init();
	b->headers = curl_slist_append(NULL, "Content-Type: application/json");
	snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/chat/completions", port);
	curl_easy_setopt(b->curl, CURLOPT_URL, url);
	curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, b->headers);
	curl_easy_setopt(b->curl, CURLOPT_WRITEFUNCTION, discard);
	b->bodies = calloc((size_t)turns + 1, sizeof *b->bodies);
	for (i = 0; i <= turns; i++)
		b->bodies[i] = bare_body("m", "noop_pure", i);
	snprintf(path, sizeof path, "%s/bare", dir);
	mkdir(path, 0700);
	if (mdb_env_create(&b->env) || mdb_env_set_mapsize(b->env, 1u << 30) || mdb_env_open(b->env, path, 0, 0600))
		die("no LMDB");
}

static void bare_commit(struct bare *b, const char *body)
{
	MDB_txn *txn;
	MDB_val key = { sizeof b->key, &b->key }, value = { 512, (void *)(uintptr_t)body };

	b->key++;
	if (mdb_txn_begin(b->env, NULL, 0, &txn))
		die("LMDB does not begin");
	if (!b->dbi && mdb_dbi_open(txn, NULL, 0, &b->dbi))
		die("LMDB does not open");
	if (mdb_put(txn, b->dbi, &key, &value, 0) || mdb_txn_commit(txn))
		die("LMDB does not commit");
}

/* Microseconds a turn. */
static double bare_run(struct bare *b, int commit)
{
	int64_t begun = clock_mono_ns();
	int i;

	for (i = 0; i <= b->turns; i++) {
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, b->bodies[i]);
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(b->bodies[i]));
		if (curl_easy_perform(b->curl))
			die("the mock does not answer");
		if (commit)
			bare_commit(b, b->bodies[b->turns]);
	}
	return (double)(clock_mono_ns() - begun) / 1e3 / (b->turns + 1);
}

static void bare_close(struct bare *b)
{
	int i;

	curl_easy_cleanup(b->curl);
	curl_slist_free_all(b->headers);
	mdb_env_close(b->env);
	for (i = 0; i <= b->turns; i++)
		free(b->bodies[i]);
	free(b->bodies);
}

/* ---- executus ---- */

static double kernel_run(struct kernel *k)
{
	int64_t begun = clock_mono_ns();
	int steps = kernel_end(kernel_start(k, NULL));

	return (double)(clock_mono_ns() - begun) / 1e3 / steps;
}

/* ---- figures ---- */

static void bench_one(const struct mock *pure_mock, const struct mock *unsafe_mock, int turns, const char *dir)
{
	enum { BARE, BARE_SYNC, MEMORY, PURE, UNSAFE, KINDS };
	double v[KINDS][ROUNDS], m[KINDS];
	struct kernel none, pure, unsafe;
	struct bare bare;
	int i, k;

	bare_open(&bare, pure_mock->port, turns, dir);
	write_conf(dir, "none", pure_mock->port, "noop_pure", 0);
	kernel_open(&none, dir, "none");
	write_conf(dir, "pure", pure_mock->port, "noop_pure", 1);
	kernel_open(&pure, dir, "pure");
	write_conf(dir, "unsafe", unsafe_mock->port, "noop_unsafe", 1);
	kernel_open(&unsafe, dir, "unsafe");
	for (i = -WARM_UP; i < ROUNDS; i++) {
		k = i < 0 ? 0 : i;
		v[BARE][k] = bare_run(&bare, 0);
		v[MEMORY][k] = kernel_run(&none);
		v[BARE_SYNC][k] = bare_run(&bare, 1);
		v[PURE][k] = kernel_run(&pure);
		v[UNSAFE][k] = kernel_run(&unsafe);
	}
	for (k = 0; k < KINDS; k++)
		m[k] = median(v[k], ROUNDS);
	printf("one run, %d tool turns, no latency: microseconds a turn, median of %d rounds\n", turns, ROUNDS);
	printf("  bare loop                       %8.1f\n", m[BARE]);
	printf("  executus, not durable           %8.1f   %+.1f over the bare loop\n", m[MEMORY], m[MEMORY] - m[BARE]);
	printf("  bare loop with its commit       %8.1f\n", m[BARE_SYNC]);
	printf("  executus, durable, pure tools   %8.1f   x%.2f of the bare loop with its commit\n", m[PURE],
	       m[PURE] / m[BARE_SYNC]);
	printf("  executus, durable, unsafe tools %8.1f   x%.2f of the bare loop with its commit\n", m[UNSAFE],
	       m[UNSAFE] / m[BARE_SYNC]);
	fflush(stdout);
	kernel_close(&unsafe);
	kernel_close(&pure);
	kernel_close(&none);
	bare_close(&bare);
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Steps a second of n runs at once, one after the other in each place; the share of a core that this process used. */
static double crowd(struct kernel *k, int n, int times, double *share)
{
	struct run *runs[CROWD_MAX];
	double cpu = cpu_s(), wall;
	int64_t begun = clock_mono_ns();
	int i, steps = 0;

	for (; times > 0; times--) {
		for (i = 0; i < n; i++)
			runs[i] = kernel_start(k, NULL);
		for (i = 0; i < n; i++)
			steps += kernel_end(runs[i]);
	}
	wall = (double)(clock_mono_ns() - begun) / 1e9;
	*share = (cpu_s() - cpu) / wall;
	return steps / wall;
}

static void bench_crowd(const struct mock *mock, const char *dir)
{
	double one[ROUNDS], many, share;
	struct kernel k;
	int i;

	write_conf(dir, "crowd", mock->port, "noop_unsafe", 1);
	kernel_open(&k, dir, "crowd");
	for (i = 0; i < ROUNDS; i++)
		one[i] = 1e6 / kernel_run(&k);
	many = crowd(&k, CROWD, CROWD_RUNS, &share);
	printf("%d runs at once, durable, unsafe tools: steps a second\n", CROWD);
	printf("  one run                         %8.0f\n", median(one, ROUNDS));
	printf("  %d runs                         %8.0f   x%.1f, this process used %.0f %% of a core\n", CROWD, many,
	       many / median(one, ROUNDS), 100 * share);
	fflush(stdout);
	kernel_close(&k);
}

/*
 * What a model that answers after 50 ms leaves of the steps that so many runs could make, and what the processors do
 * when it answers at once: the lower of the two is the most that there can be.
 */
static void bench_latency(const char *program, const char *dir)
{
	static const char *const at_once[] = { "--turns", "100", "--tool", "noop_pure", "--args", "{}", "--answer", "ok", NULL };
	static const char *const late[] = { "--turns", "100", "--tool", "noop_pure", "--args", "{}", "--answer", "ok",
					    "--latency", "50", NULL };
	double ideal = CROWD_MAX / 0.05, most = 0, got = 0, share = 0;
	struct mock mocks[2];
	char name[16];
	struct kernel k;
	int durable, slow;

	mocks[0] = mock_start(program, at_once);
	mocks[1] = mock_start(program, late);
	printf("%d runs at once, pure tools: steps a second, of %.0f that 50 ms of the model leave\n", CROWD_MAX, ideal);
	for (durable = 0; durable < 2; durable++) {
		for (slow = 0; slow < 2; slow++) {
			snprintf(name, sizeof name, "late%d%d", durable, slow);
			write_conf(dir, name, mocks[slow].port, "noop_pure", durable);
			kernel_open(&k, dir, name);
			got = crowd(&k, CROWD_MAX, 1, &share);
			kernel_close(&k);
			if (!slow)
				most = got;
		}
		printf("  %-30s  %8.0f   %.1f %% of it, %.0f %% of a core; %.0f when the model answers at once\n",
		       durable ? "durable" : "not durable", got, 100 * got / (most < ideal ? most : ideal), 100 * share, most);
		fflush(stdout);
	}
	mock_stop(&mocks[0]);
	mock_stop(&mocks[1]);
}

static void bench_waiting(const char *program, const char *dir)
{
	static const char *const slow[] = { "--latency", "25000", "--answer", "ok", NULL };
	struct rlimit files = { 65536, 65536 };
	struct mock mock;
	struct run **runs;
	struct kernel k;
	long idle, busy, threads_idle, threads_busy;
	int i;

	setrlimit(RLIMIT_NOFILE, &files);
	mock = mock_start(program, slow);
	runs = calloc(WAITING, sizeof *runs);
	write_conf(dir, "waiting", mock.port, "noop_pure", 0);
	kernel_open(&k, dir, "waiting");
	sleep(1);
	idle = status_field("self", "VmRSS:");
	threads_idle = status_field("self", "Threads:");
	for (i = 0; i < WAITING; i++)
		runs[i] = kernel_start(&k, NULL);
	sleep(12);
	busy = status_field("self", "VmRSS:");
	threads_busy = status_field("self", "Threads:");
	printf("%d runs that wait for a slow model in one process\n", WAITING);
	printf("  resident above idle             %8.1f KiB each (idle %ld KiB, then %ld KiB)\n",
	       (double)(busy - idle) / WAITING, idle, busy);
	printf("  threads                         %8ld, then %ld\n", threads_idle, threads_busy);
	fflush(stdout);
	for (i = 0; i < WAITING; i++)
		run_cancel(runs[i], EXS_CAUSE_CALLER, "measured");
	for (i = 0; i < WAITING; i++) {
		engine_wait(runs[i], -1);
		run_drop(runs[i]);
	}
	free(runs);
	kernel_close(&k);
	mock_stop(&mock);
}

int main(int argc, char **argv)
{
	static const char *const pure_args[] = { "--turns", "20", "--tool", "noop_pure", "--args", "{}", "--answer", "ok", NULL };
	static const char *const unsafe_args[] = { "--turns", "20", "--tool", "noop_unsafe", "--args", "{}", "--answer", "ok", NULL };
	char dir[DIR_MAX];
	struct mock pure, unsafe;

	if (argc < 2)
		die("usage: bench_turns MOCK");
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	dir_make(dir);
	pure = mock_start(argv[1], pure_args);
	unsafe = mock_start(argv[1], unsafe_args);
	bench_one(&pure, &unsafe, 20, dir);
	bench_crowd(&unsafe, dir);
	bench_latency(argv[1], dir);
	mock_stop(&pure);
	mock_stop(&unsafe);
	bench_waiting(argv[1], dir);
	return dir_remove(dir);
}
