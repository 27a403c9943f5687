/* SPDX-License-Identifier: MIT */
/* tools.h - the list of tools in a request: the same in every dialect, but for what stands around the parts of a tool. */
#ifndef COMMON_MODEL_TOOLS_H
#define COMMON_MODEL_TOOLS_H

#include "../common_json/scan.h"

struct tool_form {
	const char *name;   /* what stands before a tool's name, from its first bracket on */
	const char *schema; /* before the schema of its arguments */
	const char *end;    /* behind that */
};

/* Appends `,"tools":[...]`, or nothing when there are none. INVALID: they are not in the neutral form. */
exs_status tools_add(const struct tool_form *form, exs_str tools, struct text *out, exs_err *err);

#endif
