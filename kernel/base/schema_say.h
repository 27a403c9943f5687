/* SPDX-License-Identifier: MIT */
/* schema_say.h - sentences about a value that a schema refuses: where it stands and what is wanted.
 */
#ifndef BASE_SCHEMA_SAY_H
#define BASE_SCHEMA_SAY_H

#include <executus/bytes.h>

/* Where a value stands: the way up to the root, SCHEMA_DEPTH_MAX long at most. */
struct place {
	const struct place *up; /* NULL: the root */
	exs_str name;		/* with quotes; empty: an item */
	size_t index;
};

/* "'filter.max' must be ...", "the arguments must be ...". All of them return INVALID. */
exs_status say_wrong(exs_err *err, const struct place *at, const char *fmt, ...) EXS_PRINTF(3, 4);
/* The same with what the schema allows, as its author wrote it. */
exs_status say_value(exs_err *err, const struct place *at, const char *how, exs_str allowed);
/* "is not known; did you mean 'path'?", from the names of `properties`. */
exs_status say_unknown(exs_err *err, const struct place *at, exs_str properties);

#endif
