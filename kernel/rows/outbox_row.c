/* SPDX-License-Identifier: MIT */
/* outbox_row.c - see outbox_row.h. */
#include "rows/outbox_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "fact/state.h"
#include "host/calls.h"

#define EACH_MAX 4096u /* rows of one run that are shown */

/* After the tries of the process that ended the run: over four days in all, as the Standard
 * Webhooks have it. */
static const int64_t pauses_ms[] = { INT64_C(5000),	INT64_C(300000),   INT64_C(1800000),
				     INT64_C(7200000),	INT64_C(18000000), INT64_C(36000000),
				     INT64_C(50400000), INT64_C(72000000), INT64_C(86400000) };
#define PAUSES	   ((int32_t)(sizeof pauses_ms / sizeof *pauses_ms))
#define PAUSE_MOST pauses_ms[PAUSES - 1]

const char *outbox_word(enum outbox_state state)
{
	static const char *const words[] = { "pending", "delivered", "failed", "abandoned" };

	return words[state];
}

int64_t outbox_next_ms(int32_t tries, int64_t retry_after_ms, int64_t now_ms)
{
	int32_t n = tries > DELIVERY_TRIES ? tries - DELIVERY_TRIES : 0;
	int64_t pause;

	if (n >= PAUSES)
		return 0;
	pause = pauses_ms[n];
	if (retry_after_ms > pause)
		pause = retry_after_ms < PAUSE_MOST ? retry_after_ms : PAUSE_MOST;
	return now_ms + pause;
}

void outbox_key(const char *prefix, const char *id, char out[OUTBOX_KEY_MAX])
{
	snprintf(out, OUTBOX_KEY_MAX, "%s%s", prefix, id);
}

static void put_start(const struct outbox_row *row, struct buf *out)
{
	buf_printf(out, "{\"v\":1,\"run\":\"%s\",\"kind\":", row->run_id);
	buf_jsonz(out, row->kind);
	buf_puts(out, ",\"target\":");
	buf_jsonz(out, row->target);
	buf_printf(out, ",\"tries\":%" PRId32 ",\"first_ms\":%" PRId64, row->tries, row->first_ms);
}

static void put_text(struct buf *out, const char *key, const char *text)
{
	if (!text[0])
		return;
	buf_printf(out, ",\"%s\":", key);
	buf_jsonz(out, text);
}

void outbox_text(const struct outbox_row *row, struct buf *out)
{
	buf_init(out, OUTBOX_ROW_MAX);
	put_start(row, out);
	buf_printf(out, ",\"owner\":\"%s\",\"next_ms\":%" PRId64, row->owner, row->next_ms);
	put_text(out, "why", row->why);
	buf_puts(out, "}");
}

void sent_text(const struct outbox_row *row, enum outbox_state state, int64_t at_ms,
	       const char *why, const char *receipt, struct buf *out)
{
	buf_init(out, OUTBOX_ROW_MAX);
	put_start(row, out);
	buf_printf(out, ",\"state\":\"%s\",\"at_ms\":%" PRId64, outbox_word(state), at_ms);
	put_text(out, "why", why);
	put_text(out, "receipt", receipt);
	buf_puts(out, "}");
}

/* ---- reading ---- */

static bool small_text(exs_str object, const char *key, char *out, size_t size)
{
	auto_free char *text = json_get_textz(object, key, size - 1);

	if (!text)
		return false;
	snprintf(out, size, "%s", text);
	return true;
}

static exs_status read_members(exs_str text, struct outbox_row *out, exs_err *err)
{
	int64_t tries = 0;

	out->kind = json_get_textz(text, "kind", RUN_NAME_MAX - 1);
	out->target = json_get_textz(text, "target", OUTBOX_ROW_MAX);
	if (!out->kind || !out->target || !json_get_int(text, "tries", &tries) ||
	    !small_text(text, "run", out->run_id, sizeof out->run_id) || !id_ok(out->run_id) ||
	    !small_text(text, "owner", out->owner, sizeof out->owner))
		return err_set(err, EXS_CORRUPT, 0, "a member is missing");
	out->tries = tries < 0 || tries > INT32_MAX - 1 ? 0 : (int32_t)tries;
	/* Not in rows of an earlier release. */
	json_get_int(text, "first_ms", &out->first_ms);
	json_get_int(text, "next_ms", &out->next_ms);
	small_text(text, "why", out->why, sizeof out->why);
	return EXS_OK;
}

