/* SPDX-License-Identifier: MIT */
/*
 * verify.c - counts the facts that refer to each blob, and compares; see verify.h.
 *
 * Runs may go on meanwhile. A count is read before the facts and after them, and one that has moved
 * is passed over: only what stood still can be compared.
 */
#include "verify.h"

#include <inttypes.h>

#include "blob.h"

#define BLOBS_MAX (1u << 20) /* counted at once; 48 MiB */

struct counted {
	struct digest sha;
	int64_t before; /* what the store counts; NO_COUNT: it has none, or none that can be read */
	int64_t facts;	/* what we count */
};

#define NO_COUNT INT64_MIN

struct counting {
	struct counted *list; /* the first `known` of them sorted: those that had a count */
	size_t n, known, cap;
	size_t prefix_n;
	exs_status failed; /* of the scan: ours */
};

static int add(struct counting *c, const struct digest *sha, int64_t before, int64_t facts)
{
	size_t cap = c->cap ? c->cap * 2 : 64;
	struct counted *grown;

	if (c->n == c->cap) {
		c->failed = cap > BLOBS_MAX ? EXS_TOOBIG : EXS_NOMEM;
		grown = cap > BLOBS_MAX ? NULL : realloc(c->list, cap * sizeof *grown);
		if (!grown)
			return 0;
		c->failed = EXS_OK;
		c->list = grown;
		c->cap = cap;
	}
	c->list[c->n++] = (struct counted){ *sha, before, facts };
	return 1;
}

static int64_t count_in(exs_str value)
{
	return value.n == BLOB_COUNT_BYTES ? (int64_t)get_u64(value.p) : NO_COUNT;
}

/* They come in the order of their keys, which is that of the hashes. */
static exs_status ref_row(void *arg, exs_str key, exs_str value)
{
	struct counting *c = arg;
	struct digest sha;

	if (!digest_read(exs_bytes(key.p + c->prefix_n, key.n - c->prefix_n), &sha))
		return EXS_OK;
	return add(c, &sha, count_in(value), 0) ? EXS_OK : c->failed;
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct counted *)a)->sha.b, ((const struct counted *)b)->sha.b,
		      DIGEST_BYTES);
}

static exs_status fact_row(void *arg, exs_str key, exs_str value)
{
	struct counting *c = arg;
	struct counted want = { .before = 0 }, *found;

	(void)key;
	if (!record_refers(value, exs_bytes(NULL, 0), (char *)want.sha.b))
		return EXS_OK; /* a damaged one is load's to find */
	found = c->known ? bsearch(&want, c->list, c->known, sizeof want, compare) : NULL;
	if (found) {
		found->facts++;
		return EXS_OK;
	}
	return add(c, &want.sha, NO_COUNT, 1) ? EXS_OK : c->failed;
}

static exs_status scan(const exs_self *self, exs_str prefix,
		       exs_status (*row)(void *, exs_str, exs_str), struct counting *c,
		       exs_err *err)
{
	exs_status s;

	c->prefix_n = prefix.n;
	s = self->store->scan(self->store, prefix, exs_bytes("", 0), 0, row, c, err);
	if (s != EXS_OK && c->failed)
		return exs_fail(err, c->failed, 0,
				"no room to count blobs: up to %u can be compared", BLOBS_MAX);
	return s;
}

/* The count as it is now. NOTFOUND: the blob is gone, or never had one. */
static exs_status count_now(const exs_self *self, const char *hex, int64_t *out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_membuf value;
	struct key key;
	exs_status s;

	exs_membuf_init(&value, BLOB_COUNT_BYTES);
	s = self->store->get(self->store, key_ref(&key, hex), &value.sink, &why);
	*out = s == EXS_OK ? count_in(exs_bytes(value.p, value.n)) : NO_COUNT;
	exs_membuf_release(&value);
	if (s == EXS_OK || s == EXS_NOTFOUND)
		return s;
	if (s == EXS_TOOBIG || s == EXS_CORRUPT)
		return EXS_OK;
	return exs_fail(err, s, why.sys, "%s", why.text);
}

/* Whatever has moved was written meanwhile. */
static exs_status compare_one(const exs_self *self, const struct counted *c,
			      exs_status (*finding)(void *, exs_str), void *arg, exs_err *err)
{
	char hex[DIGEST_HEX + 1], text[256];
	int64_t now;
	exs_status s;

	if (c->before == c->facts)
		return EXS_OK;
	digest_hex(&c->sha, hex);
	s = count_now(self, hex, &now, err);
	if (s != EXS_OK && s != EXS_NOTFOUND)
		return s;
	if (now != c->before || (s == EXS_NOTFOUND && c->facts == 0))
		return EXS_OK;
	if (now == NO_COUNT)
		snprintf(text, sizeof text,
			 "blob %s has no count that can be read, and a fact refers to it", hex);
	else
		snprintf(text, sizeof text,
			 "blob %s counts %" PRId64 " facts, and %" PRId64 " refer to it", hex, now,
			 c->facts);
	s = finding(arg, exs_cstr(text));
	return s == EXS_OK ? s : exs_fail(err, s, 0, "comparing was stopped at blob %s", hex);
}

exs_status journal_verify(exs_self *self, exs_status (*finding)(void *arg, exs_str text), void *arg,
			  exs_err *err)
{
	struct counting c = { .list = NULL };
	struct key key;
	exs_status s = scan(self, key_ref(&key, ""), ref_row, &c, err);
	size_t i;

	c.known = c.n;
	if (s == EXS_OK)
		s = scan(self, key_make(&key, "fact/"), fact_row, &c, err);
	for (i = 0; s == EXS_OK && i < c.n; i++)
		s = compare_one(self, &c.list[i], finding, arg, err);
	free(c.list);
	return s;
}
