/* SPDX-License-Identifier: MIT */
/*
 * schema_value.h - what a schema asks of single JSON values: order, sameness, length, members.
 *
 * Works on spans that passed the gate, without white space around them; total on anything else.
 * Nothing is converted: numbers are compared digit by digit, so 9007199254740993 is more than
 * 9007199254740992 and 1e2 is 100.
 */
#ifndef BASE_SCHEMA_VALUE_H
#define BASE_SCHEMA_VALUE_H

#include <stdbool.h>
#include <executus/bytes.h>

/* What a check may still read. Once spent or out of memory the answers below count for nothing. */
struct effort {
	uint64_t left; /* bytes */
	bool no_memory;
};

/* Takes the bytes; false, with nothing left, when there are not that many. */
bool effort_spend(struct effort *e, uint64_t bytes);

#define VALUE_EXPONENT_MAX 1000000000000000 /* a greater one counts as this */

/* Two numbers by value: -1, 0, 1. */
int value_order(exs_str a, exs_str b);
/* A number without a fraction: 1, 1.0, 1e2, 150e-1 is not. */
bool value_is_whole(exs_str number);
/* Numbers by value, texts decoded, the order of members does not matter. */
bool value_same(struct effort *e, exs_str a, exs_str b);
/* The member of a quoted name, which may be written with other escapes. */
bool value_member(struct effort *e, exs_str object, exs_str name, exs_str *out);
/* Characters of a quoted text; members or items. */
uint64_t value_chars(exs_str text);
uint64_t value_count(exs_str container);

#endif
