/* SPDX-License-Identifier: MIT */
/*
 * prune_run.c - takes one run out of the store. See prune.h.
 *
 * The first batch checks that nobody holds or carries the run and takes away its head, the kernel's
 * rows and what the checkpoint needs to list it, all at once. The checkpoint clears the rest away
 * in batches of its own, and knows by itself where it was interrupted.
 */
#include "rows/prune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/calls.h"
#include "rows/head.h"
#include "rows/hold.h"
#include "rows/outbox_row.h"
#include "rows/pin.h"

#define KEYS_MAX   512u /* rows of the kernel that go in one batch */
#define KEY_BYTES  128u
#define ROUNDS_MAX 100000u /* batches of one run */

struct rows {
	char (*list)[KEY_BYTES];
	size_t n;
	bool cut; /* there are more */
};

static exs_status keep_key(void *arg, exs_str key, exs_str value)
{
	struct rows *r = arg;

	(void)value;
	if (key.n >= KEY_BYTES)
		return EXS_OK;
	if (r->n == KEYS_MAX) {
		r->cut = true;
		return EXS_TOOBIG;
	}
	memcpy(r->list[r->n], key.p, key.n);
	r->list[r->n++][key.n] = '\0';
	return EXS_OK;
}

static exs_status find_rows(struct host *h, const char *before, const char *run_id,
			    const char *after, struct rows *r, exs_err *err)
{
	char prefix[KEY_BYTES];
	exs_status status;

	snprintf(prefix, sizeof prefix, "%s%s%s", before, run_id, after);
	if (r->cut)
		return EXS_OK;
	status = call_store_scan(h->store, str_of(prefix), str_of(NULL), EXS_SCAN_KEYS, keep_key, r,
				 err);
	return r->cut ? EXS_OK : status;
}

/* Nobody holds it, and nobody carried it on or forked it since we looked. */
static exs_status add_checks(struct host *h, const char *run_id, struct batch *b, exs_err *err)
{
	char hold[HOLD_KEY_MAX], key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];
	struct head head;
	exs_status status = head_read(h, run_id, &head, err);

	head_key(run_id, key);
	hold_key(run_id, hold);
	if (status && status != EXS_NOTFOUND)
		return status;
	if (status == EXS_OK && head.owner[0])
		return err_set(err, EXS_CONFLICT, 0, "run %s goes on", run_id);
	if (status == EXS_OK)
		head_text(&head, text);
	*err = (exs_err)EXS_ERR_INIT;
	status = batch_check(b, str_of(key), str_of(status ? NULL : text), err);
	if (status == EXS_OK)
		status = batch_check(b, str_of(hold), str_of(NULL), err);
	return status ? status : pin_close(h, run_id, b, err);
}

static exs_status del(struct batch *b, const char *key, exs_err *err)
{
	return batch_del(b, str_of(NULL), str_of(key), err);
}

/* A delivery that is sent once more leaves "sent" for the outbox: then it is owed again. */
static exs_status check_sent(const char *key, struct batch *b, exs_err *err)
{
	char owed[KEY_BYTES + sizeof OUTBOX_PREFIX];

	snprintf(owed, sizeof owed, OUTBOX_PREFIX "%s", key + sizeof SENT_PREFIX - 1);
	return batch_check(b, str_of(owed), str_of(NULL), err);
}

