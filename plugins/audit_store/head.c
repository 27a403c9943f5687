/* SPDX-License-Identifier: MIT */
/* head.c - see head.h. */
#include "head.h"

#include <inttypes.h>

#include <cjson/cJSON.h>

#include "../common_fact/line.h"

#define REST_BEGINS ",\"status\":\"" /* inside of a text its quotes would be escaped */

/* ---- the fold over the log ---- */

static int64_t sum(int64_t a, int64_t b)
{
	if (b < 0)
		b = 0;
	if (b > HEAD_COUNT_MAX)
		b = HEAD_COUNT_MAX;
	return a + b > HEAD_COUNT_MAX ? HEAD_COUNT_MAX : a + b;
}

void tally_start(struct tally *t, const struct digest *first)
{
	memset(t, 0, sizeof *t);
	snprintf(t->status, sizeof t->status, "running");
	t->hash = *first;
}

static void add_usage(struct tally *t, const exs_usage *u)
{
	t->in = sum(t->in, u->in_tokens);
	t->cache_read = sum(t->cache_read, u->cache_read_tokens);
	t->cache_write = sum(t->cache_write, u->cache_write_tokens);
	t->out = sum(t->out, u->out_tokens);
	t->reasoning = sum(t->reasoning, u->reasoning_tokens);
	t->cost = sum(t->cost, u->cost_micro);
	t->estimated |= u->estimated ? 1 : 0;
}

void tally_add(struct tally *t, const struct row_facts *r, const struct digest *hash)
{
	t->rows++;
	t->bytes = sum(t->bytes, r->bytes);
	t->last = r->seq;
	t->hash = *hash;
	t->attempt = sum(0, r->attempt);
	t->run_ms = sum(0, r->run_ms);
	if (r->step > t->steps)
		t->steps = r->step;
	if (r->kind == EXS_FACT_CALL_ENDED)
		t->calls++;
	if (r->has_usage)
		add_usage(t, &r->usage);
	if (r->kind == EXS_FACT_RUN_RESUMED) { /* perhaps a retry of a run that had ended */
		snprintf(t->status, sizeof t->status, "running");
		t->ended_ms = 0;
	}
	if (r->kind == EXS_FACT_RUN_PARKED || r->kind == EXS_FACT_RUN_ENDED)
		memcpy(t->status, r->status, sizeof t->status);
	if (r->kind == EXS_FACT_RUN_ENDED)
		t->ended_ms = sum(0, r->at_ms) ? sum(0, r->at_ms) : 1;
}

/* ---- writing ---- */

static exs_status failed(exs_status s, exs_err *err)
{
	return exs_fail(err, s, 0,
			s == EXS_NOMEM ? "no memory for the head of a run"
				       : "the head of a run is too big");
}

/* At the end of a character. */
static exs_str cut(exs_str text)
{
	size_t n = text.n;

	if (n <= HEAD_TEXT_MAX)
		return text;
	for (n = HEAD_TEXT_MAX; n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80; n--)
		;
	return exs_bytes(text.p, n);
}

exs_status head_fixed(exs_membuf *out, const exs_run_info *run, exs_err *err)
{
	const struct {
		const char *key;
		exs_str text;
	} texts[] = { { "{\"run\":\"", exs_cstr(run->run_id) },
		      { ",\"agent\":\"", exs_cstr(run->agent) },
		      { ",\"caller\":\"", exs_cstr(run->caller) },
		      { ",\"channel\":\"", exs_cstr(run->channel) },
		      { ",\"parent\":\"", exs_cstr(run->parent_id) },
		      { ",\"root\":\"", exs_cstr(run->root_id) },
		      { ",\"tier\":\"", exs_cstr(run->tier) },
		      { ",\"input\":\"", run->input } };
	char number[64];
	exs_status s = EXS_OK;
	size_t i;

	for (i = 0; s == EXS_OK && i < sizeof texts / sizeof *texts; i++)
		s = line_text(out, texts[i].key, cut(texts[i].text));
	snprintf(number, sizeof number, ",\"started_ms\":%" PRId64, run->started_ms);
	if (s == EXS_OK)
		s = exs_membuf_put(&out->sink, number, strlen(number));
	return s == EXS_OK ? EXS_OK : failed(s, err);
}

