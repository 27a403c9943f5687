/* SPDX-License-Identifier: MIT */
/*
 * outbox.c - deliveries that an earlier process queued and did not finish.
 *
 * A row "k/outbox/RUN.I" says kind and target, how often it was tried, and which process is at it
 * (empty: nobody). A row of a process that is not provably gone is left alone, and so is one of our
 * own: it is being delivered. Before it delivers a process claims the row: CHECK what was read, PUT
 * its own name, so that two never deliver at once. The result is made again from the run's facts.
 */
#include "run/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "run/aside.h"
#include "run/engine_priv.h"

#define OUTBOX_PREFIX "k/outbox/"

/* ---- rows ---- */

static void row_text(struct buf *out, const char *run_id, const char *kind, const char *target,
		     const char *owner, int32_t tries)
{
	buf_init(out, OUTBOX_ROW_MAX);
	buf_printf(out, "{\"v\":1,\"run\":\"%s\",\"kind\":", run_id);
	buf_jsonz(out, kind);
	buf_puts(out, ",\"target\":");
	buf_jsonz(out, target);
	buf_printf(out, ",\"owner\":\"%s\",\"tries\":%d}", owner, (int)tries);
}

exs_status outbox_queue(struct run *run, const struct delivery_target *t, exs_err *err)
{
	struct buf row;
	exs_status status;

	row_text(&row, run->id, t->kind, t->target, owner_id(run->e->owner), 1);
	status = batch_put(&run->batch, str_of(NULL), str_of(t->key), buf_view(&row), err);
	buf_release(&row);
	return status;
}

void outbox_forget(struct run *run, const struct delivery_target *t)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	if (!run->durable)
		return;
	batch_init(&b);
	if (batch_del(&b, str_of(NULL), str_of(t->key), &err))
		log_warn(run->host->log, "the outbox row '%s' stays: %s", t->key, err.text);
	aside_send(run->host, &b, "the end of a delivery");
}

void outbox_leave(struct run *run, const struct delivery_target *t, int32_t tries)
{
	exs_err err = EXS_ERR_INIT;
	struct buf mine, left;
	struct batch b;

	if (!run->durable)
		return;
	batch_init(&b);
	row_text(&mine, run->id, t->kind, t->target, owner_id(run->e->owner), 1);
	row_text(&left, run->id, t->kind, t->target, "", tries);
	if (batch_check(&b, str_of(t->key), buf_view(&mine), &err) ||
	    batch_put(&b, str_of(NULL), str_of(t->key), buf_view(&left), &err)) {
		log_warn(run->host->log, "run %s: a delivery waits for this process: %s", run->id,
			 err.text);
		batch_release(&b);
	}
	aside_send(run->host, &b, "that a delivery is for others");
	buf_release(&mine);
	buf_release(&left);
}

/* ---- what there is ---- */

struct row {
	char key[OUTBOX_KEY_MAX];
	char *text;
	char run_id[ID_MAX], owner[ID_MAX];
	char *name; /* "kind:target" */
	int64_t tries;
	uint32_t index;
};

struct rows {
	struct row *list;
	uint32_t n, cap;
};

static void rows_release(struct rows *r)
{
	uint32_t i;

	for (i = 0; i < r->n; i++) {
		free(r->list[i].text);
		free(r->list[i].name);
	}
	free(r->list);
}

static exs_status keep_row(void *arg, exs_str key, exs_str value)
{
	struct rows *r = arg;
	struct row *grown, *row;
	uint32_t cap;

	if (key.n >= sizeof row->key || r->n == OUTBOX_MAX)
		return r->n == OUTBOX_MAX ? EXS_TOOBIG : EXS_OK;
	if (r->n == r->cap) {
		cap = r->cap ? r->cap * 2 : 16;
		grown = realloc(r->list, cap * sizeof *grown);
		if (!grown)
			return EXS_NOMEM;
		r->list = grown;
		r->cap = cap;
	}
	row = &r->list[r->n];
	memset(row, 0, sizeof *row);
	memcpy(row->key, key.p, key.n);
	row->text = str_dup(value);
	if (!row->text)
		return EXS_NOMEM;
	r->n++;
	return EXS_OK;
}

static bool small_text(exs_str object, const char *key, char out[ID_MAX])
{
	auto_free char *text = json_get_textz(object, key, ID_MAX - 1);

	if (!text)
		return false;
	snprintf(out, ID_MAX, "%s", text);
	return true;
}

/* Its kind and target as the run's list of targets writes them. */
static char *full_name(exs_str object)
{
	auto_free char *kind = json_get_textz(object, "kind", RUN_NAME_MAX);
	auto_free char *target = json_get_textz(object, "target", OUTBOX_ROW_MAX);
	struct buf name;
	char *text;

	if (!kind || !target)
		return NULL;
	buf_init(&name, OUTBOX_ROW_MAX);
	buf_printf(&name, "%s:%s", kind, target);
	text = buf_take(&name);
	buf_release(&name);
	return text;
}

static exs_status row_parse(struct row *row, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	const char *dot = strrchr(row->key, '.');
	exs_str text = str_of(row->text);
	int64_t v = 0;

	if (json_check_object(text, 4, &why) || !json_get_int(text, "v", &v))
		return err_set(err, EXS_CORRUPT, 0, "it cannot be read: %.150s", why.text);
	if (v != 1)
		return err_set(err, EXS_CORRUPT, 0, "it has version %lld; this release reads 1",
			       (long long)v);
	row->name = full_name(text);
	if (!dot || !row->name || !small_text(text, "run", row->run_id) || !id_ok(row->run_id) ||
	    !small_text(text, "owner", row->owner) || !json_get_int(text, "tries", &row->tries))
		return err_set(err, EXS_CORRUPT, 0, "a member is missing");
	row->index = (uint32_t)strtoul(dot + 1, NULL, 10);
	if (row->tries < 0 || row->tries > INT32_MAX - 1)
		row->tries = 0;
	return EXS_OK;
}

