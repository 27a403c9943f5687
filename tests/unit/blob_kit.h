/* SPDX-License-Identifier: MIT */
/* blob_kit.h - runs with long bodies in the journal, and the rows of their blobs. */
#ifndef TEST_BLOB_KIT_H
#define TEST_BLOB_KIT_H

#include "journal_kit.h"

#define BLOB_MIN      (16u << 10)
#define BLOB_PART_MAX (EXS_STORE_VALUE_MAX - 64u)
#define BODY_MAX      (8u << 20)

/* A body that is told from others by its letter. */
static EXS_UNUSED char *body_of(char letter, size_t n)
{
	char *body = malloc(n ? n : 1);
	size_t i;

	assert_non_null(body);
	for (i = 0; i < n; i++)
		body[i] = (char)(letter + (char)(i % 7));
	return body;
}

static EXS_UNUSED exs_status append_body(struct fixture *f, exs_ckpt *ckpt, int64_t seq,
					 char letter, size_t n)
{
	char *body = body_of(letter, n);
	exs_fact fact = fact_of(seq, exs_bytes(body, n));
	const exs_fact *list[] = { &fact };
	exs_status s = f->port->append(ckpt, list, 1, batch(f), &f->err);

	free(body);
	return s;
}

/* A run of one fact for each letter, n bytes each, in one batch that is not committed yet. */
static EXS_UNUSED void add_bodies(struct fixture *f, const char *id, const char *letters, size_t n)
{
	exs_ckpt *ckpt;
	int64_t seq;

	f->batch.own = false;
	ckpt = begin(f, id);
	for (seq = 1; letters[seq - 1]; seq++)
		assert_int_equal(append_body(f, ckpt, seq, letters[seq - 1], n), EXS_OK);
	assert_int_equal(end(f, ckpt, EXS_CKPT_COMPLETE, "ok"), EXS_OK);
}

static EXS_UNUSED void write_bodies(struct fixture *f, const char *id, const char *letters,
				    size_t n)
{
	add_bodies(f, id, letters, n);
	commit(f);
}

struct wanted {
	const char *letters;
	size_t n;
	int64_t given;
};

static EXS_UNUSED exs_status same_body(void *arg, const exs_fact *fact)
{
	struct wanted *w = arg;
	char *body = body_of(w->letters[w->given++], w->n);

	assert_int_equal(fact->seq, w->given);
	assert_int_equal(fact->body.n, w->n);
	assert_memory_equal(fact->body.p, body, w->n);
	free(body);
	return EXS_OK;
}

static EXS_UNUSED void assert_bodies(struct fixture *f, const char *id, const char *letters,
				     size_t n)
{
	struct wanted w = { letters, n, 0 };

	if (f->port->load(f->self, id, same_body, &w, &f->err))
		fail_msg("%s", f->err.text);
	assert_int_equal(w.given, (int64_t)strlen(letters));
}

static EXS_UNUSED size_t rows_from(struct fixture *f, const char *prefix)
{
	size_t i, n = 0;

	for (i = 0; i < f->host.n; i++)
		n += strncmp(f->host.rows[i].key, prefix, strlen(prefix)) == 0;
	return n;
}

/* The one row whose key begins so. */
static EXS_UNUSED struct double_row *row_from(struct fixture *f, const char *prefix)
{
	size_t i;

	assert_int_equal(rows_from(f, prefix), 1);
	for (i = 0; strncmp(f->host.rows[i].key, prefix, strlen(prefix)) != 0; i++)
		;
	return &f->host.rows[i];
}

static EXS_UNUSED int64_t count_of(struct fixture *f)
{
	struct double_row *r = row_from(f, "ref/");
	int64_t n;

	assert_int_equal(r->value_n, sizeof n);
	memcpy(&n, r->value, sizeof n);
	return n;
}

/* Fills the batch of one call of forget. */
static EXS_UNUSED int32_t add_forget(struct fixture *f, const char *id)
{
	int32_t more = 0;

	double_batch_own(&f->batch);
	if (f->port->forget(f->self, id, batch(f), &more, &f->err))
		fail_msg("%s", f->err.text);
	return more;
}

static EXS_UNUSED int32_t forget_once(struct fixture *f, const char *id)
{
	int32_t more = add_forget(f, id);

	commit(f);
	return more;
}

static EXS_UNUSED void forget_all(struct fixture *f, const char *id)
{
	int rounds = 0;

	while (forget_once(f, id))
		assert_true(rounds++ < 100);
}

#endif
