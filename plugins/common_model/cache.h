/* SPDX-License-Identifier: MIT */
/*
 * cache.h - what was encoded of each transcript, the least recently used leaving first.
 *
 * An entry is taken out, worked on by one thread alone, and given back; whoever finds it gone
 * meanwhile starts with an empty one. So the lock is held for a look-up only. Any thread.
 */
#ifndef COMMON_MODEL_CACHE_H
#define COMMON_MODEL_CACHE_H

#include <pthread.h>
#include "../common_json/text.h"

#define CACHE_BYTES_MAX (64u << 20) /* of all encodings that are kept */
#define CACHE_ENTRY_MAX (64u << 20) /* of one */
#define CACHE_BUCKETS	4096u	    /* power of 2 */

struct cache_entry {
	struct cache_entry *next;	   /* in its bucket */
	struct cache_entry *newer, *older; /* by last use */
	uint64_t id;			   /* of the transcript */
	uint64_t count;			   /* segments in `text` */
	struct text text;
};

struct cache {
	pthread_mutex_t lock;
	struct cache_entry *buckets[CACHE_BUCKETS];
	struct cache_entry *newest, *oldest;
	size_t bytes;
};

void cache_init(struct cache *c);
void cache_release(struct cache *c);
/* The entry of the transcript with at most `count` segments, or an empty one; NULL: no memory. */
struct cache_entry *cache_take(struct cache *c, uint64_t id, uint64_t count);
void cache_give(struct cache *c, struct cache_entry *e);
/* Frees an entry that was taken. */
void cache_drop(struct cache_entry *e);

#endif
