/* SPDX-License-Identifier: MIT */
/* text.h - small questions about text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <executus/bytes.h>
#include "base/buf.h"

exs_str str_of(const char *s); /* NULL is empty */
exs_str str_n(const char *p, size_t n);
bool str_eq(exs_str a, exs_str b);
bool str_is(exs_str a, const char *b);
bool str_starts(exs_str s, const char *prefix);
char *str_dup(exs_str s);    /* NUL-terminated copy; NULL: no memory */
exs_str str_trim(exs_str s); /* without white space at both ends */

/* Offset of the first byte that is not valid UTF-8 (no surrogates, no overlong forms), or n. */
size_t utf8_bad(const char *p, size_t n);
bool utf8_ok(exs_str s);
/* Bytes of the character that starts at p (1 to 4), or 0 when that is not valid UTF-8. */
size_t utf8_len(const char *p, const char *end);
/* The greatest length <= max (and s.n) that does not cut a character. */
size_t utf8_cut(exs_str s, size_t max);

/*
 * The next character of s as a terminal may see it: itself, or an escape (\x1b, \u202e) when it is
 * a control character, an invisible mark, changes the direction of text, or is not UTF-8. Advances
 * *at (< s.n); returns the bytes written.
 */
#define TEXT_PIECE_MAX 12u
size_t text_piece(exs_str s, size_t *at, char out[TEXT_PIECE_MAX]);

/* Text for a terminal: all but \n and \t goes through text_piece. */
void text_for_terminal(struct buf *out, exs_str s);
/* The same on one line: \n, \r, \t become spaces; at most max bytes, a cut's ellipsis included. */
void text_one_line(struct buf *out, exs_str s, size_t max);

/* The word of the NULL-ended list that the person most likely meant, or NULL when none is near. */
#define SUGGEST_WORD_MAX 64u /* a longer word is not a slip of the finger */
const char *suggest(const char *word, const char *const *words);

#endif
