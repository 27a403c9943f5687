/* SPDX-License-Identifier: MIT */
/* null_functions.c - gives a table whose functions are missing. */
#include "zoo.h"

static const void *port(exs_self *self, const char *port_id)
{
	static const exs_audit audit = { sizeof audit, 0, zoo_start, NULL, NULL };

	(void)self;
	(void)port_id;
	return &audit;
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, port)
