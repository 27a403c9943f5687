/* SPDX-License-Identifier: MIT */
/*
 * journal.c - checkpoint battery: each fact is written once, as one row of the store, in the batch
 * it is given.
 *
 * Nothing is ever rewritten but the run's head, and that only when a run begins, goes on or ends,
 * so the bytes of a step are the bytes of its facts. An instance has no state but its handles:
 * calls may overlap.
 */
#include <executus/port/checkpoint.h>

#include "base.h"
#include "blob.h"
#include "forget.h"
#include "load.h"
#include "rows.h"
#include "verify.h"

#define ENCODE_KEEP                                                                                \
	(64u << 10) /* a larger buffer is given back after the append that needed it               \
		     */

struct exs_ckpt {
	exs_self *self;
	char id[RECORD_ID_MAX + 1];
	uint32_t version; /* HEAD_ */
	exs_membuf head;  /* what all heads of this handle begin with */
	int64_t facts;	 /* that are there, or in batches under way; after adopt: at least */
	int exact;	 /* `facts` is the very number */
	char *bytes;	 /* the record under way */
	size_t cap;
};

static void handle_free(exs_ckpt *ckpt)
{
	exs_membuf_release(&ckpt->head);
	free(ckpt->bytes);
	free(ckpt);
}

static exs_status put_row(const exs_self *self, exs_batch *batch, exs_str key, exs_str value,
			  exs_err *err)
{
	if (!batch)
		return exs_fail(err, EXS_INVALID, 0, "the journal needs a batch to write to");
	err->status = self->store->batch_put(self->store, batch, key, value, err);
	return err->status;
}

/* Puts the head as it is now; the handle can put it again later. */
static exs_status put_head(exs_ckpt *ckpt, exs_str status, int64_t ended_ms, exs_batch *batch,
			   exs_err *err)
{
	size_t keep = ckpt->head.n;
	struct key key;
	exs_status s = head_seal(&ckpt->head, ckpt->version, ckpt->id, status, ended_ms,
				 ckpt->facts, err);

	if (s == EXS_OK)
		s = put_row(ckpt->self, batch, key_run(&key, ckpt->id),
			    exs_bytes(ckpt->head.p, ckpt->head.n), err);
	ckpt->head.n = keep;
	return s;
}

/* Head and index of a run that goes on from here, behind the facts that it has. */
static exs_status handle_new(exs_self *self, const exs_run_info *run, const struct head *now,
			     exs_batch *batch, exs_ckpt **out, exs_err *err)
{
	exs_ckpt *ckpt = calloc(1, sizeof *ckpt);
	struct key key;

	if (!ckpt)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a run's journal");
	ckpt->self = self;
	ckpt->version = now->version;
	ckpt->facts = now->facts;
	memcpy(ckpt->id, run->run_id, strlen(run->run_id) + 1);
	exs_membuf_init(&ckpt->head, HEAD_MAX);
	if (head_start(&ckpt->head, run, err) ||
	    put_row(self, batch, key_open(&key, ckpt->id), exs_bytes("", 0), err) ||
	    put_head(ckpt, exs_cstr("running"), 0, batch, err)) {
		handle_free(ckpt);
		return err->status;
	}
	*out = ckpt;
	return EXS_OK;
}

static exs_status check_id(const exs_run_info *run, exs_err *err)
{
	if (run_id_ok(run->run_id))
		return EXS_OK;
	return exs_fail(err, EXS_INVALID, 0,
			"a run id is 1 to %u letters, digits, '-', '_' and '.'", RECORD_ID_MAX);
}

/* No run has this id, nor is one being forgotten. */
static exs_status check_new(const exs_self *self, const exs_run_info *run, exs_err *err)
{
	exs_err found = EXS_ERR_INIT;
	exs_membuf head;
	exs_status s;

	if (check_id(run, err))
		return err->status;
	exs_membuf_init(&head, EXS_STORE_VALUE_MAX);
	s = head_get(self, run->run_id, &head, &found);
	exs_membuf_release(&head);
	if (s == EXS_OK || s == EXS_CORRUPT)
		return exs_fail(err, EXS_CONFLICT, 0, "run '%s' exists: resume it", run->run_id);
	if (s != EXS_NOTFOUND)
		return exs_fail(err, s, found.sys, "%s", found.text);
	return forget_check(self, run->run_id, err);
}

static exs_status journal_begin(exs_self *self, const exs_run_info *run, exs_batch *batch,
				exs_ckpt **out, exs_err *err)
{
	static const struct head empty = { .version = HEAD_PLAIN };
	exs_status s = check_new(self, run, err);

	if (s == EXS_OK)
		s = handle_new(self, run, &empty, batch, out, err);
	if (s == EXS_OK)
		(*out)->exact = 1;
	return s;
}

static exs_status journal_adopt(exs_self *self, const exs_run_info *run, exs_batch *batch,
				exs_ckpt **out, exs_err *err)
{
	exs_membuf row;
	struct head head;
	exs_status s;

	if (check_id(run, err))
		return err->status;
	exs_membuf_init(&row, EXS_STORE_VALUE_MAX);
	s = head_get(self, run->run_id, &row, err);
	if (s == EXS_OK)
		s = head_open(exs_bytes(row.p, row.n), run->run_id, &head, err);
	exs_membuf_release(&row);
	return s == EXS_OK ? handle_new(self, run, &head, batch, out, err) : s;
}

/* The chain must be one that can be read again, the new run with it. */
static exs_status check_base(const exs_self *self, const struct base *base, exs_err *err)
{
	struct legs legs;
	exs_status s = legs_find(self, base->id, &legs, err);

	if (s == EXS_OK && legs.n > BASE_DEPTH_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"run '%s' is a fork of a fork and so on, %u times: no more are "
				"followed",
				base->id, BASE_DEPTH_MAX);
	return s;
}

