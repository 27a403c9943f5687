/* SPDX-License-Identifier: MIT */
/* expect.c - see expect.h. */
#include "expect.h"

#include <cjson/cJSON.h>

#define SEEN_MAX 72u /* bytes of what was seen that a message shows */

/* At most SEEN_MAX bytes on one line, whole characters only. */
static void shorten(const char *p, size_t n, char out[SEEN_MAX + 4])
{
	size_t used = 0;
	bool cut = false;

	while (n && !cut) {
		size_t length = utf8_length(p, n);

		cut = used + length > SEEN_MAX;
		if (cut)
			break;
		if (length > 1)
			memcpy(out + used, p, length);
		else
			out[used] = (char)(length && (unsigned char)*p >= 0x20 ? *p : ' ');
		length += length == 0;
		used += length;
		p += length;
		n -= length;
	}
	memcpy(out + used, cut ? "..." : "", cut ? 4 : 1);
}

static exs_status check_patterns(const struct pattern *patterns, size_t n, const struct out *text,
				 const char *where, exs_err *err)
{
	char seen[SEEN_MAX + 4];
	size_t i;

	for (i = 0; i < n; i++) {
		if (regexec(&patterns[i].regex, out_text(text), 0, NULL, 0) == 0)
			continue;
		shorten(out_text(text), text->buf.n, seen);
		return exs_fail(err, EXS_INVALID, 0, "expected '%.72s' in %s and saw '%s'",
				patterns[i].source, where, seen);
	}
	return EXS_OK;
}

static exs_status check_last(const struct turn *turn, const struct convo *convo, exs_err *err)
{
	struct out text;
	exs_status s;

	if (turn->expect_n == 0)
		return EXS_OK;
	out_init(&text, CONVO_TEXT_MAX);
	s = convo_last_text(convo, &text, err);
	if (s == EXS_OK)
		s = check_patterns(turn->expect, turn->expect_n, &text, "the newest message", err);
	out_release(&text);
	return s;
}

static exs_status check_system(const struct turn *turn, const struct convo *convo, exs_err *err)
{
	struct out text;
	exs_status s;

	if (turn->expect_system_n == 0)
		return EXS_OK;
	/* A copy, because regexec wants a NUL behind it. */
	out_init(&text, CONVO_TEXT_MAX);
	out_put(&text, convo->turn->system.p, convo->turn->system.n);
	s = text.status
		    ? exs_fail(err, text.status, 0, "the system prompt is too long to be looked at")
		    : check_patterns(turn->expect_system, turn->expect_system_n, &text,
				     "the system prompt", err);
	out_release(&text);
	return s;
}

static bool offers(const cJSON *tools, const char *name)
{
	const cJSON *tool;

	cJSON_ArrayForEach(tool, tools)
	{
		const char *n =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tool, "name"));

		if (n && strcmp(n, name) == 0)
			return true;
	}
	return false;
}

/* The names that were offered, for the message. */
static void list_tools(const cJSON *tools, char out[SEEN_MAX + 4])
{
	const cJSON *tool;
	struct out names;

	out_init(&names, CONVO_TEXT_MAX);
	cJSON_ArrayForEach(tool, tools)
	{
		const char *n =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tool, "name"));

		if (names.buf.n)
			out_puts(&names, ", ");
		out_puts(&names, n ? n : "?");
	}
	shorten(out_text(&names), names.buf.n, out);
	out_release(&names);
}

static exs_status check_tools(const struct turn *turn, const struct convo *convo, exs_err *err)
{
	exs_str text = convo->turn->tools;
	const char *missing = NULL;
	char seen[SEEN_MAX + 4];
	cJSON *tools;
	size_t i, n;

	if (!turn->has_expect_tools)
		return EXS_OK;
	tools = cJSON_ParseWithLength(text.n ? text.p : "[]", text.n ? text.n : 2);
	if (!cJSON_IsArray(tools)) {
		cJSON_Delete(tools);
		return exs_fail(err, EXS_INVALID, 0, "the list of tools is not a JSON array");
	}
	n = (size_t)cJSON_GetArraySize(tools);
	for (i = 0; i < turn->expect_tools_n && !missing; i++)
		if (!offers(tools, turn->expect_tools[i].p))
			missing = turn->expect_tools[i].p;
	list_tools(tools, seen);
	cJSON_Delete(tools);
	if (missing)
		return exs_fail(err, EXS_INVALID, 0,
				"expected the tool '%.40s' and was offered '%s'", missing, seen);
	if (n != turn->expect_tools_n)
		return exs_fail(err, EXS_INVALID, 0, "expected %zu tools and was offered %zu: '%s'",
				turn->expect_tools_n, n, seen);
	return EXS_OK;
}

static exs_status check_images(const struct turn *turn, const struct convo *convo, exs_err *err)
{
	int64_t n = 0;

	if (!turn->has_expect_images)
		return EXS_OK;
	if (convo_images(convo, &n, err))
		return err->status;
	if (n == turn->expect_images)
		return EXS_OK;
	return exs_fail(err, EXS_INVALID, 0, "expected %lld images and was shown %lld",
			(long long)turn->expect_images, (long long)n);
}

exs_status expect_check(const struct turn *turn, const struct convo *convo, exs_err *err)
{
	if (check_last(turn, convo, err) || check_system(turn, convo, err) ||
	    check_images(turn, convo, err))
		return err->status;
	return check_tools(turn, convo, err);
}
