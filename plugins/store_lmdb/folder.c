/* SPDX-License-Identifier: MIT */
/* folder.c - see folder.h. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs_kind.h"

static exs_status join(const char *a, const char *b, const char *c, char **out, exs_err *err)
{
	size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
	char *p;

	if (n > FOLDER_PATH_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"the path of the store has %zu bytes, more than %u", n,
				FOLDER_PATH_MAX);
	p = malloc(n);
	if (!p)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the path of the store");
	stpcpy(stpcpy(stpcpy(p, a), b), c);
	*out = p;
	return EXS_OK;
}

exs_status folder_join(const char *path, const char *name, char **out, exs_err *err)
{
	return join(path, "/", name, out, err);
}

exs_status folder_of(const exs_host *host, const exs_conf *conf, char **out, exs_err *err)
{
	exs_str given = conf->text(conf, "path");

	if (given.n)
		return join(given.p, "", "", out, err);
	if (EXS_HAS(host, state_dir) && host->state_dir && host->state_dir[0] == '/')
		return join(host->state_dir, "/", host->name, out, err);
	return exs_fail(err, EXS_INVALID, 0,
			"no folder for the store: set its 'path', or 'state' of the conf");
}

int folder_sync_for(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(folder);
	return rc;
}

/* Makes one folder, for good; one that is there will do. */
static exs_status make_one(const char *path, exs_err *err)
{
	if (mkdir(path, FOLDER_MODE))
		return errno == EEXIST
			       ? EXS_OK
			       : exs_fail(err, EXS_IO, errno,
					  "the folder '%s' of the store cannot be made: %s", path,
					  strerror(errno));
	if (folder_sync_for(path))
		return exs_fail(err, EXS_IO, errno,
				"the folder '%s' of the store cannot be made durable: %s", path,
				strerror(errno));
	return EXS_OK;
}

/* Makes the folder and what is missing above it. */
static exs_status make(char *path, exs_err *err)
{
	char *p = path;
	exs_status s;

	while (p && *p) {
		p = strchr(p + 1, '/');
		if (p)
			*p = '\0';
		s = make_one(path, err);
		if (p)
			*p = '/';
		if (s)
			return s;
	}
	return EXS_OK;
}

static exs_status check_mode(const char *path, exs_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return exs_fail(err, EXS_IO, errno,
				"the folder '%s' of the store cannot be looked at: %s", path,
				strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return exs_fail(err, EXS_INVALID, ENOTDIR,
				"'%s' is not a folder: 'path' of the store names one", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return exs_fail(
			err, EXS_DENIED, 0,
			"the folder '%s' of the store may be written by others: chmod 700 '%s'",
			path, path);
	if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0)
		return exs_fail(err, EXS_DENIED, 0,
				"the folder '%s' of the store belongs to another user (%u)", path,
				(unsigned)st.st_uid);
	if (access(path, R_OK | W_OK | X_OK))
		return exs_fail(err, EXS_DENIED, errno,
				"the folder '%s' of the store cannot be used: %s", path,
				strerror(errno));
	return EXS_OK;
}

static exs_status check_fs(const char *path, exs_err *err)
{
	struct statfs fs;
	const char *name;

	if (statfs(path, &fs))
		return exs_fail(err, EXS_IO, errno, "the file system of '%s' cannot be told: %s",
				path, strerror(errno));
	name = fs_shared_name((unsigned long)fs.f_type);
	if (name)
		return exs_fail(err, EXS_UNSUPPORTED, 0,
				"'%s' is on %s, which cannot hold the store: set 'path' to a "
				"folder on a local disk",
				path, name);
	return EXS_OK;
}

exs_status folder_prepare(const char *path, exs_err *err)
{
	char *copy;
	exs_status s;

	if (join(path, "", "", &copy, err))
		return err->status;
	s = make(copy, err);
	free(copy);
	if (s)
		return s;
	if (check_mode(path, err) || check_fs(path, err))
		return err->status;
	return EXS_OK;
}

/* n 0: up to the end of all offsets. */
static int lock_bytes(int fd, short type, off_t at, off_t n)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = n };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

exs_status folder_claim(const char *path, int *out, exs_err *err)
{
	char *file;
	int fd;

	if (folder_join(path, OWNERS_FILE, &file, err))
		return err->status;
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	free(file);
	if (fd < 0)
		return exs_fail(err, EXS_IO, errno, "'%s/%s' cannot be opened: %s", path,
				OWNERS_FILE, strerror(errno));
	if (lock_bytes(fd, F_WRLCK, (off_t)getpid(), 1) == 0) {
		*out = fd;
		return EXS_OK;
	}
	if (errno == EAGAIN || errno == EACCES)
		exs_fail(err, EXS_CONFLICT, errno,
			 "the store in '%s' is already open in this process (or in a container "
			 "with the same process id), or is being compacted: bind it once",
			 path);
	else
		exs_fail(err, EXS_IO, errno, "'%s/%s' cannot be locked: %s", path, OWNERS_FILE,
			 strerror(errno));
	close(fd);
	return err->status;
}

exs_status folder_shut(const char *path, int fd, exs_err *err)
{
	if (lock_bytes(fd, F_WRLCK, 0, 0) == 0)
		return EXS_OK;
	if (errno == EAGAIN || errno == EACCES)
		return exs_fail(err, EXS_AGAIN, errno,
				"another process has the store in '%s' open: try again when it has "
				"ended",
				path);
	return exs_fail(err, EXS_IO, errno, "'%s/%s' cannot be locked: %s", path, OWNERS_FILE,
			strerror(errno));
}

void folder_share(int fd)
{
	off_t own = (off_t)getpid();

	(void)lock_bytes(fd, F_UNLCK, 0, own); /* to give up a lock does not fail */
	(void)lock_bytes(fd, F_UNLCK, own + 1, 0);
}

exs_status folder_check_file(const char *path, const char *name, exs_err *err)
{
	struct stat st;
	char *file = NULL;
	int rc;

	if (folder_join(path, name, &file, err))
		return err->status;
	rc = lstat(file, &st);
	free(file);
	if (rc && errno == ENOENT)
		return EXS_OK;
	if (rc)
		return exs_fail(err, EXS_IO, errno, "'%s/%s' cannot be looked at: %s", path, name,
				strerror(errno));
	if (!S_ISREG(st.st_mode))
		return exs_fail(err, EXS_DENIED, 0, "'%s/%s' is not a regular file", path, name);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return exs_fail(err, EXS_DENIED, 0, "'%s/%s' may be used by others: chmod 600 it",
				path, name);
	return EXS_OK;
}
