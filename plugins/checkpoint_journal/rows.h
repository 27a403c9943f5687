/* SPDX-License-Identifier: MIT */
/*
 * rows.h - the keys of the journal and the head of a run. docs/STORE.md shows all rows together.
 *
 *	run/ID            head of a run
 *	base/ID           what it was forked from: base.h
 *	open/ID           empty: the run can be resumed
 *	gone/ID           empty: the run is forgotten, and facts of it are still to be deleted
 *	fact/ID/SEQ       first row of a fact, SEQ in 16 hex digits
 *	fact/ID/SEQ/PART  what did not fit, PART 1, 2 ... in 4 hex digits
 *
 * A head is u32 version, u32 0, u64 sum over the rest and the id, i64 number of facts that are
 *there at least, and the JSON object that list shows.
 */
#ifndef CHECKPOINT_JOURNAL_ROWS_H
#define CHECKPOINT_JOURNAL_ROWS_H

#include <executus/helper.h>
#include <executus/run.h>
#include <executus/svc/store.h>

#include "../common_row/key.h"
#include "record.h"

#define HEAD_PLAIN    1u /* head versions: of a run of its own, */
#define HEAD_FORKED   2u /* and of one that has a base: base.h */
#define HEAD_FIXED    24u
#define HEAD_TEXT_MAX 200u /* of input, agent, caller ... in a head: enough to recognise it */
#define HEAD_MAX      (64u << 10) /* eight such texts, escaped */
#define KEY_MAX	      ROW_KEY_MAX

struct exs_self {
	const exs_host *host;
	const exs_store_svc *store;
};

exs_str key_run(struct key *k, const char *id);
exs_str key_open(struct key *k, const char *id);
exs_str key_gone(struct key *k, const char *id);
exs_str key_facts(struct key *k, const char *id); /* the prefix of all of them */
exs_str key_fact(struct key *k, const char *id, int64_t seq, unsigned part);

/* Opens the JSON object with all that stays the same while the handle lives; head_seal ends it. */
exs_status head_start(exs_membuf *out, const exs_run_info *run, exs_err *err);
/* Adds what changes and the frame; the head is then the bytes of `out`. ended_ms 0: it has not
 * ended. */
exs_status head_seal(exs_membuf *out, uint32_t version, const char *id, exs_str status,
		     int64_t ended_ms, int64_t facts, exs_err *err);
/* A stored head. */
struct head {
	uint32_t version;
	int64_t facts; /* that are there at least */
	exs_str json;  /* lies in the row */
};
/* CORRUPT, and the version is 0. Total on any bytes. */
exs_status head_open(exs_str row, const char *id, struct head *out, exs_err *err);
/* Reads the head's row. NOTFOUND: no such run. */
exs_status head_get(const struct exs_self *self, const char *id, exs_membuf *out, exs_err *err);

#endif
