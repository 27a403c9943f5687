/* SPDX-License-Identifier: MIT */
/* clock.h - two clocks: one to show (wall), one to wait by (mono). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);
int64_t clock_coarse_ms(void); /* mono, a few milliseconds behind, costs nothing */

/* "2026-01-31T12:00:00Z" into out. */
#define CLOCK_TEXT_MAX 32u
void clock_text(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);

#endif
