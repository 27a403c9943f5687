/* SPDX-License-Identifier: MIT */
/* options_build.h - what options.c and options_check.c share about one declared option. */
#ifndef CONF_OPTIONS_BUILD_H
#define CONF_OPTIONS_BUILD_H

#include <stdbool.h>
#include <executus/battery.h>
#include "base/buf.h"
#include "conf/tree.h"

#define CHOICES_MAX 32u /* words of one CHOICE */

/* How many; OPTIONS_MAX + 1 for a table without an end. */
size_t option_count(const exs_option *options, uint32_t option_size);
/* The i-th, as far as the table's stride goes; the rest is zero. */
exs_option option_at(const exs_option *options, uint32_t option_size, size_t i);

bool option_is_number(int32_t type);
const char *option_type_word(int32_t type); /* "a duration"; NULL: not a type */
exs_status option_number(const exs_option *o, const char *text, int64_t *out, exs_err *err);
/* Is it one of "a|b|c"? */
bool choice_has(const char *choices, const char *text);
/* The near one, as a sentence's end: " (did you mean 'b'?)" or "". */
void choice_hint(const char *choices, const char *text, char out[SHOWN_MAX]);

/* The node as JSON, every scalar a string. */
void node_json(struct buf *out, const struct node *n);

#endif
