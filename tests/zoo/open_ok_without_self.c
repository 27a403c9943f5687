/* SPDX-License-Identifier: MIT */
/* open_ok_without_self.c - says that it opened and gives nothing. */
#include "zoo.h"

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	(void)host;
	(void)conf;
	(void)out;
	(void)err;
	return EXS_OK;
}
ZOO_WITH(zoo_options, zoo_ports, open_, zoo_port)
