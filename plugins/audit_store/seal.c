/* SPDX-License-Identifier: MIT */
/* seal.c - see seal.h. */
#include "seal.h"

#include <signal.h>

#include "head.h"
#include "trail.h"

#define OPS_MAX (SEAL_RUNS_MAX * 5 + 2)

/* One commit in the making. */
struct sealing {
	exs_self *self;
	struct tip before, after;
	exs_op ops[OPS_MAX];
	const exs_op *list[OPS_MAX];
	size_t n;
	struct {
		struct key unsealed, sealed, chain;
		char mark[MARK_MAX], entry[ENTRY_MAX], was[17], number[17];
	} run[SEAL_RUNS_MAX];
	size_t runs;
	char tip_was[ENTRY_MAX], tip_is[ENTRY_MAX];
	struct page page;
};

static void add(struct sealing *s, int32_t kind, exs_str key, exs_str value)
{
	s->ops[s->n] = (exs_op){ .size = sizeof *s->ops, .kind = kind, .key = key, .value = value };
	s->list[s->n] = &s->ops[s->n];
	s->n++;
}

/* The head of a run that has ended. NOTFOUND: there is none, or it cannot be believed; verify will
 * say so. */
static exs_status ended_head(const exs_self *self, const char *id, struct tally *out, exs_err *err)
{
	exs_membuf row;
	struct key key;
	exs_status s;

	exs_membuf_init(&row, EXS_STORE_VALUE_MAX);
	s = row_get(self, key_run(&key, id), &row, err);
	if (s == EXS_OK && (!head_tally(exs_bytes(row.p, row.n), out) || !out->ended_ms))
		s = exs_fail(err, EXS_NOTFOUND, 0, "run '%s' has no head that says it ended", id);
	exs_membuf_release(&row);
	return s;
}

/*
 * The mark goes as it was read, or nothing is done: a run that is retried and ends again meanwhile leaves another one.
 * NOTFOUND: it is gone, or no mark that anybody writes.
 */
static exs_status take_mark(struct sealing *s, const char *id, exs_err *err)
{
	exs_str key = key_unsealed(&s->run[s->runs].unsealed, id);
	char *mark = s->run[s->runs].mark;
	exs_membuf row;
	exs_status status;

	exs_membuf_init(&row, MARK_MAX);
	status = row_get(s->self, key, &row, err);
	if (status == EXS_TOOBIG)
		status = EXS_NOTFOUND;
	if (status == EXS_OK) {
		if (row.n)
			memcpy(mark, row.p, row.n);
		add(s, EXS_OP_CHECK, key, exs_bytes(mark, row.n));
		add(s, EXS_OP_DEL, key, exs_bytes(NULL, 0));
	}
	exs_membuf_release(&row);
	return status;
}

/*
 * What the chain says of the run: *n of its newest entry, 0 for none; *same: that is about this end. A run that was
 * retried has an entry for each of its ends that was sealed in time.
 */
static exs_status newest_entry(const struct sealing *s, const char *id, const struct tally *t,
			       int64_t *n, int *same, exs_err *err)
{
	struct entry e;
	exs_status status = sealed_get(s->self, id, n, err);
	int held = 0;

	*same = 0;
	if (status == EXS_NOTFOUND) {
		*n = 0;
		return EXS_OK;
	}
	if (status == EXS_OK)
		status = entry_get(s->self, *n, &e, err);
	if (status == EXS_NOTFOUND || status == EXS_CORRUPT) /* verify says so; no second one is made */
		*same = 1;
	else if (status == EXS_OK)
		*same = digest_same(&e.rows, &t->hash);
	if (status == EXS_OK && !*same && e.what == ENTRY_ENDED) {
		status = log_holds_end(s->self, &e, &held, err);
		*same = status == EXS_OK && !held; /* another log: that is for verify to tell */
	}
	return *same ? EXS_OK : status;
}

