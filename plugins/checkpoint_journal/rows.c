/* SPDX-License-Identifier: MIT */
/* rows.c - keys and run heads of the journal; see rows.h. */
#include "rows.h"

#include <inttypes.h>

exs_str key_run(struct key *k, const char *id)
{
	return key_make(k, "run/%s", id);
}

exs_str key_open(struct key *k, const char *id)
{
	return key_make(k, "open/%s", id);
}

exs_str key_gone(struct key *k, const char *id)
{
	return key_make(k, "gone/%s", id);
}

exs_str key_facts(struct key *k, const char *id)
{
	return key_make(k, "fact/%s/", id);
}

exs_str key_fact(struct key *k, const char *id, int64_t seq, unsigned part)
{
	if (part == 0)
		return key_make(k, "fact/%s/%016" PRIx64, id, (uint64_t)seq);
	return key_make(k, "fact/%s/%016" PRIx64 "/%04x", id, (uint64_t)seq, part);
}

/* ---- the head's JSON ---- */

/* Length of the UTF-8 character at p, 0 when there is none. */
static size_t utf8_len(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t want, i;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	if (p[0] == 0xed)
		high = 0x9f;
	if (p[0] == 0xf0)
		low = 0x90;
	if (p[0] == 0xf4)
		high = 0x8f;
	if (n < want || p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < want; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return want;
}

static exs_status put(exs_membuf *b, const char *text)
{
	return exs_membuf_put(&b->sink, text, strlen(text));
}

static exs_status put_char(exs_membuf *b, const char *p, size_t len)
{
	char esc[8];

	if (len == 0)
		return put(b, "\xef\xbf\xbd");
	if (len > 1 || ((unsigned char)*p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f))
		return exs_membuf_put(&b->sink, p, len);
	snprintf(esc, sizeof esc, "\\u%04x", (unsigned)(unsigned char)*p);
	return put(b, esc);
}

/* `"key":"text"` with the text cut to HEAD_TEXT_MAX bytes at the end of a character. */
static exs_status put_member(exs_membuf *b, const char *key, exs_str text)
{
	exs_status s = put(b, b->n > HEAD_FIXED + 1 ? ",\"" : "\"");
	size_t i, len;

	if (s == EXS_OK)
		s = put(b, key);
	if (s == EXS_OK)
		s = put(b, "\":\"");
	for (i = 0; s == EXS_OK && i < text.n; i += len ? len : 1) {
		len = utf8_len((const unsigned char *)text.p + i, text.n - i);
		if (i + (len ? len : 1) > HEAD_TEXT_MAX)
			break;
		s = put_char(b, text.p + i, len);
	}
	return s == EXS_OK ? put(b, "\"") : s;
}

static exs_status put_number(exs_membuf *b, const char *key, int64_t v)
{
	char text[64];

	snprintf(text, sizeof text, ",\"%s\":%" PRId64, key, v);
	return put(b, text);
}

static exs_status head_failed(exs_status s, exs_err *err)
{
	return exs_fail(err, s, 0,
			s == EXS_NOMEM ? "no memory for the head of a run"
				       : "the head of a run is too big");
}

exs_status head_start(exs_membuf *out, const exs_run_info *run, exs_err *err)
{
	static const char frame[HEAD_FIXED];
	const struct {
		const char *key;
		exs_str text;
	} texts[] = { { "run", exs_cstr(run->run_id) },	      { "agent", exs_cstr(run->agent) },
		      { "caller", exs_cstr(run->caller) },    { "channel", exs_cstr(run->channel) },
		      { "parent", exs_cstr(run->parent_id) }, { "root", exs_cstr(run->root_id) },
		      { "tier", exs_cstr(run->tier) },	      { "input", run->input } };
	exs_status s = exs_membuf_put(&out->sink, frame, sizeof frame);
	size_t i;

	if (s == EXS_OK)
		s = put(out, "{");
	for (i = 0; s == EXS_OK && i < sizeof texts / sizeof *texts; i++)
		s = put_member(out, texts[i].key, texts[i].text);
	if (s == EXS_OK)
		s = put_number(out, "started_ms", run->started_ms);
	if (s == EXS_OK)
		s = put_number(out, "attempt", run->attempt);
	return s == EXS_OK ? EXS_OK : head_failed(s, err);
}

/* The id is summed too: a head that stands under another run's key is found out. */
static uint64_t head_sum(const char *p, size_t n, const char *id)
{
	return record_sum(record_sum(record_sum(0, p, 8), p + 16, n - 16), id, strlen(id));
}

exs_status head_seal(exs_membuf *out, uint32_t version, const char *id, exs_str status,
		     int64_t ended_ms, int64_t facts, exs_err *err)
{
	exs_status s = put_member(out, "status", status);

	if (s == EXS_OK && ended_ms)
		s = put_number(out, "ended_ms", ended_ms);
	if (s == EXS_OK)
		s = put(out, "}");
	if (s != EXS_OK)
		return head_failed(s, err);
	put_u32(out->p, version);
	put_u64(out->p + 16, (uint64_t)facts);
	put_u64(out->p + 8, head_sum(out->p, out->n, id));
	return EXS_OK;
}

exs_status head_open(exs_str row, const char *id, struct head *out, exs_err *err)
{
	uint32_t version = row.n >= 4 ? get_u32(row.p) : 0;

	memset(out, 0, sizeof *out);
	if (version > HEAD_FORKED)
		return exs_fail(
			err, EXS_CORRUPT, 0,
			"run '%s': head version %lu was found and up to %u is supported; use a "
			"newer executus",
			id, (unsigned long)version, HEAD_FORKED);
	if (row.n < HEAD_FIXED || version < HEAD_PLAIN ||
	    head_sum(row.p, row.n, id) != get_u64(row.p + 8))
		return exs_fail(err, EXS_CORRUPT, 0,
				"run '%s': its head is damaged; restore the store from a copy", id);
	out->version = version;
	out->facts = (int64_t)get_u64(row.p + 16);
	out->json = exs_bytes(row.p + HEAD_FIXED, row.n - HEAD_FIXED);
	return EXS_OK;
}

exs_status head_get(const struct exs_self *self, const char *id, exs_membuf *out, exs_err *err)
{
	struct key key;
	exs_status s = self->store->get(self->store, key_run(&key, id), &out->sink, err);

	if (s == EXS_NOTFOUND)
		return exs_fail(err, EXS_NOTFOUND, 0, "there is no run '%s'", id);
	return s;
}
