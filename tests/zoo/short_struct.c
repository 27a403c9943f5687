/* SPDX-License-Identifier: MIT */
/* short_struct.c - exports fewer bytes than its size claims. */
#include "zoo.h"

extern EXS_EXPORT const uint32_t executus_battery[4];
EXS_EXPORT const uint32_t executus_battery[4] = { EXS_ABI, sizeof(exs_battery), sizeof(exs_option),
						  0 };
