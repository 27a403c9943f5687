/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - what one process has to say to a run that another carries, or nobody.
 *
 * The sender writes the row "k/inbox/RUN/ID" and is told "accepted" once it is durable. The carrier
 * finds it with its heartbeat, or when it takes the run up; it deletes the row and records the fact
 * in one batch, so nothing is lost and nothing comes twice. One heartbeat at a time drains.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "fact/words.h"
#include "host/calls.h"
#include "run/engine_priv.h"

#define INBOX_SWEEP   10000u			  /* rows of one heartbeat */
#define INBOX_CLEAR_MAX 1024u /* rows that the end of a run takes along */

/* ---- sending ---- */

static exs_status find_end(void *arg, const exs_fact *fact)
{
	if (fact->kind == EXS_FACT_RUN_ENDED)
		*(bool *)arg = true;
	if (fact_begins_attempt(fact->kind))
		*(bool *)arg = false; /* a retry, or what was before a fork */
	return EXS_OK;
}

/* Somebody carries the run, or may take it up again. */
static exs_status can_hear(struct engine *e, const char *run_id, exs_err *err)
{
	struct head head;
	bool ended = false;
	exs_status status = head_read(e->host, run_id, &head, err);

	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0, "there is no run '%.40s'", run_id);
	if (status || head.owner[0] || !e->host->checkpoint)
		return status;
	status = call_ckpt_load(e->host->checkpoint, run_id, find_end, &ended, err);
	if (status == EXS_OK && ended)
		return err_set(err, EXS_NOTFOUND, 0, "run %.40s has ended", run_id);
	return status;
}

exs_status inbox_put(struct engine *e, const char *run_id, const char *kind, exs_str text,
		     struct batch *b, exs_err *err)
{
	char id[ID_MAX], key[INBOX_KEY_MAX];
	struct buf row;
	exs_status status = ids_next(&e->ids, id, err);

	if (status)
		return status;
	snprintf(key, sizeof key, INBOX_PREFIX "%s/%s", run_id, id);
	buf_init(&row, INBOX_ROW_MAX);
	buf_printf(&row, "{\"v\":1,\"kind\":\"%s\",\"text\":", kind);
	buf_json(&row, text);
	buf_puts(&row, "}");
	status = batch_put(b, str_of(NULL), str_of(key), buf_view(&row), err);
	buf_release(&row);
	return status;
}

exs_status engine_inbox(struct engine *e, const char *run_id, const char *kind, exs_str text,
			exs_err *err)
{
	struct batch b;
	exs_status status;

	if (!e->host->store)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "no store is bound, so no other process can be reached");
	if (!id_ok(run_id))
		return err_set(err, EXS_INVALID, 0, "'%.40s' is not the id of a run", run_id);
	if (text.n > EXS_STEER_MAX || !utf8_ok(text))
		return err_set(err, EXS_INVALID, 0,
			       "the message must be UTF-8 text of at most %u bytes", EXS_STEER_MAX);
	status = can_hear(e, run_id, err);
	if (status)
		return status;
	batch_init(&b);
	b.ends = strcmp(kind, "cancel") == 0;
	status = inbox_put(e, run_id, kind, text, &b, err);
	if (status == EXS_OK)
		status = call_store_commit(e->host->store, &b, err);
	batch_release(&b);
	return status;
}

/* ---- one row ---- */

static uint64_t key_print(const char *key)
{
	uint64_t h = 14695981039346656037u;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return h;
}

/* mail_lock is held. A row is seen again until its deletion is durable: it is taken in once. */
static bool is_seen(const struct run *run, uint64_t print)
{
	uint32_t i;

	for (i = 0; i < run->inbox_n; i++)
		if (run->inbox_seen[i] == print)
			return true;
	return false;
}

/* Counted as taken in; false: it was already, or has to wait until others are gone. */
static bool take_in_locked(struct run *run, uint64_t print, bool steers)
{
	if (is_seen(run, print) || run->inbox_n == INBOX_RUN_MAX ||
	    (steers && run->note_n >= STEERS_MAX))
		return false;
	run->inbox_seen[run->inbox_n++] = print;
	run->note_n += steers;
	return true;
}

