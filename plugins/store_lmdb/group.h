/* SPDX-License-Identifier: MIT */
/*
 * group.h - several batches in one LMDB transaction, so that one sync serves them all.
 *
 * Each batch sees the ones before it. When the transaction fails, each batch gets one of its own,
 * so a bad one costs its neighbours nothing. When a sync fails nothing is acknowledged: every batch
 * of the group gets IO, also one whose condition had failed, because what it was compared with
 * never became true. The store is opened again then, and proved by a commit of its own before it takes
 * the next batch; when that fails, or a commit right behind it, it stays closed: LOST. [committer]
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "env.h"

#include <executus/port/store.h>

#define REPAIRS_MAX 1u /* in a row, without a commit between them */

struct batch {
	struct batch *next;
	const exs_op *const *ops; /* checked by rules_batch */
	uint64_t n;
	uint64_t bytes; /* at most this much is added to the store */
	bool ends; /* it may use the reserve */
	exs_done done;
	exs_err err; /* its outcome: status OK is durable */
};

struct group {
	struct env *env;
	unsigned repairs; /* since the last commit */
};

/* What the operations may add, pages counted whole. */
uint64_t group_bytes(const struct env *env, const exs_op *const *ops, uint64_t n);

/* Decides every batch of the list; fills their err. */
void group_commit(struct group *g, struct batch *first);

#endif
