/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a person or a script is told of runs while they go on and when they are over: for
 *run and resume.
 *
 *	report_init(&rep, cli);
 *	report_listener(&one, &rep)  ... engine_start(..., &listener, &one.run, ...)
 *	while (!engine_wait(one.run, LIVE_DRAW_MS))
 *		live_draw(&rep.live);
 *	code = report_over(&one);
 *	report_end(&rep);
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/cli.h"
#include "base/ids.h"
#include "cli/live.h"

enum report_form { REPORT_TEXT, REPORT_JSON, REPORT_JSONL };

struct report {
	struct cli *c;
	enum report_form form;
	struct live live;
	pthread_mutex_t lock; /* lines of several runs */
	bool many;	      /* JSON: an array of results */
	size_t printed;	      /* JSON results so far */
};

/* One run. Lives as long as the run. */
struct reported {
	struct report *rep;
	struct run *run;
	char id[ID_MAX];
	bool local;	    /* a delivery prints its result on the terminal */
	_Atomic bool ended; /* here, in this process: so that delivery was made */
};

/* Flags of report_init. */
enum { REPORT_MANY = 1u /* several runs: no live line, and JSON is an array */ };

/* With JSON it sets standard output aside: see out_claim. */
exs_status report_init(struct report *rep, struct cli *c, uint32_t flags, exs_err *err);
void report_release(struct report *rep);
void report_listener(struct reported *one, struct report *rep, struct run_listener *out);
/* Prints what there is to print of a run that is over; its exit status. */
int report_over(struct reported *one);
/* After the last of them. */
void report_end(struct report *rep);

/* Does that target ("kind:target") print on the terminal of whoever runs the command? */
bool report_is_local(struct host *h, exs_str target);

#endif
