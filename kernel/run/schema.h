/* SPDX-License-Identifier: MIT */
/*
 * schema.h - arguments against the subset of JSON Schema that docs/PORTS.md names.
 *
 * type (also a list of types), properties, required, additionalProperties (true, false or a schema), items, enum, const,
 * minimum, maximum, minLength, maxLength, minItems, maxItems. Other keywords are passed over. Works on the bytes: a number
 * keeps its digits.
 */
#ifndef RUN_SCHEMA_H
#define RUN_SCHEMA_H

#include <executus/bytes.h>

#define SCHEMA_DEPTH_MAX 16u /* schemas inside each other */

/* Both must have passed the gate. INVALID: "'path' is missing", "'limit' must be a whole number of at least 1". */
exs_status schema_check(exs_str schema, exs_str value, exs_err *err);

#endif
