/* SPDX-License-Identifier: MIT */
/* tools.c - see tools.h. */
#include "tools.h"

#define NO_ARGUMENTS "{\"type\":\"object\",\"properties\":{}}"

const struct tool_form tool_form_function = { "{\"type\":\"function\",\"function\":{\"name\":",
					      ",\"parameters\":", "}}" };

static bool add_one(const struct tool_form *form, exs_str tool, struct text *out)
{
	exs_str name, about, schema = exs_cstr(NO_ARGUMENTS);

	if (!scan_get(tool, "name", &name))
		return false;
	text_adds(out, form->name);
	text_add(out, name.p, name.n);
	if (scan_get(tool, "description", &about)) {
		text_adds(out, ",\"description\":");
		text_add(out, about.p, about.n);
	}
	(void)scan_get(tool, "schema", &schema);
	text_adds(out, form->schema);
	text_add(out, schema.p, schema.n);
	text_adds(out, form->end);
	return true;
}

exs_status tools_add(const struct tool_form *form, exs_str tools, struct text *out, exs_err *err)
{
	struct scan_iter it;
	exs_str key, tool;
	size_t n = 0;

	scan_begin(&it, tools);
	while (scan_next(&it, &key, &tool)) {
		text_adds(out, n++ ? "," : ",\"tools\":[");
		if (!add_one(form, tool, out))
			return exs_fail(err, EXS_INVALID, 0,
					"the list of tools is not in the neutral form");
	}
	if (n)
		text_adds(out, "]");
	return EXS_OK;
}

bool tools_read_call(exs_str call, struct tool_call *out)
{
	return scan_get(call, "id", &out->id) && scan_get(call, "name", &out->name) &&
	       scan_get(call, "arguments", &out->arguments) && out->arguments.p[0] == '"';
}

static bool write_result(const struct result_form *form, exs_str result, struct text *out)
{
	exs_str id, name, status, content;

	if (!scan_get(result, "id", &id) || !scan_get(result, "status", &status))
		return false;
	text_adds(out, form->id);
	text_add(out, id.p, id.n);
	if (form->name && scan_get(result, "name", &name)) {
		text_adds(out, form->name);
		text_add(out, name.p, name.n);
	}
	text_adds(out, form->text);
	if (scan_is(status, "in_doubt"))
		text_adds(out, "OUTCOME UNKNOWN: ");
	else if (!scan_is(status, "ok"))
		text_adds(out, "ERROR: ");
	if (scan_get(result, "content", &content)) {
		if (content.n < 2 || content.p[0] != '"')
			return false;
		text_add(out, content.p + 1, content.n - 2);
	}
	text_adds(out, "\"}");
	return true;
}

bool tools_add_results(const struct result_form *form, exs_str message, struct text *out)
{
	exs_str results, key, result;
	struct scan_iter it;

	if (!scan_get(message, "results", &results))
		return false;
	scan_begin(&it, results);
	while (scan_next(&it, &key, &result))
		if (!write_result(form, result, out))
			return false;
	return true;
}
