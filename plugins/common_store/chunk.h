/* SPDX-License-Identifier: MIT */
/*
 * chunk.h - how a scan lets go of the store before it calls anybody.
 *
 * A scan copies rows into a chunk while it holds the store, lets go, hands the copies out, and
 * seeks again behind the last one. So a slow reader holds no lock and no snapshot. One scan belongs
 * to one thread.
 */
#ifndef STORE_CHUNK_H
#define STORE_CHUNK_H

#include <stdbool.h>
#include <executus/helper.h>
#include <executus/port/store.h>

#define CHUNK_BYTES                                                                                \
	(64u << 10) /* copied before the store is let go; a row more may stand behind it */

/* `from` may be a byte longer than a key, so that "behind this key" can be said: the key and a NUL.
 */
#define RANGE_FROM_MAX (EXS_STORE_KEY_MAX + 1u)

/* Where a scan goes on. */
struct range {
	exs_str prefix; /* of the caller of scan */
	bool reverse;
	/*
	 * Forward: the next row is the first at or above `at`. Reverse: the last one below `at`; n
	 * = 0 is above every key, which is free for that since no row is below the empty key.
	 */
	size_t n;
	char at[RANGE_FROM_MAX + 1u];
};

exs_status range_init(struct range *r, exs_str prefix, exs_str from, uint32_t flags, exs_err *err);
bool range_has(const struct range *r, exs_str key); /* false: the scan is over */
void range_pass(struct range *r, exs_str key);	    /* the scan goes on behind this row */

/* Compares as unsigned bytes. */
int bytes_cmp(exs_str a, exs_str b);

/* Copied rows. */
struct chunk {
	char *p;
	size_t n, cap;
};

bool chunk_full(const struct chunk *c);
exs_status chunk_add(struct chunk *c, exs_str key, exs_str value, exs_err *err); /* NOMEM */

/*
 * Copies rows of the range into the empty chunk until it is full or the range is over (*end =
 * true), and moves the range behind them. A failure may leave good rows in the chunk: they are
 * handed out first.
 */
typedef exs_status chunk_fill(exs_self *self, struct range *r, uint32_t flags, struct chunk *c,
			      bool *end, exs_err *err);

/* The scan of the contract on top of fill. */
exs_status chunk_scan(exs_self *self, chunk_fill *fill, exs_str prefix, exs_str from,
		      uint32_t flags, exs_status (*row)(void *arg, exs_str key, exs_str value),
		      void *arg, exs_err *err);

#endif
