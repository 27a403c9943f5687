/* SPDX-License-Identifier: MIT */
/* request.c - see request.h. */
#include "request.h"

#include "../common_model/image.h"
#include "../common_model/messages.h"
#include "../common_model/settings.h"

/* The texts of `parts` as one string. Returns how many there are. */
static size_t add_texts(struct text *out, exs_str message)
{
	size_t n;

	text_adds(out, "\"");
	n = message_add_texts(out, message, "text");
	text_adds(out, "\"");
	return n;
}

/* The parts as a list, which only a message with images needs. */
static void add_parts(struct text *out, exs_str parts)
{
	exs_str key, part, value;
	struct scan_iter it;
	struct image image;
	size_t n = 0;

	scan_begin(&it, parts);
	while (scan_next(&it, &key, &part)) {
		if (image_of(part, &image)) {
			text_adds(out, n++ ? "," : "[");
			text_adds(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
			image_add_url(out, &image);
			text_adds(out, "}}");
		} else if (scan_is_type(part, "text") && scan_get(part, "text", &value) &&
			   value.p[0] == '"') {
			text_adds(out, n++ ? "," : "[");
			text_adds(out, "{\"type\":\"text\",\"text\":");
			text_add(out, value.p, value.n);
			text_adds(out, "}");
		}
	}
	text_adds(out, "]");
}

static bool has_image(exs_str parts)
{
	struct scan_iter it;
	struct image image;
	exs_str key, part;

	scan_begin(&it, parts);
	while (scan_next(&it, &key, &part))
		if (image_of(part, &image))
			return true;
	return false;
}

static void add_user(struct text *out, exs_str message)
{
	exs_str parts;

	text_adds(out, ",{\"role\":\"user\",\"content\":");
	if (scan_get(message, "parts", &parts) && has_image(parts))
		add_parts(out, parts);
	else
		(void)add_texts(out, message);
	text_adds(out, "}");
}

static bool add_call(struct text *out, exs_str call, bool first)
{
	struct tool_call c;

	if (!tools_read_call(call, &c))
		return false;
	text_adds(out, first ? "{\"id\":" : ",{\"id\":");
	text_add(out, c.id.p, c.id.n);
	text_adds(out, ",\"type\":\"function\",\"function\":{\"name\":");
	text_add(out, c.name.p, c.name.n);
	text_adds(out, ",\"arguments\":");
	text_add(out, c.arguments.p, c.arguments.n);
	text_adds(out, "}}");
	return true;
}

static bool add_assistant(struct text *out, exs_str message)
{
	exs_str calls, key, call;
	struct scan_iter it;
	size_t from, n = 0;
	bool has_calls = scan_get(message, "calls", &calls);

	text_adds(out, ",{\"role\":\"assistant\",\"content\":");
	from = out->mem.n;
	if (add_texts(out, message) == 0 && has_calls && !out->status) {
		out->mem.n = from;
		text_adds(out, "null");
	}
	if (has_calls) {
		scan_begin(&it, calls);
		while (scan_next(&it, &key, &call)) {
			if (n == 0)
				text_adds(out, ",\"tool_calls\":[");
			if (!add_call(out, call, n++ == 0))
				return false;
		}
		if (n)
			text_adds(out, "]");
	}
	text_adds(out, "}");
	return true;
}

static const struct result_form result = { ",{\"role\":\"tool\",\"tool_call_id\":", NULL,
					   ",\"content\":\"" };

static const struct message_form form = { add_user, add_assistant, &result };

bool request_message(exs_str message, struct text *out)
{
	return message_write(&form, message, out);
}

exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err)
{
	const struct openai *own = set->own;
	struct text *out = &body->text;

	text_adds(out, "{\"model\":");
	text_add_json(out, exs_cstr(turn->model));
	text_adds(out, ",");
	if (messages_add(body, turn, request_message, err) ||
	    tools_add(&tool_form_function, turn->tools, out, err))
		return err->status;
	if (flags & REQUEST_STREAM)
		text_adds(out, ",\"stream\":true");
	if ((flags & REQUEST_STREAM) && (flags & REQUEST_USAGE))
		text_adds(out, ",\"stream_options\":{\"include_usage\":true}");
	if (turn->max_tokens > 0) {
		text_adds(out, ",\"");
		text_adds(out, own->max_field);
		text_adds(out, "\":");
		text_add_int(out, turn->max_tokens);
	}
	text_adds(out, set->extra);
	text_adds(out, "}");
	if (out->status)
		return exs_fail(err, out->status, 0, "the request is over %u bytes", REQUEST_MAX);
	return EXS_OK;
}
