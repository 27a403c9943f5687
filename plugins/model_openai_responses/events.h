/* SPDX-License-Identifier: MIT */
/*
 * events.h - reads the events of a response, or the whole response of a server that does not
 * stream. The end marker is response.completed, response.incomplete or response.failed.
 *
 * Until then the answer holds what the deltas gave, so that it can be shown. The end replaces it by
 * one source alone: the output of the terminal event; where a server leaves that empty, the items
 * that were done, when all were; else what the deltas gave.
 */
#ifndef MODEL_OPENAI_RESPONSES_EVENTS_H
#define MODEL_OPENAI_RESPONSES_EVENTS_H

#include "../common_model/answer.h"

#define EVENTS_SLOTS_MAX 256u	    /* output items of one response */
#define EVENTS_ID_MAX	 1024u	    /* bytes of an item's id */
#define EVENTS_DONE_MAX	 (8u << 20) /* bytes of the items that are done: as one event may have */

/* One output item while it comes. */
struct slot {
	struct text id;
	int64_t index;	      /* output_index; -1: the server sent none */
	bool said;	      /* a piece of its text came */
	size_t done_at, done; /* its whole item in `done` of struct events; 0 bytes: not yet */
};

struct events {
	struct slot *slots; /* NULL before the first */
	size_t n, cap;
	struct text done;
	bool ended;
};

void events_release(void *own);

/* As dialect.h says; the answer's own is a struct events. */
exs_status events_event(struct answer *a, exs_str data);
exs_status events_whole(struct answer *a, exs_str body);

#endif
