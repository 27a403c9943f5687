/* SPDX-License-Identifier: MIT */
/*
 * double_store.c - the store service over a sorted list of rows. See double.h.
 *
 * A batch is a list of operations, and it commits by the rules of port/store.h: conditions are judged by what was
 * there before, then all or nothing.
 */
#include "support/double_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct double_host *host_of(const exs_store_svc *svc)
{
	return container_of(svc, struct double_host, store);
}

/* ---- rows ---- */

static int compare(exs_str a, exs_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static exs_str key_of(const struct double_row *r)
{
	return exs_bytes(r->key, r->key_n);
}

static exs_str value_of(const struct double_row *r)
{
	return exs_bytes(r->value, r->value_n);
}

/* Where the key is, or belongs. */
static size_t row_at(const struct double_host *h, exs_str key, bool *found)
{
	size_t i = 0;

	while (i < h->n && compare(key_of(&h->rows[i]), key) < 0)
		i++;
	*found = i < h->n && compare(key_of(&h->rows[i]), key) == 0;
	return i;
}

static char *copy(exs_str s)
{
	char *q = malloc(s.n + 1);

	assert(q);
	if (s.n)
		memcpy(q, s.p, s.n);
	q[s.n] = '\0';
	return q;
}

static void row_put(struct double_host *h, exs_str key, exs_str value)
{
	bool found;
	size_t i = row_at(h, key, &found);

	if (found) {
		free(h->rows[i].value);
	} else {
		if (h->n == h->cap) {
			h->cap = h->cap ? h->cap * 2 : 64;
			h->rows = realloc(h->rows, h->cap * sizeof *h->rows);
			assert(h->rows);
		}
		memmove(h->rows + i + 1, h->rows + i, (h->n - i) * sizeof *h->rows);
		h->n++;
		h->rows[i].key = copy(key);
		h->rows[i].key_n = key.n;
	}
	h->rows[i].value = copy(value);
	h->rows[i].value_n = value.n;
}

static void row_del(struct double_host *h, exs_str key)
{
	bool found;
	size_t i = row_at(h, key, &found);

	if (!found)
		return;
	free(h->rows[i].key);
	free(h->rows[i].value);
	memmove(h->rows + i, h->rows + i + 1, (h->n - i - 1) * sizeof *h->rows);
	h->n--;
}

/* ---- a commit ---- */

static exs_status sum_of(const struct double_host *h, exs_str key, int64_t *out)
{
	bool found;
	size_t i = row_at(h, key, &found);

	*out = 0;
	if (!found)
		return EXS_OK;
	if (h->rows[i].value_n != sizeof *out)
		return EXS_CORRUPT;
	memcpy(out, h->rows[i].value, sizeof *out);
	return EXS_OK;
}

static exs_status condition(const struct double_host *h, const exs_op *op)
{
	bool found;
	size_t i = row_at(h, op->key, &found);
	int64_t sum;

	if (op->kind == EXS_OP_CHECK) {
		if (found != (op->value.p != NULL))
			return EXS_CONFLICT;
		return !found || exs_str_eq(op->value, value_of(&h->rows[i])) ? EXS_OK : EXS_CONFLICT;
	}
	if (op->kind != EXS_OP_ADD)
		return EXS_OK;
	if (sum_of(h, op->key, &sum))
		return EXS_CORRUPT;
	if (__builtin_add_overflow(sum, op->delta, &sum))
		return EXS_CONFLICT;
	return op->delta > 0 && sum > op->bound ? EXS_CONFLICT : EXS_OK;
}

static void apply(struct double_host *h, const exs_op *op)
{
	int64_t sum;

	if (op->kind == EXS_OP_PUT) {
		row_put(h, op->key, op->value);
	} else if (op->kind == EXS_OP_DEL) {
		row_del(h, op->key);
	} else if (op->kind == EXS_OP_ADD) {
		assert(sum_of(h, op->key, &sum) == EXS_OK);
		sum += op->delta;
		row_put(h, op->key, exs_bytes((const char *)&sum, sizeof sum));
	}
}

static exs_status commit(struct double_host *h, const exs_op *const *ops, uint64_t n, exs_err *err)
{
	exs_status status = EXS_OK;
	uint64_t i;

	pthread_mutex_lock(&h->lock);
	for (i = 0; i < n && status == EXS_OK; i++) {
		status = condition(h, ops[i]);
		if (status) {
			exs_fail(err, status, 0, "operation %d does not hold", (int)i);
			err->at = (int64_t)i;
		}
	}
	for (i = 0; i < n && status == EXS_OK; i++)
		apply(h, ops[i]);
	pthread_mutex_unlock(&h->lock);
	return status;
}

/* ---- batches ---- */

static exs_status add_op(struct double_host *h, exs_batch *batch, const exs_op *op, exs_err *err)
{
	struct double_batch *b = (struct double_batch *)(void *)batch;
	bool is_condition = op->kind == EXS_OP_CHECK || (op->kind == EXS_OP_ADD && op->bound != INT64_MAX);

	if (h->fail_batch)
		return exs_fail(err, EXS_IO, 0, "the test says no");
	if (op->key.n == 0 || op->key.n > EXS_STORE_KEY_MAX || op->value.n > EXS_STORE_VALUE_MAX)
		return exs_fail(err, EXS_TOOBIG, 0, "key of %zu bytes, value of %zu bytes", op->key.n, op->value.n);
	if (is_condition && !b->own)
		return exs_fail(err, EXS_INVALID, 0, "a facts batch holds no condition");
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 16;
		b->ops = realloc(b->ops, b->cap * sizeof *b->ops);
		assert(b->ops);
	}
	b->ops[b->n] = *op;
	b->ops[b->n].key.p = copy(op->key);
	if (op->value.p)
		b->ops[b->n].value.p = copy(op->value);
	b->n++;
	return EXS_OK;
}

