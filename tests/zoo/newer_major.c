/* SPDX-License-Identifier: MIT */
/* newer_major.c - made for the next major ABI. */
#include "zoo.h"

ZOO_BATTERY((EXS_ABI_MAJOR + 1) << 16, sizeof(exs_battery), sizeof(exs_option));
