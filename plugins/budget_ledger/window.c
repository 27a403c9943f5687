/* SPDX-License-Identifier: MIT */
/* window.c - see window.h. */
#include "window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR_MS (INT64_C(60) * 60 * 1000)
#define DAY_MS	(24 * HOUR_MS)

static bool rolling(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', HOUR_MS }, { 'd', DAY_MS } };
	size_t digits = strspn(text, "0123456789"), i;
	int64_t n;

	if (digits == 0 || digits > 9 || strlen(text) != digits + 1)
		return false;
	n = strtoll(text, NULL, 10);
	for (i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].unit == text[digits]) {
			*out = n * units[i].ms;
			return *out >= WINDOW_MIN_MS && *out <= WINDOW_MAX_MS;
		}
	return false;
}

bool window_parse(const char *text, struct window *out)
{
	static const char *const words[] = { [PER_RUN] = "run",
					     [PER_HOUR] = "hour",
					     [PER_DAY] = "day",
					     [PER_MONTH] = "month",
					     [PER_EVER] = "ever" };
	size_t i;

	out->ms = 0;
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(text, words[i]) == 0) {
			out->kind = (enum window_kind)i;
			return true;
		}
	out->kind = PER_ROLLING;
	return rolling(text, &out->ms);
}

static int64_t width(const struct window *w)
{
	return (w->ms + WINDOW_PARTS - 1) / WINDOW_PARTS;
}

static int64_t month_of(int64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return 0;
	return (int64_t)tm.tm_year * 12 + tm.tm_mon;
}

int64_t window_bucket(const struct window *w, int64_t wall_ms)
{
	if (wall_ms < 0)
		wall_ms = 0;
	switch (w->kind) {
	case PER_HOUR:
		return wall_ms / HOUR_MS;
	case PER_DAY:
		return wall_ms / DAY_MS;
	case PER_MONTH:
		return month_of(wall_ms);
	case PER_ROLLING:
		return wall_ms / width(w);
	default:
		return 0;
	}
}

int64_t window_oldest(const struct window *w, int64_t now)
{
	return w->kind == PER_ROLLING ? now - WINDOW_PARTS : now;
}

int64_t window_ends_ms(const struct window *w, int64_t bucket)
{
	struct tm tm = { .tm_mday = 1 };

	switch (w->kind) {
	case PER_HOUR:
		return (bucket + 1) * HOUR_MS;
	case PER_DAY:
		return (bucket + 1) * DAY_MS;
	case PER_MONTH:
		tm.tm_year = (int)((bucket + 1) / 12);
		tm.tm_mon = (int)((bucket + 1) % 12);
		return (int64_t)timegm(&tm) * 1000;
	case PER_ROLLING:
		return (bucket + 1 + WINDOW_PARTS) * width(w);
	default:
		return 0;
	}
}
