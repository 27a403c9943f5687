/* SPDX-License-Identifier: MIT */
/* model.h - a battery for one dialect: its own file gives the table, its options and these. */
#ifndef COMMON_MODEL_MODEL_H
#define COMMON_MODEL_MODEL_H

#include "dialect.h"
#include "settings.h"

/* What EXS_BATTERY_FLAGS takes; open is model_open with the dialect in front. */
exs_status model_open(const struct dialect *dialect, const exs_host *host, const exs_conf *conf,
		      exs_self **out, exs_err *err);
void model_close(exs_self *self);
const void *model_port(exs_self *self, const char *port_id);

#endif
