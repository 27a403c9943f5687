/* SPDX-License-Identifier: MIT */
/*
 * load.c - facts and heads out of the store, checked on the way.
 *
 * Rows are copied out of the store page by page and handed on outside of its scan: the scan stays
 * short, and whoever reads may use the store meanwhile. Nothing that was damaged is handed on.
 */
#include "load.h"

#include "base.h"
#include "blob.h"

#define PAGE_BYTES                                                                                 \
	(256u << 10) /* of rows before they are handed on; one row more may lie behind             \
		      */
#define PAGE_MAX  (PAGE_BYTES + RECORD_ROW_MAX + 1024u)
#define LIST_PAGE 256u /* runs listed between two looks into the store */

/* ---- pages ---- */

struct page {
	exs_membuf rows; /* u32 length of key, u32 of value, key, value; again and again */
	struct key last; /* the last key that was handed on */
	int more;
};

static exs_status page_row(void *arg, exs_str key, exs_str value)
{
	struct page *pg = arg;
	char lengths[8];
	exs_status s;

	if (exs_str_eq(key, exs_bytes(pg->last.p, pg->last.n)))
		return EXS_OK;
	if (pg->rows.n >= PAGE_BYTES) {
		pg->more = 1;
		return EXS_AGAIN;
	}
	if (key.n > KEY_MAX)
		key.n = KEY_MAX; /* none of ours: no fact has such a key, which ends the reading */
	put_u32(lengths, (uint32_t)key.n);
	put_u32(lengths + 4, (uint32_t)value.n);
	s = exs_membuf_put(&pg->rows.sink, lengths, sizeof lengths);
	if (s == EXS_OK)
		s = exs_membuf_put(&pg->rows.sink, key.p, key.n);
	return s == EXS_OK ? exs_membuf_put(&pg->rows.sink, value.p, value.n) : s;
}

static exs_status page_fill(const exs_self *self, const char *run_id, struct page *pg, exs_err *err)
{
	struct key prefix;
	exs_status s;

	pg->rows.n = 0;
	pg->more = 0;
	err->text[0] = '\0';
	s = self->store->scan(self->store, key_facts(&prefix, run_id),
			      exs_bytes(pg->last.p, pg->last.n), 0, page_row, pg, err);
	if (s == EXS_AGAIN && pg->more)
		return EXS_OK;
	if (s != EXS_OK && !err->text[0])
		return exs_fail(err, s, 0, "run '%s': no memory to read its facts", run_id);
	return s;
}

/* ---- facts ---- */

struct reader {
	const exs_self *self;
	const char *run;  /* whose facts are read */
	const char *id;	  /* who has them: itself, or a run that it was forked from */
	int64_t next;	  /* the fact that must come now */
	int64_t last;	  /* the last one that comes from there */
	unsigned part;	  /* 0: its first row; else the next continuation */
	size_t want;	  /* bytes of the record under way */
	exs_membuf bytes; /* of the record under way */
	exs_membuf body;  /* of the fact under way, when it is a blob */
	exs_status (*row)(void *arg, const exs_fact *fact);
	void *arg;
	exs_err *err;
};

static exs_status corrupt(const struct reader *r, const char *what)
{
	return exs_fail(r->err, EXS_CORRUPT, 0, "run '%s', fact %lld: %s", r->run,
			(long long)r->next, what);
}

static exs_status missing(const struct reader *r)
{
	return corrupt(r, r->part ? "a part of it is missing; restore the store from a copy"
				  : "it is missing; restore the store from a copy");
}

/* The blob, and behind it what the record has. */
static exs_status read_body(struct reader *r, struct record *rec)
{
	exs_str rest = rec->fact.body;
	exs_err why = EXS_ERR_INIT;
	exs_status s;

	if (!rec->blob.n)
		return EXS_OK;
	s = blob_get(r->self, rec->blob.sha, rec->blob.n, &r->body, &why);
	if (s == EXS_OK && exs_membuf_put(&r->body.sink, rest.p, rest.n))
		s = exs_fail(&why, EXS_NOMEM, 0, "no memory to read it");
	if (s != EXS_OK)
		return exs_fail(r->err, s, why.sys, "run '%s', fact %lld: %s", r->run,
				(long long)r->next, why.text);
	rec->fact.body = exs_bytes(r->body.p, r->body.n);
	return EXS_OK;
}

static exs_status give(struct reader *r, exs_str bytes)
{
	exs_err why = EXS_ERR_INIT;
	struct record rec;
	exs_status s;

	if (record_decode(bytes, &rec, &why))
		return corrupt(r, why.text);
	if (!exs_str_eq(rec.run, exs_cstr(r->id)))
		return corrupt(r, "the record belongs to another run");
	if (rec.fact.seq != r->next)
		return corrupt(r, "the record is another fact of this run");
	s = read_body(r, &rec);
	if (s != EXS_OK)
		return s;
	s = r->row(r->arg, &rec.fact);
	if (s != EXS_OK)
		return exs_fail(r->err, s, 0, "run '%s': reading was stopped at fact %lld", r->run,
				(long long)r->next);
	r->next++;
	return EXS_OK;
}

