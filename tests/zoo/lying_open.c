/* SPDX-License-Identifier: MIT */
/* lying_open.c - opens with a status that does not exist. */
#include "zoo.h"

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	(void)host;
	(void)conf;
	(void)out;
	(void)err;
	return 4711;
}
ZOO_WITH(zoo_options, zoo_ports, open_, zoo_port)
