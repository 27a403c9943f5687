/* SPDX-License-Identifier: MIT */
/*
 * blob.h - long bodies, kept once for all facts with the same bytes and found by their SHA-256.
 *
 *	blob/SHA/PART  BLOB_PART_MAX bytes of it, the last part what is left; PART 0, 1 ... in hex
 *	ref/SHA        a sum: how many facts refer to it
 *	loose/SHA      empty: a fact that referred to it was forgotten; perhaps nobody needs it now
 *
 * Whoever refers to a blob writes its parts too, in the same batch, whether they are there or not:
 * a batch of facts may hold no condition, and without one a sweep could take away what was seen.
 * A sweep deletes under the condition that the sum is still what it read.
 */
#ifndef CHECKPOINT_JOURNAL_BLOB_H
#define CHECKPOINT_JOURNAL_BLOB_H

#include "../common_digest/digest.h"
#include "rows.h"

#define BLOB_MIN      (16u << 10)		  /* longer bodies are blobs */
#define BLOB_PART_MAX (EXS_STORE_VALUE_MAX - 64u) /* and its frame in whole pages of a store */
#define BLOB_PARTS    ((RECORD_BODY_MAX + BLOB_PART_MAX - 1) / BLOB_PART_MAX)
#define BLOB_DROP_OPS 2u		/* what blob_drop adds to a batch */
#define BLOB_FREE_OPS (BLOB_PARTS + 3u) /* what blob_sweep adds for each blob, at most */

/* Adds the blob, and one fact that refers to it. */
exs_status blob_put(const exs_self *self, exs_str body, exs_batch *batch, struct digest *out,
		    exs_err *err);

/*
 * Its n bytes. CORRUPT: they are not all there, or others; the sentence is the second half of one,
 * as of record_decode.
 */
exs_status blob_get(const exs_self *self, const struct digest *sha, size_t n, exs_membuf *out,
		    exs_err *err);

/* Adds that one fact less refers to it. */
exs_status blob_drop(const exs_self *self, const struct digest *sha, exs_batch *batch,
		     exs_err *err);

/*
 * Deletes up to `max` of the loose blobs that no fact refers to. The batch conflicts when a fact
 * came or went meanwhile. *more: there are further ones. NOTFOUND: none is loose.
 */
exs_status blob_sweep(const exs_self *self, unsigned max, exs_batch *batch, int32_t *more,
		      exs_err *err);

#endif
