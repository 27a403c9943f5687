/* SPDX-License-Identifier: MIT */
/*
 * port/audit.h - who did what?
 *
 * Any number may be bound. Each sees every fact of every run, in order: start, record for each fact, finish.
 * A failure is logged once, becomes a port_failed fact, and the run goes on without this trail.
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

typedef struct exs_audit {
	uint32_t size;
	uint32_t flags;
	/* A run begins, or goes on (run->attempt > 1). OK with *out = NULL: not this run. [worker-thread] */
	exs_status (*start)(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err);
	/* One fact. Rows for the batch commit with it, all or nothing. [worker-thread] */
	exs_status (*record)(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err);
	/* The run ended or was left. Frees the trail, whatever it returns. [worker-thread] */
	exs_status (*finish)(exs_trail *trail, exs_err *err);
} exs_audit;

EXS_END

#endif
