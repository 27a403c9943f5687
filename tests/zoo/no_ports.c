/* SPDX-License-Identifier: MIT */
/* no_ports.c - fills no port. */
#include "zoo.h"

static const char *const ports[] = { NULL };
ZOO_WITH(zoo_options, ports, zoo_open, zoo_port)
