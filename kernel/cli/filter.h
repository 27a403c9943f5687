/* SPDX-License-Identifier: MIT */
/*
 * filter.h - which runs a list shows, by the options of the command line.
 *
 * A head is the JSON object that a checkpoint or an audit lists. An audit filters by itself; what
 * it gives passes through here all the same, for --open, --last and the limit.
 */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include <executus/port/audit.h>
#include "base/buf.h"
#include "cli/opts.h"

#define FILTER_AGENTS_MAX 1024u /* agents whose newest run is shown */
#define FILTER_LIMIT	  100	/* runs without --limit */

struct filter {
	exs_audit_filter pub; /* as an audit takes it; borrows from the options */
	bool open;	      /* only what has not ended */
	bool last;	      /* only the newest of each agent */
	long limit, n;	      /* at most; taken so far */
	char *next;    /* ancestors, of heads that come newest first: the one that is looked for */
	char **agents; /* of which one was taken */
	size_t agent_n;
};

/* INVALID with a sentence. `now_ms` is the wall clock. */
exs_status filter_init(struct filter *f, const struct opts *o, int64_t now_ms, exs_err *err);
void filter_release(struct filter *f);

/* OK: it is wanted and counted. NOTFOUND: not this one. TOOBIG: the list is full. NOMEM. */
exs_status filter_take(struct filter *f, exs_str head);

/* "2026-01-31", "2026-01-31T12:00", "...:30", "...Z", or how long ago: "90m", "7d". */
exs_status filter_when(const char *text, int64_t now_ms, int64_t *out, exs_err *err);
/* "0.25": millionths. */
exs_status filter_cost(const char *text, int64_t *out, exs_err *err);

#endif
