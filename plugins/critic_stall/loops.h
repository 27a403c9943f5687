/* SPDX-License-Identifier: MIT */
/* loops.h - five ways in which a busy run gets nowhere. Keeps hashes only, in bounded rings. */
#ifndef CRITIC_LOOPS_H
#define CRITIC_LOOPS_H

#include <stdbool.h>

#include <executus/fact.h>

#define SEEN_MAX 256 /* results of which a run's watch remembers the hash */
#define RATE_OF	 10  /* ended calls over which the error rate counts */

enum { SAME_CALL, SAME_ERROR, PING_PONG, NOTHING_NEW, ERROR_RATE, LOOPS };

struct loops {
	const int64_t *limit; /* LOOPS of them; 0: off */
	uint64_t last[2];     /* the last call and the one before; 0: none */
	uint64_t error, seen[SEEN_MAX];
	int64_t calls, errors, turns, known, seen_n, ended;
	bool failed[RATE_OF], formed[LOOPS], fired[LOOPS]; /* fired: until it is taken */
	char tool[64];					   /* of the last call */
};

/* Its option, which is also the tag of a decision about it, and what a person calls it. */
extern const char *const loop_keys[LOOPS];
extern const char *const loop_words[LOOPS];

void loops_observe(struct loops *l, const exs_fact *fact);

#endif
