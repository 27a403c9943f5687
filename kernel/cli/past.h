/* SPDX-License-Identifier: MIT */
/* past.h - a run as its stored facts tell it: for show. */
#ifndef CLI_PAST_H
#define CLI_PAST_H

#include "cli/cli.h"
#include "fact/state.h"

struct past {
	const char *id;
	struct state state;
	int64_t facts, ended_ms, last_ms;
	exs_err damage; /* status 0: the facts are whole and follow each other */
	exs_status (*each)(void *arg, const exs_fact *fact); /* sees every fact too; may be NULL */
	void *arg;
};

void past_init(struct past *p, const char *run_id);
void past_release(struct past *p);
/* NOTFOUND; what is damaged is noted and what came before it is kept. */
exs_status past_load(struct past *p, struct cli *c, exs_err *err);

#endif
