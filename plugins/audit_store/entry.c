/* SPDX-License-Identifier: MIT */
/* entry.c - see entry.h. Total on any stored bytes. */
#include "entry.h"

#include <inttypes.h>

#include <cjson/cJSON.h>

static const char *const words[] = { [ENTRY_ENDED] = "ended", [ENTRY_FORGOTTEN] = "forgotten" };

/* Without its hash and what follows. */
static size_t write_body(const struct entry *e, char out[ENTRY_MAX])
{
	char rows[DIGEST_HEX + 1], previous[DIGEST_HEX + 1];
	int n;

	digest_hex(&e->rows, rows);
	digest_hex(&e->previous, previous);
	n = snprintf(out, ENTRY_MAX,
		     "{\"entry\":%" PRId64
		     ",\"what\":\"%s\",\"run\":\"%s\",\"rows\":\"%s\",\"at_ms\":%" PRId64
		     ",\"previous\":\"%s\"",
		     e->n, words[e->what], e->run, rows, e->at_ms, previous);
	return (size_t)n;
}

exs_status entry_write(struct entry *e, char out[ENTRY_MAX], size_t *n, exs_err *err)
{
	size_t body = write_body(e, out);
	char hex[DIGEST_HEX + 1];

	if (digest_of(exs_bytes(out, body), exs_bytes(NULL, 0), &e->hash, err))
		return err->status;
	digest_hex(&e->hash, hex);
	*n = body + (size_t)snprintf(out + body, ENTRY_MAX - body, ",\"hash\":\"%s\"}", hex);
	return EXS_OK;
}

static int read_hash(const cJSON *object, const char *key, struct digest *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsString(item) && digest_read(exs_cstr(item->valuestring), out);
}

static int read_number(const cJSON *object, const char *key, int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > 9e15)
		return 0;
	*out = (int64_t)item->valuedouble;
	return 1;
}

static int read_members(const cJSON *json, struct entry *e)
{
	const cJSON *what = cJSON_GetObjectItemCaseSensitive(json, "what");
	const cJSON *run = cJSON_GetObjectItemCaseSensitive(json, "run");

	if (!cJSON_IsString(what) || !cJSON_IsString(run) || !run_id_ok(run->valuestring))
		return 0;
	e->what = strcmp(what->valuestring, words[ENTRY_FORGOTTEN]) == 0 ? ENTRY_FORGOTTEN
									 : ENTRY_ENDED;
	snprintf(e->run, sizeof e->run, "%s", run->valuestring);
	return read_number(json, "entry", &e->n) && read_number(json, "at_ms", &e->at_ms) &&
	       read_hash(json, "rows", &e->rows) && read_hash(json, "previous", &e->previous) &&
	       read_hash(json, "hash", &e->hash);
}

/* What was read must give the same bytes again: so nothing in them is without meaning or without
 * cover. */
exs_status entry_read(exs_str text, struct entry *out, exs_err *err)
{
	cJSON *json = text.n ? cJSON_ParseWithLength(text.p, text.n) : NULL;
	struct entry e = { 0 }, again;
	char bytes[ENTRY_MAX];
	size_t n;
	int ok = json && read_members(json, &e);

	cJSON_Delete(json);
	if (!ok)
		return exs_fail(err, EXS_CORRUPT, 0, "it cannot be read");
	again = e;
	if (entry_write(&again, bytes, &n, err))
		return err->status;
	if (!exs_str_eq(text, exs_bytes(bytes, n)))
		return exs_fail(err, EXS_CORRUPT, 0, "its hash is not that of what it says");
	*out = e;
	return EXS_OK;
}

exs_status entry_get(const exs_self *self, int64_t n, struct entry *out, exs_err *err)
{
	exs_membuf row;
	struct key key;
	exs_status s;

	exs_membuf_init(&row, EXS_STORE_VALUE_MAX);
	s = row_get(self, key_chain(&key, n), &row, err);
	if (s == EXS_OK)
		s = entry_read(exs_bytes(row.p, row.n), out, err);
	if (s == EXS_OK && out->n != n)
		s = exs_fail(err, EXS_CORRUPT, 0, "it is entry %" PRId64 " in another place",
			     out->n);
	exs_membuf_release(&row);
	return s;
}

size_t tip_write(const struct tip *t, char out[ENTRY_MAX])
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&t->hash, hex);
	return (size_t)snprintf(out, ENTRY_MAX, "{\"entries\":%" PRId64 ",\"hash\":\"%s\"}",
				t->entries, hex);
}

static exs_status tip_read(exs_str text, struct tip *out, exs_err *err)
{
	cJSON *json = text.n ? cJSON_ParseWithLength(text.p, text.n) : NULL;
	struct tip t;
	int ok = json && read_number(json, "entries", &t.entries) && t.entries > 0 &&
		 read_hash(json, "hash", &t.hash);

	cJSON_Delete(json);
	if (!ok)
		return exs_fail(err, EXS_CORRUPT, 0, "the end of the chain cannot be read");
	*out = t;
	return EXS_OK;
}

exs_status tip_get(const exs_self *self, struct tip *out, exs_err *err)
{
	exs_membuf row;
	exs_status s;

	exs_membuf_init(&row, EXS_STORE_VALUE_MAX);
	s = row_get(self, key_tip(), &row, err);
	if (s == EXS_OK)
		s = tip_read(exs_bytes(row.p, row.n), out, err);
	if (s == EXS_NOTFOUND) {
		memset(out, 0, sizeof *out);
		s = EXS_OK;
	}
	exs_membuf_release(&row);
	return s;
}

exs_status sealed_get(const exs_self *self, const char *run, int64_t *n, exs_err *err)
{
	exs_membuf row;
	struct key key;
	exs_status s;

	exs_membuf_init(&row, EXS_STORE_VALUE_MAX);
	s = row_get(self, key_sealed(&key, run), &row, err);
	if (s == EXS_OK && !number_read(exs_bytes(row.p, row.n), n))
		s = exs_fail(err, EXS_CORRUPT, 0,
			     "the place of run '%s' in the chain cannot be read", run);
	exs_membuf_release(&row);
	return s;
}
