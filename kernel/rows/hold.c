/* SPDX-License-Identifier: MIT */
/* hold.c - see hold.h. */
#include "rows/hold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "rows/head.h"

void hold_key(const char *run_id, char out[HOLD_KEY_MAX])
{
	snprintf(out, HOLD_KEY_MAX, HOLD_PREFIX "%s", run_id);
}

static void hold_row(struct buf *out, exs_str why)
{
	buf_init(out, HOLD_ROW_MAX);
	buf_puts(out, "{\"v\":1,\"why\":");
	buf_json(out, why);
	buf_printf(out, ",\"at_ms\":%" PRId64 ",\"who\":\"uid %u\"}", clock_wall_ms(),
		   (unsigned)getuid());
}

static exs_status no_run(const char *run_id, exs_err *err)
{
	return err_set(err, EXS_NOTFOUND, 0, "there is no run '%.40s': 'executus runs' lists them",
		       run_id);
}

/*
 * A prune and a hold that come together: each checks what the other writes. The head of a run that
 * goes on moves with every batch, but no prune takes such a run.
 */
static exs_status check_there(struct host *h, const char *run_id, struct batch *b, exs_err *err)
{
	char key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];
	struct head head;
	exs_status status = head_read(h, run_id, &head, err);

	if (status == EXS_NOTFOUND)
		return no_run(run_id, err);
	if (status || head.owner[0])
		return status;
	head_key(run_id, key);
	head_text(&head, text);
	return batch_check(b, str_of(key), str_of(text), err);
}

exs_status hold_set(struct host *h, const char *run_id, exs_str why, exs_err *err)
{
	char key[HOLD_KEY_MAX];
	exs_status status;
	struct batch b;
	struct buf row;

	if (!id_ok(run_id))
		return no_run(run_id, err);
	if (why.n > HOLD_WHY_MAX || !utf8_ok(why))
		return err_set(err, EXS_INVALID, 0,
			       "the reason must be UTF-8 text of at most %u bytes", HOLD_WHY_MAX);
	hold_key(run_id, key);
	hold_row(&row, why);
	batch_init(&b);
	b.ends = true;
	status = check_there(h, run_id, &b, err);
	if (status == EXS_OK)
		status = batch_put(&b, str_of(NULL), str_of(key), buf_view(&row), err);
	if (status == EXS_OK)
		status = call_store_commit(h->store, &b, err);
	if (status == EXS_CONFLICT)
		err_set(err, EXS_CONFLICT, 0, "run %s changed just now and is not held: try again",
			run_id);
	batch_release(&b);
	buf_release(&row);
	return status;
}

exs_status hold_read(struct host *h, const char *run_id, struct buf *out, exs_err *err)
{
	char key[HOLD_KEY_MAX];
	struct buf_sink sink;

	hold_key(run_id, key);
	return call_store_get(h->store, str_of(key), buf_sink_init(&sink, out), err);
}

exs_status hold_lift(struct host *h, const char *run_id, exs_err *err)
{
	char key[HOLD_KEY_MAX];
	exs_status status;
	struct batch b;
	struct buf row;

	if (!id_ok(run_id))
		return no_run(run_id, err);
	buf_init(&row, EXS_STORE_VALUE_MAX);
	status = hold_read(h, run_id, &row, err);
	buf_release(&row);
	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0, "run %s is not held", run_id);
	if (status && status != EXS_CORRUPT)
		return status;
	hold_key(run_id, key);
	batch_init(&b);
	b.ends = true;
	status = batch_del(&b, str_of(NULL), str_of(key), err);
	if (status == EXS_OK)
		status = call_store_commit(h->store, &b, err);
	batch_release(&b);
	return status;
}

/* ---- all of them ---- */

static exs_status keep_id(void *arg, exs_str key, exs_str value)
{
	const size_t skip = sizeof HOLD_PREFIX - 1;
	struct holds *s = arg;
	size_t cap = s->cap ? s->cap * 2 : 64;
	void *grown;

	(void)value;
	if (key.n - skip >= ID_MAX)
		return EXS_OK;
	if (s->n == s->cap) {
		grown = s->n < HOLDS_MAX ? realloc(s->list, cap * sizeof *s->list) : NULL;
		if (!grown)
			return EXS_NOMEM;
		s->list = grown;
		s->cap = cap;
	}
	memcpy(s->list[s->n], key.p + skip, key.n - skip);
	s->list[s->n++][key.n - skip] = '\0';
	return EXS_OK;
}

exs_status holds_read(struct host *h, struct holds *out, exs_err *err)
{
	exs_status status;

	memset(out, 0, sizeof *out);
	status = call_store_scan(h->store, str_of(HOLD_PREFIX), str_of(NULL), EXS_SCAN_KEYS,
				 keep_id, out, err);
	if (status) {
		holds_release(out);
		return err_set(err, status, 0, "which runs are held cannot be read");
	}
	return EXS_OK;
}

static int compare(const void *id, const void *item)
{
	return strcmp(id, item);
}

/* A scan gives keys in order. */
bool holds_has(const struct holds *s, const char *run_id)
{
	return s->n && bsearch(run_id, s->list, s->n, sizeof *s->list, compare);
}

void holds_release(struct holds *s)
{
	free(s->list);
	memset(s, 0, sizeof *s);
}
