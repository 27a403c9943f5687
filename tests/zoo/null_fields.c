/* SPDX-License-Identifier: MIT */
/* null_fields.c - has a summary and nothing else to say. */
#include "zoo.h"

EXS_BATTERY(NULL, NULL, "a bad one", NULL, zoo_options, zoo_ports, zoo_open, zoo_close, zoo_port)
