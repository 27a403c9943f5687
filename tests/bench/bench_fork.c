/* SPDX-License-Identifier: MIT */
/*
 * bench_fork.c - what a fork of a long run costs: time and bytes of the rows that it adds, which must not
 * depend on how long the run is. The goals for a run of 1,000 facts: 100 microseconds and 1 KiB each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_kit.h"
#include "host/calls.h"
#include "run/head.h"
#include "run/pin.h"

#define FORKS	1000
#define BODY	"{\"text\":\"a fact with a body of about a hundred bytes, as most of those of a run are: neither long nor short\"}"
#define FORKED                                                                                     \
	"{\"v\":1,\"limits\":{\"steps\":12,\"runtime_ms\":60000,\"same_calls\":3,\"failed_steps\":3,"     \
	"\"answer_tokens\":0,\"attempts\":3},\"in_doubt\":\"tell\",\"durability\":\"strict\","              \
	"\"from\":{\"run\":\"01jabcdefghjkmnpqrstvwxyz0\",\"seq\":1000,\"step\":333},\"asks\":false}"

static exs_run_info info_of(const char *id)
{
	return (exs_run_info){ .size = sizeof(exs_run_info),
			       .attempt = 1,
			       .run_id = id,
			       .parent_id = "",
			       .root_id = id,
			       .agent = "a",
			       .caller = "",
			       .channel = "cli",
			       .tier = "fast",
			       .input = str_of("go"),
			       .started_ms = clock_wall_ms() };
}

static void must(exs_status status, const exs_err *err)
{
	if (status)
		die(err->text);
}

static void append(struct kernel *k, exs_ckpt *ckpt, int64_t seq, int32_t kind, const char *body,
		   struct batch *b)
{
	exs_fact f = { .size = sizeof f, .kind = kind, .seq = seq, .attempt = 1, .body = str_of(body) };
	const exs_fact *list[] = { &f };
	exs_err err = EXS_ERR_INIT;

	must(call_ckpt_append(k->host->checkpoint, ckpt, list, 1, b, &err), &err);
}

static void commit(struct kernel *k, struct batch *b)
{
	exs_err err = EXS_ERR_INIT;

	must(call_store_commit(k->host->store, b, &err), &err);
	batch_release(b);
	batch_init(b);
}

static void put_head(const char *id, int64_t seq, struct batch *b)
{
	struct head head = { .fence = 1, .seq = seq };
	exs_err err = EXS_ERR_INIT;

	must(head_move(b, id, NULL, &head, &err), &err);
}

static void write_base(struct kernel *k, const char *id, int64_t facts)
{
	exs_run_info run = info_of(id);
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = NULL;
	struct batch b;
	int64_t seq;

	batch_init(&b);
	put_head(id, facts, &b);
	must(call_ckpt_begin(k->host->checkpoint, &run, &b, &ckpt, &err), &err);
	for (seq = 1; seq <= facts; seq++) {
		append(k, ckpt, seq, EXS_FACT_STEERED, BODY, &b);
		if (seq % 500 == 0)
			commit(k, &b);
	}
	must(call_ckpt_end(k->host->checkpoint, ckpt, EXS_CKPT_COMPLETE, str_of("ok"), &b, &err), &err);
	commit(k, &b);
	batch_release(&b);
}

/* The rows of one fork, as the kernel and the journal make them. */
static void fork_once(struct kernel *k, const char *from, int64_t seq, const char *id, struct batch *b)
{
	exs_run_info run = info_of(id);
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = NULL;
	struct batch unused;

	put_head(id, seq + 1, b);
	must(call_ckpt_fork(k->host->checkpoint, &run, from, seq, b, &ckpt, &err), &err);
	append(k, ckpt, seq + 1, EXS_FACT_RUN_FORKED, FORKED, b);
	must(pin_check(b, from, id, PIN_ASKED, &err), &err);
	batch_init(&unused); /* what its end would put is no part of a fork */
	call_ckpt_end(k->host->checkpoint, ckpt, EXS_CKPT_LEAVE, str_of("parked"), &unused, &err);
	batch_release(&unused);
}

static exs_status add_row(void *arg, exs_str key, exs_str value)
{
	*(size_t *)arg += key.n + value.n;
	return EXS_OK;
}

static size_t stored(struct kernel *k)
{
	exs_err err = EXS_ERR_INIT;
	size_t n = 0;

	must(call_store_scan(k->host->store, str_of(NULL), str_of(NULL), 0, add_row, &n, &err), &err);
	return n;
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
	write_base(k, from, facts);
	before = stored(k);
	batch_init(&b);
	for (i = 0; i < FORKS; i++) {
		must(ids_next(ids, id, &err), &err);
		must(pin_put(k->host, from, id, PIN_ASKED, &err), &err);
		begun = clock_mono_ns();
		fork_once(k, from, facts, id, &b);
		ns += clock_mono_ns() - begun;
		commit(k, &b);
	}
	batch_release(&b);
	printf("  a run of %6lld facts             %8.1f us, %5zu bytes of keys and values each\n",
	       (long long)facts, (double)ns / FORKS / 1000, (stored(k) - before) / FORKS);
}

int main(void)
{
	char dir[] = "/tmp/executus-bench-XXXXXX", command[64];
	struct kernel k;
	struct ids ids;

	if (!mkdtemp(dir))
		die("no folder");
	write_conf(dir, "fork", 9, "noop_pure", 1);
	kernel_open(&k, dir, "fork");
	ids_init(&ids);
	printf("what a fork adds to the store: mean of %d, without the sync\n", FORKS);
	measure(&k, &ids, 10);
	measure(&k, &ids, 1000);
	measure(&k, &ids, 100000);
	ids_release(&ids);
	kernel_close(&k);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command) != 0;
}
