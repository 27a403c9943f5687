/* SPDX-License-Identifier: MIT */
/*
 * scan.h - reads JSON where it lies: values are spans of the text, nothing is converted that is not
 * asked for.
 *
 * So a tool argument keeps its bytes, a big integer stays what it was, a \u0000 cannot cut a text
 * short, and half of a surrogate pair in one event does not spoil it. Total on any bytes: it never
 * reads outside the span, does not recurse, does not allocate (scan_text appends to the caller's
 * text). Of two members of one name the first counts.
 */
#ifndef COMMON_JSON_SCAN_H
#define COMMON_JSON_SCAN_H

#include "text.h"

#define SCAN_DEPTH_MAX 64u

/* The byte behind the value that starts at p (white space before it is skipped), or NULL: there is
 * none. */
const char *scan_skip(const char *p, const char *end);
/* True when `text` is one value and nothing else. */
bool scan_is_value(exs_str text);
/* The first byte that is not white space: '{' '[' '"' 't' 'f' 'n' '-' or a digit; 0: empty. */
char scan_kind(exs_str value);

/*
 * Walks members (of an object) or items (of an array) in order; on anything else there are none.
 * `key` is the span with its quotes, empty for items.
 */
struct scan_iter {
	const char *p, *end;
	bool object;
};
void scan_begin(struct scan_iter *it, exs_str value);
bool scan_next(struct scan_iter *it, exs_str *key, exs_str *value);

/*
 * Several members in one walk: the span of each, an empty one when it is absent or null. False:
 * `object` is not one whole object, and the values that were found before that showed do not count.
 */
struct scan_member {
	const char *name;
	exs_str *value;
};
bool scan_members(exs_str object, const struct scan_member *members, size_t n);
#define SCAN_MEMBERS(object, members)                                                              \
	scan_members(object, members, sizeof(members) / sizeof(members)[0])
/* The same of the next object of a list that scan_begin took; what is none is passed over. */
bool scan_next_members(struct scan_iter *it, const struct scan_member *members, size_t n);
#define SCAN_NEXT_MEMBERS(it, members)                                                             \
	scan_next_members(it, members, sizeof(members) / sizeof(members)[0])

/* The member as a span; false when absent or null. Names are compared byte for byte. */
bool scan_get(exs_str object, const char *name, exs_str *out);
/* The member; without one an empty list. */
exs_str scan_get_list(exs_str object, const char *name);
/* True when its member "type" is this. */
bool scan_is_type(exs_str object, const char *type);
/* The member decoded and appended; false when it is absent or not a string. */
bool scan_get_text(exs_str object, const char *name, struct text *out);
/* Appends the decoded text of a string value; lone halves as text.h says. False: not a string. */
bool scan_text(exs_str value, struct text *out);
/* An integer from 0 to 2^53; false for anything else, `out` is untouched then. */
bool scan_count(exs_str value, int64_t *out);
bool scan_get_count(exs_str object, const char *name, int64_t *out);
/* True when a string value is exactly this. */
bool scan_is(exs_str value, const char *text);

#endif
