/* SPDX-License-Identifier: MIT */
/*
 * record.h - the bytes of one fact as the journal keeps them.
 *
 * A record is one run of bytes, numbers little-endian:
 *
 *	 0  u32  record version
 *	 4  u32  flags: 1 has usage, 2 the usage is estimated
 *	 8  u64  sum over everything but these 8 bytes
 *	16  i64  seq, at_ms, run_ms
 *	40  i32  kind, step, phase, attempt
 *	56  u32  bytes of run id, call id, name, body
 *	72  i64  six counts of the usage, only with flag 1
 *	     the four texts, one behind the other
 *
 * Version 2 has the body's SHA-256 in its place, and with its length: the bytes are a blob. It is
 * written for those only, so that an older release reads all that it can.
 *
 * A record longer than RECORD_ROW_MAX is cut into rows of that length. The sum finds every change
 *of a single word for certain, and any other with all but 2^-64.
 */
#ifndef CHECKPOINT_JOURNAL_RECORD_H
#define CHECKPOINT_JOURNAL_RECORD_H

#include <executus/fact.h>
#include <executus/port/store.h>

#include "../common_row/key.h"

#define RECORD_INLINE	1u	    /* record versions: with the body, */
#define RECORD_BLOB	2u	    /* and with its hash */
#define RECORD_VERSION	RECORD_BLOB /* the newest */
#define RECORD_SHA	32u
#define RECORD_ROW_MAX	EXS_STORE_VALUE_MAX
#define RECORD_TEXT_MAX (64u << 10) /* a call id or a name; longer is no name */
#define RECORD_BODY_MAX (8u << 20)  /* a tool's longest output, escaped, and some */
#define RECORD_ID_MAX	RUN_ID_MAX  /* a run id */
#define RECORD_MAX	(RECORD_BODY_MAX + 2u * RECORD_TEXT_MAX + 1024u)

struct record {
	exs_fact fact; /* its texts point into the bytes that were decoded, its usage into this
			  record */
	exs_usage usage;
	exs_str run;
	exs_str sha; /* of the body, or empty; then the body has its length, and NULL for its bytes
		      */
};

/* How many bytes the fact takes; TOOBIG when one of its texts is over its bound. */
exs_status record_size(const exs_fact *fact, exs_str run, int as_blob, size_t *out, exs_err *err);

/* Writes the record; `out` has room for what record_size said. `sha` empty: with the body. */
void record_encode(const exs_fact *fact, exs_str run, exs_str sha, char *out);

/*
 * How many bytes the record that begins with `start` has in all. CORRUPT: no record, or of a newer
 * version; the sentence is the second half of one: "run 'x', fact 3: " stands before it. Total on
 * any bytes.
 */
exs_status record_measure(exs_str start, size_t *out, exs_err *err);

/* The fact of a whole record. CORRUPT as above. Total on any bytes. */
exs_status record_decode(exs_str bytes, struct record *out, exs_err *err);

/* The sum of some bytes, going on from `seed`. */
uint64_t record_sum(uint64_t seed, const char *p, size_t n);

void put_u32(char *p, uint32_t v);
void put_u64(char *p, uint64_t v);
uint32_t get_u32(const char *p);
uint64_t get_u64(const char *p);

#endif
