/* SPDX-License-Identifier: MIT */
/* bad_option_size.c - says that an option is shorter than it ever was. */
#include "zoo.h"

ZOO_BATTERY(EXS_ABI, sizeof(exs_battery), 16);
