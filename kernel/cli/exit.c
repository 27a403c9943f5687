/* SPDX-License-Identifier: MIT */
/* exit.c - from how a run ended to the exit status. See exit.h. */
#include "cli/exit.h"

#include <string.h>

const struct exit_row exit_rows[] = {
	{ EXIT_OK, "it worked" },
	{ EXIT_RUN, "the run ended in an error; of replay and diff: something differs" },
	{ EXIT_USAGE, "the command line is wrong" },
	{ EXIT_CONF, "the configuration or a battery is wrong" },
	{ EXIT_BUDGET, "the budget refused" },
	{ EXIT_CANCELLED, "the run was cancelled" },
	{ EXIT_DEADLINE, "the run's time was over" },
	{ EXIT_KILLED, "the critic ended the run" },
	{ EXIT_PARKED, "the run waits for a person" },
	{ EXIT_MODEL, "no model answered" },
	{ EXIT_STORAGE, "something could not be stored or read" },
	{ EXIT_AGAIN, "interrupted: 'executus resume' goes on" },
	{ 0, NULL },
};

static int exit_of_parked(const char *reason)
{
	if (strcmp(reason, "storage") == 0)
		return EXIT_STORAGE;
	if (strcmp(reason, "owner") == 0 || strcmp(reason, "shutdown") == 0)
		return EXIT_AGAIN;
	return EXIT_PARKED;
}

static int exit_of_error(const char *reason)
{
	if (strcmp(reason, "model") == 0)
		return EXIT_MODEL;
	if (strcmp(reason, "storage") == 0)
		return EXIT_STORAGE;
	return EXIT_RUN;
}

int exit_of_run(const struct run_result *r)
{
	switch (r->status) {
	case EXS_ENDED_OK: /* an answer that nobody got is no success */
		return r->undelivered ? EXIT_STORAGE : EXIT_OK;
	case EXS_ENDED_CANCELLED:
		return EXIT_CANCELLED;
	case EXS_ENDED_TIMEOUT:
		return EXIT_DEADLINE;
	case EXS_ENDED_KILLED:
		return EXIT_KILLED;
	case EXS_ENDED_DENIED:
		return EXIT_BUDGET;
	case EXS_ENDED_INTERRUPTED:
		return strcmp(r->reason, "storage") == 0 ? EXIT_STORAGE : EXIT_AGAIN;
	case EXS_ENDED_PARKED:
		return exit_of_parked(r->reason);
	default:
		return exit_of_error(r->reason);
	}
}

int exit_of_status(exs_status status)
{
	switch (status) {
	case EXS_OK:
		return EXIT_OK;
	case EXS_INVALID:
	case EXS_UNSUPPORTED:
		return EXIT_CONF;
	case EXS_DENIED:
		return EXIT_BUDGET;
	case EXS_CANCELLED:
		return EXIT_CANCELLED;
	case EXS_IO:
	case EXS_CORRUPT:
	case EXS_LOST:
		return EXIT_STORAGE;
	case EXS_AGAIN:
	case EXS_CONFLICT:
		return EXIT_AGAIN;
	default:
		return EXIT_RUN;
	}
}

int exit_worse(int a, int b)
{
	/* What has not ended goes first, then what went wrong, then what was ended on purpose. */
	static const int order[] = { EXIT_STORAGE,  EXIT_AGAIN,	 EXIT_PARKED,
				     EXIT_MODEL,    EXIT_RUN,	 EXIT_KILLED,
				     EXIT_DEADLINE, EXIT_BUDGET, EXIT_CANCELLED };
	size_t i;

	for (i = 0; i < sizeof order / sizeof *order; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a ? a : b;
}
