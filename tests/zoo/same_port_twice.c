/* SPDX-License-Identifier: MIT */
/* same_port_twice.c - lists one port twice. */
#include "zoo.h"

static const char *const ports[] = { EXS_PORT_AUDIT, EXS_PORT_AUDIT, NULL };
ZOO_WITH(zoo_options, ports, zoo_open, zoo_port)
