/* SPDX-License-Identifier: MIT */
/*
 * owner.h - this process as the carrier of runs: one row, one lock file, one heartbeat.
 *
 * A lease belongs to the process, not to a run. Another process may take our runs when the lock
 * file is free (we are provably dead) or when the counter of our row stood still for the lease time
 * on its own clock. So before a call that is not pure we look whether our own lease is young
 * enough.
 */
#ifndef ROWS_OWNER_H
#define ROWS_OWNER_H

#include <stdbool.h>
#include "base/ids.h"
#include "host/host.h"

struct owner;

/* Writes the row and waits until it is durable; then renews it every quarter of lease_ms. */
exs_status owner_open(struct host *host, struct ids *ids, void (*beat)(void *arg), void *arg,
		      struct owner **out, exs_err *err);
/* Deletes the row, frees the lock file; takes NULL. Waits no longer for a store that is silent. */
void owner_close(struct owner *o, int64_t wait_ms);

const char *owner_id(const struct owner *o); /* ID_MAX bytes; "" for NULL */
/* The lease was renewed less than half of it ago: nobody may have taken our runs. */
bool owner_is_sure(const struct owner *o);
/* This process was taken for dead: it will never be sure again. */
bool owner_is_lost(const struct owner *o);
/*
 * May the runs of that owner be taken? OK, and its row is gone: if it only slept it will find that
 * out. CONFLICT with a sentence that names the process. Waits up to the lease time when it cannot
 * be told at once.
 */
exs_status owner_is_dead(struct owner *me, const char *id, exs_err *err);
/* The same without waiting: false when it cannot be told at once. */
bool owner_is_gone(struct owner *me, const char *id);
/* OK when every process that carries runs of this store is provably gone. CONFLICT names one. */
exs_status owner_none_alive(struct host *h, exs_err *err);
/* Deletes the rows of all owners: of a store that was just restored, where nobody carries anything. */
exs_status owner_depose_all(struct host *h, exs_err *err);

#endif
