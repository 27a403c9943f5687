/* SPDX-License-Identifier: MIT */
/* rows.c - see rows.h. */
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <executus/helper.h>

#define GRANT_TEXT_MAX (LIMITS_MAX * (WHO_MAX + LIMIT_ROWS_MAX + 64) + 64)

/* ---- who ---- */

static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return h;
}

void who_write(const char *who, char out[WHO_MAX + 1])
{
	const char *s;
	size_t n = 0;

	for (s = who; *s && n + 3 <= WHO_MAX; s++) {
		if (plain((unsigned char)*s))
			out[n++] = *s;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned)(unsigned char)*s);
	}
	out[n] = '\0';
	if (*s) /* '~' is in no other part */
		snprintf(out + WHO_MAX - 17, 18, "~%016" PRIx64, hash(who));
}

static int hex(char c)
{
	const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

void who_read(const char *part, size_t n, char out[WHO_MAX + 1])
{
	size_t i, at = 0;

	for (i = 0; i < n && at < WHO_MAX; i++) {
		if (part[i] == '%' && i + 2 < n && hex(part[i + 1]) >= 0 && hex(part[i + 2]) >= 0) {
			out[at++] = (char)(hex(part[i + 1]) * 16 + hex(part[i + 2]));
			i += 2;
		} else {
			out[at++] = part[i];
		}
	}
	out[at] = '\0';
}

/* ---- buckets and sums ---- */

static exs_str bucket_key(char out[KEY_MAX], const char *limit, const char *who, int64_t bucket)
{
	int n = snprintf(out, KEY_MAX, "bucket/%s/%s/%016" PRIx64, limit, who, (uint64_t)bucket);

	return exs_bytes(out, (size_t)n);
}

static exs_str sum_key(char out[KEY_MAX], const char *limit, const char *who)
{
	int n = snprintf(out, KEY_MAX, "sum/%s/%s", limit, who);

	return exs_bytes(out, (size_t)n);
}

struct scan {
	const struct limit *limit;
	size_t prefix_n;
	struct state *out;
};

static exs_status bucket_of(const struct scan *s, exs_str key, exs_str value, int64_t *bucket,
			    int64_t *n)
{
	char digits[17], *end;

	if (key.n != s->prefix_n + 16 || value.n != sizeof *n)
		return EXS_CORRUPT;
	memcpy(digits, key.p + s->prefix_n, 16);
	digits[16] = '\0';
	*bucket = (int64_t)strtoull(digits, &end, 16);
	if (*end || *bucket < 0)
		return EXS_CORRUPT;
	memcpy(n, value.p, sizeof *n);
	return EXS_OK;
}

/* Newest first. */
static exs_status take_bucket(void *arg, exs_str key, exs_str value)
{
	struct scan *s = arg;
	struct state *out = s->out;
	int64_t bucket, n;

	if (bucket_of(s, key, value, &bucket, &n))
		return EXS_CORRUPT;
	if (bucket > out->now)
		out->now = bucket;
	if (bucket >= window_oldest(&s->limit->per, out->now)) {
		out->live += n;
		if (n != 0)
			out->oldest = bucket;
		return EXS_OK;
	}
	if (out->expired_n == EXPIRED_MAX) /* the next reservation has them */
		return EXS_TOOBIG;
	out->expired[out->expired_n] = bucket;
	out->values[out->expired_n++] = n;
	out->removed += n;
	return EXS_OK;
}

exs_status rows_state(const exs_store_svc *svc, const struct limit *l, const char *who,
		      int64_t wall_ms, struct state *out, exs_err *err)
{
	struct scan s = { .limit = l, .out = out };
	char prefix[KEY_MAX];
	exs_status status;

	memset(out, 0, sizeof *out);
	out->now = window_bucket(&l->per, wall_ms);
	out->oldest = -1;
	s.prefix_n = (size_t)snprintf(prefix, sizeof prefix, "bucket/%s/%s/", l->rows, who);
	status = svc->scan(svc, exs_bytes(prefix, s.prefix_n), exs_cstr(NULL), EXS_SCAN_REVERSE,
			   take_bucket, &s, err);
	if (status == EXS_TOOBIG && out->expired_n == EXPIRED_MAX)
		return EXS_OK;
	if (status == EXS_CORRUPT)
		return exs_fail(err, EXS_CORRUPT, 0, "a row '%s...' of the ledger is damaged",
				prefix);
	return status;
}

/* The store keeps a sum as 8 bytes, little-endian. */
static exs_str sum_bytes(int64_t n, unsigned char out[8])
{
	int i;

	for (i = 0; i < 8; i++)
		out[i] = (unsigned char)((uint64_t)n >> (8 * i));
	return exs_bytes((const char *)out, 8);
}

exs_status rows_expire(const exs_store_svc *svc, const struct limit *l, const char *who,
		       const struct state *s, exs_batch *b, exs_err *err)
{
	unsigned char bytes[8];
	char key[KEY_MAX];
	uint32_t i;

	for (i = 0; i < s->expired_n; i++) {
		exs_str k = bucket_key(key, l->rows, who, s->expired[i]);

		if (svc->batch_check(svc, b, k, sum_bytes(s->values[i], bytes), err) ||
		    svc->batch_del(svc, b, k, err))
			return err->status;
	}
	if (s->removed == 0)
		return EXS_OK;
	return svc->batch_add(svc, b, sum_key(key, l->rows, who), -s->removed, INT64_MAX, err);
}

exs_status rows_add(const exs_store_svc *svc, const char *limit, const char *who, int64_t bucket,
		    int64_t n, int64_t bound, exs_batch *b, exs_err *err)
{
	char key[KEY_MAX];

	if (n == 0)
		return EXS_OK;
	if (svc->batch_add(svc, b, sum_key(key, limit, who), n, bound, err))
		return err->status;
	return svc->batch_add(svc, b, bucket_key(key, limit, who, bucket), n, INT64_MAX, err);
}

exs_status rows_forget(const exs_store_svc *svc, const char *limit, const char *who, exs_batch *b,
		       exs_err *err)
{
	char key[KEY_MAX];

	if (svc->batch_del(svc, b, sum_key(key, limit, who), err))
		return err->status;
	return svc->batch_del(svc, b, bucket_key(key, limit, who, 0), err);
}

/* ---- rows of a run ---- */

static exs_str run_key(char out[RUN_ID_MAX + 16], const char *kind, const char *run)
{
	int n = snprintf(out, RUN_ID_MAX + 16, "%s/%.*s", kind, RUN_ID_MAX, run);

	return exs_bytes(out, (size_t)n);
}

/* An integer that a double would not keep is written as text. */
static bool int_of(const cJSON *node, int64_t *out)
{
	const char *s = cJSON_GetStringValue(node);
	char *end;

	if (!s || !s[0])
		return false;
	*out = strtoll(s, &end, 10);
	return *end == '\0';
}

static bool text_of(const cJSON *node, char *out, size_t size)
{
	const char *s = cJSON_GetStringValue(node);

	return s && (size_t)snprintf(out, size, "%s", s) < size;
}

exs_status grant_put(const exs_store_svc *svc, const char *run, const struct grant *g, exs_batch *b,
		     exs_err *err)
{
	char text[GRANT_TEXT_MAX], key[RUN_ID_MAX + 16];
	size_t n = (size_t)snprintf(text, sizeof text, "{\"v\":1,\"items\":[");
	uint32_t i;

	/* Names and who are of letters that need no escape. */
	for (i = 0; i < g->n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
				      "%s[\"%s\",\"%s\",\"%" PRId64 "\",\"%" PRId64 "\"]",
				      i ? "," : "", g->items[i].limit, g->items[i].who,
				      g->items[i].bucket, g->items[i].n);
	n += (size_t)snprintf(text + n, sizeof text - n, "]}");
	return svc->batch_put(svc, b, run_key(key, "grant", run), exs_bytes(text, n), err);
}

exs_status grant_parse(exs_str text, struct grant *out)
{
	cJSON *tree = cJSON_ParseWithLength(text.p, text.n);
	const cJSON *c, *items = cJSON_GetObjectItemCaseSensitive(tree, "items");
	exs_status status = cJSON_IsArray(items) ? EXS_OK : EXS_CORRUPT;

	out->n = 0;
	cJSON_ArrayForEach(c, items)
	{
		struct item *item = &out->items[out->n];

		if (out->n == LIMITS_MAX ||
		    !text_of(cJSON_GetArrayItem(c, 0), item->limit, sizeof item->limit) ||
		    !text_of(cJSON_GetArrayItem(c, 1), item->who, sizeof item->who) ||
		    !int_of(cJSON_GetArrayItem(c, 2), &item->bucket) ||
		    !int_of(cJSON_GetArrayItem(c, 3), &item->n)) {
			status = EXS_CORRUPT;
			break;
		}
		out->n++;
	}
	cJSON_Delete(tree);
	return status;
}

/* The row as text that the caller frees; NULL with *status OK: there is none. */
static exs_membuf row_of(const exs_store_svc *svc, const char *kind, const char *run,
			 exs_status *status, exs_err *err)
{
	char key[RUN_ID_MAX + 16];
	exs_membuf text;

	exs_membuf_init(&text, GRANT_TEXT_MAX);
	*status = svc->get(svc, run_key(key, kind, run), &text.sink, err);
	return text;
}

static exs_status damaged(const char *kind, const char *run, exs_err *err)
{
	return exs_fail(err, EXS_CORRUPT, 0, "the row '%s/%s' of the ledger is damaged", kind, run);
}

exs_status grant_get(const exs_store_svc *svc, const char *run, struct grant *out, exs_err *err)
{
	exs_status status;
	exs_membuf text = row_of(svc, "grant", run, &status, err);

	out->n = 0;
	if (status == EXS_OK && grant_parse(exs_bytes(text.p, text.n), out))
		status = damaged("grant", run, err);
	exs_membuf_release(&text);
	return status;
}

exs_status booked_get(const exs_store_svc *svc, const char *run, struct booked *out, exs_err *err)
{
	exs_status status;
	exs_membuf text = row_of(svc, "run", run, &status, err);
	cJSON *tree = status ? NULL : cJSON_ParseWithLength(text.p, text.n);

	memset(out, 0, sizeof *out);
	if (status == EXS_OK &&
	    (!int_of(cJSON_GetObjectItemCaseSensitive(tree, "ms"), &out->ms) ||
	     !int_of(cJSON_GetObjectItemCaseSensitive(tree, "calls"), &out->calls)))
		status = damaged("run", run, err);
	cJSON_Delete(tree);
	exs_membuf_release(&text);
	return status;
}

exs_status booked_put(const exs_store_svc *svc, const char *run, const struct booked *k,
		      exs_batch *b, exs_err *err)
{
	char text[96], key[RUN_ID_MAX + 16];
	int n = snprintf(text, sizeof text,
			 "{\"v\":1,\"ms\":\"%" PRId64 "\",\"calls\":\"%" PRId64 "\"}", k->ms,
			 k->calls);

	return svc->batch_put(svc, b, run_key(key, "run", run), exs_bytes(text, (size_t)n), err);
}

exs_status grace_get(const exs_store_svc *svc, const char *run, bool *out, exs_err *err)
{
	exs_status status;
	exs_membuf text = row_of(svc, "grace", run, &status, err);

	exs_membuf_release(&text);
	*out = status == EXS_OK;
	return status == EXS_NOTFOUND ? EXS_OK : status;
}

exs_status grace_put(const exs_store_svc *svc, const char *run, exs_batch *b, exs_err *err)
{
	char key[RUN_ID_MAX + 16];

	return svc->batch_put(svc, b, run_key(key, "grace", run), exs_cstr("{\"v\":1}"), err);
}

exs_status run_row_del(const exs_store_svc *svc, const char *kind, const char *run, exs_batch *b,
		       exs_err *err)
{
	char key[RUN_ID_MAX + 16];

	return svc->batch_del(svc, b, run_key(key, kind, run), err);
}
