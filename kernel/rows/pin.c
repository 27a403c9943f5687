/* SPDX-License-Identifier: MIT */
/* pin.c - see pin.h. */
#include "rows/pin.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/calls.h"

#define PIN_TRIES 16 /* while the run goes on, its head moves */
#define PIN_TEXT_MAX 80u
#define PIN_PAGE  64u /* forks that are looked at between two scans */

static void pin_key(const char *run_id, const char *fork_id, char out[PIN_KEY_MAX])
{
	snprintf(out, PIN_KEY_MAX, PIN_PREFIX "%s/%s", run_id, fork_id);
}

static void pin_text(const char *why, char out[PIN_TEXT_MAX])
{
	snprintf(out, PIN_TEXT_MAX, "{\"v\":1,\"why\":\"%s\"}", why);
}

static void last_key(const char *run_id, char out[PIN_KEY_MAX])
{
	snprintf(out, PIN_KEY_MAX, "k/forks/%s", run_id);
}

static exs_status put_rows(const char *run_id, const char *fork_id, const char *why, struct batch *b,
			   exs_err *err)
{
	char key[PIN_KEY_MAX], text[PIN_TEXT_MAX];
	exs_status status;

	pin_key(run_id, fork_id, key);
	pin_text(why, text);
	status = batch_put(b, str_of(NULL), str_of(key), str_of(text), err);
	last_key(run_id, key);
	snprintf(text, sizeof text, "{\"v\":1,\"last\":\"%s\"}", fork_id);
	return status ? status : batch_put(b, str_of(NULL), str_of(key), str_of(text), err);
}

/* A run that is pruned meanwhile has no head any more. */
static exs_status put_once(struct host *h, const char *run_id, const char *fork_id, const char *why,
			   exs_err *err)
{
	char key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];
	struct head now;
	struct batch b;
	exs_status status = head_read(h, run_id, &now, err);

	if (status)
		return status;
	head_key(run_id, key);
	head_text(&now, text);
	batch_init(&b);
	status = batch_check(&b, str_of(key), str_of(text), err);
	if (status == EXS_OK)
		status = put_rows(run_id, fork_id, why, &b, err);
	if (status == EXS_OK)
		status = call_store_commit(h->store, &b, err);
	batch_release(&b);
	return status;
}

exs_status pin_put(struct host *h, const char *run_id, const char *fork_id, const char *why,
		   exs_err *err)
{
	exs_status status = EXS_CONFLICT;
	int i;

	for (i = 0; status == EXS_CONFLICT && i < PIN_TRIES; i++)
		status = put_once(h, run_id, fork_id, why, err);
	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0,
			       "there is no run '%.40s'; 'executus runs' lists them", run_id);
	if (status == EXS_CONFLICT)
		return err_set(err, EXS_CONFLICT, 0,
			       "run %s goes on too fast to be forked just now: try again", run_id);
	return status;
}

exs_status pin_check(struct batch *b, const char *run_id, const char *fork_id, const char *why,
		     exs_err *err)
{
	char key[PIN_KEY_MAX], text[PIN_TEXT_MAX];

	pin_key(run_id, fork_id, key);
	pin_text(why, text);
	return batch_check(b, str_of(key), str_of(text), err);
}

/* ---- looking ---- */

/* Copied out of the scan, in which the store is not asked for anything else. */
struct page {
	char why[PIN_TEXT_MAX]; /* empty: any */
	size_t skip; /* of a key: what stands before the fork's id */
	char ids[PIN_PAGE][ID_MAX];
	size_t n;
	bool more;
};

static exs_status keep(void *arg, exs_str key, exs_str value)
{
	struct page *p = arg;
	exs_str id = str_n(key.p + p->skip, key.n - p->skip);

	if (id.n >= ID_MAX || (p->why[0] && !str_is(value, p->why)))
		return EXS_OK;
	if (p->n == PIN_PAGE) {
		p->more = true;
		return EXS_AGAIN;
	}
	memcpy(p->ids[p->n], id.p, id.n);
	p->ids[p->n++][id.n] = '\0';
	return EXS_OK;
}

/* A head that is damaged is one all the same. NOTFOUND: none of them has one. */
static exs_status first_alive(struct host *h, const struct page *p, char out[ID_MAX], exs_err *err)
{
	exs_status status = EXS_NOTFOUND;
	struct head head;
	size_t i;

	for (i = 0; status == EXS_NOTFOUND && i < p->n; i++) {
		memcpy(out, p->ids[i], ID_MAX);
		status = head_read(h, out, &head, err);
	}
	return status == EXS_CORRUPT ? EXS_OK : status;
}

exs_status pin_find(struct host *h, const char *run_id, const char *why, char out[ID_MAX],
		    exs_err *err)
{
	char prefix[PIN_KEY_MAX], from[PIN_KEY_MAX] = "";
	struct page p = { .why = "" };
	exs_status status;

	if (why)
		pin_text(why, p.why);
	pin_key(run_id, "", prefix);
	p.skip = strlen(prefix);
	do {
		p.n = 0;
		p.more = false;
		status = call_store_scan(h->store, str_of(prefix), str_of(from), 0, keep, &p, err);
		if (status && !p.more)
			return status;
		status = first_alive(h, &p, out, err);
		if (p.n)
			pin_key(run_id, p.ids[p.n - 1], from); /* it comes once more: it is dead */
	} while (status == EXS_NOTFOUND && p.more);
	if (status != EXS_NOTFOUND)
		*err = status ? *err : (exs_err)EXS_ERR_INIT;
	return status;
}

/* ---- forgetting ---- */

exs_status pin_close(struct host *h, const char *run_id, struct batch *b, exs_err *err)
{
	char key[PIN_KEY_MAX];
	struct buf last;
	struct buf_sink sink;
	exs_status status;

	last_key(run_id, key);
	buf_init(&last, EXS_STORE_VALUE_MAX);
	status = call_store_get(h->store, str_of(key), buf_sink_init(&sink, &last), err);
	if (status == EXS_NOTFOUND) {
		*err = (exs_err)EXS_ERR_INIT;
		status = batch_check(b, str_of(key), str_of(NULL), err);
	} else if (status == EXS_OK) {
		status = batch_check(b, str_of(key), buf_view(&last), err);
	}
	buf_release(&last);
	return status;
}

exs_status pin_check_dead(struct batch *b, const char *pin, exs_err *err)
{
	const char *fork_id = strrchr(pin, '/') + 1;
	char key[HEAD_KEY_MAX];

	head_key(fork_id, key);
	return batch_check(b, str_of(key), str_of(NULL), err);
}

exs_status pin_forget(struct batch *b, const char *run_id, exs_err *err)
{
	char key[PIN_KEY_MAX];

	last_key(run_id, key);
	return batch_del(b, str_of(NULL), str_of(key), err);
}
