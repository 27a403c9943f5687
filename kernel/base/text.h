/* SPDX-License-Identifier: MIT */
/* text.h - small questions about text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <executus/bytes.h>
#include "base/buf.h"

exs_str str_of(const char *s);           /* NULL is empty */
exs_str str_n(const char *p, size_t n);
bool str_eq(exs_str a, exs_str b);
bool str_is(exs_str a, const char *b);
bool str_starts(exs_str s, const char *prefix);
char *str_dup(exs_str s);                /* NUL-terminated copy; NULL: no memory */
exs_str str_trim(exs_str s);             /* without white space at both ends */

/* Offset of the first byte that is not valid UTF-8 (no surrogates, no overlong forms), or n. */
size_t utf8_bad(const char *p, size_t n);
bool utf8_ok(exs_str s);
/* The greatest length <= max that does not cut a character. */
size_t utf8_cut(exs_str s, size_t max);

/* Text for a terminal: control characters but \n and \t, and bidi overrides, become visible escapes. */
void text_for_terminal(struct buf *out, exs_str s);
/* The same on one line: \n and \t become spaces too, at most max bytes with an ellipsis. */
void text_one_line(struct buf *out, exs_str s, size_t max);

/* The word of the NULL-ended list that the person most likely meant, or NULL when none is near. */
const char *suggest(const char *word, const char *const *words);

#endif
