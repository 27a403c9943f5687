/* SPDX-License-Identifier: MIT */
/* group.c - see group.h. */
#include "group.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "../common_store/rules.h"
#include "record.h"
#include "room.h"

#define DISK_LOW     (1u << 20) /* bytes: less is left on a full disk */
#define ROW_OVERHEAD 64u /* of a small row in its page, with its share of the tree above */

/* One try to commit a list of batches. */
struct attempt {
	struct env *env;
	MDB_txn *txn;
	uint64_t file, used;   /* bytes up to the last page when it began; not free of them */
	uint64_t ready, added; /* free and reusable; what its batches may add */
	bool measured;	       /* else used is all of file, and ready 0 */
};

/* How a batch left the transaction. */
enum mark { CLEAN, SPOILT };

uint64_t group_bytes(const struct env *env, const exs_op *const *ops, uint64_t n)
{
	uint64_t page = env->page_bytes;
	uint64_t sum = 0;
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t bytes = ops[i]->key.n + RECORD_HEADER + ROW_OVERHEAD;

		if (ops[i]->kind != EXS_OP_PUT && ops[i]->kind != EXS_OP_ADD)
			continue;
		bytes += ops[i]->kind == EXS_OP_PUT ? ops[i]->value.n : COUNTER_BYTES;
		sum += bytes < page / 2 ? bytes : bytes + page;
	}
	return sum;
}

/* ---- the limit ---- */

static void measure(struct attempt *a)
{
	struct room room;
	MDB_txn *reading;

	a->measured = true;
	if (mdb_txn_begin(a->env->mdb, NULL, MDB_RDONLY, &reading))
		return; /* the size of the file stands: stricter, never looser */
	if (room_measure(a->env, reading, &room) == 0) {
		a->used = room.used;
		a->ready = room.ready;
	}
	mdb_txn_abort(reading);
}

/* All of limit and map is for ends; a part of both is kept from what begins something. */
static bool has_room(const struct attempt *a, const struct batch *b)
{
	uint64_t limit = a->env->limit_bytes, map = a->env->map_bytes;
	uint64_t more = a->added + b->bytes;

	if (b->ends)
		return a->used + more <= limit;
	return a->used + more <= limit - limit / RESERVE_PARTS &&
	       a->file + more <= map - map / RESERVE_PARTS + a->ready;
}

static exs_status check_room(struct attempt *a, struct batch *b)
{
	if (b->bytes == 0)
		return EXS_OK;
	if (!has_room(a, b) && !a->measured)
		measure(a);
	if (has_room(a, b)) {
		a->added += b->bytes;
		return EXS_OK;
	}
	if (a->used + a->added + b->bytes <= a->env->limit_bytes - a->env->limit_bytes / RESERVE_PARTS)
		return env_fail(a->env, &b->err, MDB_MAP_FULL, "be written");
	return exs_fail(&b->err, EXS_TOOBIG, ENOSPC,
			"the store is at its limit of %llu bytes, %llu are used%s: prune runs or "
			"raise 'limit' (%.60s)",
			(unsigned long long)a->env->limit_bytes, (unsigned long long)a->used,
			b->ends ? "" : " and the rest is kept for ends", a->env->path);
}

/* ---- one batch ---- */

static enum mark check_conditions(struct attempt *a, struct batch *b)
{
	uint64_t i;

	for (i = 0; i < b->n; i++) {
		const exs_op *op = b->ops[i];
		exs_str value = exs_cstr(NULL);
		int rc = MDB_NOTFOUND;

		if (op->kind == EXS_OP_CHECK || op->kind == EXS_OP_ADD)
			rc = record_find(a->env, a->txn, op->key, &value);
		if (rc == 0 || rc == MDB_NOTFOUND) {
			if (rules_condition(op, rc == 0, value, &b->err) == EXS_OK)
				continue;
		} else {
			record_fail(a->env, &b->err, op->key, rc);
		}
		b->err.at = (int64_t)i;
		return rc == 0 || rc == MDB_NOTFOUND || rc == RECORD_DAMAGED ? CLEAN : SPOILT;
	}
	return CLEAN;
}