static exs_status read_settled(exs_str row, struct note *n, exs_err *err)
{
	struct buf word;

	buf_init(&word, RUN_NAME_MAX);
	if (json_get_text(row, "word", &word))
		n->settled = settled_of(buf_view(&word));
	buf_clear(&word);
	if (json_get_text(row, "call", &word) && word.n < sizeof n->call)
		memcpy(n->call, word.p, word.n + 1);
	buf_release(&word);
	n->who = json_get_textz(row, "who", RUN_NAME_MAX);
	if (n->settled <= SETTLED_NOT || !n->call[0])
		return err_set(err, EXS_CORRUPT, 0, "it does not say what became of which call");
	return EXS_OK;
}

static exs_status read_note(struct run *run, const char *key, struct note *n, exs_err *err)
{
	struct buf row, kind;
	struct buf_sink sink;
	exs_status status;

	buf_init(&row, INBOX_ROW_MAX);
	buf_init(&kind, RUN_NAME_MAX);
	status = call_store_get(run->host->store, str_of(key), buf_sink_init(&sink, &row), err);
	if (status == EXS_OK) {
		n->text = json_get_textz(buf_view(&row), "text", EXS_STEER_MAX);
		json_get_text(buf_view(&row), "kind", &kind);
		if (str_is(buf_view(&kind), "cancel"))
			n->cause = EXS_CAUSE_CALLER;
		else if (str_is(buf_view(&kind), "settle"))
			status = read_settled(buf_view(&row), n, err);
		else if (!n->text || !str_is(buf_view(&kind), "steer"))
			status = err_set(err, EXS_CORRUPT, 0, "it is no message that this release knows");
	}
	buf_release(&kind);
	buf_release(&row);
	return status;
}

/* The row as mail, or NULL: it is on its way already, or cannot be read. */
static struct note *note_of_row(struct run *run, const char *key)
{
	struct note *n = calloc(1, sizeof *n);
	exs_err err = EXS_ERR_INIT;
	bool seen;

	pthread_mutex_lock(&run->mail_lock);
	seen = is_seen(run, key_print(key));
	pthread_mutex_unlock(&run->mail_lock);
	if (!n || seen) {
		note_free(n);
		return NULL;
	}
	n->mail.kind = MAIL_NOTE;
	n->what = NOTE_INBOX;
	snprintf(n->key, sizeof n->key, "%s", key);
	if (read_note(run, key, n, &err) == EXS_OK)
		return n;
	if (err.status != EXS_NOTFOUND)
		log_debug(run->host->log, "run %s: message '%s' is passed over: %s", run->id, key,
			  err.text);
	note_free(n);
	return NULL;
}

/* ---- what there is ---- */

struct keys {
	char (*list)[INBOX_KEY_MAX];
	uint32_t n, cap;
	bool cut; /* there are more */
};

static exs_status keep_key(void *arg, exs_str key, exs_str value)
{
	struct keys *k = arg;
	uint32_t cap;
	void *grown;

	(void)value;
	if (key.n >= INBOX_KEY_MAX)
		return EXS_OK;
	if (k->n == k->cap) {
		cap = k->cap ? k->cap * 2 : 64;
		grown = k->n < INBOX_SWEEP ? realloc(k->list, cap * sizeof *k->list) : NULL;
		if (!grown) {
			k->cut = true;
			return EXS_TOOBIG;
		}
		k->list = grown;
		k->cap = cap;
	}
	memcpy(k->list[k->n], key.p, key.n);
	k->list[k->n++][key.n] = '\0';
	return EXS_OK;
}

static bool scan_keys(struct host *h, const char *prefix, struct keys *out)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status;

	memset(out, 0, sizeof *out);
	status = call_store_scan(h->store, str_of(prefix), str_of(NULL), EXS_SCAN_KEYS, keep_key,
				 out, &err);
	if (status == EXS_OK || out->cut)
		return true;
	log_warn(h->log, "the inbox cannot be read: %s", err.text);
	free(out->list);
	out->list = NULL;
	return false;
}

static size_t run_prefix(const struct run *run, char out[HEAD_KEY_MAX])
{
	return (size_t)snprintf(out, HEAD_KEY_MAX, INBOX_PREFIX "%s/", run->id);
}

