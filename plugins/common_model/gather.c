/* SPDX-License-Identifier: MIT */
/* gather.c - see gather.h. */
#include "gather.h"

void gather_add(struct gather *g, size_t events)
{
	g->events += events;
}

int gather_ms(struct gather *g, int64_t now_ms)
{
	int64_t passed = now_ms - g->last_ms, events = (int64_t)g->events;

	if (events == 0)
		return 0;
	g->events = 0;
	g->last_ms = now_ms;
	return passed * 2 <= GATHER_MS * events ? GATHER_MS : 0;
}
