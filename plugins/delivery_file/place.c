/* SPDX-License-Identifier: MIT */
/* place.c - see place.h. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_BYTES  32u
#define PIECE_BYTES (1u << 20) /* between two looks at the token */

static exs_status place_failed(const struct place *place, const char *what, const char *name,
			       int sys, exs_err *err)
{
	int full = sys == ENOSPC || sys == EDQUOT;
	int later = full || sys == ENOMEM || sys == EMFILE || sys == ENFILE;
	int right = sys == EACCES || sys == EPERM || sys == EROFS;
	const char *help = full	   ? ": make room on its disk"
			   : right ? ": give this user the right to write there"
			   : sys == ELOOP || sys == ENOTDIR
				   ? ": a link or a file stands where a folder belongs"
			   : sys == ENOENT ? ": make its folder"
					   : "";
	char text[96];

	exs_fail(err, right || sys == ELOOP || sys == ENOTDIR ? EXS_DENIED : EXS_IO, sys,
		 "cannot %s '%s%s%s' (%s)%s", what, place->dir, *name ? "/" : "", name,
		 strerror_r(sys, text, sizeof text), help);
	if (later)
		err->klass = EXS_CLASS_TRANSIENT;
	return err->status;
}

static int dir_open(int at, const char *name, int flags)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

/* A folder that was made is durable only with its parent. */
static void sync_parent(int fd)
{
	int up = dir_open(fd, "..", 0);

	if (up < 0)
		return; /* a parent that may not be read: its system has to write it back alone */
	(void)fsync(up);
	close(up);
}

/* The folder itself may be reached through links: the conf names it. */
static int root_open(const struct place *place, exs_err *err)
{
	int fd = dir_open(AT_FDCWD, place->dir, 0);

	if (fd < 0 && errno == ENOENT && (mkdir(place->dir, 0700) == 0 || errno == EEXIST)) {
		fd = dir_open(AT_FDCWD, place->dir, 0);
		if (fd >= 0 && place->sync)
			sync_parent(fd);
	}
	if (fd < 0)
		place_failed(place, "open the folder", "", errno, err);
	return fd;
}

exs_status place_ready(const struct place *place, exs_err *err)
{
	int fd = root_open(place, err);
	int sys;

	if (fd < 0)
		return err->status;
	sys = faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) ? errno : 0;
	close(fd);
	return sys ? place_failed(place, "write to the folder", "", sys, err) : EXS_OK;
}

/* One folder deeper, made when it is absent. Closes `at`. */
static int step_into(const struct place *place, int at, const char *part)
{
	int fd = dir_open(at, part, O_NOFOLLOW);
	int sys;

	if (fd < 0 && errno == ENOENT && (mkdirat(at, part, 0700) == 0 || errno == EEXIST)) {
		fd = dir_open(at, part, O_NOFOLLOW);
		if (fd >= 0 && place->sync && fsync(at) && errno != EINVAL) {
			sys = errno;
			close(fd);
			fd = -1;
			errno = sys;
		}
	}
	sys = errno;
	close(at);
	errno = sys;
	return fd;
}

/* Opens the folder of the name and tells where its last part begins; -1 with err filled. */
static int folder_of(const struct place *place, const char *name, const char **last, exs_err *err)
{
	int fd = root_open(place, err);
	char part[256];
	size_t n;

	*last = name;
	if (fd < 0)
		return -1;
	while ((n = strcspn(*last, "/")) < strlen(*last)) {
		snprintf(part, sizeof part, "%.*s", (int)n, *last);
		fd = step_into(place, fd, part);
		if (fd < 0) {
			place_failed(place, "open the folder of", name, errno, err);
			return -1;
		}
		*last += n + 1;
	}
	return fd;
}

static exs_status temp_open(const struct place *place, int dir, char temp[TEMP_BYTES], int *out,
			    exs_err *err)
{
	uint64_t random;
	int fd;

	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		return place_failed(place, "make a temporary name in", "", errno, err);
	snprintf(temp, TEMP_BYTES, ".tmp-%016llx", (unsigned long long)random);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return place_failed(place, "make a file in", "", errno, err);
	*out = fd;
	return EXS_OK;
}

static exs_status write_piece(const struct place *place, const char *name, int fd, exs_str piece,
			      const exs_cancel *cancel, exs_err *err)
{
	while (piece.n > 0) {
		ssize_t done;

		if (cancel->cause(cancel) != EXS_CAUSE_NONE) {
			exs_fail(err, EXS_CANCELLED, 0, "writing '%s/%s' was cancelled", place->dir,
				 name);
			err->klass = EXS_CLASS_NOT_DONE;
			return EXS_CANCELLED;
		}
		done = write(fd, piece.p, piece.n < PIECE_BYTES ? piece.n : PIECE_BYTES);
		if (done < 0 && errno != EINTR)
			return place_failed(place, "write", name, errno, err);
		if (done > 0) {
			piece.p += done;
			piece.n -= (size_t)done;
		}
	}
	return EXS_OK;
}

static exs_status write_all(const struct place *place, const char *name, int fd,
			    const exs_str *pieces, size_t n, const exs_cancel *cancel, exs_err *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (write_piece(place, name, fd, pieces[i], cancel, err))
			return err->status;
	if (place->sync && fsync(fd))
		return place_failed(place, "sync", name, errno, err);
	return EXS_OK;
}

/* Only a file is ever replaced. */
static exs_status check_old(const struct place *place, const char *name, int dir, const char *last,
			    exs_err *err)
{
	struct stat st;

	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
		return exs_fail(err, EXS_DENIED, 0,
				"'%s/%s' is there and is not a file: choose another name",
				place->dir, name);
	return EXS_OK;
}

static exs_status put_in(const struct place *place, const char *name, int dir, const char *last,
			 const exs_str *pieces, size_t n, const exs_cancel *cancel, exs_err *err)
{
	char temp[TEMP_BYTES];
	int fd = -1;
	exs_status s;

	if (check_old(place, name, dir, last, err) || temp_open(place, dir, temp, &fd, err))
		return err->status;
	s = write_all(place, name, fd, pieces, n, cancel, err);
	if (close(fd) && s == EXS_OK)
		s = place_failed(place, "write", name, errno, err);
	if (s == EXS_OK && renameat(dir, temp, dir, last))
		s = place_failed(place, "rename a new file to", name, errno, err);
	if (s != EXS_OK) {
		(void)unlinkat(dir, temp, 0);
		return s;
	}
	if (place->sync && fsync(dir) && errno != EINVAL)
		return place_failed(place, "sync the folder of", name, errno, err);
	return EXS_OK;
}

exs_status place_put(const struct place *place, const char *name, const exs_str *pieces, size_t n,
		     const exs_cancel *cancel, exs_err *err)
{
	const char *last;
	int dir = folder_of(place, name, &last, err);
	exs_status s;

	if (dir < 0)
		return err->status;
	s = put_in(place, name, dir, last, pieces, n, cancel, err);
	close(dir);
	return s;
}
