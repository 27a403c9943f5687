/* SPDX-License-Identifier: MIT */
/* messages.c - see messages.h. */
#include "messages.h"

/* A string of the neutral form is a string here too: its bytes between the quotes are copied as
 * they are. */
size_t message_add_texts(struct text *out, exs_str message, const char *type)
{
	exs_str key, part, value;
	struct scan_iter it;
	size_t n = 0;

	scan_begin(&it, scan_get_list(message, "parts"));
	while (scan_next(&it, &key, &part)) {
		if (!scan_is_type(part, type) || !scan_get(part, "text", &value))
			continue;
		if (n++)
			text_adds(out, "\\n");
		if (value.n >= 2 && value.p[0] == '"')
			text_add(out, value.p + 1, value.n - 2);
	}
	return n;
}

bool message_write(const struct message_form *form, exs_str message, struct text *out)
{
	exs_str role;

	if (!scan_is_value(message) || !scan_get(message, "role", &role))
		return false;
	if (scan_is(role, "assistant"))
		return form->assistant(out, message);
	if (scan_is(role, "tool"))
		return tools_add_results(form->result, message, out);
	if (!scan_is(role, "user"))
		return false;
	form->user(out, message);
	return true;
}

exs_status messages_add(struct body *out, const exs_turn *turn, segment_fn *encode, exs_err *err)
{
	struct cache_entry *e = segments_encode(out->cache, turn, encode, err);
	size_t comma = 0;

	if (!e)
		return err->status;
	text_adds(&out->text, "\"messages\":[");
	/* Each message has a comma in front; without a system prompt the first one must go. */
	if (turn->system.n) {
		text_adds(&out->text, "{\"role\":\"system\",\"content\":");
		text_add_json(&out->text, turn->system);
		text_adds(&out->text, "}");
	} else if (e->text.mem.n) {
		comma = 1;
	}
	body_add_history(out, e, comma, e->text.mem.n - comma);
	text_adds(&out->text, "]");
	return EXS_OK;
}
