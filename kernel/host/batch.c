/* SPDX-License-Identifier: MIT */
/* batch.c - see batch.h. */
#include "host/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void batch_init(struct batch *b)
{
	memset(b, 0, sizeof *b);
	buf_init(&b->data, BATCH_BYTES_MAX);
}

void batch_release(struct batch *b)
{
	free(b->rows);
	free(b->ops);
	free(b->index);
	buf_release(&b->data);
	batch_init(b);
}

exs_batch *batch_public(struct batch *b)
{
	return (exs_batch *)(void *)b;
}

struct batch *batch_of(exs_batch *b)
{
	return (struct batch *)(void *)b;
}

static exs_status row_new(struct batch *b, int32_t kind, exs_str prefix, exs_str key, exs_str value,
			  struct batch_row **out, exs_err *err)
{
	struct batch_row *row, *grown;
	size_t before = b->data.n;
	uint32_t cap;

	if (key.n == 0)
		return err_set(err, EXS_INVALID, 0, "a key is empty; it has 1 byte at least");
	if (key.n > EXS_STORE_KEY_MAX - prefix.n)
		return err_set(err, EXS_TOOBIG, 0,
			       "a key has %zu bytes; 1 to %zu are possible here", key.n,
			       EXS_STORE_KEY_MAX - prefix.n);
	if (value.n > EXS_STORE_VALUE_MAX)
		return err_set(err, EXS_TOOBIG, 0, "a value has %zu bytes; %u are possible",
			       value.n, EXS_STORE_VALUE_MAX);
	if (b->n == EXS_STORE_OPS_MAX)
		return err_set(err, EXS_TOOBIG, 0, "a batch holds at most %u rows",
			       EXS_STORE_OPS_MAX);
	if (b->n == b->cap) {
		cap = b->cap ? b->cap * 2 : 8;
		grown = realloc(b->rows, cap * sizeof *grown);
		if (!grown)
			return err_set(err, EXS_NOMEM, 0, "no memory for a batch");
		b->rows = grown;
		b->cap = cap;
	}
	buf_str(&b->data, prefix);
	buf_str(&b->data, key);
	buf_str(&b->data, value);
	if (!buf_ok(&b->data)) {
		exs_status status = b->data.status;

		b->data.status = EXS_OK;
		buf_truncate(&b->data, before);
		if (status == EXS_NOMEM)
			return err_set(err, EXS_NOMEM, 0, "no memory for a batch");
		return err_set(err, status, 0, "a batch holds at most %u bytes", BATCH_BYTES_MAX);
	}
	row = &b->rows[b->n++];
	memset(row, 0, sizeof *row);
	row->kind = kind;
	row->key = before;
	row->key_n = (uint32_t)(prefix.n + key.n);
	row->value = before + row->key_n;
	row->value_n = value.n;
	if (out)
		*out = row;
	return EXS_OK;
}

static const exs_str none = { NULL, 0 };

exs_status batch_put(struct batch *b, exs_str prefix, exs_str key, exs_str value, exs_err *err)
{
	return row_new(b, EXS_OP_PUT, prefix, key, value, NULL, err);
}

exs_status batch_del(struct batch *b, exs_str prefix, exs_str key, exs_err *err)
{
	return row_new(b, EXS_OP_DEL, prefix, key, none, NULL, err);
}

exs_status batch_check(struct batch *b, exs_str key, exs_str value, exs_err *err)
{
	struct batch_row *row = NULL;
	exs_status status = row_new(b, EXS_OP_CHECK, none, key, value, &row, err);

	if (status == EXS_OK)
		row->absent = value.p == NULL;
	return status;
}

exs_status batch_add(struct batch *b, exs_str prefix, exs_str key, int64_t delta, int64_t bound,
		     exs_err *err)
{
	struct batch_row *row = NULL;
	exs_status status = row_new(b, EXS_OP_ADD, prefix, key, none, &row, err);

	if (status == EXS_OK) {
		row->delta = delta;
		row->bound = bound;
	}
	return status;
}

struct batch_mark batch_mark(const struct batch *b)
{
	return (struct batch_mark){ b->n, b->data.n };
}

void batch_rollback(struct batch *b, struct batch_mark mark)
{
	b->n = mark.n;
	if (b->data.n > mark.bytes)
		buf_truncate(&b->data, mark.bytes);
}

exs_status batch_ops(struct batch *b, const exs_op *const **ops, uint64_t *n)
{
	uint32_t i;

	free(b->ops);
	free(b->index);
	b->ops = calloc(b->n ? b->n : 1, sizeof *b->ops);
	b->index = calloc(b->n ? b->n : 1, sizeof *b->index);
	if (!b->ops || !b->index)
		return EXS_NOMEM;
	for (i = 0; i < b->n; i++) {
		const struct batch_row *row = &b->rows[i];
		exs_op *op = &b->ops[i];

		op->size = sizeof *op;
		op->kind = row->kind;
		op->key = (exs_str){ b->data.p + row->key, row->key_n };
		op->value = row->absent ? none : (exs_str){ b->data.p + row->value, row->value_n };
		op->delta = row->delta;
		op->bound = row->bound;
		b->index[i] = op;
	}
	*ops = b->index;
	*n = b->n;
	return EXS_OK;
}
