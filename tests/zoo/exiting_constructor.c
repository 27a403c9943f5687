/* SPDX-License-Identifier: MIT */
/* exiting_constructor.c - ends the process, as if all were well, while it is loaded. */
#include "zoo.h"

__attribute__((constructor)) static void leave(void)
{
	exit(0);
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, zoo_port)
