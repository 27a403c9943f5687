/* SPDX-License-Identifier: MIT */
/*
 * port/audit.h - who did what?
 *
 * Any number may be bound. Each sees every fact of every run, in order: start, record for each fact, finish.
 * A failure is logged once, becomes a port_failed fact, and the run goes on without this trail.
 *
 * What a fact may not tell anybody (arguments of tools that carry secrets, what run.redact of the conf matches) is
 * gone before a trail sees it.
 *
 * A trail that can be asked fills list, read, verify, head, forget and holds too: `executus audit`, and `executus runs`
 * where a trail alone knows, use the first bound one that fills the function. They are called without a run, also in a
 * process that opened the store, the checkpoint and the audits alone.
 */
#ifndef EXECUTUS_PORT_AUDIT_H
#define EXECUTUS_PORT_AUDIT_H

#include <executus/battery.h>
#include <executus/fact.h>
#include <executus/run.h>
#include <executus/svc/store.h>

EXS_BEGIN

#define EXS_PORT_AUDIT "executus.audit/1"

typedef struct exs_trail exs_trail;

/* Flags of the table. */
enum {
	EXS_AUDIT_OUTSIDE = 1u /* writes outside the store: gets each fact once it is durable, with batch NULL */
};

/* Flags of a filter. */
enum {
	EXS_AUDIT_TOP = 1u,      /* only runs without a parent */
	EXS_AUDIT_ANCESTORS = 2u /* `run_id`, its parent, the parent's parent ...; each once, whatever the rows say */
};

/* Which runs; a run is wanted when every member that is given fits. Texts are NUL-terminated, NULL: any. */
typedef struct exs_audit_filter {
	uint32_t size;
	uint32_t flags; /* EXS_AUDIT_ */
	const char *run_id;
	const char *agent;
	const char *caller;
	const char *status; /* the word of the run's end, or "running" */
	const char *parent; /* the children of that run */
	int64_t from_ms; /* started at that wall clock time or later; 0: any */
	int64_t to_ms;   /* started before; 0: any */
	int64_t min_cost_micro; /* millionths of a US dollar; 0: any */
} exs_audit_filter;

typedef struct exs_audit {
	uint32_t size;
	uint32_t flags;
	/* A run begins, or goes on (run->attempt > 1). OK with *out = NULL: not this run. [worker-thread] */
	exs_status (*start)(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err);
	/* One fact. Rows for the batch commit with it, all or nothing. [worker-thread] */
	exs_status (*record)(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err);
	/* The run ended or was left. Frees the trail, whatever it returns. [worker-thread] */
	exs_status (*finish)(exs_trail *trail, exs_err *err);
	/* From here on all may be NULL: a trail that cannot be asked. */
	/*
	 * The runs, newest first, each as one JSON object with at least "run", "agent", "caller", "parent", "root",
	 * "status", "started_ms", "steps", "calls", "usage"; ended ones have "ended_ms". `row` ends it by any status
	 * but OK. [any-thread]
	 */
	exs_status (*list)(exs_self *self, const exs_audit_filter *filter,
			   exs_status (*row)(void *arg, exs_str head) /* [any-thread] of list */, void *arg,
			   exs_err *err);
	/* The log rows of one run in order, each as one JSON object. NOTFOUND. [any-thread] */
	exs_status (*read)(exs_self *self, const char *run_id,
			   exs_status (*row)(void *arg, exs_str fact) /* [any-thread] of read */, void *arg,
			   exs_err *err);
	/*
	 * Is everything that was written still there as it was written? Of one run, or of all when run_id is NULL.
	 * OK: yes. CORRUPT: no, and `row` was given one JSON object for each finding: "run", "seq" where known, "text".
	 * NOTFOUND: no such run. [any-thread]
	 */
	exs_status (*verify)(exs_self *self, const char *run_id,
			     exs_status (*row)(void *arg, exs_str finding) /* [any-thread] of verify */, void *arg,
			     exs_err *err);
	/*
	 * What to keep elsewhere so that later nobody can shorten or replace the whole trail unseen: one JSON object
	 * with "entries" and "hash". [any-thread]
	 */
	exs_status (*head)(exs_self *self, exs_sink *json, exs_err *err);
	/*
	 * Adds to the batch what takes an ended run out of the trail. The host commits the batch and calls again while
	 * *more is 1. NOTFOUND: there is no such run; DENIED: it has not ended. [any-thread]
	 */
	exs_status (*forget)(exs_self *self, const char *run_id, exs_batch *batch, int32_t *more, exs_err *err);
	/*
	 * Is what head wrote once still part of the trail? `hash` is its "hash", `entries` its "entries" or 0: not
	 * known. OK: yes. CORRUPT: no. INVALID: that is no hash. [any-thread]
	 */
	exs_status (*holds)(exs_self *self, exs_str hash, int64_t entries, exs_err *err);
} exs_audit;

EXS_END

#endif
