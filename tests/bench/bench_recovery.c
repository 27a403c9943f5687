/* SPDX-License-Identifier: MIT */
/*
 * bench_recovery.c - how long a process that begins looks for the runs that others left: 50 open
 * ones among so many that ended. The goal among 100,000 is 100 ms, and it must not grow with those
 * that ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_rows.h"

#define OPEN   50
#define FACTS  4
#define BATCH  3000u /* rows of one commit */
#define ROUNDS 9

static void write_runs(struct kernel *k, struct ids *ids, int n, enum rows_end end)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct batch b;
	int i;

	batch_init(&b);
	for (i = 0; i < n; i++) {
		must(ids_next(ids, id, &err), &err);
		rows_run(k, id, FACTS, end, &b, BATCH);
	}
	rows_commit(k, &b);
	batch_release(&b);
}

static exs_status count(void *arg, exs_str head)
{
	(void)head;
	++*(int *)arg;
	return EXS_OK;
}

/* Milliseconds of the look of a process that has just opened the store. */
static double look(const char *dir)
{
	exs_err err = EXS_ERR_INIT;
	int64_t begun, ns;
	struct kernel k;
	int found = 0;

	kernel_open(&k, dir, "recovery");
	begun = clock_mono_ns();
	must(call_ckpt_list(k.host->checkpoint, EXS_LIST_OPEN, count, &found, &err), &err);
	ns = clock_mono_ns() - begun;
	kernel_close(&k);
	if (found != OPEN)
		die("not every open run is found");
	return (double)ns / 1e6;
}

static void measure(const char *dir, int ended)
{
	double ms[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++)
		ms[i] = look(dir);
	printf("  among %6d that ended           %8.2f ms\n", ended, median(ms, ROUNDS));
	fflush(stdout);
}

int main(void)
{
	char dir[DIR_MAX];
	int more, ended = 0;
	struct kernel k;
	struct ids ids;

	dir_make(dir);
	write_conf(dir, "recovery", 9, "noop_pure", 1);
	ids_init(&ids);
	kernel_open(&k, dir, "recovery");
	write_runs(&k, &ids, OPEN, ROWS_OPEN);
	kernel_close(&k);
	printf("%d open runs are found: median of %d, each of a store that was just opened\n", OPEN,
	       ROUNDS);
	for (more = 1000; ended < 100000; more = 99000) {
		kernel_open(&k, dir, "recovery");
		write_runs(&k, &ids, more, ROWS_ENDED);
		kernel_close(&k);
		ended += more;
		measure(dir, ended);
	}
	ids_release(&ids);
	return dir_remove(dir);
}
