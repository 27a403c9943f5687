/* SPDX-License-Identifier: MIT */
/* whole.c - see whole.h. */
#include "whole.h"

#include <executus/helper.h>

#include <cjson/cJSON.h>
#include <stdbool.h>

static exs_status message(const exs_turn *turn, size_t i, cJSON **out, exs_err *err)
{
	*out = cJSON_ParseWithLength(turn->messages[i].p, turn->messages[i].n);
	return *out ? EXS_OK
		    : exs_fail(err, EXS_NOMEM, 0, "no memory for message %zu, or it is no JSON",
			       i + 1);
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return s ? s : "";
}

/* Where the newest one of the assistant stands; false when there is none. */
static bool newest_assistant(const exs_turn *turn, size_t *out)
{
	static const char role[] = "{\"role\":\"assistant\"";
	size_t i;

	/* Written by this battery, so that the role stands in front and need not be looked for. */
	for (i = turn->message_count; i > 0; i--) {
		exs_str m = turn->messages[i - 1];

		if (m.n < sizeof role - 1 || memcmp(m.p, role, sizeof role - 1) != 0)
			continue;
		*out = i - 1;
		return true;
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

static exs_status check_calls(const cJSON *assistant, const cJSON *tool, size_t at, exs_err *err)
{
	const cJSON *call;

	cJSON_ArrayForEach(call, cJSON_GetObjectItemCaseSensitive(assistant, "calls"))
	{
		if (has_result(tool, text_of(call, "id")))
			continue;
		exs_fail(err, EXS_INVALID, 0, "call '%.60s' of message %zu has no result behind it",
			 text_of(call, "id"), at + 1);
		err->klass = EXS_CLASS_PERMANENT;
		return EXS_INVALID;
	}
	return EXS_OK;
}

exs_status whole_check(const exs_turn *turn, exs_err *err)
{
	cJSON *assistant, *tool = NULL;
	exs_status s = EXS_OK;
	size_t at;

	if (!newest_assistant(turn, &at))
		return EXS_OK;
	if (message(turn, at, &assistant, err))
		return err->status;
	if (at + 1 < turn->message_count)
		s = message(turn, at + 1, &tool, err);
	if (s == EXS_OK)
		s = check_calls(assistant, tool, at, err);
	cJSON_Delete(tool);
	cJSON_Delete(assistant);
	return s;
}
