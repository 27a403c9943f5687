/* SPDX-License-Identifier: MIT */
/*
 * head.h - the head of a run: one JSON object in two parts.
 *
 *	{"run":...,"agent":...,...,"input":"...","started_ms":N   who asked what; never changes
 *	 "status":...,...,"rows":N,...,"last":N,"hash":"..."}   what the log says, a fold over it
 *
 * The chain of the run's log begins with the hash of the first part, and the second one can be made
 * again from the log. So each byte of a head is held by the log, whose last hash is held by the
 * chain over the runs.
 */
#ifndef AUDIT_STORE_HEAD_H
#define AUDIT_STORE_HEAD_H

#include "rows.h"

#define HEAD_TEXT_MAX  200u /* of input, agent, caller ... in a head: enough to recognise it */
#define HEAD_MAX       (64u << 10)
#define STATUS_MAX     16u
#define HEAD_COUNT_MAX ((int64_t)1 << 53) /* what JSON readers keep exactly; sums stop there */

/* What the log says of its run. */
struct tally {
	char status[STATUS_MAX];
	int64_t ended_ms; /* 0: it has not ended */
	int64_t attempt, steps, calls, run_ms;
	int64_t in, cache_read, cache_write, out, reasoning, cost, estimated;
	int64_t rows, bytes, last; /* how many, of how many bytes, and the seq of the last one */
	struct digest hash; /* of the last one */
};

/* What the tally takes from a row. */
struct row_facts {
	int64_t seq, at_ms, run_ms, attempt, step;
	int64_t bytes; /* of the row's value; not in its JSON */
	int32_t kind;		 /* 0: one that the tally does not count */
	char status[STATUS_MAX]; /* of run_ended and run_parked; else empty */
	int has_usage;
	exs_usage usage;
};

void tally_start(struct tally *t, const struct digest *first);
void tally_add(struct tally *t, const struct row_facts *r, const struct digest *hash);

/* The first part, which ends before its comma. */
exs_status head_fixed(exs_membuf *out, const exs_run_info *run, exs_err *err);
/* Behind the first part: the second. */
exs_status head_rest(exs_membuf *out, const struct tally *t, exs_err *err);
/* Cuts a stored head in two. False: that is no head. */
int head_split(exs_str head, exs_str *fixed, exs_str *rest);
/* The second part, read back. False: that is no head. */
int head_tally(exs_str head, struct tally *out);

#endif
