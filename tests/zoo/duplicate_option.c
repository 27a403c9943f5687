/* SPDX-License-Identifier: MIT */
/* duplicate_option.c - declares one option twice. */
#include "zoo.h"

static const exs_option options[] = {
	{ "path", EXS_OPT_PATH, 0, NULL, "where", NULL },
	{ "path", EXS_OPT_TEXT, 0, NULL, "where again", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
ZOO_WITH(options, zoo_ports, zoo_open, zoo_port)
