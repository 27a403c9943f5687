/* SPDX-License-Identifier: MIT */
/* flaky_rows.h - the rows of flaky_store.c: a sorted array, and the file that keeps them. */
#ifndef TEST_FLAKY_ROWS_H
#define TEST_FLAKY_ROWS_H

#include <executus/helper.h>
#include <executus/port/store.h>

#define ROWS_MAX 65536u

struct row {
	size_t key_n, value_n;
	char *key, *value;
};

struct rows {
	struct row *list;
	size_t n;
};

static int compare(const struct row *row, exs_str key)
{
	size_t n = row->key_n < key.n ? row->key_n : key.n;
	int c = n ? memcmp(row->key, key.p, n) : 0;

	return c ? c : (row->key_n > key.n) - (row->key_n < key.n);
}

/* The first row at or above the key. */
static size_t place(const struct rows *rows, exs_str key)
{
	size_t low = 0, high = rows->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (compare(&rows->list[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct row *find(struct rows *rows, exs_str key)
{
	size_t at = place(rows, key);

	return at < rows->n && compare(&rows->list[at], key) == 0 ? &rows->list[at] : NULL;
}

static char *copy(exs_str s)
{
	char *p = (char *)malloc(s.n + 1);

	memcpy(p, s.n ? s.p : "", s.n);
	p[s.n] = '\0';
	return p;
}

static void put(struct rows *rows, exs_str key, exs_str value)
{
	size_t at = place(rows, key);
	struct row *row = find(rows, key);

	if (!row) {
		if (rows->n == ROWS_MAX)
			abort();
		row = &rows->list[at];
		memmove(row + 1, row, (rows->n++ - at) * sizeof *row);
		row->key = copy(key);
		row->key_n = key.n;
	} else {
		free(row->value);
	}
	row->value = copy(value);
	row->value_n = value.n;
}

static void del(struct rows *rows, exs_str key)
{
	struct row *row = find(rows, key);

	if (!row)
		return;
	free(row->key);
	free(row->value);
	rows->n--;
	memmove(row, row + 1, (size_t)(rows->list + rows->n - row) * sizeof *row);
}

/* ---- the file ---- */

struct entry {
	int32_t kind;
	uint32_t key_n, value_n;
};

static void keep(FILE *f, int32_t kind, exs_str key, exs_str value)
{
	struct entry e = { kind, (uint32_t)key.n, (uint32_t)value.n };

	fwrite(&e, sizeof e, 1, f);
	fwrite(key.p, 1, key.n, f);
	fwrite(value.n ? value.p : "", 1, value.n, f);
}

static void replay(struct rows *rows, const char *path)
{
	FILE *f = fopen(path, "r");
	struct entry e;

	while (f && fread(&e, sizeof e, 1, f) == 1) {
		char *bytes = (char *)malloc(e.key_n + e.value_n + 1);

		if (fread(bytes, 1, e.key_n + e.value_n, f) != e.key_n + e.value_n)
			abort();
		if (e.kind == EXS_OP_PUT)
			put(rows, exs_bytes(bytes, e.key_n), exs_bytes(bytes + e.key_n, e.value_n));
		else
			del(rows, exs_bytes(bytes, e.key_n));
		free(bytes);
	}
	if (f)
		fclose(f);
}

static void release(struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		free(rows->list[i].key);
		free(rows->list[i].value);
	}
	free(rows->list);
}

/* ---- batches ---- */

static int holds(struct rows *rows, const exs_op *op)
{
	const struct row *row = find(rows, op->key);
	int64_t sum = 0;

	if (op->kind == EXS_OP_CHECK && !op->value.p)
		return !row;
	if (op->kind == EXS_OP_CHECK)
		return row && exs_str_eq(exs_bytes(row->value, row->value_n), op->value);
	if (op->kind != EXS_OP_ADD)
		return 1;
	if (row)
		memcpy(&sum, row->value, sizeof sum);
	return op->delta <= 0 || sum + op->delta <= op->bound;
}

static void add(struct rows *rows, FILE *f, const exs_op *op)
{
	const struct row *row = find(rows, op->key);
	int64_t sum = 0;
	char bytes[sizeof sum];

	if (row)
		memcpy(&sum, row->value, sizeof sum);
	sum += op->delta;
	memcpy(bytes, &sum, sizeof sum);
	put(rows, op->key, exs_bytes(bytes, sizeof bytes));
	keep(f, EXS_OP_PUT, op->key, exs_bytes(bytes, sizeof bytes));
}

static exs_status apply(struct rows *rows, const char *path, const exs_op *const *ops, uint64_t n)
{
	FILE *f;
	uint64_t i;

	for (i = 0; i < n; i++)
		if (!holds(rows, ops[i]))
			return EXS_CONFLICT;
	f = fopen(path, "a");
	if (!f)
		return EXS_IO;
	for (i = 0; i < n; i++) {
		if (ops[i]->kind == EXS_OP_PUT) {
			put(rows, ops[i]->key, ops[i]->value);
			keep(f, EXS_OP_PUT, ops[i]->key, ops[i]->value);
		} else if (ops[i]->kind == EXS_OP_DEL) {
			del(rows, ops[i]->key);
			keep(f, EXS_OP_DEL, ops[i]->key, exs_cstr(NULL));
		} else if (ops[i]->kind == EXS_OP_ADD) {
			add(rows, f, ops[i]);
		}
	}
	fclose(f);
	return EXS_OK;
}

#endif
