/* SPDX-License-Identifier: MIT */
/*
 * turn.h - the life of one turn: queued, starting, waiting for the first byte, reading, perhaps
 * resting before the request is sent again, ended exactly once.
 */
#ifndef COMMON_MODEL_TURN_H
#define COMMON_MODEL_TURN_H

#include "io.h"
#include "reply.h"

#define LINGER_MS 250 /* a whole answer waits so long for the end of its body */
#define POLL_MS	  20  /* tokens that take no listener are looked at so often */

enum turn_state {
	TURN_NEW,      /* not on the I/O thread */
	TURN_QUEUED,   /* in io->waiting */
	TURN_STARTING, /* being connected */
	TURN_WAITING,  /* sent; no byte of the body came */
	TURN_READING,
	TURN_RESTING /* before the next try */
};

struct turn {
	struct io *io;
	struct turn *next;	/* inbox, spare */
	struct turn *next_poke; /* under the lock */
	struct turn *next_all;
	bool poked; /* under the lock */
	TAILQ_ENTRY(turn) in_waiting, in_live;
	struct moment moment;
	enum turn_state state;
	bool must_poll; /* the token took no listener */
	bool shown;	/* text of this turn was given as progress */
	uint32_t flags; /* REQUEST_ */

	const exs_turn *ask;
	exs_cancel *cancel;
	exs_done done;

	CURL *easy;
	struct shard *shard; /* that carries it; NULL: none */
	struct body body;
	size_t body_bytes, sent;
	struct reply reply;
	long http; /* the status of that reply, once its body begins */
	struct hints hints;
	int64_t tries;
	int64_t told_ms;	       /* when progress was last told */
	int64_t total_at_ms, since_ms; /* since: sent, last byte, whole, or rest until */
};

struct turn *turn_of_moment(struct moment *m);
void turn_clear(struct turn *t, struct io *io); /* for a new use; keeps the links of its list */

/* All on the I/O thread. */
void turn_accept(struct turn *t);			/* from the inbox */
void turn_start(struct turn *t);			/* was taken from io->waiting */
void turn_finished(struct turn *t, CURLcode code);	/* curl is through with it */
void turn_timer(struct turn *t);			/* its moment came */
void turn_look(struct turn *t);				/* its token may have fired */
void turn_abandon(struct turn *t);			/* the instance closes */
void turn_enter(struct turn *t, enum turn_state state); /* and starts the clock of that state */
void turn_arm(struct turn *t);				/* after its clock or state changed */

#endif