/* ---- the run behind it ---- */

struct loading {
	struct run *run;
	exs_err err;
};

static exs_status fold_row(void *arg, const exs_fact *fact)
{
	struct loading *l = arg;

	if (fact->kind == EXS_FACT_RUN_ENDED) {
		buf_clear(&l->run->end_body);
		buf_str(&l->run->end_body, fact->body);
	}
	return fold(&l->run->state, fact, &l->err);
}

/* A run that is over and not live: only to look at. */
static exs_status load_ended(struct engine *e, const char *id, struct run **out, exs_err *err)
{
	struct loading l = { NULL, EXS_ERR_INIT };
	exs_status status = run_new(e, id, NULL, &l.run, err);

	if (status)
		return status;
	l.run->durable = true;
	status = call_ckpt_load(e->host->checkpoint, id, fold_row, &l, err);
	if (status && l.err.status)
		*err = l.err;
	else if (status == EXS_OK)
		status = run_info_fill(l.run, err);
	if (status == EXS_OK && (!l.run->state.ended || !buf_ok(&l.run->end_body)))
		status = err_set(err, EXS_CORRUPT, 0, "run %s has not ended", id);
	if (status)
		run_unref(l.run);
	else
		*out = l.run;
	return status;
}

/* ---- one row ---- */

/* From one text of the row to another, or to none; CONFLICT: it is not as we knew it. */
static exs_status change(struct engine *e, const struct row *row, exs_str was, exs_str now,
			 exs_err *err)
{
	struct batch b;
	exs_status status;

	batch_init(&b);
	status = batch_check(&b, str_of(row->key), was, err);
	if (status == EXS_OK && now.n)
		status = batch_put(&b, str_of(NULL), str_of(row->key), now, err);
	else if (status == EXS_OK)
		status = batch_del(&b, str_of(NULL), str_of(row->key), err);
	if (status == EXS_OK)
		status = call_store_commit(e->host->store, &b, err);
	batch_release(&b);
	return status;
}

/* Claims it, delivers it, and says so. OK: the row is gone. */
static exs_status carry_out(struct engine *e, const struct row *row, struct run *run,
			    const struct delivery_target *to, exs_err *err)
{
	int32_t tries = (int32_t)row->tries + 1;
	struct buf mine, left;
	exs_status status;

	row_text(&mine, row->run_id, to->kind, to->target, owner_id(e->owner), tries);
	row_text(&left, row->run_id, to->kind, to->target, "", tries);
	status = change(e, row, str_of(row->text), buf_view(&mine), err);
	if (status == EXS_OK && delivery_wait(run, to, tries) == DELIVERY_LATER) {
		status = change(e, row, buf_view(&mine), buf_view(&left), err);
		if (status == EXS_OK)
			status = err_set(err, EXS_AGAIN, 0, "it is tried again later");
	} else if (status == EXS_OK) {
		status = change(e, row, buf_view(&mine), str_of(NULL), err);
	}
	buf_release(&mine);
	buf_release(&left);
	return status;
}

static exs_status try_row(struct engine *e, struct row *row, exs_err *err)
{
	struct delivery_target to;
	struct run *run;
	exs_status status = row_parse(row, err);

	if (status)
		return status;
	if (strcmp(row->owner, owner_id(e->owner)) == 0 || !owner_is_gone(e->owner, row->owner))
		return err_set(err, EXS_AGAIN, 0, "a live process is at it");
	if (!delivery_find(e->host, row->run_id, row->name, row->index, &to))
		return err_set(err, EXS_NOTFOUND, 0, "its kind is not bound");
	status = load_ended(e, row->run_id, &run, err);
	if (status == EXS_NOTFOUND) /* the run was cleared away: there is nothing to deliver */
		return change(e, row, str_of(row->text), str_of(NULL), err);
	if (status)
		return status;
	status = carry_out(e, row, run, &to, err);
	run_unref(run);
	return status;
}

/* What this process left a moment ago may be on its way to the store: wait behind it. */
static void wait_for_rows(struct engine *e)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	batch_init(&b);
	if (batch_del(&b, str_of(NULL), str_of(OUTBOX_PREFIX "-"), &err) ||
	    call_store_commit(e->host->store, &b, &err))
		log_debug(e->host->log, "the outbox may be behind: %s", err.text);
	batch_release(&b);
}

size_t engine_outbox(struct engine *e)
{
	struct rows rows = { 0 };
	exs_err err = EXS_ERR_INIT;
	size_t left = 0;
	exs_status status;
	uint32_t i;

	if (!e->host->store || !e->host->checkpoint)
		return 0;
	wait_for_rows(e);
	status = call_store_scan(e->host->store, str_of(OUTBOX_PREFIX), str_of(NULL), 0, keep_row,
				 &rows, &err);
	if (status && status != EXS_TOOBIG)
		log_warn(e->host->log, "the outbox cannot be read: %s", err.text);
	for (i = 0; i < rows.n; i++) {
		status = try_row(e, &rows.list[i], &err);
		if (status == EXS_OK)
			continue;
		left++;
		if (status == EXS_AGAIN)
			log_debug(e->host->log, "delivery '%s' stays: %s", rows.list[i].key,
				  err.text);
		else
			log_warn(e->host->log, "delivery '%s' stays: %s", rows.list[i].key,
				 err.text);
	}
	rows_release(&rows);
	return left;
}
