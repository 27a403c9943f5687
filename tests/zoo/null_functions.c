/* SPDX-License-Identifier: MIT */
/* null_functions.c - gives a table whose functions are missing. */
#include "zoo.h"

static const void *port(exs_self *self, const char *port_id)
{
	static const exs_audit audit = {
		.size = sizeof audit,
		.start = zoo_start,
	};

	(void)self;
	(void)port_id;
	return &audit;
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, port)
