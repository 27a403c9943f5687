/* SPDX-License-Identifier: MIT */
/* not_constant.c - fills its table when it is loaded. */
#include "zoo.h"

extern EXS_EXPORT exs_battery executus_battery;
EXS_EXPORT exs_battery executus_battery;

__attribute__((constructor)) static void fill(void)
{
	executus_battery.abi = EXS_ABI;
	executus_battery.size = sizeof executus_battery;
}
