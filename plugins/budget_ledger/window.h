/* SPDX-License-Identifier: MIT */
/*
 * window.h - since when does it count?
 *
 * What was spent lies in numbered buckets of time. The hour, the day and the month of the calendar
 * (UTC) are one bucket each; a rolling window is cut into WINDOW_PARTS, and a bucket counts until
 * the whole of it is older than the window: the window is up to one part longer than asked for,
 * never shorter. Pure functions.
 */
#ifndef LEDGER_WINDOW_H
#define LEDGER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_PARTS  32
#define WINDOW_MIN_MS 1000
#define WINDOW_MAX_MS (INT64_C(3660) * 24 * 60 * 60 * 1000)

enum window_kind { PER_RUN, PER_HOUR, PER_DAY, PER_MONTH, PER_EVER, PER_ROLLING };

struct window {
	enum window_kind kind;
	int64_t ms; /* of a rolling one */
};

/* "run", "hour", "day", "month", "ever", or a time such as "7d" (units s, m, h, d). */
bool window_parse(const char *text, struct window *out);
/* The bucket of a wall clock time. */
int64_t window_bucket(const struct window *w, int64_t wall_ms);
/* The oldest bucket that still counts when `now` is the newest. */
int64_t window_oldest(const struct window *w, int64_t now);
/* Wall clock time at which a bucket stops to count; 0: never. */
int64_t window_ends_ms(const struct window *w, int64_t bucket);

#endif
