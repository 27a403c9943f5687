/* SPDX-License-Identifier: MIT */
/*
 * forget.c - see forget.h. The first batch chains that the run is forgotten, the last one deletes
 * its head: whatever comes between, the run can be found again and verify knows why its log is
 * short.
 */
#include "forget.h"

#include "head.h"

struct forgetting {
	exs_self *self;
	exs_batch *batch;
	const char *id;
	uint32_t n;
	int more;
	char (*keys)[KEY_MAX];
};

static exs_status put(struct forgetting *f, exs_str key, exs_str value, exs_err *err)
{
	return f->self->store->batch_put(f->self->store, f->batch, key, value, err);
}

static exs_status del(struct forgetting *f, exs_str key, exs_err *err)
{
	return f->self->store->batch_del(f->self->store, f->batch, key, err);
}

/* ---- the chain ---- */

static exs_status append(struct forgetting *f, struct tip *tip, enum entry_what what,
			 const struct tally *t, exs_err *err)
{
	struct entry e = { .what = what, .n = tip->entries + 1, .rows = t->hash };
	char text[ENTRY_MAX], number[17];
	struct key key;
	size_t n;

	e.at_ms = what == ENTRY_ENDED ? t->ended_ms : f->self->host->wall_ms(f->self->host);
	e.previous = tip->hash;
	snprintf(e.run, sizeof e.run, "%s", f->id);
	if (entry_write(&e, text, &n, err) || put(f, key_chain(&key, e.n), exs_bytes(text, n), err))
		return err->status;
	snprintf(number, sizeof number, "%016llx", (unsigned long long)e.n);
	tip->entries = e.n;
	tip->hash = e.hash;
	return put(f, key_sealed(&key, f->id), exs_bytes(number, 16), err);
}

/* One that nobody sealed yet is sealed and forgotten at once. */
static exs_status chain(struct forgetting *f, const struct tally *t, int sealed, exs_err *err)
{
	const exs_store_svc *store = f->self->store;
	char was[ENTRY_MAX], is[ENTRY_MAX];
	struct key key;
	struct tip tip;
	size_t n;

	if (tip_get(f->self, &tip, err))
		return err->status;
	n = tip_write(&tip, was);
	if (store->batch_check(store, f->batch, key_tip(),
			       tip.entries ? exs_bytes(was, n) : exs_bytes(NULL, 0), err))
		return err->status;
	if (!sealed &&
	    (append(f, &tip, ENTRY_ENDED, t, err) || del(f, key_unsealed(&key, f->id), err)))
		return err->status;
	if (append(f, &tip, ENTRY_FORGOTTEN, t, err))
		return err->status;
	n = tip_write(&tip, is);
	return put(f, key_tip(), exs_bytes(is, n), err);
}

/* What the chain says of the run as it is: 0 nothing, or only of an end that was retried; 1 ended; 2 forgotten. */
static exs_status place(struct forgetting *f, const struct tally *t, int *out, exs_err *err)
{
	struct entry e;
	int64_t n = 0;
	exs_status s = sealed_get(f->self, f->id, &n, err);

	*out = 0;
	if (s == EXS_NOTFOUND)
		return EXS_OK;
	if (s == EXS_OK)
		s = entry_get(f->self, n, &e, err);
	if (s == EXS_NOTFOUND)
		s = exs_fail(err, EXS_CORRUPT, 0, "it is gone");
	if (s == EXS_CORRUPT) {
		exs_err why = *err;

		return exs_fail(err, s, 0,
				"run '%s' stays, for its entry of the chain cannot be "
				"believed: %.150s",
				f->id, why.text);
	}
	if (s == EXS_OK && digest_same(&e.rows, &t->hash))
		*out = e.what == ENTRY_FORGOTTEN ? 2 : 1;
	return s;
}

/* ---- the rows ---- */

static exs_status take_key(void *arg, exs_str key, exs_str value)
{
	struct forgetting *f = arg;

	(void)value;
	if (f->n == FORGET_ROWS) {
		f->more = 1;
		return EXS_AGAIN;
	}
	if (key.n >= KEY_MAX) /* nobody writes such a row; verify names it */
		return EXS_OK;
	memcpy(f->keys[f->n], key.p, key.n);
	f->keys[f->n++][key.n] = '\0';
	return EXS_OK;
}

static exs_status drop_log(struct forgetting *f, exs_err *err)
{
	const exs_store_svc *store = f->self->store;
	struct key key;
	exs_status s;
	uint32_t i;

	f->keys = calloc(FORGET_ROWS, sizeof *f->keys);
	if (!f->keys)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to forget a run");
	s = store->scan(store, key_logs(&key, f->id), exs_bytes(NULL, 0), EXS_SCAN_KEYS, take_key,
			f, err);
	if (s == EXS_AGAIN && f->more)
		s = EXS_OK;
	for (i = 0; s == EXS_OK && i < f->n; i++)
		s = del(f, exs_cstr(f->keys[i]), err);
	free(f->keys);
	if (s == EXS_OK && !f->more)
		s = del(f, key_run(&key, f->id), err);
	return s;
}

/* It must have ended when the batch commits too: it may be retried meanwhile. */
static exs_status ended(struct forgetting *f, struct tally *t, exs_err *err)
{
	const exs_store_svc *store = f->self->store;
	const char *id = f->id;
	exs_membuf head;
	struct key key;
	exs_status s;

	if (!run_id_ok(id))
		return exs_fail(err, EXS_NOTFOUND, 0, "'%.40s' is not the id of a run", id);
	exs_membuf_init(&head, EXS_STORE_VALUE_MAX);
	s = row_get(f->self, key_run(&key, id), &head, err);
	if (s == EXS_NOTFOUND)
		exs_fail(err, s, 0, "there is no run '%s' in the trail", id);
	else if (s == EXS_OK && !head_tally(exs_bytes(head.p, head.n), t))
		s = exs_fail(err, EXS_CORRUPT, 0, "the head of run '%s' cannot be read", id);
	else if (s == EXS_OK && !t->ended_ms)
		s = exs_fail(err, EXS_DENIED, 0, "run '%s' has not ended", id);
	if (s == EXS_OK)
		s = store->batch_check(store, f->batch, exs_bytes(key.p, key.n),
				       exs_bytes(head.p, head.n), err);
	exs_membuf_release(&head);
	return s;
}

exs_status forget_run(exs_self *self, const char *run_id, exs_batch *batch, int32_t *more,
		      exs_err *err)
{
	struct forgetting f = { .self = self, .batch = batch, .id = run_id };
	struct tally t;
	exs_status s = ended(&f, &t, err);
	int known = 0;

	if (s == EXS_OK)
		s = place(&f, &t, &known, err);
	if (s == EXS_OK && known < 2)
		s = chain(&f, &t, known, err);
	if (s == EXS_OK)
		s = drop_log(&f, err);
	if (s == EXS_OK)
		*more = f.more;
	return s;
}
