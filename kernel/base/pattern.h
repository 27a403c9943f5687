/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - the regular expressions of the conf: POSIX extended, seeing one line at a time.
 *
 * Only those are taken that do not fit the empty text.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <regex.h>
#include <executus/bytes.h>

/* INVALID with a sentence that goes on from "'...' "; NOMEM. Only after OK there is something to
 * regfree. */
exs_status pattern_compile(const char *pattern, regex_t *out, exs_err *err);

#endif
