/* SPDX-License-Identifier: MIT */
/* outbox_row.h - deliveries as the store knows them: owed in "k/outbox/ID", done with in
 * "k/sent/ID". */
#ifndef ROWS_OUTBOX_ROW_H
#define ROWS_OUTBOX_ROW_H

#include "base/ids.h"
#include "rows/head.h"

struct host;

#define DELIVERY_TRIES	   3 /* in the process that ended the run; the outbox goes on later */
#define OUTBOX_PREFIX	   "k/outbox/"
#define SENT_PREFIX	   "k/sent/"
#define OUTBOX_ID_MAX	   (ID_MAX + 24u) /* RUN.N; RUN.N.pATTEMPT of a run that waits; RUN.N.rATTEMPT of a retry */
#define OUTBOX_KEY_MAX	   (OUTBOX_ID_MAX + 16u)
#define OUTBOX_ROW_MAX	   (16u << 10)
#define OUTBOX_MAX	   10000u /* rows looked at in one sweep */
#define OUTBOX_WHY_MAX	   256u	  /* bytes of a sentence that are kept */
#define OUTBOX_RECEIPT_MAX 1024u  /* and of a receipt */

/* Owed. Texts are its own. */
struct outbox_row {
	char id[OUTBOX_ID_MAX];
	char run_id[ID_MAX];
	char owner[ID_MAX]; /* who is at it; empty: nobody */
	char *kind, *target;
	int32_t tries;
	int64_t first_ms, next_ms; /* wall clock: queued; not before. 0: not known; at once */
	char why[OUTBOX_WHY_MAX];  /* the last try failed with */
};

enum outbox_state { OUTBOX_PENDING, OUTBOX_DELIVERED, OUTBOX_FAILED, OUTBOX_ABANDONED };
const char *outbox_word(enum outbox_state state);

void outbox_key(const char *prefix, const char *id, char out[OUTBOX_KEY_MAX]);
/* JSON with one form only: it is compared to tell whether somebody changed it. */
void outbox_text(const struct outbox_row *row, struct buf *out);
/* CORRUPT says what is wrong. Release also what could not be read. */
exs_status outbox_parse(exs_str key, exs_str text, struct outbox_row *out, exs_err *err);
void outbox_release(struct outbox_row *row);
/* Of a delivery that is done with. `why` and `receipt` may be empty. */
void sent_text(const struct outbox_row *row, enum outbox_state state, int64_t at_ms,
	       const char *why, const char *receipt, struct buf *out);

/*
 * Wall clock time of the next try after `tries` of them; 0: that were enough. `retry_after_ms` is
 * what the other side asked for, or 0.
 */
int64_t outbox_next_ms(int32_t tries, int64_t retry_after_ms, int64_t now_ms);

/* ---- for a person ---- */

/* Of one run, as one JSON object each: "id", "kind", "target", "state", "tries", "next_ms" or
 * "at_ms", "why". */
exs_status outbox_each(struct host *h, const char *run_id, void (*fn)(void *arg, exs_str json),
		       void *arg, exs_err *err);

#endif
