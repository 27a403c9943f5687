/* SPDX-License-Identifier: MIT */
/* hanging_open.c - never comes back from open. */
#include <unistd.h>

#include "zoo.h"

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	(void)host;
	(void)conf;
	(void)out;
	(void)err;
	while (pause())
		;
	return EXS_OK;
}
ZOO_WITH(zoo_options, zoo_ports, open_, zoo_port)
