/* SPDX-License-Identifier: MIT */
/* bad_default.c - has a default that is not of its type. */
#include "zoo.h"

static const exs_option options[] = {
	{ "width", EXS_OPT_INT, 0, "wide", "how many", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
ZOO_WITH(options, zoo_ports, zoo_open, zoo_port)
