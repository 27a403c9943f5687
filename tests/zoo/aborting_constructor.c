/* SPDX-License-Identifier: MIT */
/* aborting_constructor.c - aborts while it is loaded. */
#include "zoo.h"

__attribute__((constructor)) static void give_up(void)
{
	abort();
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, zoo_port)
