/* SPDX-License-Identifier: MIT */
/*
 * live.h - one line on the terminal that shows what a run does: "step 2 · grep "TODO" · 3 calls
 * · 1.2k tokens · 4s".
 *
 * Facts and text arrive on step workers and are only noted; one thread draws. The line is erased
 * before anything else is printed: by the log through log->live_line, and for good when the run has
 * ended.
 */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <pthread.h>
#include <stdbool.h>
#include <executus/fact.h>
#include "base/log.h"

#define LIVE_WHAT_MAX 160u /* bytes of what it does now */
#define LIVE_SAID_MAX 40u  /* and of what the model says */
#define LIVE_LINE_MAX 1024u
#define LIVE_DRAW_MS  200 /* between two drawings */

struct live {
	pthread_mutex_t lock;
	struct log *log;
	bool on;
	int32_t step;
	int64_t calls, tokens, started_ms;
	char what[LIVE_WHAT_MAX], said[LIVE_SAID_MAX];
	size_t said_n;
	int32_t said_step;
};

/* Flags of live_init. */
enum { LIVE_QUIET = 1u };

/* Draws only when the log goes to a terminal that can erase a line. */
void live_init(struct live *l, struct log *log, uint32_t flags);
void live_release(struct live *l);
void live_fact(struct live *l, const exs_fact *fact);
void live_delta(struct live *l, int32_t step, exs_str text); /* as a listener gets it */
void live_draw(struct live *l);
void live_end(struct live *l); /* erases it; nothing is drawn any more */

/* "1.2k", "4s", "2m05s" */
void live_count(char *out, size_t size, int64_t n);
void live_time(char *out, size_t size, int64_t ms);

#endif
