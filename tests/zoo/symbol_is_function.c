/* SPDX-License-Identifier: MIT */
/* symbol_is_function.c - exports a function under the table's name. */
#include "zoo.h"

EXS_EXPORT const void *executus_battery(void);

const void *executus_battery(void)
{
	return zoo_options;
}
