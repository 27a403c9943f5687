/* SPDX-License-Identifier: MIT */
/* newer_port_revision.c - fills the next revision of a port. */
#include "zoo.h"

static const char *const ports[] = { "executus.audit/2", NULL };
ZOO_WITH(zoo_options, ports, zoo_open, zoo_port)
