/* SPDX-License-Identifier: MIT */
/* odd_option_size.c - says that an option is a size that no array can have. */
#include "zoo.h"

ZOO_BATTERY(EXS_ABI, sizeof(exs_battery), sizeof(exs_option) + 1);
