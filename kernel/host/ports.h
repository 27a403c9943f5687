/* SPDX-License-Identifier: MIT */
/* ports.h - which ports there are, and what a table must have before the kernel calls it. */
#ifndef HOST_PORTS_H
#define HOST_PORTS_H

#include <executus/port/audit.h>
#include <executus/port/budget.h>
#include <executus/port/checkpoint.h>
#include <executus/port/critic.h>
#include <executus/port/delivery.h>
#include <executus/port/model.h>
#include <executus/port/store.h>
#include <executus/port/tool.h>

/*
 * INVALID with a sentence when the table is NULL, shorter than revision 1 or lacks a required
 * function. `name` is the instance's, `file` the battery's.
 */
exs_status port_check(const char *port_id, const void *table, const char *name, const char *file,
		      exs_err *err);

#endif
