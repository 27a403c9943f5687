/* SPDX-License-Identifier: MIT */
/* replayed.h - a run that was replayed: what cmd_replay.c found, and what it shows to --with. */
#ifndef CLI_REPLAYED_H
#define CLI_REPLAYED_H

#include "cli/cli.h"
#include "run/replay.h"

struct replayed {
	struct cli *c;
	const char *id;
	bool list, json; /* --facts, --json */
	size_t listed;	 /* facts that were printed */
	struct replay r;
	exs_err damage; /* status 0: all facts were read and follow each other */
};

#endif
