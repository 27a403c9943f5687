/* SPDX-License-Identifier: MIT */
/* endless_ports.c - lists more ports than there are. */
#include "zoo.h"

#define A EXS_PORT_AUDIT
static const char *const ports[] = { A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
				     A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
				     A, A, A, A, A, A, A, A, A, A, A, A, A, A };
ZOO_WITH(zoo_options, ports, zoo_open, zoo_port)
