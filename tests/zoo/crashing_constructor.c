/* SPDX-License-Identifier: MIT */
/* crashing_constructor.c - writes to nowhere while it is loaded. */
#include "zoo.h"

__attribute__((constructor)) static void crash(void)
{
	volatile uintptr_t nowhere = 8;

	*(volatile int *)nowhere = 1;
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, zoo_port)
