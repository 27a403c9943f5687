/* SPDX-License-Identifier: MIT */
/*
 * compact.c - gives free pages back to the file system, which LMDB never does by itself.
 *
 * A copy without them is written beside the file, synced, and renamed over it while no other
 * process has the folder open. Until the rename the old file is what it was; after it the new one
 * is whole. What a crash leaves is a file that the next compact deletes.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "folder.h"
#include "store_lmdb.h"

#define COMPACT_FILE "data.mdb.compact"

static exs_status io(exs_err *err, const char *path, const char *what)
{
	return exs_fail(err, EXS_IO, errno, "the compacted store '%s' cannot be %s: %s", path, what,
			strerror(errno));
}

static exs_status write_new(struct env *env, const char *path, exs_err *err)
{
	int fd, rc;

	if (unlink(path) && errno != ENOENT)
		return io(err, path, "begun anew");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return io(err, path, "made");
	if (env_enter(env, err) == EXS_OK) {
		rc = copy_to(env, fd);
		if (rc)
			env_fail(env, err, rc, "be compacted");
		env_leave(env);
	}
	if (!err->status && fsync(fd))
		io(err, path, "written");
	close(fd);
	return err->status;
}

/* Nobody has it open, not even we. */
static exs_status put_in_place(struct env *env, exs_err *err)
{
	char *from = NULL, *to = NULL;
	exs_status s = folder_join(env->path, COMPACT_FILE, &from, err);

	if (s == EXS_OK)
		s = folder_join(env->path, DATA_FILE, &to, err);
	if (s == EXS_OK && rename(from, to))
		s = io(err, from, "put in place");
	if (s == EXS_OK && folder_sync_for(to))
		s = io(err, to, "made durable");
	free(to);
	free(from);
	return s;
}

static exs_status compact(struct env *env, exs_err *err)
{
	char *path;
	exs_status s;

	if (folder_join(env->path, COMPACT_FILE, &path, err))
		return err->status;
	s = write_new(env, path, err);
	if (s == EXS_OK)
		s = env_reopen(env, put_in_place, err);
	if (s != EXS_OK)
		unlink(path);
	free(path);
	return s;
}

exs_status lmdb_compact(exs_self *self, exs_err *err)
{
	struct env *env = &self->env;

	err->status = EXS_OK;
	pthread_mutex_lock(&env->writing);
	if (folder_shut(env->path, env->owner_fd, err) == EXS_OK) {
		(void)compact(env, err);
		folder_share(env->owner_fd);
	}
	pthread_mutex_unlock(&env->writing);
	return err->status;
}