exs_status head_rest(exs_membuf *out, const struct tally *t, exs_err *err)
{
	char text[1024], ended[64] = "", hex[DIGEST_HEX + 1];
	exs_status s;
	int n;

	digest_hex(&t->hash, hex);
	if (t->ended_ms)
		snprintf(ended, sizeof ended, ",\"ended_ms\":%" PRId64, t->ended_ms);
	n = snprintf(text, sizeof text,
		     REST_BEGINS
		     "%s\"%s,\"attempt\":%" PRId64 ",\"steps\":%" PRId64 ",\"calls\":%" PRId64
		     ",\"run_ms\":%" PRId64 ",\"usage\":{\"in_tokens\":%" PRId64
		     ",\"cache_read_tokens\":%" PRId64 ",\"cache_write_tokens\":%" PRId64
		     ",\"out_tokens\":%" PRId64 ",\"reasoning_tokens\":%" PRId64
		     ",\"cost_micro\":%" PRId64 ",\"estimated\":%" PRId64 "},\"rows\":%" PRId64
		     ",\"bytes\":%" PRId64 ",\"last\":%" PRId64 ",\"hash\":\"%s\"}",
		     t->status, ended, t->attempt, t->steps, t->calls, t->run_ms, t->in,
		     t->cache_read, t->cache_write, t->out, t->reasoning, t->cost, t->estimated,
		     t->rows, t->bytes, t->last, hex);
	s = exs_membuf_put(&out->sink, text, (size_t)n);
	return s == EXS_OK ? EXS_OK : failed(s, err);
}

/* ---- reading ---- */

int head_split(exs_str head, exs_str *fixed, exs_str *rest)
{
	const char *p = head.n ? memmem(head.p, head.n, REST_BEGINS, strlen(REST_BEGINS)) : NULL;

	if (!p)
		return 0;
	*fixed = exs_bytes(head.p, (size_t)(p - head.p));
	*rest = exs_bytes(p, head.n - fixed->n);
	return 1;
}

static int read_number(const cJSON *object, const char *key, int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
	    item->valuedouble > (double)HEAD_COUNT_MAX)
		return 0;
	*out = (int64_t)item->valuedouble;
	return 1;
}

static int read_rest(const cJSON *head, struct tally *t)
{
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(head, "usage");
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(head, "status");
	const cJSON *hash = cJSON_GetObjectItemCaseSensitive(head, "hash");

	if (!cJSON_IsString(status) || strlen(status->valuestring) >= STATUS_MAX ||
	    !cJSON_IsString(hash) || !digest_read(exs_cstr(hash->valuestring), &t->hash))
		return 0;
	snprintf(t->status, sizeof t->status, "%s", status->valuestring);
	t->ended_ms = 0;
	if (cJSON_GetObjectItemCaseSensitive(head, "ended_ms") &&
	    !read_number(head, "ended_ms", &t->ended_ms))
		return 0;
	return read_number(head, "attempt", &t->attempt) && read_number(head, "steps", &t->steps) &&
	       read_number(head, "calls", &t->calls) && read_number(head, "run_ms", &t->run_ms) &&
	       read_number(usage, "in_tokens", &t->in) &&
	       read_number(usage, "cache_read_tokens", &t->cache_read) &&
	       read_number(usage, "cache_write_tokens", &t->cache_write) &&
	       read_number(usage, "out_tokens", &t->out) &&
	       read_number(usage, "reasoning_tokens", &t->reasoning) &&
	       read_number(usage, "cost_micro", &t->cost) &&
	       read_number(usage, "estimated", &t->estimated) &&
	       read_number(head, "rows", &t->rows) && read_number(head, "bytes", &t->bytes) &&
	       read_number(head, "last", &t->last);
}

int head_tally(exs_str head, struct tally *out)
{
	cJSON *json = head.n ? cJSON_ParseWithLength(head.p, head.n) : NULL;
	struct tally t = { 0 };
	int ok = json && read_rest(json, &t);

	cJSON_Delete(json);
	if (ok)
		*out = t;
	return ok;
}
