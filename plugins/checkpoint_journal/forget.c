/* SPDX-License-Identifier: MIT */
/*
 * forget.c - takes a run out of the journal.
 *
 * The head goes first, in the batch that puts "gone/ID": from then on the run is neither listed nor
 * loaded nor resumed, whatever happens. Its facts follow, and "gone/ID" goes with the last of them,
 * so what a crash leaves behind is found by that row and finished by the next forget. Blobs are
 * counted down in the batch of their facts, and swept by one behind it.
 */
#include "forget.h"

#include "base.h"
#include "blob.h"

#define OPS_MAX	 (EXS_CKPT_FORGET_MAX - 8u) /* for facts: head, index, base, a check go too */
#define REFS_MAX (OPS_MAX / (1u + BLOB_DROP_OPS))

/* Copied out of the scan, which must not be disturbed, and deleted behind it. */
struct found {
	const char *id;
	struct key keys[OPS_MAX];
	struct digest blobs[REFS_MAX]; /* one for each fact that refers to it */
	unsigned n, blob_n;
	int more;
	exs_membuf first; /* the value of the first row */
};

static unsigned found_ops(const struct found *f)
{
	return f->n + BLOB_DROP_OPS * f->blob_n;
}

static exs_status found_row(void *arg, exs_str key, exs_str value)
{
	struct found *f = arg;
	struct digest sha;
	int blob;

	if (key.n > KEY_MAX)
		return EXS_OK; /* none of ours */
	/* Only what is known for certain is counted down: a blob too many is better than one too few. */
	blob = record_refers(value, exs_cstr(f->id), (char *)sha.b);
	if (found_ops(f) + 1 + (blob ? BLOB_DROP_OPS : 0) > OPS_MAX) {
		f->more = 1;
		return EXS_AGAIN;
	}
	if (f->n == 0 && exs_membuf_put(&f->first.sink, value.p, value.n))
		return EXS_NOMEM;
	if (blob)
		f->blobs[f->blob_n++] = sha;
	memcpy(f->keys[f->n].p, key.p, key.n);
	f->keys[f->n++].n = key.n;
	return EXS_OK;
}

/*
 * Two who forget the same run must not both count its blobs down. Facts go in order, so of two
 * batches with the same facts the second one does not find the first fact any more.
 */
static exs_status drop_blobs(const exs_self *self, const struct found *f, exs_batch *batch,
			     exs_err *err)
{
	exs_status s = EXS_OK;
	unsigned i;

	if (f->blob_n)
		s = self->store->batch_check(self->store, batch,
					     exs_bytes(f->keys[0].p, f->keys[0].n),
					     exs_bytes(f->first.p, f->first.n), err);
	for (i = 0; s == EXS_OK && i < f->blob_n; i++)
		s = blob_drop(self, &f->blobs[i], batch, err);
	return s;
}

static exs_status delete_found(const exs_self *self, struct found *f, exs_batch *batch,
			       exs_err *err)
{
	struct key prefix;
	exs_status s = self->store->scan(self->store, key_facts(&prefix, f->id), exs_bytes("", 0),
					 0, found_row, f, err);
	unsigned i;

	if (s == EXS_AGAIN && f->more)
		s = EXS_OK;
	for (i = 0; s == EXS_OK && i < f->n; i++)
		s = self->store->batch_del(self->store, batch,
					   exs_bytes(f->keys[i].p, f->keys[i].n), err);
	return s == EXS_OK ? drop_blobs(self, f, batch, err) : s;
}

/* *more: there are further facts, or blobs to look at. *ops: how many were added for facts. */
static exs_status delete_facts(const exs_self *self, const char *id, exs_batch *batch,
			       unsigned *ops, int32_t *more, exs_err *err)
{
	struct found *f = calloc(1, sizeof *f);
	exs_status s;

	if (!f)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to forget run '%s'", id);
	f->id = id;
	exs_membuf_init(&f->first, EXS_STORE_VALUE_MAX);
	s = delete_found(self, f, batch, err);
	*ops = found_ops(f);
	*more = f->more || f->blob_n;
	exs_membuf_release(&f->first);
	free(f);
	return s;
}

static exs_status take_bytes(exs_sink *sink, const char *p, size_t n)
{
	(void)sink;
	(void)p;
	(void)n;
	return EXS_OK;
}

/* OK or NOTFOUND, whatever is in the row: a damaged head may be forgotten as well. */
static exs_status is_there(const exs_self *self, exs_str key, exs_err *err)
{
	exs_sink nowhere = { sizeof nowhere, take_bytes };
	exs_status s = self->store->get(self->store, key, &nowhere, err);

	return s == EXS_CORRUPT ? EXS_OK : s;
}

