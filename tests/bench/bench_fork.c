/* SPDX-License-Identifier: MIT */
/*
 * bench_fork.c - what a fork of a long run costs: time and bytes of the rows that it adds, which must not
 * depend on how long the run is. The goals for a run of 1,000 facts: 100 microseconds and 1 KiB each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_rows.h"
#include "rows/pin.h"

#define FORKS	1000
#define BATCH	2000u /* rows of one commit */
#define FORKED                                                                                     \
	"{\"v\":1,\"limits\":{\"steps\":12,\"runtime_ms\":60000,\"same_calls\":3,\"failed_steps\":3,"     \
	"\"answer_tokens\":0,\"attempts\":3},\"in_doubt\":\"tell\",\"durability\":\"strict\","              \
	"\"from\":{\"run\":\"01jabcdefghjkmnpqrstvwxyz0\",\"seq\":1000,\"step\":333},\"asks\":false}"

/* The rows of one fork, as the kernel and the journal make them. */
static void fork_once(struct kernel *k, const char *from, int64_t seq, const char *id, struct batch *b)
{
	exs_run_info run = rows_info(id);
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = NULL;
	struct batch unused;

	rows_head(id, seq + 1, b);
	must(call_ckpt_fork(k->host->checkpoint, &run, from, seq, b, &ckpt, &err), &err);
	rows_append(k, ckpt, seq + 1, EXS_FACT_RUN_FORKED, FORKED, b);
	must(pin_check(b, from, id, PIN_ASKED, &err), &err);
	batch_init(&unused); /* what its end would put is no part of a fork */
	call_ckpt_end(k->host->checkpoint, ckpt, EXS_CKPT_LEAVE, str_of("parked"), &unused, &err);
	batch_release(&unused);
}

static void measure(struct kernel *k, struct ids *ids, int64_t facts)
{
	char from[ID_MAX], id[ID_MAX];
	exs_err err = EXS_ERR_INIT;
	int64_t begun, ns = 0;
	struct batch b;
	size_t before;
	int i;

	must(ids_next(ids, from, &err), &err);
	batch_init(&b);
	rows_run(k, from, facts, ROWS_ENDED, &b, BATCH);
	rows_commit(k, &b);
	before = rows_stored(k, NULL);
	for (i = 0; i < FORKS; i++) {
		must(ids_next(ids, id, &err), &err);
		must(pin_put(k->host, from, id, PIN_ASKED, &err), &err);
		begun = clock_mono_ns();
		fork_once(k, from, facts, id, &b);
		ns += clock_mono_ns() - begun;
		rows_commit(k, &b);
	}
	batch_release(&b);
	printf("  a run of %6lld facts             %8.1f us, %5zu bytes of keys and values each\n",
	       (long long)facts, (double)ns / FORKS / 1000, (rows_stored(k, NULL) - before) / FORKS);
}

int main(void)
{
	char dir[DIR_MAX];
	struct kernel k;
	struct ids ids;

	dir_make(dir);
	write_conf(dir, "fork", 9, "noop_pure", 1);
	kernel_open(&k, dir, "fork");
	ids_init(&ids);
	printf("what a fork adds to the store: mean of %d, without the sync\n", FORKS);
	measure(&k, &ids, 10);
	measure(&k, &ids, 1000);
	measure(&k, &ids, 100000);
	ids_release(&ids);
	kernel_close(&k);
	return dir_remove(dir);
}
