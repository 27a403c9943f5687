/* SPDX-License-Identifier: MIT */
/*
 * slots.h - which output item an event is about. Events name it by id and by place, and neither can
 * be trusted alone: proxies give an item a new id in each event, and servers count wrongly.
 */
#ifndef MODEL_OPENAI_RESPONSES_SLOTS_H
#define MODEL_OPENAI_RESPONSES_SLOTS_H

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

/* All: TOOBIG, NOMEM. A slot is good until the next one is looked for. */

/* The slot of an event that names its item by these JSON values, either of which may be missing. */
exs_status slots_of_event(struct events *e, exs_str item_id, exs_str output_index,
			  struct slot **out);
/*
 * The slot of an event that brings an item. One that was added is a new one unless its id is known;
 * one that is done is another than the one that was done before it.
 */
exs_status slots_of_item(struct events *e, exs_str output_index, exs_str item, bool done,
			 struct slot **out);
/* The slot's own number, under which its call goes. */
int64_t slots_number(const struct events *e, const struct slot *slot);
/* The items that were done, as a list; false when some item never was. */
bool slots_done(const struct events *e, struct text *list);

#endif
