/* SPDX-License-Identifier: MIT */
/* bench_rows.h - runs that are written as the kernel and the journal write them, without being run.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "bench_kit.h"
#include "host/calls.h"

#define ROWS_BODY                                                                                  \
	"{\"text\":\"a fact with a body of about a hundred bytes, as most of those of a run are: " \
	"neither long nor short\"}"

void must(exs_status status, const exs_err *err);
exs_run_info rows_info(const char *id); /* of a run that begins now */
/* One fact of that kind and body into the batch. */
void rows_append(struct kernel *k, exs_ckpt *ckpt, int64_t seq, int32_t kind, const char *body,
		 struct batch *b);
void rows_head(const char *id, int64_t seq, struct batch *b);
void rows_commit(struct kernel *k, struct batch *b); /* and empties it */

enum rows_end { ROWS_ENDED, ROWS_OPEN };
/* A whole run of so many facts into the batch, which is committed whenever it has BATCH facts. */
void rows_run(struct kernel *k, const char *id, int64_t facts, enum rows_end end, struct batch *b,
	      size_t batch);

/* Bytes of all keys and values; how many of them there are when rows is not NULL. */
size_t rows_stored(struct kernel *k, size_t *rows);

#endif
