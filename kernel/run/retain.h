/* SPDX-License-Identifier: MIT */
/* retain.h - which runs a rule lets go: a pure policy, that touches nothing. */
#ifndef RUN_RETAIN_H
#define RUN_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0: no such bound. What is over any of the bounds goes. */
struct retain_rule {
	int64_t max_age_ms, max_count, max_bytes;
	uint32_t statuses; /* bits of EXS_ENDED_; 0: all */
};

struct retain_item {
	const char *run;
	int32_t status; /* EXS_ENDED_ */
	bool ended, held;
	bool owed;   /* a delivery is pending */
	bool needed; /* another run refers to it */
	int64_t ended_ms, bytes;
};

/*
 * Sets out_gone of what goes and returns how many that are; the others are left as they were. Items
 * come newest first. What has not ended, is held, owed or needed never goes.
 */
size_t retain_pick(const struct retain_rule *rule, const struct retain_item *items, size_t n,
		   int64_t now_ms, bool *out_gone);

#endif
