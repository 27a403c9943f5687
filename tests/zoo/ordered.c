/* SPDX-License-Identifier: MIT */
/* ordered.c - says in the log when it is opened and closed, and whether there was a store by then.
 */
#include "zoo.h"

#include <executus/svc/store.h>

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_logf(host, EXS_INFO, "open, store %s",
		 host->service(host, EXS_SVC_STORE) ? "yes" : "no");
	return zoo_open(host, conf, out, err);
}

static void close_(exs_self *self)
{
	exs_logf(self->host, EXS_INFO, "close");
	free(self);
}

EXS_BATTERY("org.example.ordered", "1.0", "tells when it is opened", "MIT", zoo_options, zoo_ports,
	    open_, close_, zoo_port)
