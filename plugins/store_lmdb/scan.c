/* SPDX-License-Identifier: MIT */
/*
 * scan.c - scans in short transactions. A reading transaction keeps every page alive that was freed
 * since it began, so none is held while a row is handed out.
 */
#include "../common_store/chunk.h"
#include "record.h"
#include "store_lmdb.h"

#define TXN_MS_MAX 100 /* a transaction older than this is let go after its row */

/* Moves to the next row of the range. */
static int seek(MDB_cursor *cursor, const struct range *r, MDB_val *key, MDB_val *value)
{
	int rc;

	*key = (MDB_val){ r->n, (void *)(uintptr_t)r->at };
	if (!r->reverse)
		return mdb_cursor_get(cursor, key, value, r->n ? MDB_SET_RANGE : MDB_FIRST);
	if (r->n == 0)
		return mdb_cursor_get(cursor, key, value, MDB_LAST);
	rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, key, value, MDB_LAST);
	return rc ? rc : mdb_cursor_get(cursor, key, value, MDB_PREV);
}

static exs_status take_row(const struct env *env, struct range *r, uint32_t flags, struct chunk *c,
			   exs_str key, const MDB_val *stored, exs_err *err)
{
	exs_str value = exs_cstr(NULL);

	if (!(flags & EXS_SCAN_KEYS) &&
	    !record_read(key, exs_bytes(stored->mv_data, stored->mv_size), &value))
		return record_fail(env, err, key, RECORD_DAMAGED);
	if (chunk_add(c, key, value, err))
		return err->status;
	range_pass(r, key);
	return EXS_OK;
}

static exs_status copy_rows(const struct env *env, MDB_cursor *cursor, struct range *r,
			    uint32_t flags, struct chunk *c, bool *end, exs_err *err)
{
	int64_t until_ms = env->host->mono_ms(env->host) + TXN_MS_MAX;
	MDB_val k, v;
	int rc = seek(cursor, r, &k, &v);

	while (rc == 0) {
		exs_str key = exs_bytes(k.mv_data, k.mv_size);

		if (!range_has(r, key))
			break;
		if (take_row(env, r, flags, c, key, &v, err))
			return err->status;
		if (chunk_full(c) || env->host->mono_ms(env->host) > until_ms)
			return EXS_OK;
		rc = mdb_cursor_get(cursor, &k, &v, r->reverse ? MDB_PREV : MDB_NEXT);
	}
	if (rc && rc != MDB_NOTFOUND)
		return env_fail(env, err, rc, "be read");
	*end = true;
	return EXS_OK;
}

static exs_status fill(exs_self *self, struct range *r, uint32_t flags, struct chunk *c, bool *end,
		       exs_err *err)
{
	struct env *env = &self->env;
	MDB_cursor *cursor;
	MDB_txn *txn;
	exs_status s;
	int rc;

	if (env_read(env, &txn, err))
		return err->status;
	rc = mdb_cursor_open(txn, env->rows, &cursor);
	if (rc) {
		s = env_fail(env, err, rc, "be read");
	} else {
		s = copy_rows(env, cursor, r, flags, c, end, err);
		mdb_cursor_close(cursor);
	}
	env_read_end(env, txn);
	return s;
}

exs_status lmdb_scan(exs_self *self, exs_str prefix, exs_str from, uint32_t flags,
		     exs_status (*row)(void *arg, exs_str key, exs_str value), void *arg,
		     exs_err *err)
{
	return chunk_scan(self, fill, prefix, from, flags, row, arg, err);
}
