/* SPDX-License-Identifier: MIT */
/* ask.h - what can be asked of the trail: which runs there were, and what each of them did. */
#ifndef AUDIT_STORE_ASK_H
#define AUDIT_STORE_ASK_H

#include "head.h"

#define ANCESTORS_MAX 256u /* a line of parents that is longer ends there */

typedef exs_status each_json(void *arg, exs_str json);

exs_status ask_list(exs_self *self, const exs_audit_filter *filter, each_json *row, void *arg,
		    exs_err *err);
exs_status ask_read(exs_self *self, const char *run_id, each_json *row, void *arg, exs_err *err);

#endif
