/* SPDX-License-Identifier: MIT */
/*
 * rows.h - the keys of the trail, and reading them by pages. docs/STORE.md shows all rows together.
 *
 *	run/RUN        head of a run, see head.h
 *	log/RUN/SEQ    one fact: its hash in 32 bytes, then its JSON; SEQ in 16 hex digits
 *	unsealed/RUN   the run has ended and is not in the chain yet: the SEQ of its end, or empty
 *	chain/N        an entry of the chain over the runs, see entry.h; N in 16 hex digits from 1
 *	tip            how many entries there are, and the hash of the last one
 *	sealed/RUN     N of the newest entry about the run: one that is retried ends more than once
 */
#ifndef AUDIT_STORE_ROWS_H
#define AUDIT_STORE_ROWS_H

#include <pthread.h>

#include <executus/port/audit.h>

#include "../common_row/key.h"
#include "../common_digest/digest.h"

#define KEY_MAX	   (RUN_ID_MAX + 32u)
#define PAGE_IDS   128u /* runs that are read before each of them is looked at */
#define JSON_DEPTH 64u
#define MARK_MAX   16u /* bytes of what unsealed/RUN holds */

struct exs_self {
	const exs_host *host;
	const exs_store_svc *store;
	pthread_mutex_t lock; /* the rest: the thread that seals, see seal.h */
	pthread_cond_t wake;
	pthread_t thread;
	int running, due, stop;
};

exs_str key_run(struct key *k, const char *id);
exs_str key_logs(struct key *k, const char *id); /* the prefix of all of them */
exs_str key_log(struct key *k, const char *id, int64_t seq);
exs_str key_unsealed(struct key *k, const char *id);
exs_str key_sealed(struct key *k, const char *id);
exs_str key_chain(struct key *k, int64_t n);
exs_str key_tip(void);

/* 16 hex digits. False: it is none. */
int number_read(exs_str hex, int64_t *out);

/*
 * Up to PAGE_IDS of what stands behind a prefix in the keys, up to the next '/', each once. `last`
 * is where the page before ended; empty: the first page. n = 0: that was all.
 */
struct page {
	char id[PAGE_IDS][RUN_ID_MAX + 1];
	size_t n;
	char last[RUN_ID_MAX + 1];
};
exs_status page_next(const struct exs_self *self, const char *prefix, uint32_t flags,
		     struct page *p, exs_err *err);

/* The row's value, replacing what is in `out`. NOTFOUND without a sentence of its own. */
exs_status row_get(const struct exs_self *self, exs_str key, exs_membuf *out, exs_err *err);

#endif
