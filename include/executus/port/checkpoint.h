/* SPDX-License-Identifier: MIT */
/*
 * port/checkpoint.h - how is a run remembered and found again?
 *
 * Bound once. It keeps the facts of each run in order and an index of the runs, by adding rows to the
 * batch that it is given (or by its own means, ignoring the batch). The kernel owns the run's head row
 * (owner, fence, sequence) and puts its check into every facts batch, so a checkpoint battery needs no lock
 * of its own. Life of a handle: begin or adopt, append any number of times, end. A failing checkpoint stops
 * the run before its next model or tool call: a durable run never silently becomes less.
 */
#ifndef EXECUTUS_PORT_CHECKPOINT_H
#define EXECUTUS_PORT_CHECKPOINT_H

#include <executus/battery.h>
#include <executus/fact.h>
#include <executus/run.h>
#include <executus/svc/store.h>

EXS_BEGIN

#define EXS_PORT_CHECKPOINT "executus.checkpoint/1"
#define EXS_CKPT_FORGET_MAX 2048u

typedef struct exs_ckpt exs_ckpt;

/* How a handle ends. */
enum {
	EXS_CKPT_COMPLETE = 1, /* the run ended ok: closed, kept for show */
	EXS_CKPT_FAIL = 2,     /* the run ended otherwise: closed, kept for show */
	EXS_CKPT_LEAVE = 3     /* the run goes on later: stays in the open index */
};

/* What list shows. */
enum { EXS_LIST_OPEN = 1u /* only runs that can be resumed */ };

typedef struct exs_checkpoint {
	uint32_t size;
	uint32_t reserved;
	/*
	 * A new run. OK with *out = NULL: this run is not durable. CONFLICT: that id exists. The rows go into
	 * the same batch as the run's first facts. [worker-thread]
	 */
	exs_status (*begin)(exs_self *self, const exs_run_info *run, exs_batch *batch, exs_ckpt **out,
			    exs_err *err);
	/* A run that exists, be it open or ended, for a new attempt (run->attempt): it is open again. NOTFOUND. [worker-thread] */
	exs_status (*adopt)(exs_self *self, const exs_run_info *run, exs_batch *batch, exs_ckpt **out,
			    exs_err *err);
	/* The next n facts, in order, each exactly once. [worker-thread] */
	exs_status (*append)(exs_ckpt *ckpt, const exs_fact *const *facts, uint64_t n, exs_batch *batch,
			     exs_err *err);
	/*
	 * `how` is EXS_CKPT_; `status` is the run's status word ("ok", "parked"). Frees the handle, whatever it
	 * returns. [worker-thread]
	 */
	exs_status (*end)(exs_ckpt *ckpt, int32_t how, exs_str status, exs_batch *batch, exs_err *err);
	/*
	 * The facts of a run in order. NOTFOUND: no such run. CORRUPT: a fact is missing, damaged, of a newer
	 * record version, or belongs to another run; the facts before it were given. `row` ends it by any
	 * status but OK. [any-thread]
	 */
	exs_status (*load)(exs_self *self, const char *run_id,
			   exs_status (*row)(void *arg, const exs_fact *fact) /* [any-thread] of load */, void *arg,
			   exs_err *err);
	/*
	 * The runs, newest first, each as one JSON object with at least "run", "agent", "caller", "status",
	 * "started_ms", "attempt"; ended ones have "ended_ms". [any-thread]
	 */
	exs_status (*list)(exs_self *self, uint32_t flags,
			   exs_status (*row)(void *arg, exs_str head) /* [any-thread] of list */, void *arg,
			   exs_err *err);
	/*
	 * Adds to the batch what takes a run out of the store, at most EXS_CKPT_FORGET_MAX rows at a time: the first
	 * call takes it out of list and load for good, later ones clear the rest away. The host commits the batch and
	 * calls again while *more is 1. With run_id NULL: what an interrupted forget has left. NOTFOUND: there is
	 * nothing. The batch may hold conditions: when a later one conflicts the host calls again, and a first one that
	 * does leaves the run as it is. May be NULL: runs stay for ever. [any-thread]
	 */
	exs_status (*forget)(exs_self *self, const char *run_id, exs_batch *batch, int32_t *more, exs_err *err);
	/*
	 * What load cannot see, as a count that is not what it counts: each is given as a sentence. OK: all was looked
	 * at; `finding` ends it by any status but OK. Runs may go on meanwhile. May be NULL. [any-thread]
	 */
	exs_status (*verify)(exs_self *self, exs_status (*finding)(void *arg, exs_str text) /* [any-thread] of verify */,
			     void *arg, exs_err *err);
	/*
	 * As begin, for a new run that has the facts 1 to seq of the run `from`, which exist, in common with it: load
	 * gives them as its own, and append goes on with seq + 1. They need not be copied: the host forgets no run
	 * that another one was forked from before that one. list adds "forked_from" and "forked_seq". CONFLICT: that
	 * id exists; NOTFOUND: there is no run `from`; TOOBIG: more forks of forks than it can follow. May be NULL: no
	 * run can be forked. [worker-thread]
	 */
	exs_status (*fork)(exs_self *self, const exs_run_info *run, const char *from, int64_t seq,
			   exs_batch *batch, exs_ckpt **out, exs_err *err);
} exs_checkpoint;

EXS_END

#endif
