/* SPDX-License-Identifier: MIT */
/*
 * lines.h - reads a stream of JSON values, one a line (NDJSON), cut between any two bytes.
 *
 * Lines end with LF or CRLF, empty ones and a byte order mark at the start are skipped. Whether a
 * line is JSON is for whoever gets it to say.
 */
#ifndef COMMON_MODEL_LINES_H
#define COMMON_MODEL_LINES_H

#include "../common_json/text.h"

#define LINES_LINE_MAX (8u << 20) /* bytes of one line */

struct lines {
	/* Gets one line without its end; anything but OK stops the reader. */
	exs_status (*line)(void *arg, exs_str line);
	void *arg;
	struct text part; /* the start of a line whose end has not come */
	bool begun;	  /* past the first line */
};

void lines_init(struct lines *l, exs_status (*line)(void *arg, exs_str line), void *arg);
void lines_release(struct lines *l);
/* What `line` answered, TOOBIG over LINES_LINE_MAX, NOMEM. Not to be called again after a failure.
 */
exs_status lines_feed(struct lines *l, const char *p, size_t n);
/* After the last byte: the last line may lack its end, be whole or cut. The same statuses. */
exs_status lines_end(struct lines *l);

#endif
