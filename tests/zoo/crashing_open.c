/* SPDX-License-Identifier: MIT */
/* crashing_open.c - writes to nowhere in open. */
#include "zoo.h"

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	volatile uintptr_t nowhere = 8;

	(void)host;
	(void)conf;
	(void)out;
	(void)err;
	*(volatile int *)nowhere = 1;
	return EXS_OK;
}
ZOO_WITH(zoo_options, zoo_ports, open_, zoo_port)
