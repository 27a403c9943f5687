/* SPDX-License-Identifier: MIT */
/*
 * readers.h - who reads, over all processes, and how old what they read is.
 *
 * A reader keeps every page that was freed since it began. Ours end within 100 ms; a process that
 * was stopped in the middle, or a copy onto a slow disk, may hold them for hours.
 */
#ifndef STORE_READERS_H
#define STORE_READERS_H

#include "env.h"

#define READERS_NAMED 8u   /* of the oldest; the others are counted */
#define READER_OLD    100u /* commits behind the last one: from here on it is old */

struct reader {
	long pid;
	uint64_t txn; /* what it reads: the state behind this commit */
};

struct readers {
	uint64_t count;
	uint64_t n; /* in `oldest`, the oldest first */
	struct reader oldest[READERS_NAMED];
};

/* 0, or what LMDB answered. The caller is inside; what it reads itself counts. */
int readers_list(const struct env *env, struct readers *out);

#endif
