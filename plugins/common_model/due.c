/* SPDX-License-Identifier: MIT */
/* due.c - see due.h. */
#include "due.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void due_release(struct due *d)
{
	free(d->heap);
	memset(d, 0, sizeof *d);
}

bool due_reserve(struct due *d, size_t n)
{
	size_t cap = d->cap ? d->cap : 64;
	struct moment **heap;

	while (cap < n)
		cap *= 2;
	if (cap == d->cap)
		return true;
	heap = realloc(d->heap, cap * sizeof *heap);
	if (!heap)
		return false;
	d->heap = heap;
	d->cap = cap;
	return true;
}

static void place(struct due *d, size_t i, struct moment *m)
{
	d->heap[i] = m;
	m->slot = i + 1;
}

static size_t up(struct due *d, size_t i, const struct moment *m)
{
	while (i && d->heap[(i - 1) / 2]->at_ms > m->at_ms) {
		place(d, i, d->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return i;
}

static size_t down(struct due *d, size_t i, const struct moment *m)
{
	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid + 1 < d->n && d->heap[kid + 1]->at_ms < d->heap[kid]->at_ms)
			kid++;
		if (kid >= d->n || d->heap[kid]->at_ms >= m->at_ms)
			return i;
		place(d, i, d->heap[kid]);
		i = kid;
	}
}

void due_set(struct due *d, struct moment *m, int64_t at_ms)
{
	if (!m->slot) {
		assert(d->n < d->cap);
		place(d, d->n++, m);
	}
	m->at_ms = at_ms;
	place(d, down(d, up(d, m->slot - 1, m), m), m);
}

void due_remove(struct due *d, struct moment *m)
{
	struct moment *last;

	if (!m->slot)
		return;
	last = d->heap[--d->n];
	if (last != m) {
		size_t at = m->slot - 1;

		place(d, at, last);
		place(d, down(d, up(d, at, last), last), last);
	}
	m->slot = 0;
}

struct moment *due_first(const struct due *d)
{
	return d->n ? d->heap[0] : NULL;
}
