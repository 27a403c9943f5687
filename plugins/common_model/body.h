/* SPDX-License-Identifier: MIT */
/*
 * body.h - the body of a request: text that was written for it, and in the midst of that what the
 * cache holds of the transcript.
 *
 * A long history is not copied but sent from the cache's entry, which the body has taken out and
 * gives back when it is released: as soon as it was sent, or when its turn ends. One thread at a
 * time.
 */
#ifndef COMMON_MODEL_BODY_H
#define COMMON_MODEL_BODY_H

#include "cache.h"

#define REQUEST_MAX   (64u << 20) /* bytes of one body */
#define BODY_KEPT_MAX (16u << 10) /* of one that is in one piece and kept until the answer came */

struct body {
	struct text text; /* append to it */
	struct cache *cache;
	struct cache_entry *history; /* NULL: there is none, or it was copied */
	size_t before;		     /* bytes of `text` that come before it */
	size_t from, n;		     /* the part of its text that counts */
};

void body_init(struct body *b, struct cache *cache);
void body_release(struct body *b); /* empty again and usable */

/* Appends n bytes of an entry that was taken out of the cache, from that one on, and takes the
 * entry over. Once in a body. As with text_add a failure is in b->text.status. */
void body_add_history(struct body *b, struct cache_entry *e, size_t from, size_t n);

size_t body_size(const struct body *b);
/* All of it where it is short and in one piece; else NULL. It stays until the body is changed. */
const char *body_whole(const struct body *b);
/* Copies n bytes, which it has, from byte `at` on. */
void body_copy(const struct body *b, size_t at, size_t n, char *out);

#endif
