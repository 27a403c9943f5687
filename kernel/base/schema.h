/* SPDX-License-Identifier: MIT */
/*
 * schema.h - arguments against the subset of JSON Schema that docs/PORTS.md names.
 *
 * type (also a list of types), enum, const, properties, required, additionalProperties (true, false
 * or a schema), items, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength,
 * minItems, maxItems, anyOf. Other keywords are passed over, and so is one of these whose own value
 * is not what it should be. Works on the bytes: a number keeps its digits.
 */
#ifndef BASE_SCHEMA_H
#define BASE_SCHEMA_H

#include <executus/bytes.h>

#define SCHEMA_DEPTH_MAX 16u /* schemas inside each other */
#define SCHEMA_WORK_MAX                                                                            \
	(256u << 20) /* bytes that one check reads, counted anew each time that it comes by */

/*
 * Both must have passed the gate. INVALID with a sentence for whoever wrote the value:
 * "'filter.path' is missing",
 * "'limit' must be at least 1", "'pth' is not known; did you mean 'path'?". It names members and
 * what the schema wants, never what the value holds: that may be a secret. NOMEM only where names
 * are written with escapes.
 */
exs_status schema_check(exs_str schema, exs_str value, exs_err *err);

#endif
