/* SPDX-License-Identifier: MIT */
/* blob.c - long bodies in rows of their own, shared and swept; see blob.h. */
#include "blob.h"

#define COUNT_BYTES 8u	 /* a sum of the store */
#define SWEEP_MAX   128u /* blobs of one batch */

static exs_str key_part(struct key *k, const char *hex, unsigned part)
{
	return key_make(k, "blob/%s/%04x", hex, part);
}

static exs_str key_ref(struct key *k, const char *hex)
{
	return key_make(k, "ref/%s", hex);
}

static exs_str key_loose(struct key *k, const char *hex)
{
	return key_make(k, "loose/%s", hex);
}

static size_t part_bytes(size_t left)
{
	return left < BLOB_PART_MAX ? left : BLOB_PART_MAX;
}

/* ---- writing and reading ---- */

exs_status blob_put(const exs_self *self, exs_str body, exs_batch *batch, struct digest *out,
		    exs_err *err)
{
	char hex[DIGEST_HEX + 1];
	struct key key;
	size_t at, n;
	unsigned part;
	exs_status s = digest_of(body, exs_bytes("", 0), out, err);

	if (s != EXS_OK)
		return s;
	digest_hex(out, hex);
	for (at = 0, part = 0; s == EXS_OK && at < body.n; at += n, part++) {
		n = part_bytes(body.n - at);
		s = self->store->batch_put(self->store, batch, key_part(&key, hex, part),
					   exs_bytes(body.p + at, n), err);
	}
	if (s != EXS_OK)
		return s;
	return self->store->batch_add(self->store, batch, key_ref(&key, hex), 1, INT64_MAX, err);
}

static exs_status damaged(const char *hex, const char *how, exs_err *err)
{
	return exs_fail(err, EXS_CORRUPT, 0, "its body, blob %s, %s; restore the store from a copy",
			hex, how);
}

static exs_status get_part(const exs_self *self, const char *hex, unsigned part, size_t want,
			   exs_membuf *out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	size_t before = out->n;
	struct key key;
	exs_status s = self->store->get(self->store, key_part(&key, hex, part), &out->sink, &why);

	if (s == EXS_NOTFOUND)
		return damaged(hex, "is missing or a part of it", err);
	if (s == EXS_CORRUPT || s == EXS_TOOBIG || (s == EXS_OK && out->n - before != want))
		return damaged(hex, "is damaged", err);
	return s == EXS_OK ? s : exs_fail(err, s, why.sys, "its body, blob %s: %s", hex, why.text);
}

exs_status blob_get(const exs_self *self, const struct digest *sha, size_t n, exs_membuf *out,
		    exs_err *err)
{
	char hex[DIGEST_HEX + 1];
	struct digest found;
	exs_status s = EXS_OK;
	unsigned part;

	digest_hex(sha, hex);
	out->n = 0;
	for (part = 0; s == EXS_OK && out->n < n; part++)
		s = get_part(self, hex, part, part_bytes(n - out->n), out, err);
	if (s == EXS_OK)
		s = digest_of(exs_bytes(out->p, out->n), exs_bytes("", 0), &found, err);
	if (s == EXS_OK && !digest_same(&found, sha))
		s = damaged(hex, "is damaged", err);
	return s;
}

/* ---- forgetting ---- */

exs_status blob_drop(const exs_self *self, const struct digest *sha, exs_batch *batch, exs_err *err)
{
	char hex[DIGEST_HEX + 1];
	struct key key;
	exs_status s;

	digest_hex(sha, hex);
	s = self->store->batch_add(self->store, batch, key_ref(&key, hex), -1, INT64_MAX, err);
	if (s != EXS_OK)
		return s;
	return self->store->batch_put(self->store, batch, key_loose(&key, hex), exs_bytes("", 0),
				      err);
}

struct loose {
	struct digest sha[SWEEP_MAX];
	unsigned n, max;
	size_t prefix_n;
	int more;
};

static exs_status loose_row(void *arg, exs_str key, exs_str value)
{
	struct loose *l = arg;

	(void)value;
	if (l->n == l->max) {
		l->more = 1;
		return EXS_AGAIN;
	}
	if (digest_read(exs_bytes(key.p + l->prefix_n, key.n - l->prefix_n), &l->sha[l->n]))
		l->n++;
	return EXS_OK;
}

static exs_status free_parts(const exs_self *self, const char *hex, exs_batch *batch, exs_err *err)
{
	struct key key;
	unsigned part;
	exs_status s = self->store->batch_del(self->store, batch, key_ref(&key, hex), err);

	for (part = 0; s == EXS_OK && part < BLOB_PARTS; part++)
		s = self->store->batch_del(self->store, batch, key_part(&key, hex, part), err);
	return s;
}

/*
 * Whether nobody refers to the blob, which then holds when the batch commits, or it conflicts. A
 * count that cannot be read keeps its blob, as one below 0 does.
 */
static exs_status check_unused(const exs_self *self, const char *hex, exs_batch *batch, int *unused,
			       exs_err *err)
{
	static const char zero[COUNT_BYTES];
	exs_err why = EXS_ERR_INIT;
	exs_membuf count;
	exs_str value;
	struct key key;
	exs_status s;

	exs_membuf_init(&count, COUNT_BYTES);
	s = self->store->get(self->store, key_ref(&key, hex), &count.sink, &why);
	value = s == EXS_NOTFOUND ? exs_bytes(NULL, 0) : exs_bytes(count.p, count.n);
	*unused = s == EXS_NOTFOUND ||
		  (s == EXS_OK && exs_str_eq(value, exs_bytes(zero, sizeof zero)));
	if (s == EXS_CORRUPT || s == EXS_TOOBIG || (s == EXS_OK && count.n != COUNT_BYTES))
		s = EXS_OK;
	else if (s == EXS_OK || s == EXS_NOTFOUND)
		s = self->store->batch_check(self->store, batch, key_ref(&key, hex), value, err);
	else
		s = exs_fail(err, s, why.sys, "%s", why.text);
	exs_membuf_release(&count);
	return s;
}

static exs_status sweep_one(const exs_self *self, const char *hex, exs_batch *batch, exs_err *err)
{
	struct key key;
	int unused;
	exs_status s = check_unused(self, hex, batch, &unused, err);

	if (s == EXS_OK && unused)
		s = free_parts(self, hex, batch, err);
	if (s != EXS_OK)
		return s;
	return self->store->batch_del(self->store, batch, key_loose(&key, hex), err);
}

exs_status blob_sweep(const exs_self *self, unsigned max, exs_batch *batch, int32_t *more,
		      exs_err *err)
{
	struct loose l = { .max = max < SWEEP_MAX ? max : SWEEP_MAX };
	char hex[DIGEST_HEX + 1];
	struct key prefix;
	exs_str p = key_loose(&prefix, "");
	exs_status s;
	unsigned i;

	l.prefix_n = p.n;
	s = self->store->scan(self->store, p, exs_bytes("", 0), EXS_SCAN_KEYS, loose_row, &l, err);
	if (s == EXS_AGAIN && l.more)
		s = EXS_OK;
	if (s == EXS_OK && l.n == 0 && !l.more)
		return exs_fail(err, EXS_NOTFOUND, 0, "no blob is loose");
	for (i = 0; s == EXS_OK && i < l.n; i++) {
		digest_hex(&l.sha[i], hex);
		s = sweep_one(self, hex, batch, err);
	}
	if (s == EXS_OK)
		*more = l.more;
	return s;
}
