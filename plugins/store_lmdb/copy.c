/* SPDX-License-Identifier: MIT */
/*
 * copy.c - a backup while the store is in use: one file, compacted, complete or absent. Put in an
 * empty folder as data.mdb it is a store again. The copy is one long read: pages that are freed
 * meanwhile are not used again until it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "folder.h"
#include "store_lmdb.h"

#define COPY_SUFFIX ".part"

static exs_status io(exs_err *err, const char *path, const char *what)
{
	return exs_fail(err, EXS_IO, errno, "the copy '%s' cannot be %s: %s", path, what,
			strerror(errno));
}

int copy_to(struct env *env, int fd)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* LMDB starts a thread to compact */
	rc = mdb_env_copyfd2(env->mdb, fd, MDB_CP_COMPACT);
	if (rc == MDB_INCOMPATIBLE && lseek(fd, 0, SEEK_SET) == 0 && ftruncate(fd, 0) == 0)
		rc = mdb_env_copyfd2(env->mdb, fd,
				     0); /* pages that LMDB lost count of: as they are, then */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static exs_status write_copy(struct env *env, int fd, exs_err *err)
{
	int rc;

	if (env_enter(env, err))
		return err->status;
	rc = copy_to(env, fd);
	if (rc)
		env_fail(env, err, rc, "be copied");
	env_leave(env);
	return rc ? err->status : EXS_OK;
}

/* link and not rename: it never replaces a file that came meanwhile. */
static exs_status publish(const char *part, const char *path, exs_err *err)
{
	if (link(part, path) == 0)
		return folder_sync_for(path) ? io(err, path, "made durable") : EXS_OK;
	if (errno == EEXIST)
		return exs_fail(err, EXS_CONFLICT, EEXIST,
				"'%s' is there already: a copy replaces nothing", path);
	return io(err, path, "named");
}

static exs_status make_part(struct env *env, const char *part, const char *path, exs_err *err)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	exs_status s;

	if (fd < 0)
		return io(err, part, "made");
	s = write_copy(env, fd, err);
	if (s == EXS_OK && fsync(fd))
		s = io(err, path, "written");
	close(fd);
	if (s == EXS_OK)
		s = publish(part, path, err);
	unlink(part);
	return s;
}

exs_status lmdb_copy(exs_self *self, const char *path, exs_err *err)
{
	size_t n = strlen(path) + sizeof COPY_SUFFIX;
	char *part;
	exs_status s;

	if (access(path, F_OK) == 0)
		return exs_fail(err, EXS_CONFLICT, EEXIST,
				"'%s' is there already: a copy replaces nothing", path);
	part = malloc(n);
	if (!part)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the name of a copy");
	snprintf(part, n, "%s%s", path, COPY_SUFFIX);
	s = make_part(&self->env, part, path, err);
	free(part);
	return s;
}
