/* SPDX-License-Identifier: MIT */
/* request.c - see request.h. */
#include "request.h"

#include "../common_model/arguments.h"
#include "../common_model/image.h"
#include "../common_model/messages.h"
#include "../common_model/settings.h"

/* The texts of the parts of that type as a member. Returns how many there are. */
static size_t add_member(struct text *out, const char *before, exs_str message, const char *type)
{
	size_t n;

	text_adds(out, before);
	n = message_add_texts(out, message, type);
	text_adds(out, "\"");
	return n;
}

static void add_content(struct text *out, exs_str message)
{
	(void)add_member(out, ",\"content\":\"", message, "text");
}

static void add_thinking(struct text *out, exs_str message)
{
	size_t from = out->mem.n;

	if (add_member(out, ",\"thinking\":\"", message, "reasoning") == 0 && !out->status)
		out->mem.n = from;
}

/* The bytes alone: what kind they are is seen from them. */
static void add_images(struct text *out, exs_str message)
{
	exs_str key, part;
	struct scan_iter it;
	struct image image;
	size_t n = 0;

	scan_begin(&it, scan_get_list(message, "parts"));
	while (scan_next(&it, &key, &part)) {
		if (!image_of(part, &image))
			continue;
		text_adds(out, n++ ? "," : ",\"images\":[");
		text_add(out, image.data.p, image.data.n);
	}
	if (n)
		text_adds(out, "]");
}

static void add_user(struct text *out, exs_str message)
{
	text_adds(out, ",{\"role\":\"user\"");
	add_content(out, message);
	add_images(out, message);
	text_adds(out, "}");
}

static bool add_call(struct text *out, exs_str call, bool first)
{
	struct tool_call c;

	if (!tools_read_call(call, &c))
		return false;
	text_adds(out, first ? "{\"id\":" : ",{\"id\":");
	text_add(out, c.id.p, c.id.n);
	text_adds(out, ",\"function\":{\"name\":");
	text_add(out, c.name.p, c.name.n);
	text_adds(out, ",\"arguments\":");
	arguments_add_object(out, c.arguments);
	text_adds(out, "}}");
	return true;
}

/* What it thought before a call goes back with it: its model goes on from there. */
static bool add_assistant(struct text *out, exs_str message)
{
	exs_str calls, key, call;
	struct scan_iter it;
	size_t n = 0;

	text_adds(out, ",{\"role\":\"assistant\"");
	add_content(out, message);
	if (scan_get(message, "calls", &calls)) {
		scan_begin(&it, calls);
		while (scan_next(&it, &key, &call)) {
			if (n == 0) {
				add_thinking(out, message);
				text_adds(out, ",\"tool_calls\":[");
			}
			if (!add_call(out, call, n++ == 0))
				return false;
		}
		if (n)
			text_adds(out, "]");
	}
	text_adds(out, "}");
	return true;
}

static const struct result_form result = { ",{\"role\":\"tool\",\"tool_call_id\":",
					   ",\"tool_name\":", ",\"content\":\"" };

static const struct message_form form = { add_user, add_assistant, &result };

bool request_message(exs_str message, struct text *out)
{
	return message_write(&form, message, out);
}

/* Numbers of ours, then what the conf gives. Their first comma becomes the bracket. */
static void add_options(struct text *out, const struct settings *set, const exs_turn *turn)
{
	const struct ollama *own = set->own;
	size_t from;

	text_adds(out, ",\"options\":");
	from = out->mem.n;
	if (set->context_tokens > 0) {
		text_adds(out, ",\"num_ctx\":");
		text_add_int(out, set->context_tokens);
	}
	if (turn->max_tokens > 0) {
		text_adds(out, ",\"num_predict\":");
		text_add_int(out, turn->max_tokens);
	}
	text_adds(out, own->options);
	if (out->status)
		return;
	if (out->mem.n == from)
		text_adds(out, "{");
	else
		out->mem.p[from] = '{';
	text_adds(out, "}");
}

exs_status request_write(const struct settings *set, uint32_t flags, const exs_turn *turn,
			 struct body *body, exs_err *err)
{
	struct text *out = &body->text;

	text_adds(out, "{\"model\":");
	text_add_json(out, exs_cstr(turn->model));
	text_adds(out, ",");
	if (messages_add(body, turn, request_message, err) ||
	    tools_add(&tool_form_function, turn->tools, out, err))
		return err->status;
	text_adds(out, flags & REQUEST_STREAM ? ",\"stream\":true" : ",\"stream\":false");
	add_options(out, set, turn);
	text_adds(out, set->extra);
	text_adds(out, "}");
	if (out->status)
		return exs_fail(err, out->status, 0, "the request is over %u bytes", REQUEST_MAX);
	return EXS_OK;
}
