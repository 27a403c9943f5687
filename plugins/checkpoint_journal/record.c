/* SPDX-License-Identifier: MIT */
/* record.c - facts to bytes and back; see record.h for the layout. Knows nothing of keys or stores.
 */
#include "record.h"

#include <executus/helper.h>

enum { HAS_USAGE = 1u, ESTIMATED = 2u };

#define AT_VERSION 0
#define AT_FLAGS   4
#define AT_SUM	   8
#define AT_SEQ	   16
#define AT_AT_MS   24
#define AT_RUN_MS  32
#define AT_KIND	   40
#define AT_STEP	   44
#define AT_PHASE   48
#define AT_ATTEMPT 52
#define AT_LENGTHS 56
#define FIXED	   72u
#define USAGE	   48u

void put_u32(char *p, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		p[i] = (char)(unsigned char)(v >> 8 * i);
}

void put_u64(char *p, uint64_t v)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		p[i] = (char)(unsigned char)(v >> 8 * i);
}

uint32_t get_u32(const char *p)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 4; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

uint64_t get_u64(const char *p)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 8; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* Each step maps the state one to one, so a change of one word cannot be lost on the way. */
static uint64_t mix(uint64_t h, uint64_t word)
{
	h ^= word;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

uint64_t record_sum(uint64_t seed, const char *p, size_t n)
{
	char tail[8] = { 0 };
	uint64_t h = mix(seed, n);

	for (; n >= 8; p += 8, n -= 8)
		h = mix(h, get_u64(p));
	if (n)
		memcpy(tail, p, n);
	return mix(h, get_u64(tail));
}

static uint64_t sum_of(const char *p, size_t n)
{
	return record_sum(record_sum(0, p, AT_SUM), p + AT_SEQ, n - AT_SEQ);
}

exs_status record_size(const exs_fact *fact, exs_str run, int as_blob, size_t *out, exs_err *err)
{
	if (fact->body.n > RECORD_BODY_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"the body of fact %lld has %zu bytes; the journal takes %u at most",
				(long long)fact->seq, fact->body.n, RECORD_BODY_MAX);
	if (fact->call_id.n > RECORD_TEXT_MAX || fact->name.n > RECORD_TEXT_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"the call id or the name of fact %lld is longer than %u bytes",
				(long long)fact->seq, RECORD_TEXT_MAX);
	if (run.n > RECORD_ID_MAX)
		return exs_fail(err, EXS_TOOBIG, 0, "a run id has at most %u bytes", RECORD_ID_MAX);
	*out = FIXED + (fact->usage ? USAGE : 0) + run.n + fact->call_id.n + fact->name.n +
	       (as_blob ? RECORD_SHA : fact->body.n);
	return EXS_OK;
}

static char *put_text(char *at, char *length, exs_str s)
{
	put_u32(length, (uint32_t)s.n);
	if (s.n)
		memcpy(at, s.p, s.n);
	return at + s.n;
}

static char *put_usage(char *at, const exs_usage *u)
{
	put_u64(at, (uint64_t)u->in_tokens);
	put_u64(at + 8, (uint64_t)u->cache_read_tokens);
	put_u64(at + 16, (uint64_t)u->cache_write_tokens);
	put_u64(at + 24, (uint64_t)u->out_tokens);
	put_u64(at + 32, (uint64_t)u->reasoning_tokens);
	put_u64(at + 40, (uint64_t)u->cost_micro);
	return at + USAGE;
}

static uint32_t flags_of(const exs_usage *u)
{
	if (!u)
		return 0;
	return HAS_USAGE | (u->estimated ? ESTIMATED : 0u);
}

void record_encode(const exs_fact *fact, exs_str run, exs_str sha, char *out)
{
	char *at = out + FIXED;

	put_u32(out + AT_VERSION, sha.n ? RECORD_BLOB : RECORD_INLINE);
	put_u32(out + AT_FLAGS, flags_of(fact->usage));
	put_u64(out + AT_SEQ, (uint64_t)fact->seq);
	put_u64(out + AT_AT_MS, (uint64_t)fact->at_ms);
	put_u64(out + AT_RUN_MS, (uint64_t)fact->run_ms);
	put_u32(out + AT_KIND, (uint32_t)fact->kind);
	put_u32(out + AT_STEP, (uint32_t)fact->step);
	put_u32(out + AT_PHASE, (uint32_t)fact->phase);
	put_u32(out + AT_ATTEMPT, (uint32_t)fact->attempt);
	if (fact->usage)
		at = put_usage(at, fact->usage);
	at = put_text(at, out + AT_LENGTHS, run);
	at = put_text(at, out + AT_LENGTHS + 4, fact->call_id);
	at = put_text(at, out + AT_LENGTHS + 8, fact->name);
	at = put_text(at, out + AT_LENGTHS + 12, sha.n ? sha : fact->body);
	put_u32(out + AT_LENGTHS + 12, (uint32_t)fact->body.n);
	put_u64(out + AT_SUM, sum_of(out, (size_t)(at - out)));
}

exs_status record_measure(exs_str start, size_t *out, exs_err *err)
{
	uint32_t version, flags, run_n, call_n, name_n, body_n;

	if (start.n < 4)
		return exs_fail(err, EXS_CORRUPT, 0, "cut off after %zu bytes", start.n);
	version = get_u32(start.p + AT_VERSION);
	if (version > RECORD_VERSION)
		return exs_fail(err, EXS_CORRUPT, 0,
				"record version %lu was found and up to %lu is supported; use a "
				"newer executus",
				(unsigned long)version, (unsigned long)RECORD_VERSION);
	if (version < RECORD_INLINE || start.n < FIXED)
		return exs_fail(err, EXS_CORRUPT, 0, "not a record of the journal");
	flags = get_u32(start.p + AT_FLAGS);
	run_n = get_u32(start.p + AT_LENGTHS);
	call_n = get_u32(start.p + AT_LENGTHS + 4);
	name_n = get_u32(start.p + AT_LENGTHS + 8);
	body_n = get_u32(start.p + AT_LENGTHS + 12);
	if (run_n > RECORD_ID_MAX || call_n > RECORD_TEXT_MAX || name_n > RECORD_TEXT_MAX ||
	    body_n > RECORD_BODY_MAX || flags > (HAS_USAGE | ESTIMATED) || flags == ESTIMATED)
		return exs_fail(err, EXS_CORRUPT, 0, "a length is out of bounds");
	*out = FIXED + (flags & HAS_USAGE ? USAGE : 0) + (size_t)run_n + call_n + name_n +
	       (version == RECORD_BLOB ? RECORD_SHA : body_n);
	return EXS_OK;
}

static const char *get_text(const char *at, const char *length, exs_str *out)
{
	*out = exs_bytes(at, get_u32(length));
	return at + out->n;
}

static const char *get_usage(const char *at, uint32_t flags, exs_usage *u)
{
	u->size = (uint32_t)sizeof *u;
	u->estimated = flags & ESTIMATED ? 1 : 0;
	u->in_tokens = (int64_t)get_u64(at);
	u->cache_read_tokens = (int64_t)get_u64(at + 8);
	u->cache_write_tokens = (int64_t)get_u64(at + 16);
	u->out_tokens = (int64_t)get_u64(at + 24);
	u->reasoning_tokens = (int64_t)get_u64(at + 32);
	u->cost_micro = (int64_t)get_u64(at + 40);
	return at + USAGE;
}

exs_status record_decode(exs_str bytes, struct record *out, exs_err *err)
{
	const char *p = bytes.p, *at = p + FIXED;
	exs_fact *fact = &out->fact;
	size_t total;
	uint32_t flags;

	if (record_measure(bytes, &total, err))
		return err->status;
	if (total != bytes.n)
		return exs_fail(err, EXS_CORRUPT, 0, "%zu bytes were found where %zu belong",
				bytes.n, total);
	if (sum_of(p, bytes.n) != get_u64(p + AT_SUM))
		return exs_fail(err, EXS_CORRUPT, 0, "the bytes do not match their sum");
	memset(out, 0, sizeof *out);
	flags = get_u32(p + AT_FLAGS);
	fact->size = (uint32_t)sizeof *fact;
	fact->seq = (int64_t)get_u64(p + AT_SEQ);
	fact->at_ms = (int64_t)get_u64(p + AT_AT_MS);
	fact->run_ms = (int64_t)get_u64(p + AT_RUN_MS);
	fact->kind = (int32_t)get_u32(p + AT_KIND);
	fact->step = (int32_t)get_u32(p + AT_STEP);
	fact->phase = (int32_t)get_u32(p + AT_PHASE);
	fact->attempt = (int32_t)get_u32(p + AT_ATTEMPT);
	if (flags & HAS_USAGE) {
		at = get_usage(at, flags, &out->usage);
		fact->usage = &out->usage;
	}
	at = get_text(at, p + AT_LENGTHS, &out->run);
	at = get_text(at, p + AT_LENGTHS + 4, &fact->call_id);
	at = get_text(at, p + AT_LENGTHS + 8, &fact->name);
	get_text(at, p + AT_LENGTHS + 12, &fact->body);
	if (get_u32(p + AT_VERSION) == RECORD_BLOB) {
		out->sha = exs_bytes(fact->body.p, RECORD_SHA);
		fact->body.p = NULL;
	}
	return EXS_OK;
}
