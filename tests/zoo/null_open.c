/* SPDX-License-Identifier: MIT */
/* null_open.c - has no open. */
#include "zoo.h"

ZOO_WITH(zoo_options, zoo_ports, NULL, zoo_port)
