/* SPDX-License-Identifier: MIT */
/* request.c - see request.h. */
#include "request.h"

#include "../common_model/image.h"
#include "../common_model/messages.h"
#include "../common_model/settings.h"
#include "items.h"

/* ---- messages ---- */

/* How the content of a message is written. */
struct content {
	const char *head, *text_type;
	bool images;
};

/* One item of content for each text and each image, of which the JSON is copied as it is. Without
 * any of them nothing. */
static void add_content(struct text *out, exs_str message, const struct content *c)
{
	exs_str parts = scan_get_list(message, "parts"), key, part, value;
	struct scan_iter it;
	struct image image;
	size_t n = 0;

	scan_begin(&it, parts);
	while (scan_next(&it, &key, &part)) {
		if (scan_is_type(part, "text") && scan_get(part, "text", &value) &&
		    value.p[0] == '"') {
			text_adds(out, n++ ? "," : c->head);
			text_adds(out, "{\"type\":\"");
			text_adds(out, c->text_type);
			text_adds(out, "\",\"text\":");
			text_add(out, value.p, value.n);
			text_adds(out, "}");
		} else if (c->images && image_of(part, &image)) {
			text_adds(out, n++ ? "," : c->head);
			text_adds(out,
				  "{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":");
			image_add_url(out, &image);
			text_adds(out, "}");
		}
	}
	if (n)
		text_adds(out, "]}");
}

static void add_user(struct text *out, exs_str message)
{
	static const struct content user = {
		",{\"type\":\"message\",\"role\":\"user\",\"content\":[", "input_text", true
	};

	add_content(out, message, &user);
}

static void add_said(struct text *out, exs_str message)
{
	static const struct content said = {
		",{\"type\":\"message\",\"role\":\"assistant\",\"content\":[", "output_text", false
	};

	add_content(out, message, &said);
}

static bool add_call(struct text *out, exs_str call)
{
	struct tool_call c;

	if (!tools_read_call(call, &c))
		return false;
	text_adds(out, ",{\"type\":\"function_call\",\"call_id\":");
	text_add(out, c.id.p, c.id.n);
	text_adds(out, ",\"name\":");
	text_add(out, c.name.p, c.name.n);
	text_adds(out, ",\"arguments\":");
	text_add(out, c.arguments.p, c.arguments.n);
	text_adds(out, "}");
	return true;
}

static bool add_plain(struct text *out, exs_str message)
{
	struct scan_iter it;
	exs_str key, call;

	add_said(out, message);
	scan_begin(&it, scan_get_list(message, "calls"));
	while (scan_next(&it, &key, &call))
		if (!add_call(out, call))
			return false;
	return true;
}

/* ---- what an answer's provider holds ---- */

static bool add_own(struct text *out, exs_str entry)
{
	size_t from;

	text_adds(out, ",");
	from = out->mem.n;
	return scan_text(entry, out) && !out->status && out->mem.p[from] == '{' &&
	       scan_is_value(exs_bytes(out->mem.p + from, out->mem.n - from));
}

/* Items, texts and calls in the order in which they came. False: the entries do not fit the
 * message. */
static bool add_entries(struct text *out, exs_str message, exs_str entries)
{
	struct scan_iter it, calls;
	exs_str key, entry, call;

	scan_begin(&it, entries);
	scan_begin(&calls, scan_get_list(message, "calls"));
	while (scan_next(&it, &key, &entry)) {
		if (scan_is(entry, ITEMS_TEXT))
			add_said(out, message);
		else if (scan_is(entry, ITEMS_CALL) &&
			 (!scan_next(&calls, &key, &call) || !add_call(out, call)))
			return false;
		else if (!scan_is(entry, ITEMS_CALL) && !add_own(out, entry))
			return false;
	}
	return !scan_next(&calls, &key, &call);
}

static bool add_kept(struct text *out, exs_str message)
{
	exs_str provider, entries;
	size_t from = out->mem.n;

	if (!scan_get(message, "provider", &provider) ||
	    !scan_get(provider, ITEMS_MEMBER, &entries) || scan_kind(entries) != '[')
		return false;
	if (add_entries(out, message, entries) || out->status)
		return true;
	out->mem.n = from;
	return false;
}

/* ---- results ---- */

static const struct result_form result = { ",{\"type\":\"function_call_output\",\"call_id\":", NULL,
					   ",\"output\":\"" };

/* ---- the request ---- */

static const struct message_form form = { add_user, add_plain, &result };

bool request_message_plain(exs_str message, struct text *out)
{
	return message_write(&form, message, out);
}

bool request_message(exs_str message, struct text *out)
{
	exs_str role;

	if (scan_is_value(message) && scan_get(message, "role", &role) &&
	    scan_is(role, "assistant") && add_kept(out, message))
		return true;
	return request_message_plain(message, out);
}

static exs_status add_input(struct body *out, uint32_t flags, const exs_turn *turn, exs_err *err)
{
	struct cache_entry *e =
		flags & REQUEST_ITEMS
			? segments_encode(out->cache, turn, request_message, err)
			: segments_encode_plain(out->cache, turn, request_message_plain, err);
	size_t comma;

	if (!e)
		return err->status;
	/* Each item has a comma in front. */
	comma = e->text.mem.n ? 1 : 0;
	body_add_history(out, e, comma, e->text.mem.n - comma);
	return EXS_OK;
}

static const struct tool_form tool = { "{\"type\":\"function\",\"name\":", ",\"parameters\":",
				       ",\"strict\":false}" };

exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err)
{
	struct text *out = &body->text;

	text_adds(out, "{\"model\":");
	text_add_json(out, exs_cstr(turn->model));
	text_adds(out, ",\"store\":false");
	if (flags & REQUEST_ENCRYPTED)
		text_adds(out, ",\"include\":[\"reasoning.encrypted_content\"]");
	if (turn->system.n) {
		text_adds(out, ",\"instructions\":");
		text_add_json(out, turn->system);
	}
	text_adds(out, ",\"input\":[");
	if (add_input(body, flags, turn, err))
		return err->status;
	text_adds(out, "]");
	if (tools_add(&tool, turn->tools, out, err))
		return err->status;
	if (flags & REQUEST_STREAM)
		text_adds(out, ",\"stream\":true");
	if (turn->max_tokens > 0) {
		text_adds(out, ",\"max_output_tokens\":");
		text_add_int(out, turn->max_tokens);
	}
	text_adds(out, set->extra);
	text_adds(out, "}");
	if (out->status)
		return exs_fail(err, out->status, 0, "the request is over %u bytes", REQUEST_MAX);
	return EXS_OK;
}

static bool names(exs_str body, const char *words)
{
	return memmem(body.p, body.n, words, strlen(words)) != NULL;
}

uint32_t request_refused(long http, exs_str body)
{
	if (http != 400 && http != 422)
		return 0;
	if (names(body, "invalid_encrypted_content"))
		return REQUEST_ITEMS;
	if (names(body, "\"include\"") || names(body, "reasoning.encrypted_content"))
		return REQUEST_ENCRYPTED;
	return 0;
}
