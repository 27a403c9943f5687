/* SPDX-License-Identifier: MIT */
/* message.c - see message.h. */
#include "fact/message.h"

#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/body.h"
#include "fact/image.h"
#include "fact/state.h"

#define WEAK_ANSWER_MAX 120u /* a pointer back to an earlier answer is short */

static exs_status bad(exs_err *err, const char *what)
{
	return err_set(err, EXS_INVALID, 0, "the model's answer is not a message: %s", what);
}

static bool is_text(exs_str v)
{
	return json_type(v) == JSON_STRING;
}

static exs_status check_call(exs_str call, exs_str *out_id, exs_err *err)
{
	struct member m[] = { MEMBER("id"), MEMBER("name"), MEMBER("arguments") };

	if (json_type(call) != JSON_OBJECT)
		return bad(err, "a call is not an object");
	body_members(call, m, ARRAY_LEN(m));
	if (!is_text(m[0].value) || m[0].value.n <= 2)
		return bad(err, "a call has no id");
	if (!is_text(m[1].value) || m[1].value.n <= 2)
		return bad(err, "a call has no name");
	if (m[0].value.n > RUN_NAME_MAX || m[1].value.n > RUN_NAME_MAX)
		return bad(err, "a call's id or name is longer than 256 bytes");
	if (!is_text(m[2].value))
		return bad(err, "a call has no arguments text");
	*out_id = m[0].value;
	return EXS_OK;
}

static exs_status check_calls(exs_str calls, exs_err *err)
{
	exs_str ids[CALLS_MAX], call;
	struct json_iter it;
	uint32_t i, n = 0;

	if (json_type(calls) != JSON_ARRAY)
		return bad(err, "'calls' is not a list");
	for (json_iter_init(&it, calls); json_next(&it, NULL, &call);) {
		if (n == CALLS_MAX)
			return bad(err, "it asks for more than 64 calls");
		if (check_call(call, &ids[n], err))
			return EXS_INVALID;
		for (i = 0; i < n; i++)
			if (str_eq(ids[i], ids[n]))
				return bad(err, "two calls have one id");
		n++;
	}
	return EXS_OK;
}

static exs_status check_parts(exs_str parts, exs_err *err)
{
	struct json_iter it;
	exs_str part, type, text;

	if (json_type(parts) != JSON_ARRAY)
		return bad(err, "'parts' is not a list");
	for (json_iter_init(&it, parts); json_next(&it, NULL, &part);) {
		if (json_type(part) != JSON_OBJECT || json_get(part, "type", &type) ||
		    !is_text(type))
			return bad(err, "a part has no type");
		if (str_is(type, "\"text\"") && (json_get(part, "text", &text) || !is_text(text)))
			return bad(err, "a text part has no text");
	}
	return EXS_OK;
}

exs_status message_check_assistant(exs_str message, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;

	if (json_check_object(message, MESSAGE_DEPTH_MAX, &why))
		return err_set(err, EXS_INVALID, 0, "the model's answer is not a message: %.180s",
			       why.text);
	return message_check_shape(message, err);
}

exs_status message_check_shape(exs_str message, exs_err *err)
{
	struct member m[] = { MEMBER("role"), MEMBER("parts"), MEMBER("calls") };

	body_members(message, m, ARRAY_LEN(m));
	if (!str_is(m[0].value, "\"assistant\""))
		return bad(err, "its role is not 'assistant'");
	if (m[1].value.p && check_parts(m[1].value, err))
		return EXS_INVALID;
	if (m[2].value.p && check_calls(m[2].value, err))
		return EXS_INVALID;
	return EXS_OK;
}

void message_calls_init(struct message_calls *c, exs_str message)
{
	exs_str calls;

	if (json_get(message, "calls", &calls) || json_type(calls) != JSON_ARRAY)
		calls = str_of("[]");
	json_iter_init(&c->it, calls);
}

bool message_calls_next(struct message_calls *c, struct message_call *out)
{
	struct member m[] = { MEMBER("id"), MEMBER("name"), MEMBER("arguments") };
	exs_str call;

	if (!json_next(&c->it, NULL, &call))
		return false;
	body_members(call, m, ARRAY_LEN(m));
	out->id = m[0].value;
	out->name = m[1].value;
	out->arguments = m[2].value;
	return out->id.p && out->name.p && out->arguments.p;
}

uint32_t message_calls_left(const struct message_calls *c)
{
	struct json_iter it = c->it;
	uint32_t n = 0;

	while (json_next(&it, NULL, NULL))
		n++;
	return n;
}

void message_text(exs_str message, struct buf *out)
{
	struct json_iter it;
	exs_str parts, part, type, text;

	if (json_get(message, "parts", &parts) || json_type(parts) != JSON_ARRAY)
		return;
	for (json_iter_init(&it, parts); json_next(&it, NULL, &part);)
		if (json_get(part, "type", &type) == EXS_OK && str_is(type, "\"text\"") &&
		    json_get(part, "text", &text) == EXS_OK)
			json_text(text, out);
}

void message_user(struct buf *out, exs_str text)
{
	buf_puts(out, "{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":");
	buf_json(out, text);
	buf_puts(out, "}]}");
}

bool message_question(struct buf *out, exs_str text, exs_str images)
{
	struct image image;
	struct json_iter it;
	exs_str item;
	size_t n = 0;

	buf_puts(out, "{\"role\":\"user\",\"parts\":[");
	json_iter_init(&it, images);
	if (str_trim(text).n || !json_next(&it, NULL, &item)) {
		buf_puts(out, "{\"type\":\"text\",\"text\":");
		buf_json(out, text);
		buf_puts(out, "}");
		n++;
	}
	for (json_iter_init(&it, images); json_next(&it, NULL, &item);) {
		if (!image_of_fact(item, &image))
			return false;
		buf_puts(out, n++ ? "," : "");
		image_part(&image, out);
	}
	buf_puts(out, "]}");
	return true;
}

bool answer_is_weak(exs_str text, exs_str earlier)
{
	static const char *const pointers[] = { "above", "earlier", "previous", "already" };
	exs_str t = str_trim(text);
	char low[WEAK_ANSWER_MAX + 1];
	size_t i;

	if (t.n == 0)
		return true;
	/* "42" is short and real: only a short text that points back, after a longer one, is weak.
	 */
	if (t.n > WEAK_ANSWER_MAX || earlier.n <= t.n)
		return false;
	for (i = 0; i < t.n; i++)
		low[i] = (char)(t.p[i] >= 'A' && t.p[i] <= 'Z' ? t.p[i] + 32 : t.p[i]);
	low[t.n] = '\0';
	if (!strstr(low, "see ") && !strstr(low, "answer") && !strstr(low, "report") &&
	    !strstr(low, "summar"))
		return false;
	for (i = 0; i < ARRAY_LEN(pointers); i++)
		if (strstr(low, pointers[i]))
			return true;
	return false;
}
