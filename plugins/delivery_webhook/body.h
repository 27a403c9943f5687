/* SPDX-License-Identifier: MIT */
/*
 * body.h - what is posted:
 * {"type":"run.ended","timestamp":...,"data":{"run","agent","caller","status","output",...}}.
 *
 * `data` is the run's end as its facts have it. When all of it is longer than the cap, the output
 * is cut between two characters, and "truncated", "output_bytes" and, when the settings have one,
 * "link" say so.
 */
#ifndef WEBHOOK_BODY_H
#define WEBHOOK_BODY_H

#include <executus/port/delivery.h>

/* The text is the caller's to free(); `link` may be empty, {run} in it is the run's id. TOOBIG:
 * even without the output. */
exs_status body_make(const exs_parcel *parcel, const char *link, size_t max, int64_t now_ms,
		     char **out, exs_err *err);

#endif
