/* SPDX-License-Identifier: MIT */
/* retain.c - see retain.h. */
#include "rows/retain.h"

#include <string.h>

const char *retain_why_kept(const struct retain_item *it)
{
	if (!it->ended)
		return "it has not ended";
	if (it->held)
		return "it is held";
	if (it->owed)
		return "a delivery is pending";
	if (it->needed)
		return "another run needs it";
	return NULL;
}

static bool is_seen(const struct retain_rule *rule, const struct retain_item *it)
{
	if (!it->ended)
		return false;
	if (rule->agent && (!it->agent || strcmp(it->agent, rule->agent) != 0))
		return false;
	return !rule->statuses ||
	       (it->status >= 0 && it->status < 32 && (rule->statuses >> it->status & 1u));
}

/* A time that lies in the future says that a clock was wrong, not that the run is old. */
static bool is_old(const struct retain_rule *rule, const struct retain_item *it, int64_t now_ms)
{
	if (rule->max_age_ms <= 0 || it->ended_ms < 0 || it->ended_ms >= now_ms)
		return false;
	return now_ms - it->ended_ms > rule->max_age_ms;
}

size_t retain_pick(const struct retain_rule *rule, const struct retain_item *items, size_t n,
		   int64_t now_ms, bool *out_gone)
{
	int64_t count = 0, room = rule->max_bytes;
	size_t picked = 0, i;

	/* What must stay takes its place in count and bytes all the same: it is there. */
	for (i = 0; i < n; i++) {
		const struct retain_item *it = &items[i];
		bool goes;

		if (!is_seen(rule, it))
			continue;
		count++;
		/* Below 0 once and for all, and never further: sizes may be anything. */
		if (room >= 0)
			room = it->bytes > room ? -1 : it->bytes > 0 ? room - it->bytes : room;
		goes = is_old(rule, it, now_ms) ||
		       (rule->max_count > 0 && count > rule->max_count) ||
		       (rule->max_bytes > 0 && room < 0);
		if (!goes || out_gone[i] || retain_why_kept(it))
			continue;
		out_gone[i] = true;
		picked++;
	}
	return picked;
}