static exs_status put(struct attempt *a, exs_str key, exs_str value, exs_err *err)
{
	MDB_val k = { key.n, (void *)(uintptr_t)key.p };
	MDB_val v = { RECORD_HEADER + value.n, NULL };
	int rc = mdb_put(a->txn, a->env->rows, &k, &v, MDB_RESERVE);

	if (rc)
		return env_fail(a->env, err, rc, "be written");
	record_write(v.mv_data, key, value);
	return EXS_OK;
}

static exs_status del(struct attempt *a, exs_str key, exs_err *err)
{
	MDB_val k = { key.n, (void *)(uintptr_t)key.p };
	int rc = mdb_del(a->txn, a->env->rows, &k, NULL);

	return rc && rc != MDB_NOTFOUND ? env_fail(a->env, err, rc, "be written") : EXS_OK;
}

static exs_status add(struct attempt *a, const exs_op *op, exs_err *err)
{
	char bytes[COUNTER_BYTES];
	exs_str value = exs_cstr(NULL);
	int64_t sum;
	int rc = record_find(a->env, a->txn, op->key, &value);

	if (rc && rc != MDB_NOTFOUND)
		return record_fail(a->env, err, op->key, rc);
	if (rules_sum(op, rc == 0, value, &sum, err))
		return err->status;
	rules_counter(sum, bytes);
	return put(a, op->key, exs_bytes(bytes, sizeof bytes), err);
}

static exs_status apply(struct attempt *a, const exs_op *op, exs_err *err)
{
	switch (op->kind) {
	case EXS_OP_PUT:
		return put(a, op->key, op->value, err);
	case EXS_OP_DEL:
		return del(a, op->key, err);
	case EXS_OP_ADD:
		return add(a, op, err);
	default:
		return EXS_OK;
	}
}

/* Adds the batch to the transaction. SPOILT: the transaction holds a part of it and must go. */
static enum mark try_batch(struct attempt *a, struct batch *b)
{
	enum mark mark;
	uint64_t i;

	b->err = (exs_err)EXS_ERR_INIT;
	if (check_room(a, b))
		return CLEAN;
	mark = check_conditions(a, b);
	if (b->err.status)
		return mark;
	for (i = 0; i < b->n; i++) {
		if (apply(a, b->ops[i], &b->err)) {
			b->err.at = (int64_t)i;
			return SPOILT;
		}
	}
	return CLEAN;
}

/* ---- the group ---- */

static void fail_all(struct batch *first, const exs_err *err)
{
	for (; first; first = first->next)
		first->err = *err;
}

/* LMDB says EIO, too, when a write was cut short because the disk is full; then nothing is wrong with it. */
static bool disk_is_full(const struct env *env)
{
	struct statvfs st;
	int fd;

	return mdb_env_get_fd(env->mdb, &fd) == 0 && fstatvfs(fd, &st) == 0 &&
	       (uint64_t)st.f_bavail * st.f_frsize < DISK_LOW;
}

/* A failed sync, or a meta page that could not be written: what is on the disk is not known. */
static bool is_fatal(int rc)
{
	return rc == EIO || rc == MDB_PANIC;
}

static exs_status repair(struct group *g, int rc)
{
	struct env *env = g->env;
	exs_err why = EXS_ERR_INIT;

	exs_logf(env->host, EXS_ERROR, "the store in '%.200s' failed to write (%s): %s", env->path,
		 mdb_strerror(rc),
		 g->repairs < REPAIRS_MAX ? "opening it again"
					  : "this is the second time, it stays closed");
	if (g->repairs++ < REPAIRS_MAX)
		return env_repair(env, &why);
	env_die(env, mdb_strerror(rc));
	return EXS_IO;
}

/*
 * A store that was opened again takes nothing before it is proved. Neither a full disk is a proof, nor
 * does it tell against the store.
 */
