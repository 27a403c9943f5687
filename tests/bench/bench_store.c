/* SPDX-License-Identifier: MIT */
/*
 * bench_store.c - what it costs to forget nothing: time beside a model, bytes a step, and the file
 *beside what is in it.
 *
 *	bench_store MOCK [SECONDS]	a mock_chat program; how long the store is written (20)
 *
 * Goals: at most 10 % of the time of a run whose model takes 20 ms and whose tools change nothing;
 *a file under three times the keys and values in it, with 8 processes that write, one that reads
 *all the time, and old runs pruned.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_rows.h"
#include "rows/prune.h"

#define ROUNDS	   9
#define LATENCY_MS "20"
#define WRITERS	   8
#define KEPT	   400 /* ended runs; older ones are pruned */
#define PRUNE_S	   2
#define SAMPLES	   10

static struct mock start_mock(const char *program, const char *turns, const char *latency_ms)
{
	const char *const args[] = { "--turns",	 turns, "--tool",    "noop_pure", "--args", "{}",
				     "--answer", "ok",	"--latency", latency_ms,  NULL };

	return mock_start(program, args);
}

/* ---- time ---- */

/* Milliseconds of a run. */
static double run_ms(struct kernel *k)
{
	int64_t begun = clock_mono_ns();

	kernel_end(kernel_start(k, NULL));
	return (double)(clock_mono_ns() - begun) / 1e6;
}

static void bench_time(const char *program, const char *dir)
{
	struct mock mock = start_mock(program, "20", LATENCY_MS);
	double forgets[ROUNDS], keeps[ROUNDS];
	struct kernel none, durable;
	int i;

	write_conf(dir, "forgets", mock.port, "noop_pure", 0);
	write_conf(dir, "keeps", mock.port, "noop_pure", 1);
	kernel_open(&none, dir, "forgets");
	kernel_open(&durable, dir, "keeps");
	run_ms(&none);
	run_ms(&durable);
	for (i = 0; i < ROUNDS; i++) {
		forgets[i] = run_ms(&none);
		keeps[i] = run_ms(&durable);
	}
	kernel_close(&durable);
	kernel_close(&none);
	mock_stop(&mock);
	printf("a run of 21 steps, a model that answers after %s ms, pure tools: milliseconds, "
	       "median of %d\n"
	       "  not durable                     %8.1f\n"
	       "  durable                         %8.1f   %+.1f %%\n",
	       LATENCY_MS, ROUNDS, median(forgets, ROUNDS), median(keeps, ROUNDS),
	       100 * (median(keeps, ROUNDS) / median(forgets, ROUNDS) - 1));
	fflush(stdout);
}

/* ---- bytes ---- */

static int64_t stat_field(struct kernel *k, const char *key)
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct buf json;
	const char *p;
	int64_t v = 0;

	buf_init(&json, 65536);
	must(k->host->store->store->stat(k->host->store->self, buf_sink_init(&sink, &json), &err),
	     &err);
	p = strstr(json.p, key);
	if (p)
		v = strtoll(p + strlen(key), NULL, 10);
	buf_release(&json);
	return v;
}

static double bytes_of_a_step(const char *program, const char *dir, const char *turns, int runs)
{
	struct mock mock = start_mock(program, turns, "0");
	char name[32];
	struct kernel k;
	int64_t before;
	int i, steps = 0;

	snprintf(name, sizeof name, "bytes%s", turns);
	write_conf(dir, name, mock.port, "noop_pure", 1);
	kernel_open(&k, dir, name);
	kernel_end(kernel_start(&k, NULL));
	before = stat_field(&k, "\"used_bytes\":");
	for (i = 0; i < runs; i++)
		steps += kernel_end(kernel_start(&k, NULL));
	before = stat_field(&k, "\"used_bytes\":") - before;
	kernel_close(&k);
	mock_stop(&mock);
	return (double)before / steps;
}

