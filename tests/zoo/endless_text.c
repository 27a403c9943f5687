/* SPDX-License-Identifier: MIT */
/* endless_text.c - has a version of 300 letters. */
#include "zoo.h"

#define TEN	"0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
EXS_BATTERY("org.example.zoo", HUNDRED HUNDRED HUNDRED, "a bad one", "MIT", zoo_options, zoo_ports,
	    zoo_open, zoo_close, zoo_port)
