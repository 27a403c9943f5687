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
#define HELD_LOUD     (1u << 20) /* bytes that it keeps from being used again: then it is named */
#define PROCESS_NAME  17u

struct reader {
	long pid;
	uint64_t txn; /* what it reads: the state behind this commit */
};

struct readers {
	uint64_t count;
	uint64_t n; /* in `oldest`, the oldest first */
	struct reader oldest[READERS_NAMED];
};

/* The reader that was named last, and when it was looked. [committer] */
struct reader_watch {
	struct reader named;
	uint64_t pages; /* of the file, then */
};

#define LOOK_PAGES 256u /* the file grew by so much: is it because of a reader? */

/* What the process is called now; empty when there is none, or none that we may see. Returns out. */
const char *reader_process(long pid, char out[PROCESS_NAME]);

/* Frees the places of dead readers, and names once the living one that makes the file grow. */
void readers_watch(struct env *env, struct reader_watch *w);

/* The same, when the file has grown enough for it. After each commit. */
void readers_watch_growth(struct env *env, struct reader_watch *w);

/* 0, or what LMDB answered. The caller is inside; what it reads itself counts. */
int readers_list(const struct env *env, struct readers *out);

#endif
