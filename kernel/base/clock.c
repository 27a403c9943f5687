/* SPDX-License-Identifier: MIT */
/* clock.c - the wall clock to show, the monotonic one to wait by. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static int64_t read_ns(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	/* These clocks exist on every Linux: the call cannot fail. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_wall_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_coarse_ms(void)
{
	return read_ns(CLOCK_MONOTONIC_COARSE) / 1000000;
}

void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
	time_t seconds = (time_t)(wall_ms >= 0 ? wall_ms / 1000 : -((999 - wall_ms) / 1000));
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, CLOCK_TEXT_MAX, "-");
}
