/* SPDX-License-Identifier: MIT */
/* env.c - see env.h. */
#include "env.h"

#include <errno.h>
#include <unistd.h>

#include "folder.h"
#include "fsck.h"

static exs_status status_of(int rc)
{
	switch (rc) {
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return EXS_CORRUPT;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return EXS_TOOBIG;
	case MDB_READERS_FULL:
		return EXS_AGAIN;
	case ENOMEM:
		return EXS_NOMEM;
	case EACCES:
	case EPERM:
		return EXS_DENIED;
	default:
		return EXS_IO;
	}
}

exs_status env_fail(const struct env *env, exs_err *err, int rc, const char *what)
{
	if (rc == MDB_READERS_FULL)
		return exs_fail(err, EXS_AGAIN, 0,
				"the store in '%s' has %u readers already, more do not fit",
				env->path, READERS_MAX);
	if (rc == MDB_MAP_FULL)
		return exs_fail(err, EXS_TOOBIG, ENOSPC,
				"the store in '%s' is at its limit, its map of %llu bytes is full: "
				"raise 'map'",
				env->path, (unsigned long long)env->map_bytes);
	return exs_fail(err, status_of(rc), rc > 0 ? rc : 0, "the store in '%s' cannot %s: %s",
			env->path, what, mdb_strerror(rc));
}

/* ---- opening ---- */

/* LMDB ends the process when it meets a damaged page of its tree: the person should know why. */
static void tree_is_damaged(MDB_env *mdb, const char *what)
{
	const struct env *env = mdb_env_get_userctx(mdb);

	exs_logf(env->host, EXS_ERROR,
		 "the tree of the store in '%.200s' is damaged, restore a copy: %.120s", env->path,
		 what);
}

static int try_open(struct env *env, MDB_env **out)
{
	unsigned flags = MDB_NOTLS | (env->sync ? 0u : MDB_NOSYNC);
	MDB_env *mdb;
	int rc = mdb_env_create(&mdb);

	if (rc)
		return rc;
	(void)mdb_env_set_userctx(mdb, env); /* both fail only for NULL */
	(void)mdb_env_set_assert(mdb, tree_is_damaged);
	rc = mdb_env_set_maxdbs(mdb, DBS_MAX);
	if (!rc)
		rc = mdb_env_set_maxreaders(mdb, READERS_MAX);
	if (!rc)
		rc = mdb_env_set_mapsize(mdb, (size_t)env->map_bytes);
	if (!rc)
		rc = mdb_env_open(mdb, env->path, flags, FILE_MODE);
	if (rc) {
		mdb_env_close(mdb);
		return rc;
	}
	*out = mdb;
	return 0;
}

/* Address space may be short (limits, small machines): then half of it will do. */
static exs_status open_mapped(struct env *env, exs_err *err)
{
	uint64_t wanted = env->map_bytes;
	int rc = try_open(env, &env->mdb);

	while ((rc == ENOMEM || rc == ENOSPC) && env->map_bytes / 2 >= MAP_MIN) {
		env->map_bytes /= 2;
		rc = try_open(env, &env->mdb);
	}
	if (rc)
		return env_fail(env, err, rc, "be opened");
	if (env->map_bytes != wanted)
		exs_logf(env->host, EXS_WARN,
			 "the map of the store is %llu bytes, not %llu: no more address space",
			 (unsigned long long)env->map_bytes, (unsigned long long)wanted);
	return EXS_OK;
}

static exs_status open_mdb(struct env *env, exs_err *err)
{
	MDB_stat st;

	if (folder_check_file(env->path, DATA_FILE, err) || fsck_opening(env, err) || open_mapped(env, err))
		return err->status;
	(void)mdb_env_stat(env->mdb, &st); /* fails only for NULL */
	if (!env->page_bytes)		   /* read by any thread: not written again by a repair */
		env->page_bytes = st.ms_psize;
	if (tail_check(env, err) == EXS_OK && schema_open(env, err) == EXS_OK)
		return EXS_OK;
	mdb_env_close(env->mdb);
	env->mdb = NULL;
	return err->status;
}

static exs_status read_settings(struct env *env, const exs_conf *conf, exs_err *err)
{
	exs_str sync = conf->text(conf, "sync");
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	env->limit_bytes = (uint64_t)conf->number(conf, "limit");
	env->map_bytes = (uint64_t)conf->number(conf, "map") / page * page;
	env->sync = !exs_str_eq(sync, exs_cstr("none"));
	if (env->limit_bytes < LIMIT_MIN)
		return exs_fail(err, EXS_INVALID, 0,
				"%s: 'limit' of the store is less than %llu bytes",
				conf->where(conf, "limit").p, LIMIT_MIN);
	if (env->map_bytes < MAP_MIN || env->map_bytes > SIZE_MAX / 2)
		return exs_fail(
			err, EXS_INVALID, 0,
			"%s: 'map' of the store is not in %llu bytes to half the address space",
			conf->where(conf, "map").p, MAP_MIN);
	return EXS_OK;
}

