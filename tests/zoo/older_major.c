/* SPDX-License-Identifier: MIT */
/* older_major.c - made for an ABI before the first. */
#include "zoo.h"

ZOO_BATTERY(0x00000003u, sizeof(exs_battery), sizeof(exs_option));