/* A row of a record that has more than one. */
static exs_status gather(struct reader *r, exs_str value)
{
	size_t left = r->want - r->bytes.n;
	exs_status s;

	if (value.n != (left < RECORD_ROW_MAX ? left : RECORD_ROW_MAX))
		return corrupt(r, "a row of it has the wrong length");
	s = exs_membuf_put(&r->bytes.sink, value.p, value.n);
	if (s != EXS_OK)
		return exs_fail(r->err, s, 0, "run '%s', fact %lld: no memory to read it", r->run,
				(long long)r->next);
	r->part++;
	if (r->bytes.n < r->want)
		return EXS_OK;
	s = give(r, exs_bytes(r->bytes.p, r->bytes.n));
	r->bytes.n = 0;
	r->part = 0;
	return s;
}

static exs_status reader_row(struct reader *r, exs_str key, exs_str value)
{
	exs_err why = EXS_ERR_INIT;
	struct key expected;

	if (!exs_str_eq(key, key_fact(&expected, r->id, r->next, r->part)))
		return missing(r);
	if (r->part)
		return gather(r, value);
	if (record_measure(value, &r->want, &why))
		return corrupt(r, why.text);
	if (r->want > RECORD_ROW_MAX)
		return gather(r, value);
	return give(r, value);
}

static exs_status reader_page(struct reader *r, struct page *pg)
{
	exs_status s = EXS_OK;
	size_t at = 0;

	while (s == EXS_OK && at < pg->rows.n && r->next <= r->last) {
		exs_str key = exs_bytes(pg->rows.p + at + 8, get_u32(pg->rows.p + at));
		exs_str value = exs_bytes(key.p + key.n, get_u32(pg->rows.p + at + 4));

		s = reader_row(r, key, value);
		memcpy(pg->last.p, key.p, key.n);
		pg->last.n = key.n;
		at += 8 + key.n + value.n;
	}
	return s;
}

static exs_status read_leg(exs_self *self, const struct base *leg, struct reader *r)
{
	struct page pg;
	exs_status s;

	r->id = leg->id;
	r->last = leg->last;
	memset(&pg, 0, sizeof pg);
	exs_membuf_init(&pg.rows, PAGE_MAX);
	do {
		s = page_fill(self, r->id, &pg, r->err);
		if (s == EXS_OK)
			s = reader_page(r, &pg);
	} while (s == EXS_OK && pg.more && r->next <= r->last);
	exs_membuf_release(&pg.rows);
	return s;
}

/* Each leg begins where the one before it ends; the last one has no end. */
static exs_status read_facts(exs_self *self, const struct legs *legs, struct reader *r)
{
	exs_status s = EXS_OK;
	unsigned i;

	for (i = 0; s == EXS_OK && i < legs->n; i++) {
		if (legs->leg[i].last < r->next)
			continue; /* all that is wanted of it, it has from its own base */
		s = read_leg(self, &legs->leg[i], r);
		if (s == EXS_OK && (r->part || (i + 1 < legs->n && r->next <= r->last)))
			s = missing(r);
	}
	return s;
}

exs_status journal_load(exs_self *self, const char *run_id,
			exs_status (*row)(void *arg, const exs_fact *fact), void *arg, exs_err *err)
{
	struct reader r = { .self = self, .run = run_id, .next = 1, .row = row, .arg = arg, .err = err };
	struct legs legs;
	exs_status s;

	if (!run_id_ok(run_id))
		return exs_fail(err, EXS_NOTFOUND, 0,
				"no run has such an id: ids are letters, digits, '-', '_' and '.'");
	/* How many facts there must be is what the head said before they were read. */
	s = legs_find(self, run_id, &legs, err);
	if (s != EXS_OK)
		return s;
	exs_membuf_init(&r.bytes, RECORD_MAX);
	exs_membuf_init(&r.body, RECORD_BODY_MAX);
	s = read_facts(self, &legs, &r);
	exs_membuf_release(&r.body);
	exs_membuf_release(&r.bytes);
	if (s != EXS_OK)
		return s;
	if (r.next <= legs.facts)
		return missing(&r);
	if (legs.damage.status)
		return exs_fail(err, legs.damage.status, 0, "%s", legs.damage.text);
	return EXS_OK;
}

/* ---- the list ---- */

struct ids {
	char id[LIST_PAGE][RECORD_ID_MAX + 1];
	size_t n;
	size_t prefix_n;
	struct key last;
	int more;
};

