/* SPDX-License-Identifier: MIT */
/* changing_head.c - changes its table when it is loaded. */
#include "zoo.h"

extern EXS_EXPORT exs_battery executus_battery;
EXS_EXPORT exs_battery executus_battery = { EXS_ABI,
					    sizeof(exs_battery),
					    sizeof(exs_option),
					    0,
					    "org.example.zoo",
					    "1.0",
					    "a bad one",
					    "MIT",
					    zoo_options,
					    zoo_ports,
					    zoo_open,
					    zoo_close,
					    zoo_port };

__attribute__((constructor)) static void change(void)
{
	executus_battery.flags = EXS_CONCURRENT;
}
