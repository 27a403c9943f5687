/* SPDX-License-Identifier: MIT */
/* tools.h - tools and what became of their calls in a request: the same for dialects, but for what stands around the parts. */
#ifndef COMMON_MODEL_TOOLS_H
#define COMMON_MODEL_TOOLS_H

#include "../common_json/scan.h"

struct tool_form {
	const char *name;   /* what stands before a tool's name, from its first bracket on */
	const char *schema; /* before the schema of its arguments */
	const char *end;    /* behind that */
};

/* As chat completions and Ollama's chat have it. */
extern const struct tool_form tool_form_function;

/* Appends `,"tools":[...]`, or nothing when there are none. INVALID: they are not in the neutral form. */
exs_status tools_add(const struct tool_form *form, exs_str tools, struct text *out, exs_err *err);

/* A call of an assistant message: spans of it, the arguments a JSON string. */
struct tool_call {
	exs_str id, name, arguments;
};

/* False: it is not in the neutral form. */
bool tools_read_call(exs_str call, struct tool_call *out);

/* A dialect whose results are items of their own, each with one text. */
struct result_form {
	const char *id;	  /* what stands before the call's id, from the comma on */
	const char *name; /* before the tool's name; NULL: it is not said */
	const char *text; /* before the text, with its first quote */
};

/*
 * Appends the results of a message. One that is not ok says so in its first words. False: it is not in the
 * neutral form.
 */
bool tools_add_results(const struct result_form *form, exs_str message, struct text *out);

#endif
