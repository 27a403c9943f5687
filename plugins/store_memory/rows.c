/* SPDX-License-Identifier: MIT */
/* rows.c - see rows.h. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "../common_store/chunk.h"

#define DICE_SEED 2463534242u

void rows_init(struct rows *rows)
{
	memset(rows, 0, sizeof *rows);
	rows->dice = DICE_SEED;
}

void rows_release(struct rows *rows)
{
	struct row *row = rows->head[0];

	while (row) {
		struct row *next = row->next[0];

		free(row);
		row = next;
	}
	rows_init(rows);
}

static unsigned throw_levels(struct rows *rows)
{
	unsigned levels = 1;
	uint32_t d = rows->dice;

	d ^= d << 13;
	d ^= d >> 17;
	d ^= d << 5;
	rows->dice = d;
	for (; levels < ROWS_LEVELS && (d & 3) == 0; d >>= 2)
		levels++;
	return levels;
}

static size_t links_bytes(unsigned levels)
{
	return levels * sizeof(struct row *);
}

struct row *row_new(struct rows *rows, exs_str key, exs_str value)
{
	unsigned levels = throw_levels(rows);
	struct row *row = malloc(sizeof *row + links_bytes(levels) + key.n + value.n);
	char *bytes;

	if (!row)
		return NULL;
	row->key_n = key.n;
	row->value_n = value.n;
	row->levels = levels;
	bytes = (char *)(row->next + levels);
	memcpy(bytes, key.p, key.n);
	if (value.n)
		memcpy(bytes + key.n, value.p, value.n);
	return row;
}

exs_str row_key(const struct row *row)
{
	return exs_bytes((const char *)(row->next + row->levels), row->key_n);
}

exs_str row_value(const struct row *row)
{
	return exs_bytes((const char *)(row->next + row->levels) + row->key_n, row->value_n);
}

uint64_t row_bytes(const struct row *row)
{
	return sizeof *row + links_bytes(row->levels) + row->key_n + row->value_n;
}

/* What the empty key stands for. */
enum empty { EMPTY_IS_FIRST, EMPTY_IS_LAST };

/*
 * Walks down to the key and returns the last row below it. link[l] (if asked for) becomes the link
 * of level l that leads to the first row at or above the key.
 */
static struct row *walk(struct rows *rows, exs_str key, enum empty empty, struct row **link[])
{
	struct row **links = rows->head;
	struct row *below = NULL;
	unsigned l = ROWS_LEVELS;

	while (l-- > 0) {
		while (links[l] &&
		       (key.n ? bytes_cmp(row_key(links[l]), key) < 0 : empty == EMPTY_IS_LAST)) {
			below = links[l];
			links = below->next;
		}
		if (link)
			link[l] = &links[l];
	}
	return below;
}

struct row *rows_take(struct rows *rows, exs_str key)
{
	struct row **link[ROWS_LEVELS];
	struct row *row;
	unsigned l;

	(void)walk(rows, key, EMPTY_IS_FIRST, link);
	row = *link[0];
	if (!row || bytes_cmp(row_key(row), key) != 0)
		return NULL;
	for (l = 0; l < row->levels; l++)
		*link[l] = row->next[l];
	rows->count--;
	rows->bytes -= row_bytes(row);
	return row;
}

struct row *rows_put(struct rows *rows, struct row *row)
{
	struct row *old = rows_take(rows, row_key(row));
	struct row **link[ROWS_LEVELS];
	unsigned l;

	(void)walk(rows, row_key(row), EMPTY_IS_FIRST, link);
	for (l = 0; l < row->levels; l++) {
		row->next[l] = *link[l];
		*link[l] = row;
	}
	rows->count++;
	rows->bytes += row_bytes(row);
	return old;
}

struct row *rows_from(struct rows *rows, exs_str key)
{
	struct row *below = walk(rows, key, EMPTY_IS_FIRST, NULL);

	return below ? below->next[0] : rows->head[0];
}

struct row *rows_get(struct rows *rows, exs_str key)
{
	struct row *row = rows_from(rows, key);

	return row && bytes_cmp(row_key(row), key) == 0 ? row : NULL;
}

struct row *rows_below(struct rows *rows, exs_str key)
{
	return walk(rows, key, EMPTY_IS_LAST, NULL);
}
