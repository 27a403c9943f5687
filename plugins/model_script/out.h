/* SPDX-License-Identifier: MIT */
/*
 * out.h - text that is built piece by piece, up to a bound. The first failure sticks, so a builder
 * asks once, at its end, through `status` or out_take.
 */
#ifndef MODEL_SCRIPT_OUT_H
#define MODEL_SCRIPT_OUT_H

#include <executus/helper.h>

struct out {
	exs_membuf buf;
	exs_status status;
};

void out_init(struct out *o, size_t max);
void out_release(struct out *o);
void out_put(struct out *o, const char *p, size_t n);
void out_puts(struct out *o, const char *s);
/* What stands between the quotes of a JSON string. Bytes that are not UTF-8 become U+FFFD. */
void out_escape(struct out *o, const char *p, size_t n);
/* A whole JSON string. */
void out_json(struct out *o, const char *p, size_t n);
/* What was built so far, NUL-terminated; "" when that is nothing. */
const char *out_text(const struct out *o);
/* The text as memory of the caller's (free), NUL-terminated; NULL after a failure. `o` is empty
 * afterwards. */
char *out_take(struct out *o, size_t *n);

/* Bytes of the UTF-8 character at p; 0 when there is none. */
size_t utf8_length(const char *p, size_t n);
/* Bytes that are not UTF-8, as a cut character leaves them, become '?'. */
void text_repair(char *text);

#endif
