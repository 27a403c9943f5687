/* SPDX-License-Identifier: MIT */
/*
 * power_log.c - preloaded into a process: writes down what it does to the files of one folder, and
 * what it tells, in the order in which it happens.
 *
 * POWER_DIR	the folder
 * POWER_TOLD	the file where it tells: its standard output
 * POWER_LOG	where the events go, see power_log.h
 * POWER_MUTANT	fdatasync: that call does nothing and says that it did
 *
 * One lock is held from before an event until it is written down, so that two threads cannot swap
 * the order. A change is written down before it happens, a sync after it: so the log never claims
 * more than was true.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "power_log.h"

#define PARTS_MAX 64 /* LMDB writes as many at most */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The next library's function of that name. */
#define REAL(name)                                                                                 \
	static __typeof__(&name) real;                                                             \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

static void give_up(const char *what)
{
	dprintf(2, "power_log: %s\n", what);
	abort();
}

static void put(const struct power_event *e, const char *path, const struct iovec *data, int n)
{
	struct iovec all[PARTS_MAX + 2] = { { (void *)(uintptr_t)e, sizeof *e },
					    { (void *)(uintptr_t)path, e->path_n } };
	size_t size = sizeof *e + e->path_n + e->data_n;
	static int fd = -1;
	REAL(writev);

	if (fd < 0) {
		int (*real_open)(const char *, int, ...);

		*(void **)&real_open = dlsym(RTLD_NEXT, "open");
		fd = real_open(getenv("POWER_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			       0600);
	}
	if (n > PARTS_MAX)
		give_up("more parts than there is room for");
	if (n)
		memcpy(all + 2, data, (size_t)n * sizeof *data);
	if (fd < 0 || real(fd, all, n + 2) != (ssize_t)size)
		give_up("the log cannot be written");
}

/* ---- which files are meant ---- */

static bool within(const char *path)
{
	const char *dir = getenv("POWER_DIR");
	size_t n = dir ? strlen(dir) : 0;

	return n && strncmp(path, dir, n) == 0 && path[n] == '/';
}

enum where { ELSEWHERE, IN_FOLDER, TOLD };

static enum where where_is(int fd, struct stat *st)
{
	char link[64], path[PATH_MAX];
	const char *told = getenv("POWER_TOLD");
	ssize_t n;

	if (fstat(fd, st) || (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)))
		return ELSEWHERE;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	if (told && strcmp(path, told) == 0)
		return TOLD;
	return within(path) || strcmp(path, getenv("POWER_DIR")) == 0 ? IN_FOLDER : ELSEWHERE;
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_ino;
}

static void put_name(uint16_t kind, const char *path)
{
	char parent[PATH_MAX];
	struct power_event e = { .kind = kind, .path_n = (uint32_t)strlen(path) };
	int error = errno;

	snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
	e.parent = inode_of(parent);
	e.ino = inode_of(path);
	put(&e, path, NULL, 0);
	errno = error;
}

/* ---- bytes ---- */

/* at < 0: at the place where the descriptor stands. */
static void note_write(int fd, const struct iovec *parts, int n, off_t at)
{
	struct power_event e = { 0 };
	struct stat st;
	enum where where = where_is(fd, &st);
	int i, flags;

	if (where == ELSEWHERE)
		return;
	for (i = 0; i < n; i++)
		e.data_n += (uint32_t)parts[i].iov_len;
	flags = fcntl(fd, F_GETFL);
	e.kind = where == TOLD ? POWER_TOLD : POWER_WRITE;
	e.synced = (flags & O_DSYNC) != 0;
	e.ino = st.st_ino;
	if (at < 0)
		at = flags & O_APPEND ? st.st_size : lseek(fd, 0, SEEK_CUR);
	e.at = (uint64_t)at;
	put(&e, "", parts, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
	struct iovec part = { (void *)(uintptr_t)p, n };
	ssize_t done;
	REAL(write);

	pthread_mutex_lock(&lock);
	note_write(fd, &part, 1, -1);
	done = real(fd, p, n);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	ssize_t done;
	REAL(writev);

	pthread_mutex_lock(&lock);
	note_write(fd, parts, n, -1);
	done = real(fd, parts, n);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	struct iovec part = { (void *)(uintptr_t)p, n };
	ssize_t done;
	REAL(pwrite);

	pthread_mutex_lock(&lock);
	note_write(fd, &part, 1, at);
	done = real(fd, p, n, at);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite(fd, p, n, at);
}

static void note_size(uint16_t kind, int fd, off_t size)
{
	struct power_event e = { .kind = kind, .at = (uint64_t)size };
	struct stat st;

	if (where_is(fd, &st) != IN_FOLDER)
		return;
	e.ino = st.st_ino;
	put(&e, "", NULL, 0);
}

int ftruncate(int fd, off_t size)
{
	int rc;
	REAL(ftruncate);

	pthread_mutex_lock(&lock);
	note_size(POWER_SIZE, fd, size);
	rc = real(fd, size);
	pthread_mutex_unlock(&lock);
	return rc;
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	int rc;
	REAL(fallocate);

	pthread_mutex_lock(&lock);
	if (mode == 0)
		note_size(POWER_GROW, fd, at + n);
	rc = real(fd, mode, at, n);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* ---- syncs ---- */

static void note_sync(int fd)
{
	struct power_event e = { .kind = POWER_SYNC };
	struct stat st;

	if (where_is(fd, &st) != IN_FOLDER)
		return;
	e.ino = st.st_ino;
	put(&e, "", NULL, 0);
}

int fdatasync(int fd)
{
	const char *mutant = getenv("POWER_MUTANT");
	int rc;
	REAL(fdatasync);

	if (mutant && strcmp(mutant, "fdatasync") == 0)
		return 0;
	pthread_mutex_lock(&lock);
	rc = real(fd);
	if (rc == 0)
		note_sync(fd);
	pthread_mutex_unlock(&lock);
	return rc;
}

int fsync(int fd)
{
	int rc;
	REAL(fsync);

	pthread_mutex_lock(&lock);
	rc = real(fd);
	if (rc == 0)
		note_sync(fd);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* ---- names ---- */

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;
	bool is_new;
	int fd;
	REAL(open);

	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = (mode_t)va_arg(ap, int);
		va_end(ap);
	}
	if (!(flags & O_CREAT) || !within(path))
		return real(path, flags, mode);
	pthread_mutex_lock(&lock);
	is_new = inode_of(path) == 0;
	fd = real(path, flags, mode);
	if (fd >= 0 && is_new)
		put_name(POWER_NAME, path);
	pthread_mutex_unlock(&lock);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = (mode_t)va_arg(ap, int);
	va_end(ap);
	return open(path, flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
	int rc;
	REAL(mkdir);

	pthread_mutex_lock(&lock);
	rc = real(path, mode);
	if (rc == 0 && within(path))
		put_name(POWER_FOLDER, path);
	pthread_mutex_unlock(&lock);
	return rc;
}

int unlink(const char *path)
{
	int rc;
	REAL(unlink);

	pthread_mutex_lock(&lock);
	rc = real(path);
	if (rc == 0 && within(path))
		put_name(POWER_UNNAME, path);
	pthread_mutex_unlock(&lock);
	return rc;
}

int link(const char *from, const char *to)
{
	int rc;
	REAL(link);

	pthread_mutex_lock(&lock);
	rc = real(from, to);
	if (rc == 0 && within(to))
		put_name(POWER_NAME, to);
	pthread_mutex_unlock(&lock);
	return rc;
}

int rename(const char *from, const char *to)
{
	int rc;
	REAL(rename);

	pthread_mutex_lock(&lock);
	rc = real(from, to);
	if (rc == 0 && within(to))
		put_name(POWER_NAME, to);
	if (rc == 0 && within(from))
		put_name(POWER_UNNAME, from);
	pthread_mutex_unlock(&lock);
	return rc;
}
