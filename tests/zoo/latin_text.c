/* SPDX-License-Identifier: MIT */
/* latin_text.c - has a summary that is not UTF-8. */
#include "zoo.h"

EXS_BATTERY("org.example.zoo", "1.0", "caf\xe9 ", "MIT", zoo_options, zoo_ports, zoo_open,
	    zoo_close, zoo_port)
