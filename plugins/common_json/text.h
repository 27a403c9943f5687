/* SPDX-License-Identifier: MIT */
/*
 * text.h - bytes that grow up to a named bound, JSON strings, and the repair of text that is not
 * UTF-8.
 *
 * The first failure sticks: later appends do nothing, so a builder looks at `status` once, at its
 * end.
 *
 * Servers cut their answers between any two bytes, also inside a character or between the two
 * halves of a surrogate pair. So text is gathered as it comes (a lone half is kept as the three
 * bytes that UTF-8 would use for it) and repaired when it is whole.
 */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

#include <stdbool.h>
#include <executus/helper.h>

struct text {
	exs_membuf mem;
	exs_status status;
};

void text_init(struct text *t, size_t max);
void text_release(struct text *t); /* usable again, with the same bound */
void text_clear(struct text *t);   /* empty, without failure; keeps its memory */
exs_str text_view(const struct text *t);
/* What was gathered on the side failed: so has all of it. */
void text_inherit(struct text *out, const struct text *side);

void text_add(struct text *t, const char *p, size_t n);
void text_adds(struct text *t, const char *s);
void text_add_int(struct text *t, int64_t v);
/* A JSON string with its quotes; `s` is UTF-8. */
void text_add_json(struct text *t, exs_str s);

/* Appends the code point, a surrogate half included, as UTF-8 would encode it. */
void text_add_rune(struct text *t, uint32_t rune);
/* Appends `s` as UTF-8 without NUL; every bad byte becomes U+FFFD. Returns how many did. */
size_t text_add_repaired(struct text *t, exs_str s);
/* The length of `s` without a character, or first half of a pair, that its end cuts. */
size_t text_whole(exs_str s);

#endif