static exs_status ids_row(void *arg, exs_str key, exs_str value)
{
	struct ids *ids = arg;
	exs_str id = exs_bytes(key.p + ids->prefix_n, key.n - ids->prefix_n);

	(void)value;
	if (id.n > RECORD_ID_MAX || exs_str_eq(key, exs_bytes(ids->last.p, ids->last.n)))
		return EXS_OK;
	if (ids->n == LIST_PAGE) {
		ids->more = 1;
		return EXS_AGAIN;
	}
	memcpy(ids->id[ids->n], id.p, id.n);
	ids->id[ids->n++][id.n] = '\0';
	return EXS_OK;
}

static exs_status ids_fill(const exs_self *self, exs_str prefix, struct ids *ids, exs_err *err)
{
	exs_status s;

	ids->n = 0;
	ids->more = 0;
	ids->prefix_n = prefix.n;
	s = self->store->scan(self->store, prefix, exs_bytes(ids->last.p, ids->last.n),
			      EXS_SCAN_REVERSE | EXS_SCAN_KEYS, ids_row, ids, err);
	return s == EXS_AGAIN && ids->more ? EXS_OK : s;
}

/* One damaged head must not hide the other runs: it is listed as what it is. */
static exs_status list_damaged(const exs_self *self, const char *id, const exs_err *why,
			       exs_status (*row)(void *, exs_str), void *arg)
{
	char json[RECORD_ID_MAX + 128];
	int n = snprintf(json, sizeof json,
			 "{\"run\":\"%s\",\"agent\":\"\",\"caller\":\"\",\"status\":\"corrupt\","
			 "\"started_ms\":0,\"attempt\":0}",
			 id);

	exs_logf(self->host, EXS_WARN, "%s", why->text);
	return row(arg, exs_bytes(json, (size_t)n));
}

/* A fork's head says where it comes from as well. */
static exs_status list_fork(const exs_self *self, const char *id, exs_membuf *row,
			    const struct head *head, exs_str *out, exs_err *err)
{
	char more[RECORD_ID_MAX + 64];
	struct base base;
	size_t n;
	exs_status s = base_get(self, id, &base, err);

	if (s != EXS_OK)
		return s;
	n = (size_t)snprintf(more, sizeof more, ",\"forked_from\":\"%s\",\"forked_seq\":%lld}", base.id,
			     (long long)base.last);
	row->n--; /* the last bracket */
	if (exs_membuf_put(&row->sink, more, n))
		return exs_fail(err, EXS_NOMEM, 0, "no memory to list run '%s'", id);
	*out = exs_bytes(row->p + HEAD_FIXED, head->json.n - 1 + n);
	return EXS_OK;
}

static exs_status list_one(const exs_self *self, const char *id, exs_membuf *row_bytes,
			   exs_status (*row)(void *, exs_str), void *arg, exs_err *err)
{
	struct head head;
	exs_status s;

	if (!run_id_ok(id))
		return EXS_OK;
	row_bytes->n = 0;
	s = head_get(self, id, row_bytes, err);
	if (s == EXS_OK)
		s = head_open(exs_bytes(row_bytes->p, row_bytes->n), id, &head, err);
	if (s == EXS_OK && head.version == HEAD_FORKED)
		s = list_fork(self, id, row_bytes, &head, &head.json, err);
	if (s == EXS_CORRUPT || s == EXS_NOTFOUND)
		s = list_damaged(self, id, err, row, arg);
	else if (s == EXS_OK)
		s = row(arg, head.json);
	else
		return s;
	return s == EXS_OK ? EXS_OK : exs_fail(err, s, 0, "the list was stopped at run '%s'", id);
}

static exs_status list_page(const exs_self *self, struct ids *ids, exs_membuf *head,
			    exs_status (*row)(void *, exs_str), void *arg, exs_err *err)
{
	exs_status s = EXS_OK;
	size_t i;

	for (i = 0; s == EXS_OK && i < ids->n; i++)
		s = list_one(self, ids->id[i], head, row, arg, err);
	return s;
}

exs_status journal_list(exs_self *self, uint32_t flags, exs_status (*row)(void *arg, exs_str head),
			void *arg, exs_err *err)
{
	exs_str (*key)(struct key *, const char *) = flags & EXS_LIST_OPEN ? key_open : key_run;
	struct ids *ids = calloc(1, sizeof *ids);
	struct key prefix;
	exs_membuf head;
	exs_status s;

	if (!ids)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to list the runs");
	exs_membuf_init(&head, EXS_STORE_VALUE_MAX + RECORD_ID_MAX + 64u);
	do {
		s = ids_fill(self, key(&prefix, ""), ids, err);
		if (s == EXS_OK)
			s = list_page(self, ids, &head, row, arg, err);
		if (s == EXS_OK && ids->n)
			key(&ids->last, ids->id[ids->n - 1]);
	} while (s == EXS_OK && ids->more);
	exs_membuf_release(&head);
	free(ids);
	return s;
}