void double_batch_init(struct double_batch *b)
{
	memset(b, 0, sizeof *b);
}

void double_batch_own(struct double_batch *b)
{
	memset(b, 0, sizeof *b);
	b->own = true;
}

exs_batch *double_batch(struct double_batch *b)
{
	return (exs_batch *)(void *)b;
}

void double_batch_drop(struct double_batch *b)
{
	bool own = b->own;
	size_t i;

	for (i = 0; i < b->n; i++) {
		free((char *)(uintptr_t)b->ops[i].key.p);
		free((char *)(uintptr_t)b->ops[i].value.p);
	}
	free(b->ops);
	memset(b, 0, sizeof *b);
	b->own = own;
}

exs_status double_batch_commit(struct double_host *h, struct double_batch *b, exs_err *err)
{
	const exs_op **list = calloc(b->n + 1, sizeof *list);
	exs_status status;
	size_t i;

	assert(list);
	for (i = 0; i < b->n; i++)
		list[i] = &b->ops[i];
	status = commit(h, list, b->n, err);
	free(list);
	double_batch_drop(b);
	return status;
}

void double_batch_apply(struct double_host *h, struct double_batch *b)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status = double_batch_commit(h, b, &err);

	if (status) {
		fprintf(stderr, "the batch does not commit: %s\n", err.text);
		abort();
	}
}

/* ---- the service ---- */

static exs_status svc_get(const exs_store_svc *svc, exs_str key, exs_sink *value, exs_err *err)
{
	struct double_host *h = host_of(svc);
	exs_status status;
	bool found;
	size_t i;

	pthread_mutex_lock(&h->lock);
	i = row_at(h, key, &found);
	if (found)
		status = value->put(value, h->rows[i].value, h->rows[i].value_n);
	else
		status = exs_fail(err, EXS_NOTFOUND, 0, "no row '%.*s'", (int)key.n, key.p);
	pthread_mutex_unlock(&h->lock);
	return status;
}

static bool wanted(const struct double_row *r, exs_str prefix, exs_str from, bool down)
{
	int c = compare(key_of(r), from);

	if (r->key_n < prefix.n || (prefix.n && memcmp(r->key, prefix.p, prefix.n) != 0))
		return false;
	return from.n == 0 || (down ? c <= 0 : c >= 0);
}

static exs_status svc_scan(const exs_store_svc *svc, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *, exs_str, exs_str), void *arg, exs_err *err)
{
	struct double_host *h = host_of(svc);
	bool down = flags & EXS_SCAN_REVERSE;
	exs_status s = EXS_OK;
	size_t i;

	(void)err;
	pthread_mutex_lock(&h->lock);
	for (i = 0; i < h->n && s == EXS_OK; i++) {
		const struct double_row *r = &h->rows[down ? h->n - 1 - i : i];

		if (wanted(r, prefix, from, down))
			s = row(arg, key_of(r), flags & EXS_SCAN_KEYS ? exs_bytes(NULL, 0) : value_of(r));
	}
	pthread_mutex_unlock(&h->lock);
	return s;
}

static exs_status svc_put(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_str value, exs_err *err)
{
	exs_op op = { .size = sizeof op, .kind = EXS_OP_PUT, .key = key, .value = value };

	if (!op.value.p)
		op.value = exs_bytes("", 0);
	return add_op(host_of(svc), batch, &op, err);
}

static exs_status svc_del(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_err *err)
{
	exs_op op = { .size = sizeof op, .kind = EXS_OP_DEL, .key = key };

	return add_op(host_of(svc), batch, &op, err);
}

static exs_status svc_add(const exs_store_svc *svc, exs_batch *batch, exs_str key, int64_t delta, int64_t bound,
			  exs_err *err)
{
	exs_op op = { .size = sizeof op, .kind = EXS_OP_ADD, .key = key, .delta = delta, .bound = bound };

	return add_op(host_of(svc), batch, &op, err);
}

static exs_status svc_check(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_str value, exs_err *err)
{
	exs_op op = { .size = sizeof op, .kind = EXS_OP_CHECK, .key = key, .value = value };

	return add_op(host_of(svc), batch, &op, err);
}

static exs_status svc_commit(const exs_store_svc *svc, const exs_op *const *ops, uint64_t n, exs_err *err)
{
	struct double_host *h = host_of(svc);

	if (h->fail_commit)
		return exs_fail(err, EXS_IO, 0, "the test says no");
	return commit(h, ops, n, err);
}

const exs_store_svc double_store_table = {
	.size = sizeof double_store_table,
	.get = svc_get,
	.scan = svc_scan,
	.batch_put = svc_put,
	.batch_del = svc_del,
	.batch_add = svc_add,
	.commit = svc_commit,
	.batch_check = svc_check,
};
