/* SPDX-License-Identifier: MIT */
/* base.c - which run a fork shares its first facts with; see base.h. */
#include "base.h"

#define BASE_FIXED 16u

exs_str key_base(struct key *k, const char *id)
{
	return key_make(k, "base/%s", id);
}

/* The id is summed too: a row that stands under another run's key is found out. */
static uint64_t base_sum(const char *p, size_t n, const char *id)
{
	return record_sum(record_sum(0, p + 8, n - 8), id, strlen(id));
}

exs_status base_put(const exs_self *self, const char *id, const struct base *base, exs_batch *batch,
		    exs_err *err)
{
	char row[BASE_FIXED + RECORD_ID_MAX];
	size_t n = strlen(base->id);
	struct key key;

	put_u64(row + 8, (uint64_t)base->last);
	memcpy(row + BASE_FIXED, base->id, n);
	put_u64(row, base_sum(row, BASE_FIXED + n, id));
	return self->store->batch_put(self->store, batch, key_base(&key, id),
				      exs_bytes(row, BASE_FIXED + n), err);
}

static int base_read(exs_str row, const char *id, struct base *out)
{
	if (row.n <= BASE_FIXED || row.n > BASE_FIXED + RECORD_ID_MAX ||
	    base_sum(row.p, row.n, id) != get_u64(row.p))
		return 0;
	out->last = (int64_t)get_u64(row.p + 8);
	memcpy(out->id, row.p + BASE_FIXED, row.n - BASE_FIXED);
	out->id[row.n - BASE_FIXED] = '\0';
	return run_id_ok(out->id) && out->last > 0;
}

exs_status base_get(const exs_self *self, const char *id, struct base *out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_membuf row;
	struct key key;
	exs_status s;

	exs_membuf_init(&row, BASE_FIXED + RECORD_ID_MAX);
	s = self->store->get(self->store, key_base(&key, id), &row.sink, &why);
	if (s == EXS_NOTFOUND || s == EXS_TOOBIG || s == EXS_CORRUPT ||
	    (s == EXS_OK && !base_read(exs_bytes(row.p, row.n), id, out)))
		s = exs_fail(err, EXS_CORRUPT, 0,
			     "run '%s': what it was forked from is damaged; restore the store from a "
			     "copy",
			     id);
	else if (s != EXS_OK)
		s = exs_fail(err, s, why.sys, "%s", why.text);
	exs_membuf_release(&row);
	return s;
}

/* ---- legs ---- */

struct end {
	struct head head;
	exs_err damage;
};

static exs_status read_end(const exs_self *self, const char *id, struct end *out, exs_err *err)
{
	exs_membuf row;
	exs_status s;

	*out = (struct end){ .damage = EXS_ERR_INIT };
	exs_membuf_init(&row, EXS_STORE_VALUE_MAX);
	s = head_get(self, id, &row, err);
	if (s == EXS_OK)
		(void)head_open(exs_bytes(row.p, row.n), id, &out->head, &out->damage);
	exs_membuf_release(&row);
	return s;
}

/* A head that cannot be read does not say whether there is a base: its row does. */
static int has_base(const exs_self *self, const char *id, const struct end *end, struct base *out)
{
	exs_err none = EXS_ERR_INIT;

	return end->head.version == HEAD_FORKED ||
	       (end->damage.status && base_get(self, id, out, &none) == EXS_OK);
}

static exs_status find_older(const exs_self *self, const char *id, struct legs *l, exs_err *err)
{
	struct base base;
	struct end end;
	exs_status s = read_end(self, id, &end, err);

	if (s != EXS_OK)
		return s;
	if (l->n == 1) {
		l->facts = end.head.facts;
		l->damage = end.damage;
	}
	if (!has_base(self, id, &end, &base))
		return EXS_OK;
	if (l->n > BASE_DEPTH_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"run '%s' is a fork of a fork and so on, more than %u times",
				l->leg[0].id, BASE_DEPTH_MAX);
	s = base_get(self, id, &base, err);
	if (s != EXS_OK)
		return s;
	/* A fork behind what its base has from its own base: that goes no further than asked for. */
	if (base.last > l->leg[l->n - 1].last)
		base.last = l->leg[l->n - 1].last;
	l->leg[l->n++] = base;
	return EXS_OK;
}

exs_status legs_find(const exs_self *self, const char *id, struct legs *out, exs_err *err)
{
	exs_status s = EXS_OK;
	unsigned at, i;

	memset(out, 0, sizeof *out);
	memcpy(out->leg[0].id, id, strlen(id) + 1);
	out->leg[0].last = INT64_MAX;
	out->n = 1;
	for (at = 0; s == EXS_OK && at < out->n; at++) {
		s = find_older(self, out->leg[at].id, out, err);
		if (s == EXS_NOTFOUND && at)
			s = exs_fail(err, EXS_CORRUPT, 0,
				     "run '%s' was forked from run '%s', which is gone; restore "
				     "the store from a copy",
				     id, out->leg[at].id);
	}
	for (i = 0; i < out->n / 2; i++) { /* found from the youngest on */
		struct base swap = out->leg[i];

		out->leg[i] = out->leg[out->n - 1 - i];
		out->leg[out->n - 1 - i] = swap;
	}
	return s;
}
