/* SPDX-License-Identifier: MIT */
/* control_in_text.c - has a terminal escape in its summary. */
#include "zoo.h"

EXS_BATTERY("org.example.zoo", "1.0", "red \033[31m", "MIT", zoo_options, zoo_ports, zoo_open,
	    zoo_close, zoo_port)
