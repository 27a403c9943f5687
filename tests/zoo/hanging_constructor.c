/* SPDX-License-Identifier: MIT */
/* hanging_constructor.c - never comes back from being loaded. */
#include <unistd.h>

#include "zoo.h"

__attribute__((constructor)) static void hang(void)
{
	for (;;)
		pause();
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, zoo_port)
