/* SPDX-License-Identifier: MIT */
/*
 * reply.h - the body of one answer: tells a stream from a JSON body, an error and a web page,
 * whatever its content type says, and feeds the dialect.
 */
#ifndef COMMON_MODEL_REPLY_H
#define COMMON_MODEL_REPLY_H

#include "dialect.h"
#include "errors.h"
#include "lines.h"
#include "sse.h"

#define REPLY_BODY_MAX (64u << 20) /* bytes of any body */
#define REPLY_ERROR_MAX                                                                            \
	(64u << 10) /* bytes of an error body that are kept; the rest is dropped                   \
		     */

enum reply_kind { REPLY_UNKNOWN, REPLY_STREAM, REPLY_JSON, REPLY_PAGE, REPLY_REFUSAL };

struct reply {
	enum reply_kind kind;
	size_t bytes, events;
	exs_status status; /* why reading stopped; of sse_feed, lines_feed and the dialect */
	struct sse sse;
	struct lines lines; /* instead of events, where the dialect says so */
	const struct dialect *dialect;
	struct answer answer;
	struct text body; /* REPLY_JSON, REPLY_REFUSAL */
};

void reply_init(struct reply *r, const struct dialect *dialect);
void reply_release(struct reply *r);

/* A part of the body of an answer with this HTTP status. False: enough, stop the transfer. */
bool reply_feed(struct reply *r, long http, const char *p, size_t n);
/* After the last byte. True: the answer is whole. False: `out` says why not. */
bool reply_judge(struct reply *r, const struct peer *peer, long http, const struct hints *hints,
		 struct failure *out);

#endif
