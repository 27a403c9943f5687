/* SPDX-License-Identifier: MIT */
/*
 * json.h - the strict gate in front of every JSON text that comes from outside, and spans into
 * checked text.
 *
 * json_check accepts exactly RFC 8259 and refuses more: not UTF-8, a lone surrogate escape, a NUL
 * (\u0000), control characters in strings, a BOM, two members of one name in an object, depth over
 * the limit, bytes behind the value. Numbers keep their bytes: nothing is converted, so a big
 * integer stays what it was. It does not recurse, and allocates only when more than 64 members
 * stand in the objects that are open at one time. The error's `at` is the byte offset.
 *
 * The readers below work on spans. They are total: on text that was not checked they may answer
 * NOTFOUND or INVALID but never read outside the span.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <executus/bytes.h>
#include "base/buf.h"

#define JSON_DEPTH_MAX 64u

enum json_type {
	JSON_BAD,
	JSON_NULL,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/*
 * OK, or with a sentence that says what and at which byte: INVALID; TOOBIG (depth, a million open
 * members, a gigabyte of text); NOMEM. A depth_max over JSON_DEPTH_MAX counts as JSON_DEPTH_MAX; 0
 * takes scalars only.
 */
exs_status json_check(exs_str text, uint32_t depth_max, exs_err *err);
/* The same, and the value must be an object. */
exs_status json_check_object(exs_str text, uint32_t depth_max, exs_err *err);

enum json_type json_type(exs_str value); /* by its first byte */

/*
 * The value of a member, as a span of `object` without white space around it. NOTFOUND; INVALID
 * when `object` is none or breaks off before the member. The key is given decoded.
 */
exs_status json_get(exs_str object, const char *key, exs_str *value);
/* json_get and the type in one: false when absent or of another type; `out` is untouched then. */
bool json_get_int(exs_str object, const char *key, int64_t *out); /* an integer that fits */
bool json_get_bool(exs_str object, const char *key, bool *out);
bool json_get_object(exs_str object, const char *key, exs_str *out); /* the span */
bool json_get_array(exs_str object, const char *key, exs_str *out);
/* The decoded text is appended to out; false also when it does not fit. */
bool json_get_text(exs_str object, const char *key, struct buf *out);
/* The decoded text as memory of the caller's; NULL: absent, no string, over max, no memory. */
char *json_get_textz(exs_str object, const char *key, size_t max);
/* Appends the decoded text of a quoted value, or nothing: INVALID, TOOBIG, NOMEM. */
exs_status json_text(exs_str value, struct buf *out);
bool json_int(exs_str value, int64_t *out);

/*
 * Walks members or items in order:
 *	struct json_iter it;
 *	for (json_iter_init(&it, array); json_next(&it, NULL, &item);) ...
 * key is the span of an object member's name with its quotes, empty for arrays; key and value may
 * be NULL. it.bad is set when the text is broken, or neither object nor array.
 */
struct json_iter {
	const char *p, *end;
	bool object, first, bad;
};
void json_iter_init(struct json_iter *it, exs_str value);
bool json_next(struct json_iter *it, exs_str *key, exs_str *value);

#endif
