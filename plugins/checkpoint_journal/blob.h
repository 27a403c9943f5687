/* SPDX-License-Identifier: MIT */
/*
 * blob.h - the beginnings of long bodies, kept once for all facts with the same bytes and found by
 * their SHA-256. The rest of a body, at least BLOB_REST bytes, stays in its record: what tells two
 * results of a tool apart that are equal to the model, as the time it took, stands at the end.
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

#define BLOB_MIN	 (16u << 10) /* longer bodies are blobs */
#define BLOB_UNIT	 4096u /* a blob has a multiple of it, so that it ends where it did before */
#define BLOB_REST	 64u
#define BLOB_PART_MAX	 (EXS_STORE_VALUE_MAX - BLOB_UNIT) /* room for what a store puts around it */
#define BLOB_PARTS	 ((RECORD_BODY_MAX + BLOB_PART_MAX - 1) / BLOB_PART_MAX)
#define BLOB_COUNT_BYTES 8u		   /* a sum of the store */
#define BLOB_DROP_OPS	 2u		   /* what blob_drop adds to a batch */
#define BLOB_FREE_OPS	 (BLOB_PARTS + 3u) /* what blob_sweep adds for each blob, at most */

exs_str key_ref(struct key *k, const char *hex);

/* How much of a body of n bytes is a blob; 0: nothing. */
size_t blob_cut(size_t n);

/* Adds the blob, and one fact that refers to it. */
exs_status blob_put(const exs_self *self, exs_str bytes, exs_batch *batch, char sha[DIGEST_BYTES],
		    exs_err *err);

/*
 * Its n bytes. CORRUPT: they are not all there, or others; the sentence is the second half of one,
 * as of record_decode.
 */
exs_status blob_get(const exs_self *self, const char sha[DIGEST_BYTES], size_t n, exs_membuf *out,
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
