/* SPDX-License-Identifier: MIT */
/* no_options.c - has no table of options at all. */
#include "zoo.h"

ZOO_WITH(NULL, zoo_ports, zoo_open, zoo_port)
