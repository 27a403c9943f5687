/* SPDX-License-Identifier: MIT */
/* chunk.c - see chunk.h. */
#include "chunk.h"

int bytes_cmp(exs_str a, exs_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static void set_at(struct range *r, exs_str key)
{
	if (key.n)
		memcpy(r->at, key.p, key.n);
	r->n = key.n;
}

/* The least key that is above every key with the prefix, or n = 0 when there is none. */
static void set_above(struct range *r, exs_str prefix)
{
	set_at(r, prefix);
	while (r->n && (unsigned char)r->at[r->n - 1] == 0xff)
		r->n--;
	if (r->n)
		r->at[r->n - 1]++;
}

exs_status range_init(struct range *r, exs_str prefix, exs_str from, uint32_t flags, exs_err *err)
{
	if (prefix.n > EXS_STORE_KEY_MAX || from.n > RANGE_FROM_MAX)
		return exs_fail(
			err, EXS_TOOBIG, 0,
			"a scan over a prefix of %zu bytes from a key of %zu: keys have up to %u",
			prefix.n, from.n, EXS_STORE_KEY_MAX);
	if ((prefix.n && !prefix.p) || (from.n && !from.p))
		return exs_fail(err, EXS_INVALID, 0,
				"a scan has a prefix or a start with bytes and no pointer");
	r->prefix = prefix;
	r->reverse = flags & EXS_SCAN_REVERSE;
	if (!r->reverse) {
		set_at(r, bytes_cmp(prefix, from) < 0 ? from : prefix);
		return EXS_OK;
	}
	set_above(r, prefix);
	if (from.n && (r->n == 0 || bytes_cmp(from, exs_bytes(r->at, r->n)) < 0)) {
		set_at(r, from);
		r->at[r->n++] = '\0'; /* below that: `from` itself is in */
	}
	return EXS_OK;
}

bool range_has(const struct range *r, exs_str key)
{
	return key.n >= r->prefix.n &&
	       (r->prefix.n == 0 || memcmp(key.p, r->prefix.p, r->prefix.n) == 0);
}

void range_pass(struct range *r, exs_str key)
{
	set_at(r, key);
	if (!r->reverse)
		r->at[r->n++] = '\0';
}

/* ---- chunks ---- */

struct lengths {
	uint32_t key, value;
};

bool chunk_full(const struct chunk *c)
{
	return c->n >= CHUNK_BYTES;
}

exs_status chunk_add(struct chunk *c, exs_str key, exs_str value, exs_err *err)
{
	struct lengths l = { (uint32_t)key.n, (uint32_t)value.n };
	size_t want = c->n + sizeof l + key.n + value.n;

	if (want > c->cap) {
		size_t cap = want < 2 * (size_t)CHUNK_BYTES ? 2 * (size_t)CHUNK_BYTES : want;
		char *p = realloc(c->p, cap);

		if (!p)
			return exs_fail(err, EXS_NOMEM, 0, "no memory for %zu bytes of a scan",
					cap);
		c->p = p;
		c->cap = cap;
	}
	memcpy(c->p + c->n, &l, sizeof l);
	memcpy(c->p + c->n + sizeof l, key.p, key.n);
	if (value.n)
		memcpy(c->p + c->n + sizeof l + key.n, value.p, value.n);
	c->n = want;
	return EXS_OK;
}

static exs_status play(const struct chunk *c,
		       exs_status (*row)(void *arg, exs_str key, exs_str value), void *arg)
{
	size_t at = 0;
	exs_status s = EXS_OK;

	while (at < c->n && s == EXS_OK) {
		struct lengths l;
		const char *key = c->p + at + sizeof l;

		memcpy(&l, c->p + at, sizeof l);
		s = row(arg, exs_bytes(key, l.key), exs_bytes(key + l.key, l.value));
		at += sizeof l + l.key + l.value;
	}
	return s;
}

exs_status chunk_scan(exs_self *self, chunk_fill *fill, exs_str prefix, exs_str from,
		      uint32_t flags, exs_status (*row)(void *arg, exs_str key, exs_str value),
		      void *arg, exs_err *err)
{
	struct chunk c = { NULL, 0, 0 };
	exs_err why = EXS_ERR_INIT;
	exs_status filled, s;
	bool end = false;
	struct range r;

	if (range_init(&r, prefix, from, flags, err))
		return err->status;
	do {
		c.n = 0;
		filled = fill(self, &r, flags, &c, &end, &why);
		s = play(&c, row, arg);
	} while (filled == EXS_OK && s == EXS_OK && !end);
	free(c.p);
	if (s)
		return s;
	return filled ? exs_fail(err, filled, why.sys, "%s", why.text) : EXS_OK;
}
