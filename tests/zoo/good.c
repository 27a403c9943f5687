/* SPDX-License-Identifier: MIT */
/* good.c - nothing is wrong with this one. */
#include "zoo.h"

ZOO_WITH(zoo_options, zoo_ports, zoo_open, zoo_port)
