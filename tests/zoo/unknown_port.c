/* SPDX-License-Identifier: MIT */
/* unknown_port.c - fills a port that no host knows. */
#include "zoo.h"

static const char *const ports[] = { "org.example.oracle/1", NULL };
ZOO_WITH(zoo_options, ports, zoo_open, zoo_port)
