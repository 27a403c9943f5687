/* SPDX-License-Identifier: MIT */
/* show_doubt.h - what `show` says of calls in doubt: what was sent, when, with which key, and how to settle it. */
#ifndef CLI_SHOW_DOUBT_H
#define CLI_SHOW_DOUBT_H

#include "fact/state.h"

void doubt_lines(const char *run_id, const struct state *s, struct buf *out); /* nothing when none is */
void doubt_json(const struct state *s, struct buf *out);		      /* ,"in_doubt":[...] */

#endif
