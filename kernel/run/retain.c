/* SPDX-License-Identifier: MIT */
/* retain.c - see retain.h. */
#include "run/retain.h"

/* The rule speaks of runs that ended so. */
static bool is_meant(const struct retain_rule *r, const struct retain_item *it)
{
	return !r->statuses || (it->status >= 0 && it->status < 32 &&
				r->statuses & (1u << (uint32_t)it->status));
}

static bool may_go(const struct retain_item *it)
{
	return it->ended && !it->held && !it->owed && !it->needed;
}

/* A time that lies ahead is a clock that went backwards: it says nothing about age. */
static bool too_old(const struct retain_rule *r, const struct retain_item *it, int64_t now_ms)
{
	return r->max_age_ms && it->ended_ms <= now_ms && now_ms - it->ended_ms > r->max_age_ms;
}

size_t retain_pick(const struct retain_rule *rule, const struct retain_item *items, size_t n,
		   int64_t now_ms, bool *out_gone)
{
	int64_t count = 0, bytes = 0;
	size_t i, gone = 0;

	for (i = 0; i < n; i++) {
		int64_t size = items[i].bytes > 0 ? items[i].bytes : 0;

		if (!is_meant(rule, &items[i]))
			continue;
		count++;
		bytes = size > INT64_MAX - bytes ? INT64_MAX : bytes + size;
		if (!may_go(&items[i]))
			continue;
		if (too_old(rule, &items[i], now_ms) ||
		    (rule->max_count && count > rule->max_count) ||
		    (rule->max_bytes && bytes > rule->max_bytes)) {
			out_gone[i] = true;
			gone++;
		}
	}
	return gone;
}
