/* SPDX-License-Identifier: MIT */
/*
 * store_memory.c - fills the store port with a map in memory, for tests and for runs that may be
 * forgotten.
 *
 * One lock; submit commits and ends before it returns. A batch that fails half way is undone from a
 * list of the rows that it displaced, which needs no memory.
 */
#include <pthread.h>

#include "../common_store/chunk.h"
#include "rows.h"
#include "../common_store/rules.h"

struct exs_self {
	const exs_host *host;
	pthread_mutex_t lock;
	struct rows rows;
	uint64_t limit_bytes;
};

/* What one operation did, so that it can be taken back. Both NULL: nothing. */
struct undo {
	struct row *in, *out;
};

static const char full[] =
	"the store in memory is at its limit of %llu bytes: end or delete runs, raise "
	"'limit', or bind a store on disk";

/* ---- batches ---- */

static exs_str value_of(const struct row *row)
{
	return row ? row_value(row) : exs_cstr(NULL);
}

static exs_status check_all(exs_self *self, const exs_op *const *ops, uint64_t n, exs_err *err)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		const struct row *row = rows_get(&self->rows, ops[i]->key);

		if (rules_condition(ops[i], row != NULL, value_of(row), err)) {
			err->at = (int64_t)i;
			return err->status;
		}
	}
	return EXS_OK;
}

static exs_status put(exs_self *self, exs_str key, exs_str value, struct undo *undo, exs_err *err)
{
	undo->in = row_new(&self->rows, key, value);
	if (!undo->in)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a row of %zu bytes",
				key.n + value.n);
	undo->out = rows_put(&self->rows, undo->in);
	return EXS_OK;
}

static exs_status add(exs_self *self, const exs_op *op, struct undo *undo, exs_err *err)
{
	const struct row *row = rows_get(&self->rows, op->key);
	char bytes[COUNTER_BYTES];
	int64_t sum;

	if (rules_sum(op, row != NULL, value_of(row), &sum, err))
		return err->status;
	rules_counter(sum, bytes);
	return put(self, op->key, exs_bytes(bytes, sizeof bytes), undo, err);
}

static exs_status apply(exs_self *self, const exs_op *op, struct undo *undo, exs_err *err)
{
	switch (op->kind) {
	case EXS_OP_PUT:
		return put(self, op->key, op->value, undo, err);
	case EXS_OP_ADD:
		return add(self, op, undo, err);
	case EXS_OP_DEL:
		undo->out = rows_take(&self->rows, op->key);
		return EXS_OK;
	default:
		return EXS_OK;
	}
}

static exs_status apply_all(exs_self *self, const exs_op *const *ops, uint64_t n, struct undo *undo,
			    exs_err *err)
{
	uint64_t before = self->rows.bytes;
	uint64_t i;

	for (i = 0; i < n; i++) {
		if (apply(self, ops[i], &undo[i], err)) {
			err->at = (int64_t)i;
			return err->status;
		}
	}
	if (self->rows.bytes > self->limit_bytes && self->rows.bytes > before)
		return exs_fail(err, EXS_TOOBIG, 0, full, (unsigned long long)self->limit_bytes);
	return EXS_OK;
}

static void take_back(exs_self *self, struct undo *undo, uint64_t n)
{
	while (n-- > 0) {
		if (undo[n].in)
			free(rows_take(&self->rows, row_key(undo[n].in)));
		if (undo[n].out)
			(void)rows_put(&self->rows, undo[n].out);
	}
}

static void forget(struct undo *undo, uint64_t n)
{
	while (n-- > 0)
		free(undo[n].out);
}

static exs_status commit(exs_self *self, const exs_op *const *ops, uint64_t n, exs_err *err)
{
	struct undo *undo;
	exs_status s;

	if (rules_batch(ops, n, err))
		return err->status;
	undo = calloc(n, sizeof *undo);
	if (!undo)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a batch of %llu operations",
				(unsigned long long)n);
	pthread_mutex_lock(&self->lock);
	s = check_all(self, ops, n, err);
	if (s == EXS_OK) {
		s = apply_all(self, ops, n, undo, err);
		if (s)
			take_back(self, undo, n);
		else
			forget(undo, n);
	}
	pthread_mutex_unlock(&self->lock);
	free(undo);
	return s;
}

