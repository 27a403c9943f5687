/* SPDX-License-Identifier: MIT */
/*
 * retain.h - which runs may go: a pure policy over what is known of them.
 *
 * A rule looks at the ended runs of its statuses and its agent. Of those it lets go what ended
 * longer ago than max_age_ms, what is behind the newest max_count, and what no longer fits into
 * max_bytes counted from the newest on. Several rules are a union: call it once for each. Whatever
 * the rules say, a run stays that has not ended, is held, owes a delivery or is needed by another.
 *
 *	bool gone[N] = { false };
 *	retain_pick(&rule, items, N, clock_wall_ms(), gone);
 */
#ifndef ROWS_RETAIN_H
#define ROWS_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <executus/run.h>

#define RETAIN_STATUS(ended) (1u << (ended)) /* of EXS_ENDED_ */

struct retain_rule {
	int64_t max_age_ms, max_count, max_bytes; /* 0: no such bound */
	uint32_t statuses;			  /* RETAIN_STATUS together; 0: all */
	const char *agent;			  /* NULL: all */
};

struct retain_item {
	const char *run;
	int32_t status; /* EXS_ENDED_ */
	bool ended, held;
	bool owed;   /* a delivery is pending */
	bool needed; /* another run refers to it */
	int64_t ended_ms, bytes;
	const char *agent; /* NULL: not known */
};

/* Why a run stays whatever the rules say, as words for a person; NULL: it may go. */
const char *retain_why_kept(const struct retain_item *it);

/*
 * Items are newest first. Sets out_gone[i] for what goes by this rule and leaves the others as they
 * are; returns how many it set that were not set before.
 */
size_t retain_pick(const struct retain_rule *rule, const struct retain_item *items, size_t n,
		   int64_t now_ms, bool *out_gone);

#endif