/* Copy-on-write and a batch in flight need pages above the limit. */
static void fit_limit(struct env *env)
{
	uint64_t most = env->map_bytes - env->map_bytes / 8;

	if (env->limit_bytes <= most)
		return;
	exs_logf(env->host, EXS_WARN,
		 "'limit' of the store is %llu bytes, not %llu: its map has no room for more",
		 (unsigned long long)most, (unsigned long long)env->limit_bytes);
	env->limit_bytes = most;
}

/* A file that was synced is lost as well when its name is not on the disk. */
static exs_status sync_names(const struct env *env, exs_err *err)
{
	char *file;

	if (!env->sync)
		return EXS_OK;
	if (folder_join(env->path, DATA_FILE, &file, err))
		return err->status;
	if (folder_sync_for(file))
		exs_fail(err, EXS_IO, errno, "'%s' cannot be made durable: %s", file,
			 strerror(errno));
	free(file);
	return err->status;
}

exs_status env_open(struct env *env, const exs_host *host, const exs_conf *conf, exs_err *err)
{
	memset(env, 0, sizeof *env);
	env->host = host;
	if (read_settings(env, conf, err) || folder_of(host, conf, &env->path, err))
		return err->status;
	if (folder_prepare(env->path, err) || folder_claim(env->path, &env->owner_fd, err))
		goto undo_path;
	if (env_birth(env, err) || open_mdb(env, err))
		goto undo_claim;
	if (sync_names(env, err))
		goto undo_mdb;
	fit_limit(env);
	pthread_rwlock_init(&env->lock, NULL);
	pthread_mutex_init(&env->writing, NULL);
	env_check_readers(env);
	if (!env->sync)
		exs_logf(host, EXS_WARN,
			 "sync is 'none': what was acknowledged may be lost, and the store "
			 "damaged, when the power fails");
	return EXS_OK;
undo_mdb:
	mdb_env_close(env->mdb);
undo_claim:
	close(env->owner_fd);
undo_path:
	free(env->path);
	return err->status;
}

void env_close(struct env *env)
{
	if (env->mdb) {
		if (!env->sync)
			(void)mdb_env_sync(env->mdb, 1); /* promised nothing, but costs little */
		mdb_env_close(env->mdb);
	}
	pthread_mutex_destroy(&env->writing);
	pthread_rwlock_destroy(&env->lock);
	close(env->owner_fd);
	free(env->path);
}

/* ---- being inside ---- */

exs_status env_enter(struct env *env, exs_err *err)
{
	pthread_rwlock_rdlock(&env->lock);
	if (env->mdb)
		return EXS_OK;
	exs_fail(err, EXS_LOST, EIO, "%s", env->dead);
	pthread_rwlock_unlock(&env->lock);
	return EXS_LOST;
}

void env_leave(struct env *env)
{
	pthread_rwlock_unlock(&env->lock);
}

exs_status env_read(struct env *env, MDB_txn **out, exs_err *err)
{
	int rc;

	if (env_enter(env, err))
		return err->status;
	rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, out);
	if (!rc)
		return EXS_OK;
	env_fail(env, err, rc, "be read");
	env_leave(env);
	return err->status;
}

void env_read_end(struct env *env, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	env_leave(env);
}

/* lock is held for writing. */
static exs_status open_again(struct env *env, exs_err *err)
{
	exs_status s = open_mdb(env, err);

	if (s)
		snprintf(env->dead, sizeof env->dead,
			 "the store failed and could not be opened again (%.90s): restart",
			 err->text);
	return s;
}

exs_status env_repair(struct env *env, exs_err *err)
{
	exs_status s;

	pthread_rwlock_wrlock(&env->lock);
	mdb_env_close(env->mdb);
	env->mdb = NULL;
	s = open_again(env, err);
	env->unproved = true;
	pthread_rwlock_unlock(&env->lock);
	return s;
}

exs_status env_reopen(struct env *env, exs_status (*change)(struct env *env, exs_err *err),
		      exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_status s;

	pthread_rwlock_wrlock(&env->lock);
	if (!env->mdb) {
		s = exs_fail(err, EXS_LOST, EIO, "%s", env->dead);
	} else {
		mdb_env_close(env->mdb);
		env->mdb = NULL;
		s = change(env, err);
		if (open_again(env, &why))
			s = exs_fail(err, why.status, why.sys, "%s", why.text);
	}
	pthread_rwlock_unlock(&env->lock);
	return s;
}

int env_prove(struct env *env)
{
	MDB_envinfo info;
	int rc;

	(void)mdb_env_info(env->mdb, &info); /* fails only for NULL */
	if (info.me_last_txnid < env->told_txn)
		return MDB_CORRUPTED;
	rc = schema_rewrite(env);
	if (!rc)
		env->unproved = false;
	return rc;
}

void env_die(struct env *env, const char *why)
{
	pthread_rwlock_wrlock(&env->lock);
	if (env->mdb)
		mdb_env_close(env->mdb);
	env->mdb = NULL;
	snprintf(env->dead, sizeof env->dead, "the store failed twice in a row (%.90s): see to its disk and restart", why);
	pthread_rwlock_unlock(&env->lock);
}

void env_check_readers(struct env *env)
{
	int dead = 0;

	if (env->mdb && mdb_reader_check(env->mdb, &dead) == 0 && dead > 0)
		exs_logf(env->host, EXS_INFO,
			 "%d readers of the store had died, their places are free again", dead);
}
