/* SPDX-License-Identifier: MIT */
/* small_symbol.c - exports fewer bytes than any table begins with. */
#include "zoo.h"

extern EXS_EXPORT const uint32_t executus_battery[2];
EXS_EXPORT const uint32_t executus_battery[2] = { EXS_ABI, sizeof(exs_battery) };
