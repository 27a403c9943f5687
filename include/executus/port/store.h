/* SPDX-License-Identifier: MIT */
/*
 * port/store.h - where do durable bytes live?
 *
 * An ordered map from keys to values with atomic batches. Bound once. Keys are 1 to EXS_STORE_KEY_MAX bytes,
 * values up to EXS_STORE_VALUE_MAX; both are plain bytes, keys compare as unsigned bytes. A store battery
 * checks both and answers TOOBIG or INVALID.
 *
 * A batch is all or nothing. Its conditions (CHECK, bounds of ADD) are evaluated against the state before
 * the batch, then its operations are applied in order. The first condition that does not hold ends the
 * batch with CONFLICT and `at` = its index; nothing was changed. An ADD row is 8 bytes, a little-endian
 * int64; a missing row counts as 0; ADD on a row of another length is CORRUPT. A sum that would leave
 * int64, or be greater than `bound` when delta > 0, is a CONFLICT.
 *
 * submit ends its record OK only when the batch survives kill -9 and power loss (a store in memory says in
 * its stat that it does not). Batches submitted by one thread become visible in that order. get and scan see
 * committed batches only. Implement with EXS_CONCURRENT: the kernel calls from several threads.
 */
#ifndef EXECUTUS_PORT_STORE_H
#define EXECUTUS_PORT_STORE_H

#include <executus/battery.h>
#include <executus/done.h>

EXS_BEGIN

#define EXS_PORT_STORE "executus.store/1"
#define EXS_STORE_KEY_MAX 480u
#define EXS_STORE_VALUE_MAX (1u << 20)
#define EXS_STORE_OPS_MAX 4096u

enum { EXS_OP_PUT = 1, EXS_OP_DEL = 2, EXS_OP_CHECK = 3, EXS_OP_ADD = 4 };

typedef struct exs_op {
	uint32_t size;
	int32_t kind;  /* EXS_OP_; DEL of a missing key is fine */
	exs_str key;
	exs_str value; /* PUT: the value. CHECK: the expected one; p = NULL: the key must be absent */
	int64_t delta; /* ADD */
	int64_t bound; /* ADD: greatest sum allowed; INT64_MAX: none */
} exs_op;

/* Flags of scan. */
enum { EXS_SCAN_REVERSE = 1u, EXS_SCAN_KEYS = 2u /* values are not read */ };

/* What check says. */
enum { EXS_CHECK_DAMAGE = 1, EXS_CHECK_NOTE = 2 };

typedef struct exs_store {
	uint32_t size;
	uint32_t reserved;
	/* Writes the value to the sink. NOTFOUND; CORRUPT when the stored bytes fail their check. [any-thread] */
	exs_status (*get)(exs_self *self, exs_str key, exs_sink *value, exs_err *err);
	/*
	 * Rows whose key begins with `prefix`, in byte order, from the key `from` on (inclusive; empty: all; with
	 * REVERSE: downwards from `from`, empty: from the end). `from` may be one byte longer than a key: the longest
	 * key and a 0 byte mean "behind that key". Not a snapshot: rows committed meanwhile may or may not be seen.
	 * `row` borrows its arguments, must not call the store, and ends the scan by any status but OK, which scan
	 * then returns. A row that fails its check ends the scan with CORRUPT and names its key. [any-thread]
	 */
	exs_status (*scan)(exs_self *self, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *arg, exs_str key, exs_str value) /* [any-thread] of scan */,
			   void *arg, exs_err *err);
	/*
	 * Hands in a batch of 1 to EXS_STORE_OPS_MAX operations; keys and values live until `done` has ended.
	 * Returns at once if the store has a committer. Never refuses by return: every outcome comes through
	 * `done`. [any-thread]
	 */
	void (*submit)(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done);
	/*
	 * One JSON object: {"backend":"lmdb","durable":true,"path":...,"used_bytes":N,"limit_bytes":N,...}; the
	 * first two are required. [any-thread]
	 */
	exs_status (*stat)(exs_self *self, exs_sink *json, exs_err *err);
	/* A consistent copy to a path that must not exist yet. May be NULL. [any-thread] */
	exs_status (*copy)(exs_self *self, const char *path, exs_err *err);
	/*
	 * Replaces all rows by those of a copy, in one step: who reads sees the old or the new ones, and so does who
	 * comes after a crash. CORRUPT: the copy is damaged or no copy of such a store; UNSUPPORTED: it was made by a
	 * newer battery. Not OK: nothing was changed. May be NULL. [any-thread]
	 */
	exs_status (*restore)(exs_self *self, const char *path, exs_err *err);
	/*
	 * Gives room that is free inside the store back to the file system. AGAIN: not while other processes have it
	 * open. May be NULL: there is nothing to give back. [any-thread]
	 */
	exs_status (*compact)(exs_self *self, exs_err *err);
	/*
	 * As submit, for a batch that begins nothing: it ends, parks, settles or clears away what is there. A store with
	 * a limit keeps the last part of it for such batches, so that an end fits when a beginning does not any more.
	 * Order is kept between both. May be NULL: then submit takes these too, and nothing is kept. [any-thread]
	 */
	void (*submit_end)(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done);
	/*
	 * Looks at what lies below the rows: files, pages, indexes. `say` gets a sentence for each damage and, as a
	 * note, what was looked at; it must not call the store, and any status but OK ends the check. OK: all was looked
	 * at, whatever was found. Writers may have to wait meanwhile. May be NULL: there is nothing below. [any-thread]
	 */
	exs_status (*check)(exs_self *self,
			    exs_status (*say)(void *arg, int32_t kind, exs_str text) /* [any-thread] of check */,
			    void *arg, exs_err *err);
} exs_store;

EXS_END

#endif
