/* SPDX-License-Identifier: MIT */
/*
 * done.h - the host's side of done records: slots with generations, so that a stale or second end
 * finds nobody.
 *
 * A pending is embedded in whatever waits. done_open gives it a slot; the battery's end copies the
 * outcome into the pending, frees the slot and calls ended() once, on the battery's thread and
 * outside every lock. After done_abandon the slot stays taken until the late end, which calls
 * late() instead: until then the memory of the call must stay, because the battery may still read
 * its arguments.
 */
#ifndef HOST_DONE_H
#define HOST_DONE_H

#include <pthread.h>
#include <stdbool.h>
#include <executus/done.h>
#include "base/buf.h"
#include "base/log.h"

#define DONE_CHUNK   256u
#define DONE_CHUNKS  1024u /* 262,144 calls in the air at once */
#define DONE_STRIPES 64u

struct pending {
	void (*ended)(struct pending *p);
	void (*late)(struct pending *p);		    /* may be NULL when never abandoned */
	void (*progress)(struct pending *p, exs_str delta); /* may be NULL; leaf locks only */
	const char *what;    /* for messages: "call 3 of tool 'grep'" */
	const char *battery; /* its name in the conf, for messages */
	uint64_t id;
	exs_status status;
	bool has_usage;
	exs_usage usage;
	exs_err err;
	struct buf out; /* what was put; release it */
};

struct done_slot {
	uint32_t gen;
	bool abandoned;
	struct pending *p;
};

struct done_table {
	exs_done_ops ops; /* first: a done record's ops points here */
	struct log *log;
	pthread_mutex_t lock; /* chunks and free list */
	pthread_mutex_t stripes[DONE_STRIPES];
	struct done_slot *chunks[DONE_CHUNKS];
	uint32_t *free_slots;
	uint32_t free_n, chunk_n;
};

void done_table_init(struct done_table *t, struct log *log);
/* The batteries are closed, nobody can end anything any more: calls late() of what was abandoned.
 */
void done_table_release(struct done_table *t);

/*
 * The caller fills in the functions, what and battery before. TOOBIG: too many calls in the air;
 * NOMEM: then the outcome is empty and ended() is not called.
 */
exs_status done_open(struct done_table *t, struct pending *p, size_t cap, exs_done *out,
		     exs_err *err);
/* True: abandoned now, late() follows some day. False: it has ended, ended() was or is being
 * called. */
bool done_abandon(struct done_table *t, struct pending *p);
/* Ends it from the host's side, as the battery would. */
void done_end(struct done_table *t, const struct pending *p, exs_status status, const exs_err *err);

/*
 * What a battery answered, as the kernel may believe it: a status outside the closed list is
 * INTERNAL, an unknown class is none, and a failure without a sentence gets one.
 */
exs_status status_believed(const char *battery, const char *what, exs_status status, exs_err *err);

#endif
