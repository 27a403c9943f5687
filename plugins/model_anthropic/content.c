/* SPDX-License-Identifier: MIT */
/* content.c - see content.h. */
#include "content.h"

#include "../common_model/arguments.h"
#include "../common_model/dialect.h"
#include "../common_model/image.h"
#include "../common_model/tools.h"
#include "blocks.h"

/* ---- texts ---- */

static void add_text(struct text *out, exs_str text)
{
	size_t i = 0;

	while (i < text.n && strchr(" \t\r\n", text.p[i]))
		i++;
	if (i == text.n)
		return;
	text_adds(out, ",{\"type\":\"text\",\"text\":");
	text_add_json(out, text);
	text_adds(out, "}");
}

/* Appends the text of the iterator's next text part, decoded; false: there is none. */
static bool next_text(struct scan_iter *parts, struct text *out)
{
	exs_str key, part;

	while (scan_next(parts, &key, &part))
		if (scan_is_type(part, "text") && scan_get_text(part, "text", out))
			return true;
	return false;
}

static void add_image(struct text *out, const struct image *i)
{
	text_adds(out, ",{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":");
	text_add(out, i->mime.p, i->mime.n);
	text_adds(out, ",\"data\":");
	text_add(out, i->data.p, i->data.n);
	text_adds(out, "}}");
}

bool content_user(exs_str message, struct text *out)
{
	struct scan_iter parts;
	struct image image;
	exs_str key, part;
	struct text one;

	text_init(&one, REQUEST_MAX);
	scan_begin(&parts, scan_get_list(message, "parts"));
	while (scan_next(&parts, &key, &part)) {
		if (image_of(part, &image)) {
			add_image(out, &image);
		} else if (scan_is_type(part, "text") && scan_get_text(part, "text", &one)) {
			add_text(out, text_view(&one));
			text_inherit(out, &one);
			text_clear(&one);
		}
	}
	text_release(&one);
	return true;
}

/* ---- calls and results ---- */

/* A word that the API takes: letters, digits, '_' and '-'. */
static bool add_word(struct text *out, exs_str value, size_t max)
{
	size_t i;

	if (value.n <= 2 || value.p[0] != '"')
		return false;
	text_adds(out, "\"");
	for (i = 1; i < value.n - 1 && i <= max; i++) {
		char c = value.p[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-';

		text_add(out, good ? &c : "_", 1);
	}
	text_adds(out, "\"");
	return true;
}

static bool add_call(struct text *out, exs_str call)
{
	struct tool_call c;

	if (!tools_read_call(call, &c))
		return false;
	text_adds(out, ",{\"type\":\"tool_use\",\"id\":");
	if (!add_word(out, c.id, c.id.n))
		return false;
	text_adds(out, ",\"name\":");
	if (!add_word(out, c.name, CONTENT_NAME_MAX))
		return false;
	text_adds(out, ",\"input\":");
	arguments_add_object(out, c.arguments);
	text_adds(out, "}");
	return true;
}

static bool add_result(struct text *out, exs_str result)
{
	exs_str id, status, content = exs_cstr("\"\"");
	bool ok;

	if (!scan_get(result, "id", &id) || !scan_get(result, "status", &status))
		return false;
	(void)scan_get(result, "content", &content);
	if (content.p[0] != '"' || status.p[0] != '"')
		return false;
	ok = scan_is(status, "ok");
	text_adds(out, ",{\"type\":\"tool_result\",\"tool_use_id\":");
	if (!add_word(out, id, id.n))
		return false;
	text_adds(out, ok ? ",\"content\":\"" : ",\"is_error\":true,\"content\":\"");
	if (scan_is(status, "in_doubt"))
		text_adds(out, "OUTCOME UNKNOWN: ");
	/* An error must say something. */
	if (!ok && content.n == 2)
		content = status;
	text_add(out, content.p + 1, content.n - 2);
	text_adds(out, "\"}");
	return true;
}

bool content_results(exs_str message, struct text *out)
{
	struct scan_iter it;
	exs_str results, key, result;

	if (!scan_get(message, "results", &results))
		return false;
	scan_begin(&it, results);
	while (scan_next(&it, &key, &result))
		if (!add_result(out, result))
			return false;
	return true;
}

/* ---- the assistant ---- */

/* What an answer said, and how much of it was written. */
struct said {
	struct text text;
	size_t used;
	struct scan_iter calls;
};

static void add_said(struct text *out, struct said *s, size_t n)
{
	exs_str all = text_view(&s->text), next;

	next = exs_bytes(all.p + s->used, n < all.n - s->used ? n : all.n - s->used);
	next.n = text_whole(next);
	add_text(out, next);
	s->used += next.n;
}

static bool is_thinking(exs_str block)
{
	return scan_is_type(block, "thinking") || scan_is_type(block, "redacted_thinking");
}

/* One of provider's blocks: thinking stands there as it came, all else in the message. */
static bool add_kept(struct text *out, struct said *s, exs_str block)
{
	exs_str key, call;
	int64_t n = 0;

	if (is_thinking(block)) {
		text_adds(out, ",");
		text_add(out, block.p, block.n);
	} else if (scan_is_type(block, "text") && scan_get_count(block, "bytes", &n)) {
		add_said(out, s, (size_t)n);
	} else if (scan_is_type(block, "tool_use") && scan_next(&s->calls, &key, &call)) {
		return add_call(out, call);
	}
	return true;
}

/* What the message says and its blocks do not name. */
static bool add_rest(struct text *out, struct said *s)
{
	exs_str key, call;

	add_said(out, s, s->text.mem.n);
	while (scan_next(&s->calls, &key, &call))
		if (!add_call(out, call))
			return false;
	return true;
}

/* A message may not end in thinking: what nothing follows is left out. */
static bool add_answer(struct text *out, struct said *s, exs_str blocks)
{
	size_t whole = out->mem.n, before;
	struct scan_iter it;
	exs_str key, block;

	scan_begin(&it, blocks);
	while (scan_next(&it, &key, &block)) {
		before = out->mem.n;
		if (!add_kept(out, s, block))
			return false;
		if (out->mem.n > before && !is_thinking(block))
			whole = out->mem.n;
	}
	before = out->mem.n;
	if (!add_rest(out, s))
		return false;
	if (out->mem.n == before)
		out->mem.n = whole;
	return true;
}

static bool add_assistant(exs_str message, exs_str blocks, struct text *out)
{
	struct said s = { .used = 0 };
	struct scan_iter parts;
	bool ok;

	text_init(&s.text, REQUEST_MAX);
	scan_begin(&s.calls, scan_get_list(message, "calls"));
	scan_begin(&parts, scan_get_list(message, "parts"));
	while (next_text(&parts, &s.text))
		;
	ok = add_answer(out, &s, blocks);
	text_inherit(out, &s.text);
	text_release(&s.text);
	return ok;
}

bool content_assistant(exs_str message, struct text *out)
{
	exs_str provider = exs_cstr("{}");

	(void)scan_get(message, "provider", &provider);
	return add_assistant(message, scan_get_list(provider, BLOCKS_MEMBER), out);
}

bool content_assistant_plain(exs_str message, struct text *out)
{
	return add_assistant(message, exs_cstr("[]"), out);
}
