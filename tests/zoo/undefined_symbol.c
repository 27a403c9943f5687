/* SPDX-License-Identifier: MIT */
/* undefined_symbol.c - needs a function that nobody has. */
#include "zoo.h"

int nobody_has_this(void);

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	if (nobody_has_this())
		return exs_fail(err, EXS_IO, 0, "somebody has it");
	return zoo_open(host, conf, out, err);
}
ZOO_WITH(zoo_options, zoo_ports, open_, zoo_port)
