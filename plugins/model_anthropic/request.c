/* SPDX-License-Identifier: MIT */
/* request.c - see request.h. */
#include "request.h"

#include "../common_model/segments.h"
#include "../common_model/settings.h"
#include "../common_model/tools.h"
#include "content.h"

#define CACHE_MARK ",\"cache_control\":{\"type\":\"ephemeral\"}"

/* The role stands behind the content: so the end of what is written tells who spoke last. */
#define USER_END      "],\"role\":\"user\"}"
#define ASSISTANT_END "],\"role\":\"assistant\"}"

static bool ends_in(const struct text *t, const char *end)
{
	size_t n = strlen(end);

	return t->mem.n >= n && memcmp(t->mem.p + t->mem.n - n, end, n) == 0;
}

/* Adds blocks to the last message when it is of the same role, else a message. */
static void add_message(struct text *out, const char *end, const struct text *blocks)
{
	if (blocks->status && !out->status)
		out->status = blocks->status;
	if (out->status || blocks->mem.n == 0)
		return;
	if (ends_in(out, end)) {
		out->mem.n -= strlen(end);
		text_add(out, blocks->mem.p, blocks->mem.n);
	} else {
		text_adds(out, ",{\"content\":[");
		text_add(out, blocks->mem.p + 1, blocks->mem.n - 1);
	}
	text_adds(out, end);
}

static bool encode(exs_str message, struct text *out, bool (*assistant)(exs_str, struct text *))
{
	const char *end = USER_END;
	struct text blocks;
	exs_str role;
	bool ok = false;

	if (!scan_is_value(message) || !scan_get(message, "role", &role))
		return false;
	text_init(&blocks, REQUEST_MAX);
	if (scan_is(role, "assistant")) {
		end = ASSISTANT_END;
		ok = assistant(message, &blocks);
	} else if (scan_is(role, "tool")) {
		ok = content_results(message, &blocks);
	} else if (scan_is(role, "user")) {
		ok = content_user(message, &blocks);
	}
	if (ok)
		add_message(out, end, &blocks);
	text_release(&blocks);
	return ok;
}

bool request_message(exs_str message, struct text *out)
{
	return encode(message, out, content_assistant);
}

bool request_message_plain(exs_str message, struct text *out)
{
	return encode(message, out, content_assistant_plain);
}

/* The mark stands in the last block, which the next turn finds in the middle: never in what is
 * kept of the transcript. */
static exs_status add_messages(struct body *out, uint32_t flags, const exs_turn *turn, exs_err *err)
{
	struct cache_entry *e =
		flags & REQUEST_THINKING
			? segments_encode(out->cache, turn, request_message, err)
			: segments_encode_plain(out->cache, turn, request_message_plain, err);
	size_t comma, end = 0;

	if (!e)
		return err->status;
	/* The first message, too, has a comma in front. */
	comma = e->text.mem.n ? 1 : 0;
	if ((flags & REQUEST_CACHE) && ends_in(&e->text, USER_END))
		end = strlen("}" USER_END);
	body_add_history(out, e, comma, e->text.mem.n - comma - end);
	if (end)
		text_adds(&out->text, CACHE_MARK "}" USER_END);
	return EXS_OK;
}

static const struct tool_form tool = { "{\"name\":", ",\"input_schema\":", "}" };

/* Tools and system prompt stand before the transcript, so a mark here is for both. */
static void add_system(struct text *out, uint32_t flags, exs_str system)
{
	if (system.n == 0)
		return;
	text_adds(out, flags & REQUEST_CACHE ? ",\"system\":[{\"type\":\"text\",\"text\":"
					     : ",\"system\":");
	text_add_json(out, system);
	if (flags & REQUEST_CACHE)
		text_adds(out, CACHE_MARK "}]");
}

exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err)
{
	const struct anthropic *own = set->own;
	struct text *out = &body->text;

	if (!own->cache)
		flags &= ~(uint32_t)REQUEST_CACHE;
	text_adds(out, "{\"model\":");
	text_add_json(out, exs_cstr(turn->model));
	text_adds(out, ",\"max_tokens\":");
	text_add_int(out, turn->max_tokens > 0 ? turn->max_tokens : own->max_tokens);
	if (tools_add(&tool, turn->tools, out, err))
		return err->status;
	add_system(out, flags, turn->system);
	text_adds(out, ",\"messages\":[");
	if (add_messages(body, flags, turn, err))
		return err->status;
	text_adds(out, "]");
	if (flags & REQUEST_STREAM)
		text_adds(out, ",\"stream\":true");
	text_adds(out, set->extra);
	text_adds(out, "}");
	if (out->status)
		return exs_fail(err, out->status, 0, "the request is over %u bytes", REQUEST_MAX);
	return EXS_OK;
}
