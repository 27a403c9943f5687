/* SPDX-License-Identifier: MIT */
/* run_list.h - runs on standard output, one a line or as JSON: for 'runs' and 'audit list'. */
#ifndef CLI_RUN_LIST_H
#define CLI_RUN_LIST_H

#include "cli/cli.h"
#include "cli/filter.h"
#include "rows/hold.h"

struct run_list {
	struct cli *c;
	struct filter filter;
	struct buf text; /* JSON, or nothing */
	bool json;
	struct holds holds; /* empty, unless the caller read them before the list */
};

/* INVALID: an option makes no sense. */
exs_status run_list_init(struct run_list *l, struct cli *c, exs_err *err);
/* For list of a checkpoint or an audit; `arg` is the list. */
exs_status run_list_row(void *arg, exs_str head);
/* The runs that an audit knows. */
exs_status run_list_ask(struct run_list *l, struct instance *audit, exs_err *err);
/* Prints what is left and releases; `status` is that of the list, *none: it is empty. Returns the
 * exit status. */
int run_list_end(struct run_list *l, exs_status status, const exs_err *err, bool *none);

#endif
