/* SPDX-License-Identifier: MIT */
/* null_port.c - lists a port and gives no table for it. */
#include "zoo.h"

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	(void)port_id;
	return NULL;
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, port)
