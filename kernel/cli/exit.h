/* SPDX-License-Identifier: MIT */
/* exit.h - exit statuses: what a script may branch on. The numbers never change. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include "run/engine.h"

enum {
	EXIT_OK = 0,
	EXIT_RUN = 1,
	EXIT_USAGE = 2,
	EXIT_CONF = 3,
	EXIT_BUDGET = 4,
	EXIT_CANCELLED = 5,
	EXIT_DEADLINE = 6,
	EXIT_KILLED = 7,
	EXIT_PARKED = 8,
	EXIT_MODEL = 69,
	EXIT_STORAGE = 73,
	EXIT_AGAIN = 75
};

struct exit_row {
	int code;
	const char *meaning;
};
/* Ended by a NULL meaning: for help and the man page. */
extern const struct exit_row exit_rows[];

/* Of a run that is over. */
int exit_of_run(const struct run_result *r);
/* Of a failure before or beside any run. */
int exit_of_status(exs_status status);
/* Of two runs: the one that a person should look at first. */
int exit_worse(int a, int b);

#endif
