/* SPDX-License-Identifier: MIT */
/* reentry_at_once.c - the same nuisance, which promises that its long calls return at once. */
#include <executus/battery.h>

#define REENTRY_FLAGS (EXS_CONCURRENT | EXS_RETURNS_AT_ONCE)

#include "reentry.c"
