/* SPDX-License-Identifier: MIT */
/* text.h - bytes of files and names as text that a model can be given: always valid UTF-8. */
#ifndef TOOL_FS_TEXT_H
#define TOOL_FS_TEXT_H

#include <stdbool.h>
#include <executus/helper.h>

#define TEXT_PROBE 8192u /* a NUL in so many first bytes makes a file binary */

/* The greatest length <= max that does not cut a character. */
size_t text_cut(const char *p, size_t n, size_t max);

/* Appends the bytes; each that is not UTF-8, and NUL, becomes U+FFFD and is counted in `bad`. */
exs_status text_put(exs_membuf *out, const char *p, size_t n, size_t *bad);

/* Appends a file name on one line: control characters and bytes that are not UTF-8 become \xNN. */
exs_status text_put_name(exs_membuf *out, const char *name);

/* A name for an error's sentence: short, on one line, valid UTF-8. */
struct text_shown {
	char s[100];
};
const char *text_show(struct text_shown *to, const char *name);

/* True when the bytes, the first ones of a file, do not look like text. */
bool text_is_binary(const char *p, size_t n);

#endif
