/* SPDX-License-Identifier: MIT */
/* tools.c - see tools.h. */
#include "tools.h"

#define NO_ARGUMENTS "{\"type\":\"object\",\"properties\":{}}"

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
