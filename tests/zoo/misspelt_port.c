/* SPDX-License-Identifier: MIT */
/* misspelt_port.c - fills a port that is spelt otherwise. */
#include "zoo.h"

static const char *const ports[] = { "executus.adit/1", NULL };
ZOO_WITH(zoo_options, ports, zoo_open, zoo_port)
