/* SPDX-License-Identifier: MIT */
/* run.h - who and what a run is, as every port sees it. */
#ifndef EXECUTUS_RUN_H
#define EXECUTUS_RUN_H

#include <executus/bytes.h>

EXS_BEGIN

/* Flags of a run. */
enum {
	EXS_RUN_DURABLE = 1u, /* its facts are stored; it can be resumed */
	EXS_RUN_RETRIED = 2u  /* it had ended before this attempt, or before one that this attempt goes on with */
};

/*
 * Valid for the call, or until the handle or done record that it came with has ended. Texts are
 * NUL-terminated, never NULL, empty when not known.
 */
typedef struct exs_run_info {
	uint32_t size;
	int32_t attempt; /* 1: the first; each resume adds one */
	uint64_t run;    /* for executus.svc.run/1; 0 where no run is live */
	const char *run_id;
	const char *parent_id;
	const char *root_id;
	const char *agent;
	const char *caller;  /* who asked; the scope of budgets and fair sharing */
	const char *channel; /* where they asked */
	const char *tier;
	exs_str input;
	int64_t started_ms; /* wall clock */
	int32_t max_steps;
	int32_t depth; /* 0: no parent */
	uint32_t flags; /* EXS_RUN_ */
	uint32_t reserved;
} exs_run_info;

/* How a run ended, or waits. */
#define EXS_RUN_STATUS_LIST(X)                                                                     \
	X(NONE, 0, "running")                                                                      \
	X(OK, 1, "ok")                                                                             \
	X(ERROR, 2, "error")                                                                       \
	X(CANCELLED, 3, "cancelled")                                                               \
	X(TIMEOUT, 4, "timeout")                                                                   \
	X(KILLED, 5, "killed")                                                                     \
	X(DENIED, 6, "denied")                                                                     \
	X(INTERRUPTED, 7, "interrupted")                                                           \
	X(PARKED, 8, "parked")

enum {
#define EXS_X(name, number, word) EXS_ENDED_##name = number,
	EXS_RUN_STATUS_LIST(EXS_X)
#undef EXS_X
		EXS_ENDED_COUNT = 9
};

EXS_END

#endif
