/* SPDX-License-Identifier: MIT */
/* five_tools.h - a tool of each effect class, named after it. */
#ifndef TEST_FIVE_TOOLS_H
#define TEST_FIVE_TOOLS_H

#include <executus/helper.h>
#include <executus/port/tool.h>

static inline exs_status list_five(exs_status (*each)(void *, const exs_tool_spec *), void *arg,
				   const char *about, const char *schema)
{
	static const struct {
		const char *name;
		int32_t effect;
	} tools[] = { { "pure", EXS_EFFECT_PURE },
		      { "idempotent", EXS_EFFECT_IDEMPOTENT },
		      { "keyed", EXS_EFFECT_KEYED },
		      { "reconcilable", EXS_EFFECT_RECONCILABLE },
		      { "unsafe", EXS_EFFECT_UNSAFE } };
	exs_tool_spec spec = { 0 };
	exs_status status = EXS_OK;
	size_t i;

	for (i = 0; i < sizeof tools / sizeof *tools && status == EXS_OK; i++) {
		spec.size = sizeof spec;
		spec.name = tools[i].name;
		spec.effect = tools[i].effect;
		spec.about = about;
		spec.schema = exs_cstr(schema);
		status = each(arg, &spec);
	}
	return status;
}

#endif
