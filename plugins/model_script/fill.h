/* SPDX-License-Identifier: MIT */
/*
 * fill.h - captures, and the placeholders that use them.
 *
 * What a capture finds depends on the script and the messages alone, so a resumed process finds the
 * same. Text that was put in is never looked at again for placeholders.
 */
#ifndef MODEL_SCRIPT_FILL_H
#define MODEL_SCRIPT_FILL_H

#include "convo.h"
#include "out.h"
#include "script.h"

#define FILLED_MAX    (1u << 20)  /* bytes of one capture, text or argument */
#define SEARCHED_MAX  (16u << 20) /* bytes that one capture looks at */
#define FILL_NAME_MAX 64u	  /* bytes of a captured name */

struct value {
	const char *name; /* the script's */
	char *p;
	size_t n;
};

struct values {
	struct value *v;
	size_t n, cap;
	struct convo *convo;
	exs_str item; /* ${item}; p NULL outside of for_each */
};

enum fill_mode { FILL_PLAIN, FILL_JSON /* escapes what it puts in */ };

/* What the captures of all turns up to convo->position find. Release it also after a failure. */
exs_status values_find(const struct script *script, struct convo *convo, struct values *out,
		       exs_err *err);
void values_release(struct values *values);
/* NULL: nothing captured that name. */
const struct value *values_get(const struct values *values, const char *name);

/* Appends the text with its placeholders replaced. A name without a value is INVALID. */
exs_status fill(const struct values *values, const struct text *text, enum fill_mode mode,
		struct out *out, exs_err *err);
/* NULL when every placeholder of the text is well formed, else what is wrong. */
const char *fill_check(const char *p, size_t n);
/* May stand as NAME in ${NAME}: letters, digits and _, not one of the words with a meaning of their
 * own. */
bool fill_name_ok(const char *name);

/* One line after the other, without its \n; empty lines are passed over. */
bool next_line(exs_str *rest, exs_str *line);

#endif