exs_status forget_check(const exs_self *self, const char *run_id, exs_err *err)
{
	struct key key;
	exs_err why = EXS_ERR_INIT;
	exs_status s = is_there(self, key_gone(&key, run_id), &why);

	if (s == EXS_NOTFOUND)
		return EXS_OK;
	if (s != EXS_OK)
		return exs_fail(err, s, why.sys, "%s", why.text);
	return exs_fail(err, EXS_CONFLICT, 0, "run '%s' existed and is being forgotten", run_id);
}

/* ---- what was left ---- */

struct first {
	char id[RECORD_ID_MAX + 1];
	size_t prefix_n;
	unsigned n; /* 2: there are more */
};

static exs_status first_row(void *arg, exs_str key, exs_str value)
{
	struct first *f = arg;
	size_t n = key.n - f->prefix_n;

	(void)value;
	if (n > RECORD_ID_MAX)
		return EXS_OK;
	if (f->n++)
		return EXS_AGAIN;
	memcpy(f->id, key.p + f->prefix_n, n);
	f->id[n] = '\0';
	return EXS_OK;
}

static exs_status find_left(const exs_self *self, struct first *f, exs_err *err)
{
	struct key prefix;
	exs_str p = key_gone(&prefix, "");
	exs_status s;

	memset(f, 0, sizeof *f);
	f->prefix_n = p.n;
	s = self->store->scan(self->store, p, exs_bytes("", 0), EXS_SCAN_KEYS, first_row, f, err);
	if (s != EXS_OK && f->n < 2)
		return s;
	if (f->n == 0)
		return exs_fail(err, EXS_NOTFOUND, 0, "no run is half forgotten");
	return EXS_OK;
}

/* ---- one batch ---- */

/* Nothing loose is nothing to do. */
static exs_status sweep(const exs_self *self, unsigned ops, exs_batch *batch, int32_t *more,
			exs_err *err)
{
	exs_err none = EXS_ERR_INIT;
	unsigned max = (OPS_MAX - ops) / BLOB_FREE_OPS;
	exs_status s = blob_sweep(self, max, batch, more, &none);

	if (s == EXS_NOTFOUND || s == EXS_OK)
		return EXS_OK;
	return exs_fail(err, s, none.sys, "%s", none.text);
}

/* Blobs are swept when their counts are in the store, not in this batch. */
static exs_status forget_rest(const exs_self *self, const char *id, exs_batch *batch, int32_t *more,
			      exs_err *err)
{
	struct key key;
	unsigned ops;

	if (delete_facts(self, id, batch, &ops, more, err))
		return err->status;
	if (!*more && sweep(self, ops, batch, more, err))
		return err->status;
	if (*more)
		return EXS_OK;
	return self->store->batch_del(self->store, batch, key_gone(&key, id), err);
}

static exs_status forget_first(const exs_self *self, const char *id, exs_batch *batch,
			       int32_t *more, exs_err *err)
{
	struct key key;
	unsigned ops;

	if (self->store->batch_del(self->store, batch, key_run(&key, id), err) ||
	    self->store->batch_del(self->store, batch, key_open(&key, id), err) ||
	    self->store->batch_del(self->store, batch, key_base(&key, id), err) ||
	    delete_facts(self, id, batch, &ops, more, err))
		return err->status;
	if (!*more)
		return EXS_OK;
	return self->store->batch_put(self->store, batch, key_gone(&key, id), exs_bytes("", 0),
				      err);
}

static exs_status forget_left(const exs_self *self, exs_batch *batch, int32_t *more, exs_err *err)
{
	struct first left;

	if (find_left(self, &left, err) || forget_rest(self, left.id, batch, more, err))
		return err->status;
	*more |= left.n > 1;
	return EXS_OK;
}

exs_status journal_forget(exs_self *self, const char *run_id, exs_batch *batch, int32_t *more,
			  exs_err *err)
{
	struct key key;
	exs_status s;

	if (!batch)
		return exs_fail(err, EXS_INVALID, 0, "the journal needs a batch to write to");
	if (!run_id)
		return forget_left(self, batch, more, err);
	if (!run_id_ok(run_id))
		return exs_fail(err, EXS_NOTFOUND, 0, "no run has such an id");
	s = is_there(self, key_run(&key, run_id), err);
	if (s == EXS_OK)
		return forget_first(self, run_id, batch, more, err);
	if (s != EXS_NOTFOUND)
		return s;
	s = is_there(self, key_gone(&key, run_id), err);
	if (s == EXS_NOTFOUND)
		return exs_fail(err, EXS_NOTFOUND, 0, "there is no run '%s'", run_id);
	return s == EXS_OK ? forget_rest(self, run_id, batch, more, err) : s;
}
