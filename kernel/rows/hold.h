/* SPDX-License-Identifier: MIT */
/* hold.h - a person's word that a run must stay: one row, "k/hold/RUN", which every prune checks.
 */
#ifndef ROWS_HOLD_H
#define ROWS_HOLD_H

#include <stdbool.h>
#include "base/ids.h"
#include "host/batch.h"
#include "host/host.h"

#define HOLD_PREFIX  "k/hold/"
#define HOLD_KEY_MAX 64u
#define HOLD_WHY_MAX 1024u
#define HOLD_ROW_MAX (8u << 10)
#define HOLDS_MAX    (1u << 20)

void hold_key(const char *run_id, char out[HOLD_KEY_MAX]);
/*
 * Durable when it returns. A second hold replaces the first. NOTFOUND: no such run; INVALID: `why`
 * is no text or too long; CONFLICT: the run is being forgotten or goes on just now.
 */
exs_status hold_set(struct host *h, const char *run_id, exs_str why, exs_err *err);
/* NOTFOUND: it is not held. */
exs_status hold_lift(struct host *h, const char *run_id, exs_err *err);
/* The row's JSON. NOTFOUND: it is not held. */
exs_status hold_read(struct host *h, const char *run_id, struct buf *out, exs_err *err);

/* All that are held, by id. */
struct holds {
	char (*list)[ID_MAX];
	size_t n, cap;
};
exs_status holds_read(struct host *h, struct holds *out, exs_err *err);
bool holds_has(const struct holds *s, const char *run_id);
void holds_release(struct holds *s);

#endif
