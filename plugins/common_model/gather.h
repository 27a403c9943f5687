/* SPDX-License-Identifier: MIT */
/*
 * gather.h - when to let events of streams gather before they are read.
 *
 * To wake the thread costs far more than to read an event. Where streams are so fast, or so many,
 * that at least two events can be expected within GATHER_MS, the thread waits so long before it
 * looks at its sockets again and reads them all at once. Nothing waits longer than that, a new
 * turn and a cancellation not at all; a stream that is slower is read as it comes.
 */
#ifndef COMMON_MODEL_GATHER_H
#define COMMON_MODEL_GATHER_H

#include <stddef.h>
#include <stdint.h>

#define GATHER_MS 4 /* a quarter of a screen's frame: nobody sees it */

struct gather {
	size_t events;	 /* of streams that go on, in this pass */
	int64_t last_ms; /* the pass before this one that had any */
};

/* Events were read of a stream that goes on. */
void gather_add(struct gather *g, size_t events);
/* Behind each pass of the loop, which began at now_ms: how long to wait, 0 or GATHER_MS. */
int gather_ms(struct gather *g, int64_t now_ms);

#endif