exs_status outbox_parse(exs_str key, exs_str text, struct outbox_row *out, exs_err *err)
{
	size_t skip = strlen(OUTBOX_PREFIX);
	exs_err why = EXS_ERR_INIT;
	int64_t v = 0;

	memset(out, 0, sizeof *out);
	if (key.n <= skip || key.n - skip >= sizeof out->id)
		return err_set(err, EXS_CORRUPT, 0, "its key is no id of a delivery");
	memcpy(out->id, key.p + skip, key.n - skip);
	if (json_check_object(text, 4, &why) || !json_get_int(text, "v", &v))
		return err_set(err, EXS_CORRUPT, 0, "it cannot be read: %.150s", why.text);
	if (v != 1)
		return err_set(err, EXS_CORRUPT, 0, "it has version %lld; this release reads 1",
			       (long long)v);
	return read_members(text, out, err);
}

void outbox_release(struct outbox_row *row)
{
	free(row->kind);
	free(row->target);
	row->kind = row->target = NULL;
}

/* ---- for a person ---- */

struct shown {
	struct buf json; /* the rows, one behind the other */
	uint32_t n;
};

/* The row as it is, but for what only the outbox needs. */
static exs_status show_row(void *arg, exs_str key, exs_str value)
{
	static const char *const ints[] = { "tries", "first_ms", "next_ms", "at_ms" };
	struct shown *s = arg;
	const char *slash = memchr(key.p + 2, '/', key.n - 2);
	size_t skip = slash ? (size_t)(slash - key.p) + 1 : 0, i;
	bool sent = key.n > 2 && key.p[2] == 's';
	auto_free char *kind = json_get_textz(value, "kind", RUN_NAME_MAX);
	auto_free char *target = json_get_textz(value, "target", OUTBOX_ROW_MAX);
	auto_free char *state = json_get_textz(value, "state", RUN_NAME_MAX);
	auto_free char *why = json_get_textz(value, "why", OUTBOX_ROW_MAX);
	int64_t n;

	if (s->n++ == EACH_MAX)
		return EXS_TOOBIG;
	buf_puts(&s->json, "{\"id\":");
	buf_json(&s->json, str_n(key.p + skip, key.n - skip));
	put_text(&s->json, "kind", kind ? kind : "?");
	put_text(&s->json, "target", target ? target : "");
	put_text(&s->json, "state", !sent ? "pending" : state ? state : "?");
	for (i = 0; i < sizeof ints / sizeof *ints; i++)
		if (json_get_int(value, ints[i], &n))
			buf_printf(&s->json, ",\"%s\":%" PRId64, ints[i], n);
	put_text(&s->json, "why", why ? why : "");
	buf_puts(&s->json, "}\n");
	return buf_ok(&s->json) ? EXS_OK : s->json.status;
}

static exs_status scan(struct host *h, const char *prefix, const char *run_id, struct shown *s,
		       exs_err *err)
{
	char from[OUTBOX_KEY_MAX];
	exs_status status;

	snprintf(from, sizeof from, "%s%s.", prefix, run_id);
	status = call_store_scan(h->store, str_of(from), str_of(NULL), 0, show_row, s, err);
	return status == EXS_TOOBIG ? EXS_OK : status;
}

exs_status outbox_each(struct host *h, const char *run_id, void (*fn)(void *arg, exs_str json),
		       void *arg, exs_err *err)
{
	struct shown s = { .n = 0 };
	exs_status status;
	const char *line, *end;

	if (!h->store)
		return EXS_OK;
	buf_init(&s.json, EACH_MAX * OUTBOX_ROW_MAX);
	status = scan(h, OUTBOX_PREFIX, run_id, &s, err);
	if (status == EXS_OK)
		status = scan(h, SENT_PREFIX, run_id, &s, err);
	for (line = s.json.p; status == EXS_OK && s.json.n && line < s.json.p + s.json.n;
	     line = end + 1) {
		end = memchr(line, '\n', (size_t)(s.json.p + s.json.n - line));
		fn(arg, str_n(line, (size_t)(end - line)));
	}
	buf_release(&s.json);
	return status;
}