/* The first key that is not before the prefix: keys come in order. */
static uint32_t first_of(const struct keys *k, const char *prefix)
{
	uint32_t low = 0, high = k->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(k->list[mid], prefix) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Rows that are gone need not be remembered. */
static void forget_gone(struct run *run, const struct keys *k, uint32_t first, uint32_t end)
{
	uint32_t i, j, n = 0;

	pthread_mutex_lock(&run->mail_lock);
	for (i = 0; i < run->inbox_n; i++) {
		for (j = first; j < end && key_print(k->list[j]) != run->inbox_seen[i];)
			j++;
		if (j < end)
			run->inbox_seen[n++] = run->inbox_seen[i];
	}
	run->inbox_n = n;
	pthread_mutex_unlock(&run->mail_lock);
}

static bool is_steer(const struct note *n)
{
	return !n->cause && !n->settled;
}

/* Counted and in the box at once: an empty box means that none is on its way. */
static void post_note(struct run *run, struct note *n)
{
	bool taken;

	pthread_mutex_lock(&run->mail_lock);
	taken = take_in_locked(run, key_print(n->key), is_steer(n));
	if (taken)
		run_post_locked(run, &n->mail);
	pthread_mutex_unlock(&run->mail_lock);
	if (!taken)
		note_free(n);
}

static void drain_one(struct run *run, void *arg)
{
	const struct keys *k = arg;
	char prefix[HEAD_KEY_MAX];
	size_t n = run_prefix(run, prefix);
	uint32_t first = first_of(k, prefix), end = first, i;
	bool open;

	pthread_mutex_lock(&run->mail_lock);
	open = run->inbox_open && !run->closed;
	pthread_mutex_unlock(&run->mail_lock);
	if (!open)
		return;
	while (end < k->n && strncmp(k->list[end], prefix, n) == 0)
		end++;
	if (!k->cut)
		forget_gone(run, k, first, end);
	for (i = first; i < end; i++) {
		struct note *note = note_of_row(run, k->list[i]);

		if (note)
			post_note(run, note);
	}
}

void inbox_drain(struct engine *e)
{
	struct keys k;

	if (!scan_keys(e->host, INBOX_PREFIX, &k))
		return;
	registry_each(e, drain_one, &k);
	free(k.list);
}

/* ---- a run that begins ---- */

static void adopt_rows(struct run *run)
{
	char prefix[HEAD_KEY_MAX];
	struct keys k;
	uint32_t i;

	run_prefix(run, prefix);
	if (!scan_keys(run->host, prefix, &k))
		return;
	for (i = 0; i < k.n; i++) {
		struct note *note = note_of_row(run, k.list[i]);
		bool taken;

		pthread_mutex_lock(&run->mail_lock);
		taken = note && take_in_locked(run, key_print(note->key), is_steer(note));
		pthread_mutex_unlock(&run->mail_lock);
		if (taken)
			run_note_received(run, note);
		else
			note_free(note);
	}
	free(k.list);
}

void inbox_adopt(struct run *run)
{
	pthread_mutex_lock(&run->mail_lock);
	run->note_n = run->state.steer_count; /* of an earlier attempt */
	pthread_mutex_unlock(&run->mail_lock);
	if (run->durable && run->info.attempt > 1)
		adopt_rows(run);
	pthread_mutex_lock(&run->mail_lock);
	run->inbox_open = run->durable;
	pthread_mutex_unlock(&run->mail_lock);
}

/* ---- a run that ends ---- */

void inbox_clear(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	char prefix[HEAD_KEY_MAX];
	struct keys k;
	uint32_t i;

	if (!run->durable)
		return;
	run_prefix(run, prefix);
	if (!scan_keys(run->host, prefix, &k))
		return;
	for (i = 0; i < k.n && i < INBOX_CLEAR_MAX; i++)
		if (run_open_batch(run, &err) ||
		    batch_del(&run->batch, str_of(NULL), str_of(k.list[i]), &err))
			log_warn(run->host->log, "message '%s' stays: %s", k.list[i], err.text);
	if (k.n)
		log_info(run->host->log, "run %s ends: %u messages came too late", run->id, k.n);
	free(k.list);
}
