/* SPDX-License-Identifier: MIT */
/* due.h - a heap of moments: which of many things comes first. One thread. */
#ifndef COMMON_MODEL_DUE_H
#define COMMON_MODEL_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what waits. */
struct moment {
	int64_t at_ms;
	size_t slot; /* place in the heap + 1; 0: not in it */
};

struct due {
	struct moment **heap;
	size_t n, cap;
};

void due_release(struct due *d);
/* Makes room for n moments, so that due_set cannot fail. False: no memory. */
bool due_reserve(struct due *d, size_t n);
void due_set(struct due *d, struct moment *m, int64_t at_ms); /* adds or moves */
void due_remove(struct due *d, struct moment *m);	      /* also when it is not in it */
struct moment *due_first(const struct due *d);		      /* NULL: empty */

#endif
