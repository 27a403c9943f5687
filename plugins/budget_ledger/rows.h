/* SPDX-License-Identifier: MIT */
/*
 * rows.h - what the ledger keeps in the store.
 *
 *	sum/LIMIT/WHO		int64: all that counts, reservations included; the bound of a limit
 *holds here bucket/LIMIT/WHO/N	int64: the part of it of one bucket of time, N in 16 hex digits
 *	grant/RUN		what the run's open reservation holds
 *	run/RUN			milliseconds and calls of the run that are booked
 *	grace/RUN		there once the run had its turn beyond a hard limit
 *
 * A sum is the sum of its buckets after every batch. Who is written so that it is one part of a
 *key.
 */
#ifndef LEDGER_ROWS_H
#define LEDGER_ROWS_H

#include <executus/svc/store.h>

#include "limits.h"

#define WHO_MAX	    160 /* bytes of a key's part */
#define EXPIRED_MAX 64	/* buckets that one reservation takes out of one sum */
#define KEY_MAX	    (WHO_MAX + LIMIT_ROWS_MAX + 32)
#define RUN_ID_MAX  128

/* A part of a key: letters, digits, '-', '_' and '.' as they are, others as %XX; a longer one is
 * cut and hashed. */
void who_write(const char *who, char out[WHO_MAX + 1]);
/* Back, as far as it was not cut. */
void who_read(const char *part, size_t n, char out[WHO_MAX + 1]);

/* What a limit's buckets say of one who. */
struct state {
	int64_t live;	 /* what counts */
	int64_t now;	 /* the bucket that counts now: the clock's, or the newest that there is */
	int64_t oldest;	 /* with something in it that counts; -1: none */
	int64_t removed; /* in those that no longer count */
	uint32_t expired_n;
	int64_t expired[EXPIRED_MAX], values[EXPIRED_MAX];
};

exs_status rows_state(const exs_store_svc *svc, const struct limit *l, const char *who,
		      int64_t wall_ms, struct state *out, exs_err *err);
/* Takes out what no longer counts; conditions, so only in a batch of the ledger's own. */
exs_status rows_expire(const exs_store_svc *svc, const struct limit *l, const char *who,
		       const struct state *s, exs_batch *b, exs_err *err);
/* To sum and bucket; `bound` as of the store's sums. */
exs_status rows_add(const exs_store_svc *svc, const char *limit, const char *who, int64_t bucket,
		    int64_t n, int64_t bound, exs_batch *b, exs_err *err);

/* Sum and bucket of a limit that has one bucket only. */
exs_status rows_forget(const exs_store_svc *svc, const char *limit, const char *who, exs_batch *b,
		       exs_err *err);

/* ---- grants ---- */

struct item {
	char limit[LIMIT_ROWS_MAX + 1], who[WHO_MAX + 1];
	int64_t bucket, n;
};

struct grant {
	struct item items[LIMITS_MAX];
	uint32_t n;
};

exs_status grant_put(const exs_store_svc *svc, const char *run, const struct grant *g, exs_batch *b,
		     exs_err *err);
/* NOTFOUND; CORRUPT. */
exs_status grant_get(const exs_store_svc *svc, const char *run, struct grant *out, exs_err *err);
exs_status grant_parse(exs_str text, struct grant *out);

/* ---- what is booked of a run ---- */

struct booked {
	int64_t ms, calls;
};

/* NOTFOUND leaves zeros. */
exs_status booked_get(const exs_store_svc *svc, const char *run, struct booked *out, exs_err *err);
exs_status booked_put(const exs_store_svc *svc, const char *run, const struct booked *k,
		      exs_batch *b, exs_err *err);

exs_status grace_get(const exs_store_svc *svc, const char *run, bool *out, exs_err *err);
exs_status grace_put(const exs_store_svc *svc, const char *run, exs_batch *b, exs_err *err);

/* `kind` is "grant", "run" or "grace". */
exs_status run_row_del(const exs_store_svc *svc, const char *kind, const char *run, exs_batch *b,
		       exs_err *err);

#endif
