/* SPDX-License-Identifier: MIT */
/* failing_open.c - refuses to open and says why. */
#include "zoo.h"

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	(void)host;
	(void)conf;
	(void)out;
	return exs_fail(err, EXS_INVALID, 0, "the moon is in the wrong phase");
}
ZOO_WITH(zoo_options, zoo_ports, open_, zoo_port)
