/* SPDX-License-Identifier: MIT */
/*
 * schema.c - what stands in the file: the map "rows" for users' keys, and the map "meta" with one
 * row that says whose file this is. No key of a user can reach "meta".
 */
#include "env.h"

#define MAGIC	       "EXSTORE"
#define SCHEMA_VERSION 1u

struct schema {
	char magic[8];
	unsigned char version[4]; /* little-endian */
	unsigned char page[4];	  /* page size when it was made, for information */
};

static void put32(unsigned char to[4], uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t get32(const unsigned char p[4])
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static exs_status not_ours(const char *path, exs_err *err)
{
	return exs_fail(err, EXS_CORRUPT, 0,
			"'%s' holds LMDB data that is no store of executus: set another 'path'",
			path);
}

exs_status schema_check(const char *path, const MDB_val *value, exs_err *err)
{
	struct schema found;

	if (value->mv_size < sizeof found)
		return not_ours(path, err);
	memcpy(&found, value->mv_data, sizeof found);
	if (memcmp(found.magic, MAGIC, sizeof found.magic) != 0)
		return not_ours(path, err);
	if (get32(found.version) != SCHEMA_VERSION)
		return exs_fail(err, EXS_UNSUPPORTED, 0,
				"the store in '%s' has version %u, this battery reads version %u: "
				"use a newer executus",
				path, get32(found.version), SCHEMA_VERSION);
	return EXS_OK;
}

/* Opens both maps in the transaction. MDB_NOTFOUND: the file has no schema. */
static int open_maps(struct env *env, MDB_txn *txn, MDB_val *schema)
{
	MDB_val key = { sizeof SCHEMA_KEY - 1, (void *)(uintptr_t)SCHEMA_KEY };
	MDB_dbi meta;
	int rc = mdb_dbi_open(txn, "meta", 0, &meta);

	if (!rc)
		rc = mdb_dbi_open(txn, "rows", 0, &env->rows);
	return rc ? rc : mdb_get(txn, meta, &key, schema);
}

/* Reads the schema. NOTFOUND: there is none, err is untouched. */
static exs_status load(struct env *env, exs_err *err)
{
	MDB_txn *txn;
	MDB_val value;
	exs_status s;
	int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);

	if (rc)
		return env_fail(env, err, rc, "be read");
	rc = open_maps(env, txn, &value);
	if (rc) {
		mdb_txn_abort(txn);
		if (rc == MDB_NOTFOUND)
			return EXS_NOTFOUND;
		return rc == MDB_INCOMPATIBLE ? not_ours(env->path, err)
					      : env_fail(env, err, rc, "be read");
	}
	s = schema_check(env->path, &value, err);
	(void)mdb_txn_commit(txn); /* of a reading transaction: keeps the maps open */
	return s;
}

static int write_schema(const struct env *env, MDB_txn *txn)
{
	MDB_val key = { sizeof SCHEMA_KEY - 1, (void *)(uintptr_t)SCHEMA_KEY };
	struct schema mine = { .magic = MAGIC };
	MDB_val value = { sizeof mine, &mine };
	MDB_dbi meta, rows;
	int rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &meta);

	put32(mine.version, SCHEMA_VERSION);
	put32(mine.page, env->page_bytes);
	if (!rc)
		rc = mdb_dbi_open(txn, "rows", MDB_CREATE, &rows);
	return rc ? rc : mdb_put(txn, meta, &key, &value, 0);
}

/* A file with anything in it but without a schema is not ours: nothing is written to it. */
static int is_empty(MDB_txn *txn, bool *empty)
{
	MDB_dbi all;
	MDB_stat st;
	int rc = mdb_dbi_open(txn, NULL, 0, &all);

	if (!rc)
		rc = mdb_stat(txn, all, &st);
	if (!rc)
		*empty = st.ms_entries == 0;
	return rc;
}

int schema_rewrite(const struct env *env)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);

	if (rc)
		return rc;
	rc = write_schema(env, txn);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static exs_status create(struct env *env, exs_err *err)
{
	bool empty = false;
	MDB_txn *txn;
	MDB_dbi meta;
	int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);

	if (rc)
		return env_fail(env, err, rc, "be written");
	if (mdb_dbi_open(txn, "meta", 0, &meta) ==
	    0) { /* another process was faster, or it is not ours: load says */
		mdb_txn_abort(txn);
		return EXS_OK;
	}
	rc = is_empty(txn, &empty);
	if (!rc && !empty) {
		mdb_txn_abort(txn);
		return not_ours(env->path, err);
	}
	if (!rc)
		rc = write_schema(env, txn);
	if (rc) {
		mdb_txn_abort(txn);
		return env_fail(env, err, rc, "be made");
	}
	rc = mdb_txn_commit(txn);
	return rc ? env_fail(env, err, rc, "be made") : EXS_OK;
}

exs_status schema_open(struct env *env, exs_err *err)
{
	exs_status s = load(env, err);

	if (s != EXS_NOTFOUND)
		return s;
	if (create(env, err))
		return err->status;
	s = load(env, err);
	return s == EXS_NOTFOUND ? not_ours(env->path, err) : s;
}