static bool begins(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

static exs_status add_rows(const struct rows *r, struct batch *b, exs_err *err)
{
	exs_status status = EXS_OK;
	size_t i;

	for (i = 0; i < r->n && !status; i++) {
		if (begins(r->list[i], SENT_PREFIX))
			status = check_sent(r->list[i], b, err);
		else if (begins(r->list[i], PIN_PREFIX))
			status = pin_check_dead(b, r->list[i], err);
		if (!status)
			status = del(b, r->list[i], err);
	}
	return status;
}

/* One batch. *more: rows of the kernel are still there, so the run is too. */
static exs_status fill_first(struct host *h, const char *run_id, struct rows *r, struct batch *b,
			     bool *kernel_more, bool *more, exs_err *err)
{
	char key[HEAD_KEY_MAX];

	if (add_checks(h, run_id, b, err) || find_rows(h, INBOX_PREFIX, run_id, "/", r, err) ||
	    find_rows(h, SENT_PREFIX, run_id, ".", r, err) ||
	    find_rows(h, PIN_PREFIX, run_id, "/", r, err) || add_rows(r, b, err))
		return err->status;
	*kernel_more = r->cut;
	if (r->cut)
		return EXS_OK;
	head_key(run_id, key);
	if (del(b, key, err) || pin_forget(b, run_id, err))
		return err->status;
	return call_ckpt_forget(h->checkpoint, run_id, b, more, err);
}

static exs_status first(struct host *h, const char *run_id, bool *kernel_more, bool *more,
			exs_err *err)
{
	struct rows r = { malloc(KEYS_MAX * sizeof *r.list), 0, false };
	exs_status status;
	struct batch b;

	if (!r.list)
		return err_set(err, EXS_NOMEM, 0, "no memory to take run %s out", run_id);
	batch_init(&b);
	b.ends = true;
	status = fill_first(h, run_id, &r, &b, kernel_more, more, err);
	if (status == EXS_OK && call_store_commit(h->store, &b, err)) {
		status = err->status;
		if (status == EXS_CONFLICT)
			err_set(err, EXS_CONFLICT, 0,
				"run %s stays: it is held, or went on or was forked meanwhile",
				run_id);
	}
	batch_release(&b);
	free(r.list);
	return status;
}

/* A conflict is another process that writes or forgets the same: it is looked at once more. */
static exs_status commit_rest(struct host *h, struct batch *b, bool *more, exs_err *err)
{
	exs_status status = call_store_commit(h->store, b, err);

	if (status != EXS_CONFLICT)
		return status;
	*more = true;
	return EXS_OK;
}

/* run_id NULL: what was left. A run that is not there any more was finished by another prune. */
static exs_status rest(struct host *h, const char *run_id, bool *more, exs_err *err)
{
	exs_status status;
	struct batch b;

	batch_init(&b);
	b.ends = true;
	status = call_ckpt_forget(h->checkpoint, run_id, &b, more, err);
	if (status == EXS_OK) {
		status = commit_rest(h, &b, more, err);
	} else if (status == EXS_NOTFOUND && run_id) {
		*more = false;
		status = EXS_OK;
	}
	batch_release(&b);
	return status;
}

static exs_status check_owed(struct host *h, const char *run_id, exs_err *err)
{
	struct rows r = { malloc(KEYS_MAX * sizeof *r.list), 0, false };
	exs_status status;

	if (!r.list)
		return err_set(err, EXS_NOMEM, 0, "no memory to take run %s out", run_id);
	status = find_rows(h, OUTBOX_PREFIX, run_id, ".", &r, err);
	if (r.n)
		status = err_set(err, EXS_CONFLICT, 0, "run %s stays: a delivery is pending",
				 run_id);
	free(r.list);
	return status;
}

static exs_status check_forked(struct host *h, const char *run_id, exs_err *err)
{
	char fork_id[ID_MAX];
	exs_status status = pin_find(h, run_id, NULL, fork_id, err);

	if (status == EXS_OK)
		return err_set(err, EXS_CONFLICT, 0, "run %s stays: run %s is forked from it",
			       run_id, fork_id);
	return status == EXS_NOTFOUND ? EXS_OK : status;
}

exs_status prune_run(struct host *h, const char *run_id, exs_err *err)
{
	bool kernel_more = true, more = false;
	exs_status status = check_owed(h, run_id, err);
	uint32_t round;

	if (status == EXS_OK)
		status = check_forked(h, run_id, err);
	for (round = 0; status == EXS_OK && kernel_more && round < ROUNDS_MAX; round++)
		status = first(h, run_id, &kernel_more, &more, err);
	for (; status == EXS_OK && more && round < ROUNDS_MAX; round++)
		status = rest(h, run_id, &more, err);
	if (status == EXS_OK && (kernel_more || more))
		status = err_set(err, EXS_TOOBIG, 0, "run %s is not all gone: prune once more",
				 run_id);
	return status;
}

exs_status prune_finish(struct host *h, bool *out, exs_err *err)
{
	bool more = true;
	exs_status status = EXS_OK;
	uint32_t round;

	*out = false;
	for (round = 0; status == EXS_OK && more && round < ROUNDS_MAX; round++) {
		more = false;
		status = rest(h, NULL, &more, err);
		*out |= status == EXS_OK;
	}
	if (status == EXS_NOTFOUND || status == EXS_UNSUPPORTED)
		status = EXS_OK;
	return status;
}
