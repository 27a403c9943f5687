/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - what one process has to say to a run that another carries.
 *
 * One beat at a time drains, on a step worker. The sender writes the row "k/inbox/RUN/ID" and is
 * told "accepted" once it is durable. The carrier finds it with its heartbeat, and deletes the row
 * and records the fact in one batch, so nothing is lost and nothing comes twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "run/engine_priv.h"

#define INBOX_PREFIX  "k/inbox/"
#define INBOX_ROW_MAX (EXS_STEER_MAX * 2u)
#define INBOX_SWEEP   1000u /* rows of one heartbeat */

exs_status engine_inbox(struct engine *e, const char *run_id, const char *kind, exs_str text,
			exs_err *err)
{
	char id[ID_MAX], key[HEAD_KEY_MAX + ID_MAX];
	struct batch b;
	struct buf row;
	struct head head;
	exs_status status;

	if (!e->host->store)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "no store is bound, so no other process can be reached");
	if (text.n > EXS_STEER_MAX || !utf8_ok(text))
		return err_set(err, EXS_INVALID, 0,
			       "the message must be UTF-8 text of at most %u bytes", EXS_STEER_MAX);
	status = head_read(e->host, run_id, &head, err);
	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0, "there is no run '%.40s'", run_id);
	if (status == EXS_OK)
		status = ids_next(&e->ids, id, err);
	if (status)
		return status;
	snprintf(key, sizeof key, INBOX_PREFIX "%s/%s", run_id, id);
	batch_init(&b);
	buf_init(&row, INBOX_ROW_MAX);
	buf_printf(&row, "{\"v\":1,\"kind\":\"%s\",\"text\":", kind);
	buf_json(&row, text);
	buf_puts(&row, "}");
	status = batch_put(&b, str_of(NULL), str_of(key), buf_view(&row), err);
	if (status == EXS_OK)
		status = call_store_commit(e->host->store, &b, err);
	buf_release(&row);
	batch_release(&b);
	return status;
}

/* ---- draining ---- */

struct sweep {
	char keys[INBOX_SWEEP][HEAD_KEY_MAX + ID_MAX];
	char *rows[INBOX_SWEEP];
	uint32_t n;
};

static exs_status keep_row(void *arg, exs_str key, exs_str value)
{
	struct sweep *s = arg;

	if (s->n == INBOX_SWEEP || key.n >= sizeof s->keys[0])
		return EXS_AGAIN;
	memcpy(s->keys[s->n], key.p, key.n);
	s->keys[s->n][key.n] = '\0';
	s->rows[s->n] = str_dup(value);
	if (s->rows[s->n])
		s->n++;
	return EXS_OK;
}

static uint64_t key_print(const char *key)
{
	uint64_t h = 14695981039346656037u;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return h;
}

/* A row is seen again until its deletion is durable: it is taken in once. */
static bool is_new(struct run *run, const char *key)
{
	uint64_t print = key_print(key);
	uint32_t i;

	for (i = 0; i < run->inbox_n; i++)
		if (run->inbox_seen[i] == print)
			return false;
	if (run->inbox_n == INBOX_RUN_MAX) /* the rest comes when these are gone */
		return false;
	run->inbox_seen[run->inbox_n++] = print;
	return true;
}

static void post_row(struct run *run, const char *key, const char *row)
{
	struct note *n;
	struct buf kind;

	n = calloc(1, sizeof *n);
	if (!n || !is_new(run, key)) {
		free(n);
		return;
	}
	n->mail.kind = MAIL_NOTE;
	n->what = NOTE_INBOX;
	n->text = json_get_textz(str_of(row), "text", EXS_STEER_MAX);
	snprintf(n->key, sizeof n->key, "%s", key);
	buf_init(&kind, RUN_NAME_MAX);
	json_get_text(str_of(row), "kind", &kind);
	if (!str_is(buf_view(&kind), "steer"))
		n->cause = EXS_CAUSE_CALLER;
	buf_release(&kind);
	run_post(run, &n->mail);
}

static void drain_one(struct run *run, void *arg)
{
	struct sweep *s = arg;
	char prefix[HEAD_KEY_MAX];
	size_t n = (size_t)snprintf(prefix, sizeof prefix, INBOX_PREFIX "%s/", run->id);
	bool any = false;
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (strncmp(s->keys[i], prefix, n) == 0) {
			any = true;
			post_row(run, s->keys[i], s->rows[i]);
		}
	if (!any)
		run->inbox_n = 0;
}

void inbox_drain(struct engine *e)
{
	struct sweep *s = calloc(1, sizeof *s);
	exs_err err = EXS_ERR_INIT;
	exs_status status;
	uint32_t i;

	if (!s)
		return;
	status = call_store_scan(e->host->store, str_of(INBOX_PREFIX), str_of(NULL), 0, keep_row, s,
				 &err);
	if (status && status != EXS_AGAIN)
		log_warn(e->host->log, "the inbox cannot be read: %s", err.text);
	registry_each(e, drain_one, s);
	for (i = 0; i < s->n; i++)
		free(s->rows[i]);
	free(s);
}
