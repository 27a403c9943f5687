/* SPDX-License-Identifier: MIT */
/* whole.c - see whole.h. */
#include "whole.h"

#include <executus/helper.h>

#include <cjson/cJSON.h>
#include <stdbool.h>

static cJSON *message(const exs_turn *turn, size_t i)
{
	return i < turn->message_count
		       ? cJSON_ParseWithLength(turn->messages[i].p, turn->messages[i].n)
		       : NULL;
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return s ? s : "";
}

/* The newest message with that role into *at and *out; nothing when there is none. */
static bool newest_assistant(const exs_turn *turn, size_t *at, cJSON **out)
{
	static const char role[] = "{\"role\":\"assistant\"";
	size_t i;

	/* Written by the kernel, so that the role stands in front and need not be looked for. */
	for (i = turn->message_count; i > 0; i--) {
		exs_str m = turn->messages[i - 1];

		if (m.n < sizeof role - 1 || memcmp(m.p, role, sizeof role - 1) != 0)
			continue;
		*at = i - 1;
		*out = message(turn, i - 1);
		return *out != NULL;
	}
	return false;
}

static bool has_result(const cJSON *tool, const char *id)
{
	const cJSON *result;

	cJSON_ArrayForEach(result, cJSON_GetObjectItemCaseSensitive(tool, "results"))
	{
		if (strcmp(text_of(result, "id"), id) == 0)
			return true;
	}
	return false;
}

exs_status whole_check(const exs_turn *turn, exs_err *err)
{
	cJSON *assistant, *tool;
	const cJSON *call;
	size_t at;

	if (!newest_assistant(turn, &at, &assistant))
		return EXS_OK;
	tool = message(turn, at + 1);
	cJSON_ArrayForEach(call, cJSON_GetObjectItemCaseSensitive(assistant, "calls"))
	{
		if (has_result(tool, text_of(call, "id")))
			continue;
		exs_fail(err, EXS_INVALID, 0, "call '%.60s' of message %zu has no result behind it",
			 text_of(call, "id"), at + 1);
		err->klass = EXS_CLASS_PERMANENT;
		break;
	}
	cJSON_Delete(tool);
	cJSON_Delete(assistant);
	return call ? err->status : EXS_OK;
}
