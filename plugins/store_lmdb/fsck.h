/* SPDX-License-Identifier: MIT */
/* fsck.h - the file of a store as pages, read without LMDB, which ends the process when it meets a damaged one. */
#ifndef STORE_FSCK_H
#define STORE_FSCK_H

#include "env.h"

#define PAGE_HEAD     16u
#define PAGE_BRANCH   0x01u
#define PAGE_LEAF     0x02u
#define PAGE_OVERFLOW 0x04u
#define PAGE_META     0x08u
#define NODE_HEAD     8u
#define NODE_BIG      0x01u /* the value is in overflow pages */
#define NODE_MAP      0x02u /* the value is another map */
#define NO_PAGE	      UINT64_MAX
#define FSCK_KEY_MAX  511u
#define FSCK_DEPTH    32u /* LMDB goes no deeper */
#define FSCK_SAID_MAX 64u /* findings; more say nothing new */

/* How a map says it is: MDB_db of LMDB 0.9. */
struct fsck_map {
	uint32_t pad;
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, entries, root;
};

/* What the newer of the two first pages says. */
struct fsck_meta {
	struct fsck_map free, main;
	uint64_t last_page, txn;
};

struct fsck {
	int fd;
	uint32_t page_bytes;
	struct fsck_meta meta;
	unsigned char *seen; /* of each page, PAGE_UNSEEN... */
	uint64_t in_use, free, lost;
	bool roots; /* only the first page of each tree is looked at */
	unsigned said;
	exs_status (*say)(void *arg, int32_t kind, exs_str text);
	void *arg;
	exs_status status; /* of say, or why the walk cannot go on */
};

enum { PAGE_UNSEEN, PAGE_USED, PAGE_FREE };

/* A sentence about damage. */
void fsck_damage(struct fsck *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counts a page as used or free; says so and is false when it is out of range or counted already. */
bool fsck_take(struct fsck *f, uint64_t page, int as, const char *map);

/*
 * The first page of each map, before LMDB opens the file: a damaged one there would end the process
 * before anybody can ask for a check. OK also when there is no file, or another process is just
 * changing it. CORRUPT with a sentence.
 */
exs_status fsck_opening(const struct env *env, exs_err *err);

/* fsck_map.c: walks a map. Free: each key is a number, and the values are lists of free pages. */
void fsck_walk(struct fsck *f, const struct fsck_map *map, const char *name, bool free);

#endif
