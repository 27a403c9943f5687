/* SPDX-License-Identifier: MIT */
/* replayed.h - a run that was replayed: what cmd_replay.c found, and what it shows to --with. */
#ifndef CLI_REPLAYED_H
#define CLI_REPLAYED_H

#include "cli/cli.h"
#include "run/whatif.h"

#define REPLAY_OUT_MAX (16u << 20) /* bytes of what is printed behind the facts */

/* Another configuration: only its critic and its budget are opened. */
struct with {
	const char *file; /* NULL: none was asked for */
	struct conf *conf;
	struct host *host;
	struct whatif whatif;
};

struct replayed {
	struct cli *c;
	const char *id;
	bool list, json; /* --facts, --json */
	size_t listed;	 /* facts that were printed */
	struct replay r;
	exs_err damage; /* status 0: all facts were read and follow each other */
	struct with with;
	bool asked; /* and it was asked: the record itself is whole and the same */
};

/* ---- replay_with.c ---- */

/* False: an exit status is in *code and the reason was said; with_close is due all the same. */
bool with_open(struct replayed *p, const char *file, int *code);
void with_close(struct replayed *p);
/* Behind the replay. */
exs_status with_ask(struct replayed *p, exs_err *err);
bool with_same(const struct replayed *p);
void with_text(const struct replayed *p, struct buf *b);
void with_json(const struct replayed *p, struct buf *b);

#endif
