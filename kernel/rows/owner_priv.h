/* SPDX-License-Identifier: MIT */
/* owner_priv.h - this process as owner.c (itself) and owner_other.c (others) see it. */
#ifndef ROWS_OWNER_PRIV_H
#define ROWS_OWNER_PRIV_H

#include <stdint.h>
#include "base/pool.h"
#include "base/timer.h"
#include "host/batch.h"
#include "host/done.h"
#include "rows/owner.h"

#define OWNER_KEY_MAX  64u
#define OWNER_TEXT_MAX 512u
#define BOOT_ID_MAX    40u

struct owner {
	struct host *host;
	char id[ID_MAX], key[OWNER_KEY_MAX], boot[BOOT_ID_MAX];
	char *lock_path;
	int lock_fd;
	int64_t lease_ms, started_ms;
	void (*beat)(void *arg);
	void *arg;

	struct timer timer;
	struct job job;
	pthread_mutex_t lock; /* what is below */
	pthread_cond_t quiet;
	struct pending pending;
	struct batch batch;
	int64_t counter, sent_ms;
	bool out, working, closing;
	bool tried;   /* there may be a row */
	bool unclear; /* an answer failed: the row tells what the counter is */
	_Atomic int64_t sure_until_ms;
	_Atomic bool lost;
};

/* The path of an owner's lock file, NULL without memory; free it. */
char *owner_lock_path(const struct host *h, const char *id);
/* The row of an owner. NOTFOUND: it closed in good order, or was taken for dead. */
exs_status owner_read_row(struct host *h, const char *id, struct buf *out, exs_err *err);

#endif
