/* SPDX-License-Identifier: MIT */
/*
 * rows.h - an ordered map of bytes in memory: a skip list.
 *
 * A row is one piece of memory. It belongs to the map while it is in it and to the caller before
 * rows_put and after rows_put or rows_take gave it back. Putting and taking need no memory, so a
 * batch can always be undone. The caller locks.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <executus/bytes.h>

#define ROWS_LEVELS 16u /* a row rises a level with chance 1/4: 4^16 rows before it slows down */

struct row {
	size_t key_n, value_n;
	unsigned levels;
	struct row *next[]; /* `levels` of them, then the bytes of key and value */
};

struct rows {
	struct row *head[ROWS_LEVELS];
	uint32_t dice; /* decides levels: any order of keys gives the same shape */
	uint64_t count, bytes;
};

void rows_init(struct rows *rows);
void rows_release(struct rows *rows); /* frees every row */

struct row *row_new(struct rows *rows, exs_str key,
		    exs_str value); /* NULL: no memory; end it with free */
exs_str row_key(const struct row *row);
exs_str row_value(const struct row *row);
uint64_t row_bytes(const struct row *row); /* what it costs */

/* Puts the row; gives back the one that it replaces, or NULL. */
struct row *rows_put(struct rows *rows, struct row *row);
/* Takes the row of that key out, or NULL. */
struct row *rows_take(struct rows *rows, exs_str key);

struct row *rows_get(struct rows *rows, exs_str key);
/* The first row at or above the key (empty: the first of all), or NULL. */
struct row *rows_from(struct rows *rows, exs_str key);
/* The last row below the key (empty: the last of all), or NULL. */
struct row *rows_below(struct rows *rows, exs_str key);

#endif
