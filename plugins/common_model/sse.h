/* SPDX-License-Identifier: MIT */
/*
 * sse.h - reads a stream of server-sent events, cut between any two bytes.
 *
 * Follows the WHATWG rules: lines end with CR, LF or CRLF, a byte order mark at the start is
 * skipped, comments are skipped, several data lines are joined by a newline, an event that no empty
 * line ended is dropped. One thing is ours: an event whose data is empty is skipped, for it can say
 * nothing in JSON. `event`, `id` and `retry` say nothing
 * that the data does not say too, and are skipped.
 */
#ifndef COMMON_MODEL_SSE_H
#define COMMON_MODEL_SSE_H

#include "../common_json/text.h"

#define SSE_EVENT_MAX (8u << 20) /* bytes of one line and of one event */

struct sse {
	/* Gets the data of one event; anything but OK stops the reader. */
	exs_status (*event)(void *arg, exs_str data);
	void *arg;
	struct text line; /* the start of a line whose end has not come */
	struct text data; /* of the event so far */
	bool has_data;	  /* the event has a data line, even an empty one */
	bool after_cr;	  /* a LF now belongs to the line before */
	unsigned bom;	  /* bytes of the mark that were seen; 3: past it, or there is none */
};

void sse_init(struct sse *s, exs_status (*event)(void *arg, exs_str data), void *arg);
void sse_release(struct sse *s);
/* What `event` answered, TOOBIG over SSE_EVENT_MAX, NOMEM. Not to be called again after a failure.
 */
exs_status sse_feed(struct sse *s, const char *p, size_t n);

#endif
