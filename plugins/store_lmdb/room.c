/* SPDX-License-Identifier: MIT */
/* room.c - see room.h. */
#include "room.h"

#include "readers.h"

/*
 * Map 0 lists the pages that each commit freed. Those of a commit that the oldest reader does not see are
 * held. Our own look reads the last commit, and even without it LMDB would not touch what that one freed.
 */
static int count_free(MDB_txn *reading, uint64_t oldest, uint64_t *held, uint64_t *ready)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	size_t pages, txn;
	int rc = mdb_cursor_open(reading, 0, &cursor);

	if (rc)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		memcpy(&txn, key.mv_data, sizeof txn);
		memcpy(&pages, value.mv_data, sizeof pages);
		*(txn < oldest ? ready : held) += pages;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int room_measure(const struct env *env, MDB_txn *reading, struct room *out)
{
	uint64_t held = 0, ready = 0;
	struct readers readers;
	MDB_envinfo info;
	int rc = mdb_env_info(env->mdb, &info);

	if (!rc)
		rc = readers_list(env, &readers);
	if (!rc)
		rc = count_free(reading, readers.n ? readers.oldest[0].txn : UINT64_MAX, &held,
				&ready);
	if (rc)
		return rc;
	out->held = held * env->page_bytes;
	out->ready = ready * env->page_bytes;
	out->used = ((uint64_t)info.me_last_pgno + 1) * env->page_bytes - out->held - out->ready;
	out->last_txn = info.me_last_txnid;
	return 0;
}
