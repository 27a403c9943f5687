/* SPDX-License-Identifier: MIT */
/* tiny_table.c - says that its table is shorter than ABI 1. */
#include "zoo.h"

ZOO_BATTERY(EXS_ABI, 40, sizeof(exs_option));
