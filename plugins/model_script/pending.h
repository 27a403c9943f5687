/* SPDX-License-Identifier: MIT */
/*
 * pending.h - turns that are not answered at once: one thread ends thousands of them when their
 * time has come.
 *
 * A turn waits in a slot until its time, until its token fires, or until pending_stop. Whoever
 * takes it out of the waiting state under the lock ends it, so it is ended once. A token may call
 * back late, when its turn was ended long ago: slots therefore stay until pending_stop and are only
 * used again, and a callback never believes that the token which called it is the slot's; it looks.
 */
#ifndef MODEL_SCRIPT_PENDING_H
#define MODEL_SCRIPT_PENDING_H

#include <pthread.h>
#include <stdbool.h>

#include "answer.h"

#define PENDING_MAX	65536u /* turns under way in one instance */
#define PENDING_CHUNK	64u    /* slots that are allocated together */
#define PENDING_LOOK_MS 50     /* how often a token is asked that takes no more listeners */

struct slot;
struct chunk;

struct pending {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* the thread: something is due earlier, or stop */
	pthread_cond_t idle; /* pending_stop: a callback is done with its slot */
	struct slot **heap;  /* by time; room for every slot there is */
	size_t heap_n, heap_cap;
	struct slot *unused;
	struct chunk *chunks;
	size_t slots;
	size_t ending; /* slots that a callback is ending right now */
	pthread_t thread;
	bool stopping;
};

exs_status pending_start(struct pending *p, exs_err *err);
/* Ends what still waits with CANCELLED and frees everything. */
void pending_stop(struct pending *p);

/* What to wait with, and for how long. */
struct wait {
	exs_done done;
	const exs_cancel *cancel; /* NULL: nothing ends it but time and pending_stop */
	struct answer *answer;	  /* taken on success */
	int64_t wait_ms;	  /* STALL_FOREVER: it never answers */
};

/* Lets the turn wait. Its end may come before this returns. */
exs_status pending_add(struct pending *p, const struct wait *wait, exs_err *err);

#endif