static void bench_bytes(const char *program, const char *dir)
{
	double small = bytes_of_a_step(program, dir, "20", 50),
	       large = bytes_of_a_step(program, dir, "1000", 1);

	printf("bytes stored a step\n"
	       "  runs of 20 steps                %8.0f\n"
	       "  a run of 1,000 steps            %8.0f   x%.2f\n",
	       small, large, large / small);
	fflush(stdout);
}

/* ---- the file ---- */

static pid_t child(void (*does)(struct kernel *k), const char *dir)
{
	pid_t pid = fork();
	struct kernel k;

	if (pid < 0)
		die("no process");
	if (pid)
		return pid;
	kernel_open(&k, dir, "file");
	does(&k);
	_exit(0);
}

static void writes(struct kernel *k)
{
	for (;;)
		kernel_end(kernel_start(k, NULL));
}

/* The whole store in one look, again and again: whatever is freed meanwhile has to wait for its
 * end. */
static void views(struct kernel *k)
{
	for (;;)
		rows_stored(k, NULL);
}

static void prune_old(struct kernel *k)
{
	const struct retain_rule rule = { .max_count = KEPT };
	exs_err err = EXS_ERR_INIT;
	struct prune p;
	size_t i;

	must(prune_read(&p, k->host, 0, &err), &err);
	prune_pick(&p, &rule, 1, clock_wall_ms());
	for (i = 0; i < p.n; i++)
		if (p.gone[i])
			must(prune_run(k->host, p.items[i].run, &err), &err);
	prune_release(&p);
}

static void sample(struct kernel *k, int64_t at_s, double *worst)
{
	size_t rows, live = rows_stored(k, &rows);
	int64_t file = stat_field(k, "\"file_bytes\":");
	double ratio = (double)file / (double)live;

	printf("  after %4lld s                    %8.1f MiB in %zu rows, a file of %.1f MiB, "
	       "x%.2f\n",
	       (long long)at_s, (double)live / 1048576, rows, (double)file / 1048576, ratio);
	fflush(stdout);
	if (ratio > *worst)
		*worst = ratio;
}

static void bench_file(const char *program, const char *dir, int64_t seconds)
{
	struct mock mock = start_mock(program, "20", "2");
	int64_t begun = clock_mono_ms(), now_s, pruned_s = 0, every_s = seconds / SAMPLES,
		sampled_s = 0;
	pid_t pids[WRITERS + 1];
	struct kernel k;
	double worst = 0;
	int i;

	write_conf(dir, "file", mock.port, "noop_pure", 1);
	printf("%d processes that write for %lld s, one that reads all the time, %d ended runs "
	       "kept\n",
	       WRITERS, (long long)seconds, KEPT);
	fflush(stdout);
	for (i = 0; i <= WRITERS; i++)
		pids[i] = child(i < WRITERS ? writes : views, dir);
	kernel_open(&k, dir, "file");
	for (now_s = 0; now_s < seconds; now_s = (clock_mono_ms() - begun) / 1000) {
		usleep(200000);
		if (now_s >= pruned_s + PRUNE_S) {
			prune_old(&k);
			pruned_s = now_s;
		}
		if (now_s >= sampled_s + every_s) {
			sample(&k, now_s, &worst);
			sampled_s = now_s;
		}
	}
	for (i = 0; i <= WRITERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	kernel_close(&k);
	mock_stop(&mock);
	printf("  at worst                           x%.2f of what is in it\n", worst);
}

int main(int argc, char **argv)
{
	char dir[DIR_MAX];
	int64_t seconds = argc > 2 ? atoll(argv[2]) : 20;

	if (argc < 2 || seconds < SAMPLES)
		die("usage: bench_store MOCK [SECONDS], at least 10 of them");
	signal(SIGPIPE, SIG_IGN);
	dir_make(dir);
	bench_time(argv[1], dir);
	bench_bytes(argv[1], dir);
	bench_file(argv[1], dir, seconds);
	return dir_remove(dir);
}
