/* SPDX-License-Identifier: MIT */
/*
 * line.h - one fact as one line of JSON:
 *
 *	{"run":"ID","seq":7,"at":"2026-01-31T12:00:00.123Z","kind":"call_ended","step":2,"attempt":1,
 *	 "call":"2.0","name":"read_file","usage":{...},"body":{...}}
 *
 * "call" and "name" are left out when they are empty, "usage" when the fact has none. A kind that
 * is newer than this battery is written as "fact_NUMBER".
 */
#ifndef COMMON_FACT_LINE_H
#define COMMON_FACT_LINE_H

#include <executus/fact.h>
#include <executus/helper.h>

#define LINE_MAX_BYTES (16u << 20) /* a fact that needs more is not written */

/* Appends the line with its newline. The bytes of `out` are undefined after a failure. */
exs_status line_of(exs_membuf *out, const char *run_id, const exs_fact *fact);
/*
 * Appends `key`, which ends in the quote that opens a text, the text as JSON and the quote that closes it. What is not
 * UTF-8 becomes U+FFFD. The bytes of `out` are undefined after a failure.
 */
exs_status line_text(exs_membuf *out, const char *key, exs_str text);

#endif
