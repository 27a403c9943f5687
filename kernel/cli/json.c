/* SPDX-License-Identifier: MIT */
/* json.c - results and facts as JSON for scripts. See cli.h. */
#include <inttypes.h>
#include <time.h>

#include "base/text.h"
#include "cli/cli.h"
#include "fact/words.h"

void json_usage(struct buf *out, const exs_usage *u)
{
	buf_printf(out,
		   "{\"in_tokens\":%" PRId64 ",\"cache_read_tokens\":%" PRId64
		   ",\"cache_write_tokens\":%" PRId64 ",\"out_tokens\":%" PRId64
		   ",\"reasoning_tokens\":%" PRId64 ",\"cost_micro\":%" PRId64 ",\"estimated\":%u}",
		   u->in_tokens, u->cache_read_tokens, u->cache_write_tokens, u->out_tokens,
		   u->reasoning_tokens, u->cost_micro, u->estimated ? 1u : 0u);
}

void json_result(struct buf *out, const char *run_id, const struct run_result *r)
{
	buf_puts(out, "{\"run\":");
	buf_jsonz(out, run_id);
	buf_printf(out, ",\"status\":\"%s\",\"reason\":", ended_word(r->status));
	buf_jsonz(out, r->reason);
	buf_puts(out, ",\"output\":");
	buf_jsonz(out, r->output ? r->output : "");
	buf_puts(out, ",\"error\":");
	buf_jsonz(out, r->error ? r->error : "");
	buf_printf(out, ",\"steps\":%" PRId32 ",\"calls\":%" PRId64 ",\"usage\":", r->steps,
		   r->calls);
	json_usage(out, &r->usage);
	if (r->artifacts)
		buf_printf(out, ",\"artifacts\":%s", r->artifacts);
	buf_printf(out, ",\"run_ms\":%" PRId64 ",\"attempt\":%" PRId32 "}", r->run_ms, r->attempt);
}

/* "2026-01-31T12:00:00.123Z", as audit_jsonl writes it; a time that no calendar holds is 1970. */
static void put_time(struct buf *out, int64_t at_ms)
{
	time_t seconds = (time_t)(at_ms / 1000);
	int ms = (int)(at_ms % 1000);
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || tm.tm_year > 8099 || tm.tm_year < -1900) {
		seconds = 0;
		ms = 0;
		gmtime_r(&seconds, &tm);
	}
	buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
}

/* Between its tokens a checked body may hold newlines, inside its texts it cannot. */
static void put_body(struct buf *out, exs_str body)
{
	size_t i, n;

	if (!body.n)
		buf_puts(out, "{}");
	for (i = 0; i < body.n; i += n) {
		for (n = 0; i + n < body.n && (unsigned char)body.p[i + n] >= 0x20; n++)
			;
		buf_put(out, body.p + i, n);
		if (i + n < body.n) {
			buf_puts(out, " ");
			n++;
		}
	}
}

void json_fact(struct buf *out, const char *run_id, const exs_fact *f)
{
	buf_puts(out, "{\"run\":");
	buf_jsonz(out, run_id);
	buf_printf(out, ",\"seq\":%" PRId64 ",\"at\":", f->seq);
	put_time(out, f->at_ms);
	buf_printf(out, ",\"run_ms\":%" PRId64 ",\"kind\":\"%s\"", f->run_ms, fact_word(f->kind));
	buf_printf(out, ",\"step\":%" PRId32 ",\"attempt\":%" PRId32, f->step, f->attempt);
	if (f->call_id.n) {
		buf_puts(out, ",\"call\":");
		buf_json(out, f->call_id);
	}
	if (f->name.n) {
		buf_puts(out, ",\"name\":");
		buf_json(out, f->name);
	}
	if (f->usage) {
		buf_puts(out, ",\"usage\":");
		json_usage(out, f->usage);
	}
	buf_puts(out, ",\"body\":");
	put_body(out, f->body);
	buf_puts(out, "}");
}
