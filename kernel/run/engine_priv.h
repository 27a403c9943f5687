/* SPDX-License-Identifier: MIT */
/* engine_priv.h - the engine as the files of kernel/run see it. */
#ifndef RUN_ENGINE_PRIV_H
#define RUN_ENGINE_PRIV_H

#include "fact/redact.h"
#include "rows/owner.h"
#include "run/run.h"
#include "run/targets.h"

#define REGISTRY_BUCKETS 1024u
#define RUNS_MAX	 100000u /* alive in one process */

struct engine {
	struct host *host;
	struct toolbox tools;
	struct targets *targets; /* how the models are doing */
	struct redact redact; /* shown.c */
	bool secret_args;     /* a tool says so of its arguments */
	struct owner *owner; /* NULL: no store is bound */
	struct ids ids;
	pthread_mutex_t lock; /* the registry */
	pthread_cond_t empty;
	struct run *buckets[REGISTRY_BUCKETS];
	uint32_t run_n;
	uint64_t next_handle;
	int64_t storage_wait_ms; /* run.storage_wait: a store that refuses */
	int64_t store_wait_ms; /* WAIT_STORE_MS: a store that is silent for longer stays silent */
	bool stopping;
	struct sweeper *sweeper; /* NULL: nobody to deliver to */
};

/* A run that is nowhere yet, with one reference. */
exs_status run_new(struct engine *e, const char *id, const struct run_listener *listener,
		   struct run **out, exs_err *err);
exs_status registry_add(struct engine *e, struct run *run,
			exs_err *err); /* AGAIN: too many, or it stops */
void registry_remove(struct run *run);
struct run *registry_find(struct engine *e, uint64_t handle); /* a reference, or NULL */
/* Calls fn for each live run, outside the lock. */
void registry_each(struct engine *e, void (*fn)(struct run *run, void *arg), void *arg);

void run_service_init(struct engine *e); /* service.c: executus.svc.run/1 */

/* Mail for our runs that other processes left: inbox.c, called with the heartbeat. */
void inbox_drain(struct engine *e);

#endif
