/* SPDX-License-Identifier: MIT */
/*
 * batch.h - rows of one commit, collected from several batteries.
 *
 * Keys and values are copied into one buffer. While a battery's call runs the batch is open to that
 * battery only; the guard takes a mark before and rolls back to it when the call fails, so no half
 * row commits. A batch that carries facts refuses conditions from batteries: its only one is the
 * run's head.
 */
#ifndef HOST_BATCH_H
#define HOST_BATCH_H

#include <stdbool.h>
#include <executus/svc/store.h>
#include "base/buf.h"

#define BATCH_BYTES_MAX (32u << 20) /* keys and values of one batch */

struct batch_row {
	int32_t kind; /* EXS_OP_ */
	bool absent;  /* CHECK: must not be there */
	uint32_t key_n;
	size_t key, value; /* offsets in data */
	size_t value_n;
	int64_t delta, bound;
};

struct batch {
	struct batch_row *rows;
	uint32_t n, cap;
	struct buf data;
	const void *open_to; /* the store service of the battery that may add, or NULL */
	bool bounds_allowed;
	bool ends; /* it begins nothing, so it may use what the store keeps for ends */
	exs_op *ops; /* made by batch_ops */
	const exs_op **index;
};

struct batch_mark {
	uint32_t n;
	size_t bytes;
};

void batch_init(struct batch *b);
void batch_release(struct batch *b);

/*
 * Adds to it; key parts are joined, the prefix is shorter than EXS_STORE_KEY_MAX. INVALID (no key),
 * TOOBIG or NOMEM with a sentence, and nothing was added.
 */
exs_status batch_put(struct batch *b, exs_str prefix, exs_str key, exs_str value, exs_err *err);
exs_status batch_del(struct batch *b, exs_str prefix, exs_str key, exs_err *err);
exs_status batch_check(struct batch *b, exs_str key, exs_str value,
		       exs_err *err); /* value.p NULL: absent */
exs_status batch_add(struct batch *b, exs_str prefix, exs_str key, int64_t delta, int64_t bound,
		     exs_err *err);

struct batch_mark batch_mark(const struct batch *b);
void batch_rollback(struct batch *b, struct batch_mark mark);

/* The operations for submit, valid until the batch changes or is released. NOMEM. */
exs_status batch_ops(struct batch *b, const exs_op *const **ops, uint64_t *n);

exs_batch *batch_public(struct batch *b);
struct batch *batch_of(exs_batch *b);

#endif