/* [any-thread] */
static void store_submit(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done)
{
	exs_err err = EXS_ERR_INIT;

	if (commit(self, ops, n, &err))
		exs_end_err(done, &err);
	else
		exs_end(done, EXS_OK);
}

/* ---- reading ---- */

/* [any-thread] */
static exs_status store_get(exs_self *self, exs_str key, exs_sink *value, exs_err *err)
{
	char text[KEY_TEXT_MAX];
	const struct row *row;
	exs_status s;

	if (rules_key(key, err))
		return err->status;
	pthread_mutex_lock(&self->lock);
	row = rows_get(&self->rows, key);
	s = row ? value->put(value, row_value(row).p, row_value(row).n) : EXS_NOTFOUND;
	pthread_mutex_unlock(&self->lock);
	if (s == EXS_OK)
		return EXS_OK;
	return exs_fail(err, s, 0,
			s == EXS_NOTFOUND ? "no row '%s' in the store"
					  : "row '%s' was not taken by its reader",
			rules_key_text(key, text));
}

static struct row *next_row(exs_self *self, const struct range *r)
{
	exs_str at = exs_bytes(r->at, r->n);

	return r->reverse ? rows_below(&self->rows, at) : rows_from(&self->rows, at);
}

static exs_status fill(exs_self *self, struct range *r, uint32_t flags, struct chunk *c, bool *end,
		       exs_err *err)
{
	exs_status s = EXS_OK;

	pthread_mutex_lock(&self->lock);
	while (s == EXS_OK && !chunk_full(c)) {
		const struct row *row = next_row(self, r);

		if (!row || !range_has(r, row_key(row))) {
			*end = true;
			break;
		}
		s = chunk_add(c, row_key(row),
			      flags & EXS_SCAN_KEYS ? exs_cstr(NULL) : row_value(row), err);
		if (s == EXS_OK)
			range_pass(r, row_key(row));
	}
	pthread_mutex_unlock(&self->lock);
	return s;
}

/* [any-thread] */
static exs_status store_scan(exs_self *self, exs_str prefix, exs_str from, uint32_t flags,
			     exs_status (*row)(void *arg, exs_str key, exs_str value), void *arg,
			     exs_err *err)
{
	return chunk_scan(self, fill, prefix, from, flags, row, arg, err);
}

/* [any-thread] */
static exs_status store_stat(exs_self *self, exs_sink *json, exs_err *err)
{
	char text[256];
	exs_status s;
	int n;

	pthread_mutex_lock(&self->lock);
	n = snprintf(text, sizeof text,
		     "{\"backend\":\"memory\",\"durable\":false,\"used_bytes\":%llu,\"limit_"
		     "bytes\":%llu,\"entries\":%llu}",
		     (unsigned long long)self->rows.bytes, (unsigned long long)self->limit_bytes,
		     (unsigned long long)self->rows.count);
	pthread_mutex_unlock(&self->lock);
	s = json->put(json, text, (size_t)n);
	return s ? exs_fail(err, s, 0, "the figures of the store were not taken by their reader")
		 : EXS_OK;
}

static const exs_store table = {
	.size = sizeof table,
	.get = store_get,
	.scan = store_scan,
	.submit = store_submit,
	.stat = store_stat,
};

/* ---- life cycle ---- */

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a store");
	self->host = host;
	self->limit_bytes = (uint64_t)conf->number(conf, "limit");
	rows_init(&self->rows);
	pthread_mutex_init(&self->lock, NULL);
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	rows_release(&self->rows);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_STORE) == 0 ? &table : NULL;
}

static const exs_option options[] = {
	{ "limit", EXS_OPT_SIZE, EXS_POSITIVE, "256m", "most memory that the rows may take", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static const char *const ports[] = { EXS_PORT_STORE, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.store_memory", EXECUTUS_VERSION,
		  "keeps rows in memory: nothing survives the process", "MIT", options, ports,
		  open_, close_, port)