static exs_status add_run(struct sealing *s, const char *id, exs_err *err)
{
	struct entry e = { .what = ENTRY_ENDED };
	size_t n, before = s->n;
	int64_t newest = 0;
	exs_status status;
	struct tally t;
	int same = 0;

	if (!run_id_ok(id))
		return EXS_OK;
	status = take_mark(s, id, err);
	if (status == EXS_OK)
		status = ended_head(s->self, id, &t, err);
	if (status == EXS_OK)
		status = newest_entry(s, id, &t, &newest, &same, err);
	if (status == EXS_OK && same) { /* only the mark is left over */
		s->runs++;
		return EXS_OK;
	}
	if (status) {
		s->n = before;
		return status == EXS_NOTFOUND ? EXS_OK : status;
	}
	e.n = s->after.entries + 1;
	e.at_ms = t.ended_ms;
	e.rows = t.hash;
	e.previous = s->after.hash;
	snprintf(e.run, sizeof e.run, "%s", id);
	if (entry_write(&e, s->run[s->runs].entry, &n, err))
		return err->status;
	snprintf(s->run[s->runs].number, sizeof s->run->number, "%016llx", (unsigned long long)e.n);
	snprintf(s->run[s->runs].was, sizeof s->run->was, "%016llx", (unsigned long long)newest);
	/* Two processes see the same end of the chain or one of them fails; an end is sealed once. */
	add(s, EXS_OP_CHECK, key_sealed(&s->run[s->runs].sealed, id),
	    newest ? exs_bytes(s->run[s->runs].was, 16) : exs_bytes(NULL, 0));
	add(s, EXS_OP_PUT, key_chain(&s->run[s->runs].chain, e.n),
	    exs_bytes(s->run[s->runs].entry, n));
	add(s, EXS_OP_PUT, key_sealed(&s->run[s->runs].sealed, id),
	    exs_bytes(s->run[s->runs].number, 16));
	s->after = (struct tip){ e.n, e.hash };
	s->runs++;
	return EXS_OK;
}

static exs_status commit(struct sealing *s, exs_err *err)
{
	size_t was = tip_write(&s->before, s->tip_was), is = tip_write(&s->after, s->tip_is);

	add(s, EXS_OP_CHECK, key_tip(),
	    s->before.entries ? exs_bytes(s->tip_was, was) : exs_bytes(NULL, 0));
	if (s->after.entries > s->before.entries)
		add(s, EXS_OP_PUT, key_tip(), exs_bytes(s->tip_is, is));
	return s->self->store->commit(s->self->store, s->list, s->n, err);
}

/* The runs of the page from *at on, as many as one commit takes. */
static exs_status seal_some(struct sealing *s, size_t *at, exs_err *err)
{
	size_t i = *at;

	s->n = s->runs = 0;
	if (tip_get(s->self, &s->before, err))
		return err->status;
	s->after = s->before;
	for (; i < s->page.n && s->runs < SEAL_RUNS_MAX; i++)
		if (add_run(s, s->page.id[i], err))
			return err->status;
	if (s->runs && commit(s, err))
		return err->status;
	*at = i;
	return EXS_OK;
}

static exs_status seal_page(struct sealing *s, exs_err *err)
{
	exs_status status = EXS_OK;
	size_t at = 0;
	int tries = 0;

	while (at < s->page.n && status == EXS_OK) {
		status = seal_some(s, &at, err);
		if (status != EXS_CONFLICT)
			tries = 0;
		else if (++tries < SEAL_TRIES)
			status = EXS_OK; /* somebody else was first: what is left is read again */
		if (tries && status == EXS_OK) {
			s->page.last[0] = '\0';
			status = page_next(s->self, "unsealed/", 0, &s->page, err);
			at = 0;
		}
	}
	return status;
}

static exs_status seal_all(exs_self *self, exs_err *err)
{
	struct sealing *s = calloc(1, sizeof *s);
	exs_status status = EXS_OK;

	if (!s)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to seal runs");
	s->self = self;
	do {
		status = page_next(self, "unsealed/", 0, &s->page, err);
		if (status == EXS_OK)
			status = seal_page(s, err);
	} while (status == EXS_OK && s->page.n);
	free(s);
	return status;
}

/* ---- the thread ---- */

static void *seal_thread(void *arg)
{
	exs_self *self = arg;
	exs_err err = EXS_ERR_INIT;
	int stop;

	do {
		pthread_mutex_lock(&self->lock);
		while (!self->due && !self->stop)
			pthread_cond_wait(&self->wake, &self->lock);
		self->due = 0;
		stop = self->stop;
		pthread_mutex_unlock(&self->lock);
		if (seal_all(self, &err))
			exs_logf(self->host, EXS_WARN,
				 "runs that ended wait to be sealed, the next one that ends tries "
				 "again: %s",
				 err.text);
	} while (!stop);
	return NULL;
}

static int start_thread(exs_self *self)
{
	sigset_t all, before;
	int sys;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	sys = pthread_create(&self->thread, NULL, seal_thread, self);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return sys;
}

exs_status seal_begin(exs_self *self, exs_err *err)
{
	int sys = 0;

	pthread_mutex_lock(&self->lock);
	if (!self->running) {
		self->due = 1;
		sys = start_thread(self);
		self->running = !sys;
	}
	pthread_mutex_unlock(&self->lock);
	return sys ? exs_fail(err, EXS_IO, sys, "no thread to seal runs with") : EXS_OK;
}

void seal_wake(exs_self *self)
{
	pthread_mutex_lock(&self->lock);
	self->due = 1;
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
}

void seal_end(exs_self *self)
{
	pthread_mutex_lock(&self->lock);
	self->stop = 1;
	pthread_cond_signal(&self->wake);
	pthread_mutex_unlock(&self->lock);
	if (self->running)
		pthread_join(self->thread, NULL);
}
