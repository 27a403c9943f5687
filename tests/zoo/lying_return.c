/* SPDX-License-Identifier: MIT */
/* lying_return.c - answers with a status that does not exist. */
#include "zoo.h"

static exs_status lie(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	(void)trail;
	(void)fact;
	(void)batch;
	(void)err;
	return 999;
}

static exs_status start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err)
{
	(void)run;
	(void)err;
	*out = (exs_trail *)(void *)self;
	return EXS_OK;
}

static const void *port(exs_self *self, const char *port_id)
{
	static const exs_audit audit = {
		.size = sizeof audit,
		.start = start,
		.record = lie,
		.finish = zoo_finish,
	};

	(void)self;
	(void)port_id;
	return &audit;
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, port)