static exs_status prove(struct group *g, exs_err *err)
{
	struct env *env = g->env;
	int rc;

	if (!env->unproved)
		return EXS_OK;
	rc = env_prove(env);
	if (rc == EIO && disk_is_full(env))
		rc = ENOSPC;
	if (!rc || rc == ENOSPC || rc == EDQUOT)
		return rc ? env_fail(env, err, rc, "be written") : EXS_OK;
	(void)repair(g, rc);
	return exs_fail(err, EXS_LOST, EIO, "%s", env->dead);
}

static exs_status begin(struct group *g, struct attempt *a, exs_err *err)
{
	struct env *env = g->env;
	MDB_envinfo info;
	int rc;

	*a = (struct attempt){ .env = env };
	if (!env->mdb)
		return exs_fail(err, EXS_LOST, EIO, "%s", env->dead);
	if (prove(g, err))
		return err->status;
	rc = mdb_txn_begin(env->mdb, NULL, 0, &a->txn);
	/* In a panic nothing was written yet, so going on after a repair repeats nothing. */
	if (rc == MDB_PANIC) {
		if (repair(g, rc))
			return exs_fail(err, EXS_LOST, EIO, "%s", env->dead);
		if (prove(g, err))
			return err->status;
		rc = mdb_txn_begin(env->mdb, NULL, 0, &a->txn);
	}
	if (rc)
		return env_fail(env, err, rc, "be written");
	(void)mdb_env_info(env->mdb, &info); /* fails only for NULL */
	a->file = a->used = ((uint64_t)info.me_last_pgno + 1) * env->page_bytes;
	return EXS_OK;
}

/* Adds all batches. SPOILT: one of them left the transaction broken. *any: there is something to
 * commit. */
static enum mark try_all(struct attempt *a, struct batch *first, bool *any)
{
	*any = false;
	for (; first; first = first->next) {
		if (try_batch(a, first) == SPOILT)
			return SPOILT;
		*any |= first->err.status == EXS_OK;
	}
	return CLEAN;
}

/* Rows of a file that nobody can open again are not stored. */
static bool is_removed(const struct env *env)
{
	struct stat st;
	int fd;

	return mdb_env_get_fd(env->mdb, &fd) == 0 && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static bool refuse_if_removed(struct group *g, struct batch *first)
{
	exs_err err = EXS_ERR_INIT;

	if (!is_removed(g->env))
		return false;
	exs_fail(&err, EXS_LOST, ENOENT,
		 "the store in '%.100s' was removed while it was open: restart", g->env->path);
	fail_all(first, &err);
	return true;
}

static void note_told(struct group *g)
{
	MDB_envinfo info;

	(void)mdb_env_info(g->env->mdb, &info);
	g->env->told_txn = info.me_last_txnid;
	g->repairs = 0;
}

/*
 * Decides the list in one transaction; false: it has to be tried batch by batch. A file that was removed is looked
 * for on both sides of it: before, or a batch that is sent again finds its own rows and takes them for stored.
 */
static bool commit_together(struct group *g, struct batch *first)
{
	exs_err err = EXS_ERR_INIT;
	struct attempt a;
	bool any;
	int rc;

	if (refuse_if_removed(g, first))
		return true;
	if (begin(g, &a, &err)) {
		fail_all(first, &err);
		return true;
	}
	if (try_all(&a, first, &any) == SPOILT) {
		mdb_txn_abort(a.txn);
		return !first->next;
	}
	if (!any) {
		mdb_txn_abort(a.txn);
		return true;
	}
	rc = mdb_txn_commit(a.txn);
	if (!rc && refuse_if_removed(g, first))
		return true;
	if (!rc) {
		note_told(g);
		return true;
	}
	if (rc == EIO && disk_is_full(g->env))
		rc = ENOSPC;
	if (first->next && !is_fatal(rc))
		return false;
	env_fail(g->env, &err, rc, "be written");
	fail_all(first, &err);
	if (is_fatal(rc))
		(void)repair(g, rc); /* logged; a dead store answers for itself */
	return true;
}

void group_commit(struct group *g, struct batch *first)
{
	if (commit_together(g, first))
		return;
	while (first) {
		struct batch *next = first->next;

		first->next = NULL;
		(void)commit_together(g, first); /* one batch alone is always decided */
		first->next = next;
		first = next;
	}
}
