/* SPDX-License-Identifier: MIT */
/* mixed.c - serialised, and fills a port of long calls and one of short ones. */
#include "zoo.h"

#include <executus/port/delivery.h>

static void deliver(exs_self *self, const exs_parcel *parcel, exs_cancel *cancel, exs_done receipt)
{
	(void)self;
	(void)parcel;
	(void)cancel;
	exs_end(receipt, EXS_OK);
}

static const void *port(exs_self *self, const char *port_id)
{
	static const exs_delivery delivery = { sizeof delivery, 0, deliver };

	return strcmp(port_id, EXS_PORT_DELIVERY) == 0 ? &delivery : zoo_port(self, port_id);
}

static const char *const both[] = { EXS_PORT_AUDIT, EXS_PORT_DELIVERY, NULL };

ZOO_WITH(zoo_options, both, zoo_open, port)
