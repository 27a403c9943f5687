/* SPDX-License-Identifier: MIT */
/* newer_minor.c - made for a later minor ABI. */
#include "zoo.h"

ZOO_BATTERY(EXS_ABI + 7, sizeof(exs_battery), sizeof(exs_option));
