/* SPDX-License-Identifier: MIT */
/*
 * double.h - stand-ins for the host, so that a battery can be tested alone.
 *
 * A double_host gives one instance what the real host gives: log lines (kept), clocks (settable), settings
 * (from a table of texts, converted by the battery's own options), the store service over a little map in
 * memory, the run service (steps counted), and done records that can be waited for.
 */
#ifndef TEST_DOUBLE_H
#define TEST_DOUBLE_H

#include <pthread.h>
#include <stdbool.h>
#include <executus/battery.h>
#include <executus/cancel.h>
#include <executus/done.h>
#include <executus/helper.h>
#include <executus/run.h>
#include <executus/svc/run.h>
#include <executus/svc/store.h>

/* ---- settings ---- */

struct double_setting {
	const char *key;
	const char *value; /* TEXT...: itself; numbers: decimal, in bytes or ms; LIST: items cut by '|'; TREE: JSON */
};

struct double_conf {
	exs_conf conf;
	const exs_option *options;
	const struct double_setting *set; /* ended by a NULL key */
	char items[16][256];
};

/* ---- answers ---- */

struct double_done {
	exs_done_ops ops;
	exs_done done; /* give this */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	exs_membuf out;      /* what was put */
	exs_membuf progress; /* what was shown live */
	bool ended;
	int ends;            /* how often end was called */
	exs_status status;
	exs_usage usage;
	bool has_usage;
	exs_err err;
};

void double_done_init(struct double_done *d, size_t cap);
void double_done_release(struct double_done *d);
/* Waits until it was ended; false after wait_ms. */
bool double_done_wait(struct double_done *d, int64_t wait_ms);

/* ---- the host ---- */

struct double_row {
	char *key, *value;
	size_t key_n, value_n;
};

struct double_batch {
	exs_op *ops; /* with keys and values of its own */
	size_t n, cap;
	bool own; /* may hold conditions */
};

struct double_host {
	exs_host host; /* host.state_dir may be set; a folder that does not exist until then */
	exs_store_svc store;
	exs_run_svc run;
	struct double_conf conf;
	struct double_row *rows; /* sorted by key */
	size_t n, cap;
	pthread_mutex_t lock; /* of the rows: a battery may have threads */
	char log[64][512]; /* the newest lines */
	unsigned log_n;
	int64_t wall_ms, mono_ms; /* 0: the real clock */
	bool no_store;            /* service() answers NULL for the store */
	bool fail_batch;          /* batch_put and friends answer IO */
	bool fail_commit;         /* commit answers IO */
	exs_tally tally;          /* what the run service tells */
	char steered[1024];
	int kills;
	char artifact[1024]; /* the last that was announced */
	int artifacts;
};

void double_host_init(struct double_host *h, const char *name);
void double_host_release(struct double_host *h);
/* Settings for the next open. */
const exs_conf *double_host_conf(struct double_host *h, const exs_option *options,
				 const struct double_setting *set);
bool double_host_logged(const struct double_host *h, const char *part);

/* A batch as the kernel would hand it over: of facts, in which no condition is allowed, or one of the battery's own. */
void double_batch_init(struct double_batch *b);
void double_batch_own(struct double_batch *b);
exs_batch *double_batch(struct double_batch *b);
/* Commits it, or not (CONFLICT, err->at), and empties it. */
exs_status double_batch_commit(struct double_host *h, struct double_batch *b, exs_err *err);
/* The same for one that must commit. */
void double_batch_apply(struct double_host *h, struct double_batch *b);
void double_batch_drop(struct double_batch *b);

/* ---- loading ---- */

/* The battery of a file by dlopen, or fails the test with the reason. */
const exs_battery *double_load(const char *path);

/* A run info with every text filled in. */
exs_run_info double_run_info(const char *run_id);

#endif
