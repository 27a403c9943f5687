/* SPDX-License-Identifier: MIT */
/*
 * commit.h - one thread that writes: it takes what waits, commits it as one group, and ends the
 * records.
 *
 * A batch that comes while the thread is idle starts at once; those that come during a sync share
 * the next one. So throughput grows with the load and nobody waits for a timer. Batches are
 * committed in the order of submit.
 */
#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "group.h"
#include "readers.h"

#define QUEUE_MAX	4096u	      /* waiting batches; more are told to come again */
#define QUEUE_RETRY_MS	50	      /* when */
#define GROUP_OPS_MAX	16384u	      /* operations in one transaction */
#define GROUP_BYTES_MAX (16ull << 20) /* and their bytes; one batch always fits */
#define READER_CHECK_MS 60000	      /* how often the readers are looked at, at least */

struct committer {
	struct group group;
	struct reader_watch readers;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct batch *head, **tail;
	unsigned waiting;
	bool stopping;
};

exs_status committer_start(struct committer *c, struct env *env, exs_err *err);
void committer_stop(struct committer *c); /* commits what waits, then joins */
/* Takes a batch; the record is ended by the thread, or here when it cannot be taken. [any-thread]
 */
void committer_submit(struct committer *c, const exs_op *const *ops, uint64_t n, bool ends,
		      exs_done done);

#endif
