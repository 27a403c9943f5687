/* SPDX-License-Identifier: MIT */
/*
 * restore.c - takes a copy back: one transaction that empties the store and puts every row of the
 * copy in, so processes that have the store open see the old rows or the new ones, and a crash
 * leaves the old. No file is exchanged. Each row is checked on its way.
 */
#include <errno.h>
#include <unistd.h>

#include "record.h"
#include "store_lmdb.h"

struct source {
	MDB_env *mdb;
	MDB_txn *txn;
	MDB_dbi rows;
};

static exs_status bad(exs_err *err, const char *path, int rc)
{
	exs_status s = rc == EACCES || rc == EPERM ? EXS_DENIED
		       : rc == ENOENT		   ? EXS_NOTFOUND
		       : rc > 0			   ? EXS_IO
						   : EXS_CORRUPT;

	return exs_fail(err, s, rc > 0 ? rc : 0, "'%s' cannot be read as a copy of a store: %s",
			path, mdb_strerror(rc));
}

static void source_close(struct source *src)
{
	if (src->txn)
		mdb_txn_abort(src->txn);
	mdb_env_close(src->mdb);
}

static int source_map(struct source *src, const char *path, uint64_t map_bytes)
{
	int rc = mdb_env_set_maxdbs(src->mdb, DBS_MAX);

	if (!rc)
		rc = mdb_env_set_mapsize(src->mdb, (size_t)map_bytes);
	if (!rc)
		rc = mdb_env_open(src->mdb, path,
				  MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0);
	return rc ? rc : mdb_txn_begin(src->mdb, NULL, MDB_RDONLY, &src->txn);
}

/* Pages of the file that the copy counts and does not have would end the process when read. */
static exs_status check_length(struct source *src, const char *path, exs_err *err)
{
	MDB_envinfo info;
	MDB_stat st;
	off_t end;
	int fd;

	if (mdb_env_info(src->mdb, &info) || mdb_env_stat(src->mdb, &st) ||
	    mdb_env_get_fd(src->mdb, &fd))
		return bad(err, path, MDB_INVALID);
	end = lseek(fd, 0, SEEK_END);
	if (end >= 0 && (uint64_t)end >= ((uint64_t)info.me_last_pgno + 1) * st.ms_psize)
		return EXS_OK;
	return exs_fail(err, EXS_CORRUPT, 0, "'%s' is cut off: it is not a whole copy", path);
}

static exs_status source_check(struct source *src, const char *path, exs_err *err)
{
	MDB_val key = { sizeof SCHEMA_KEY - 1, (void *)(uintptr_t)SCHEMA_KEY };
	MDB_val value;
	MDB_dbi meta;
	int rc;

	if (check_length(src, path, err))
		return err->status;
	rc = mdb_dbi_open(src->txn, "meta", 0, &meta);
	if (!rc)
		rc = mdb_dbi_open(src->txn, "rows", 0, &src->rows);
	if (!rc)
		rc = mdb_get(src->txn, meta, &key, &value);
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
		return exs_fail(err, EXS_CORRUPT, 0, "'%s' is no copy of a store of executus",
				path);
	return rc ? bad(err, path, rc) : schema_check(path, &value, err);
}

static exs_status source_open(struct source *src, const char *path, uint64_t map_bytes,
			      exs_err *err)
{
	int rc = access(path, R_OK) ? errno : mdb_env_create(&src->mdb);

	if (rc)
		return bad(err, path, rc);
	rc = source_map(src, path, map_bytes);
	if (rc)
		bad(err, path, rc);
	else if (source_check(src, path, err) == EXS_OK)
		return EXS_OK;
	source_close(src);
	return err->status;
}

/* Every row of the copy, in order, into the empty map. */
static exs_status copy_rows(struct env *env, struct source *src, MDB_txn *txn, const char *path,
			    exs_err *err)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	exs_str plain;
	int rc = mdb_cursor_open(src->txn, src->rows, &cursor);

	if (rc)
		return bad(err, path, rc);
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		if (!record_read(exs_bytes(key.mv_data, key.mv_size),
				 exs_bytes(value.mv_data, value.mv_size), &plain)) {
			rc = RECORD_DAMAGED;
			exs_fail(err, EXS_CORRUPT, 0,
				 "the copy '%s' is damaged: a row of it fails its check", path);
			break;
		}
		rc = mdb_put(txn, env->rows, &key, &value, MDB_APPEND);
		if (rc) {
			env_fail(env, err, rc, "take the copy");
			break;
		}
	}
	mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND && !err->status)
		bad(err, path, rc);
	return err->status;
}

static exs_status replace(struct env *env, struct source *src, const char *path, exs_err *err)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);

	if (rc)
		return env_fail(env, err, rc, "be written");
	rc = mdb_drop(txn, env->rows, 0);
	if (rc)
		env_fail(env, err, rc, "be emptied");
	if (rc || copy_rows(env, src, txn, path, err)) {
		mdb_txn_abort(txn);
		return err->status;
	}
	rc = mdb_txn_commit(txn);
	return rc ? env_fail(env, err, rc, "take the copy") : EXS_OK;
}

exs_status lmdb_restore(exs_self *self, const char *path, exs_err *err)
{
	struct env *env = &self->env;
	struct source src = { NULL, NULL, 0 };
	exs_status s;

	err->status = EXS_OK;
	if (source_open(&src, path, env->map_bytes, err))
		return err->status;
	s = env_enter(env, err);
	if (s == EXS_OK) {
		s = replace(env, &src, path, err);
		env_leave(env);
	}
	source_close(&src);
	return s;
}