static exs_status journal_fork(exs_self *self, const exs_run_info *run, const char *from,
			       int64_t seq, exs_batch *batch, exs_ckpt **out, exs_err *err)
{
	struct head head = { .version = HEAD_FORKED, .facts = seq };
	struct base base = { .last = seq };
	exs_status s = check_new(self, run, err);

	if (s != EXS_OK)
		return s;
	if (!run_id_ok(from) || strcmp(from, run->run_id) == 0)
		return exs_fail(err, EXS_NOTFOUND, 0, "no other run has such an id");
	if (seq < 1)
		return exs_fail(err, EXS_INVALID, 0, "a fork has at least the first fact of its base");
	memcpy(base.id, from, strlen(from) + 1);
	if (check_base(self, &base, err) || !batch)
		return err->status ? err->status
				   : exs_fail(err, EXS_INVALID, 0,
					      "the journal needs a batch to write to");
	if (base_put(self, run->run_id, &base, batch, err) ||
	    handle_new(self, run, &head, batch, out, err))
		return err->status;
	(*out)->exact = 1;
	return EXS_OK;
}

static exs_status room_for(exs_ckpt *ckpt, size_t n, exs_err *err)
{
	char *bytes;

	if (n <= ckpt->cap)
		return EXS_OK;
	bytes = realloc(ckpt->bytes, n);
	if (!bytes)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a fact of %zu bytes", n);
	ckpt->bytes = bytes;
	ckpt->cap = n;
	return EXS_OK;
}

static exs_status append_one(exs_ckpt *ckpt, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	struct record_blob blob = { .n = blob_cut(fact->body.n) };
	exs_str run = exs_cstr(ckpt->id), rest = fact->body;
	struct key key;
	size_t n;

	if (!batch)
		return exs_fail(err, EXS_INVALID, 0, "the journal needs a batch to write to");
	if (blob.n)
		rest = exs_bytes(fact->body.p + blob.n, fact->body.n - blob.n);
	if (record_size(fact, run, rest, blob.n, &n, err) || room_for(ckpt, n, err))
		return err->status;
	if (blob.n && blob_put(ckpt->self, exs_bytes(fact->body.p, blob.n), batch, blob.sha, err))
		return err->status;
	record_encode(fact, run, rest, &blob, ckpt->bytes);
	return put_row(ckpt->self, batch, key_fact(&key, ckpt->id, fact->seq, 0),
		       exs_bytes(ckpt->bytes, n), err);
}

static exs_status journal_append(exs_ckpt *ckpt, const exs_fact *const *facts, uint64_t n,
				 exs_batch *batch, exs_err *err)
{
	int64_t last = ckpt->facts;
	int exact = ckpt->exact;
	uint64_t i;

	for (i = 0; i < n; i++) {
		if (exact ? facts[i]->seq != last + 1 : facts[i]->seq <= last)
			return exs_fail(err, EXS_INVALID, 0,
					"run '%s': fact %lld cannot follow fact %lld", ckpt->id,
					(long long)facts[i]->seq, (long long)last);
		if (append_one(ckpt, facts[i], batch, err))
			return err->status;
		last = facts[i]->seq;
		exact = 1;
	}
	ckpt->facts = last;
	ckpt->exact = exact;
	if (ckpt->cap > ENCODE_KEEP) {
		free(ckpt->bytes);
		ckpt->bytes = NULL;
		ckpt->cap = 0;
	}
	return EXS_OK;
}

static exs_status end_rows(exs_ckpt *ckpt, int32_t how, exs_str status, exs_batch *batch,
			   exs_err *err)
{
	const exs_self *self = ckpt->self;
	struct key key;

	if (how == EXS_CKPT_LEAVE)
		return put_head(ckpt, status, 0, batch, err);
	if (how != EXS_CKPT_COMPLETE && how != EXS_CKPT_FAIL)
		return exs_fail(err, EXS_INVALID, 0, "run '%s' cannot end in the way %d", ckpt->id,
				(int)how);
	if (put_head(ckpt, status, self->host->wall_ms(self->host), batch, err))
		return err->status;
	return self->store->batch_del(self->store, batch, key_open(&key, ckpt->id), err);
}

static exs_status journal_end(exs_ckpt *ckpt, int32_t how, exs_str status, exs_batch *batch,
			      exs_err *err)
{
	exs_status s = end_rows(ckpt, how, status, batch, err);

	handle_free(ckpt);
	return s;
}

/* ---- the battery ---- */

static exs_status journal_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			       exs_err *err)
{
	const exs_store_svc *store = host->service(host, EXS_SVC_STORE);
	exs_self *self;

	(void)conf;
	if (!store)
		return exs_fail(err, EXS_INVALID, 0,
				"battery '%s' keeps runs in the store, and no store is bound: "
				"set ports.store",
				host->name);
	self = calloc(1, sizeof *self);
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	self->host = host;
	self->store = store;
	*out = self;
	return EXS_OK;
}

static void journal_close(exs_self *self)
{
	free(self);
}

static const exs_checkpoint checkpoint = {
	.size = sizeof checkpoint,
	.begin = journal_begin,
	.adopt = journal_adopt,
	.append = journal_append,
	.end = journal_end,
	.load = journal_load,
	.list = journal_list,
	.forget = journal_forget,
	.verify = journal_verify,
	.fork = journal_fork,
};

static const void *journal_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_CHECKPOINT) == 0 ? &checkpoint : NULL;
}

static const exs_option options[] = { { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_CHECKPOINT, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.checkpoint_journal", EXECUTUS_VERSION,
		  "keeps each fact of a run as one row of the store", "MIT", options, ports,
		  journal_open, journal_close, journal_port)
