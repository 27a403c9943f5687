/* SPDX-License-Identifier: MIT */
/*
 * base.h - where the first facts of a fork are: with the run that it was forked from.
 *
 *	base/ID  u64 sum over the rest and the id, i64 the last fact that they have in common, and the
 *		 id of the run that has it
 *
 * The head of a fork has a version of its own, so that an older release leaves it alone instead of
 * finding its first facts missing.
 */
#ifndef CHECKPOINT_JOURNAL_BASE_H
#define CHECKPOINT_JOURNAL_BASE_H

#include "rows.h"

#define BASE_DEPTH_MAX 64u /* forks of forks: each is one more run to read from */

struct base {
	char id[RECORD_ID_MAX + 1]; /* whose facts */
	int64_t last;		    /* up to which one */
};

exs_str key_base(struct key *k, const char *id);

exs_status base_put(const exs_self *self, const char *id, const struct base *base, exs_batch *batch,
		    exs_err *err);
/* CORRUPT: it is missing or damaged. */
exs_status base_get(const exs_self *self, const char *id, struct base *out, exs_err *err);

/*
 * Where the facts of a run stand, the oldest first: the last leg is the run itself, without an end.
 * NOTFOUND: no such run. CORRUPT: the base of one is gone. TOOBIG: more than BASE_DEPTH_MAX.
 */
struct legs {
	struct base leg[BASE_DEPTH_MAX + 1];
	unsigned n;
	int64_t facts;	/* that there must be at least */
	exs_err damage; /* the run's own head is damaged: what it has can be read all the same */
};
exs_status legs_find(const exs_self *self, const char *id, struct legs *out, exs_err *err);

#endif
