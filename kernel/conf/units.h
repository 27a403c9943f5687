/* SPDX-License-Identifier: MIT */
/*
 * units.h - what a text means as a number.
 *
 * The sentence of a failure says what was written and what to write; the caller adds the place.
 * `out` is untouched on failure. Numbers are decimal, without blanks, fractions or exponents.
 */
#ifndef CONF_UNITS_H
#define CONF_UNITS_H

#include <executus/status.h>

exs_status units_int(const char *text, int64_t *out, exs_err *err);
/* true and false, nothing else: YAML's yes, no, on and off are refused. 1 or 0. */
exs_status units_bool(const char *text, int64_t *out, exs_err *err);
/* "64m": bytes; k, m and g are powers of 1024, a bare number is bytes. */
exs_status units_size(const char *text, int64_t *out, exs_err *err);
/* "90s": milliseconds; ms, s, m, h, d. A bare number is refused, except 0. */
exs_status units_duration(const char *text, int64_t *out, exs_err *err);

#endif
