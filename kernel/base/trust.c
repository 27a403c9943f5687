/* SPDX-License-Identifier: MIT */
/* trust.c - who owns a file and the folders above it, and who else may write there. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/trust.h"

#define SHOWN_MAX  84u	/* of a path beside its command, so that both fit into one sentence */
#define QUOTED_MAX 120u /* of a path inside a command */

/* The end of a long path says more than its beginning. */
static void shown(const char *path, char out[SHOWN_MAX])
{
	size_t n = strlen(path), keep = SHOWN_MAX - 4;

	if (n < SHOWN_MAX)
		snprintf(out, SHOWN_MAX, "%s", path);
	else
		snprintf(out, SHOWN_MAX, "...%s", path + n - keep);
}

/* The path as a shell takes it; a word in its place when it is too long or holds a quote. */
static void quoted(const char *path, char out[QUOTED_MAX])
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@,=";
	size_t n = strlen(path);

	if (n + 3 > QUOTED_MAX || strchr(path, '\''))
		snprintf(out, QUOTED_MAX, "FILE");
	else if (strspn(path, safe) == n)
		snprintf(out, QUOTED_MAX, "%s", path);
	else
		snprintf(out, QUOTED_MAX, "'%s'", path);
}

/* The errno of a call on `path` as a status and a sentence. */
static exs_status cannot(exs_err *err, int sys, const char *path)
{
	char s[SHOWN_MAX];

	shown(path, s);
	if (sys == ENOENT || sys == ENOTDIR)
		return err_set(err, EXS_NOTFOUND, sys,
			       "'%s' does not exist: check the spelling or create it", s);
	if (sys == EACCES || sys == EPERM)
		return err_set(err, EXS_IO, sys,
			       "'%s' cannot be opened by uid %u (%s): look at its mode with ls -l",
			       s, (unsigned)geteuid(), strerror(sys));
	return err_set(err, EXS_IO, sys, "'%s' cannot be opened: %s", s, strerror(sys));
}

static exs_status foreign(exs_err *err, const char *path, const struct stat *st)
{
	char s[SHOWN_MAX], q[QUOTED_MAX];

	shown(path, s);
	quoted(path, q);
	return err_set(err, EXS_DENIED, 0, "'%s' belongs to uid %u (mode %04o): chown %u %s", s,
		       (unsigned)st->st_uid, (unsigned)st->st_mode & 07777u, (unsigned)geteuid(),
		       q);
}

static exs_status writable(exs_err *err, const char *path, const struct stat *st)
{
	char s[SHOWN_MAX], q[QUOTED_MAX];

	shown(path, s);
	quoted(path, q);
	return err_set(err, EXS_DENIED, 0,
		       "'%s' may be written by others (uid %u, mode %04o): chmod go-w %s", s,
		       (unsigned)st->st_uid, (unsigned)st->st_mode & 07777u, q);
}

static bool known_owner(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool open_to_others(const struct stat *st)
{
	return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* One folder above the file; nearest: the one that holds it. */
enum place { ABOVE, NEAREST };

static exs_status check_folder(const char *folder, enum place place, exs_err *err)
{
	struct stat st;

	if (lstat(folder, &st) != 0)
		return cannot(err, errno, folder);
	if (!known_owner(&st))
		return foreign(err, folder, &st);
	if (!open_to_others(&st))
		return EXS_OK;
	/* In a sticky folder nobody can replace what belongs to somebody else. */
	if (place == ABOVE && (st.st_mode & S_ISVTX))
		return EXS_OK;
	if (place == NEAREST && (st.st_mode & S_ISVTX)) {
		char s[SHOWN_MAX];

		shown(folder, s);
		return err_set(err, EXS_DENIED, 0,
			       "folder '%s' is open to everybody (uid %u, mode %04o): mkdir -m 700 "
			       "a folder of "
			       "your own and move the file there",
			       s, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777u);
	}
	return writable(err, folder, &st);
}

/* All folders above a real path, from the nearest to the root. */
static exs_status check_above(const char *real, exs_err *err)
{
	auto_free char *path = strdup(real);
	enum place place = NEAREST;
	exs_status status;
	char *slash;

	if (!path)
		return err_set(err, EXS_NOMEM, 0, "no memory to check the folders of a file");
	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';
		status = check_folder(path[0] ? path : "/", place, err);
		if (status)
			return status;
		place = ABOVE;
	}
	return EXS_OK;
}

static exs_status check_file(int fd, const char *real, exs_err *err)
{
	char s[SHOWN_MAX];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return cannot(err, errno, real);
	if (!S_ISREG(st.st_mode)) {
		shown(real, s);
		return err_set(err, EXS_DENIED, 0,
			       "'%s' is not a regular file (uid %u, mode %06o): name a file", s,
			       (unsigned)st.st_uid, (unsigned)st.st_mode);
	}
	if (!known_owner(&st))
		return foreign(err, real, &st);
	if (open_to_others(&st))
		return writable(err, real, &st);
	return EXS_OK;
}

exs_status trust_open(const char *path, char real[TRUST_PATH_MAX], int *fd, exs_err *err)
{
	auto_free char *found = realpath(path, NULL);
	auto_close int opened = -1;
	exs_status status;

	if (!found)
		return cannot(err, errno, path);
	if (strlen(found) >= TRUST_PATH_MAX)
		return cannot(err, ENAMETOOLONG, path);
	status = check_above(found, err);
	if (status)
		return status;
	/* The folders above let nobody else put a link there now; O_NOFOLLOW holds us to it. */
	opened = open(found, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (opened < 0)
		return cannot(err, errno, found);
	status = check_file(opened, found, err);
	if (status)
		return status;
	memcpy(real, found, strlen(found) + 1);
	*fd = take_fd(opened);
	return EXS_OK;
}

exs_status trust_dir(const char *path, exs_err *err)
{
	char s[SHOWN_MAX];
	struct stat st;

	if (stat(path, &st) != 0)
		return cannot(err, errno, path);
	if (!S_ISDIR(st.st_mode)) {
		shown(path, s);
		return err_set(err, EXS_DENIED, 0,
			       "'%s' is not a folder (uid %u, mode %06o): name a folder", s,
			       (unsigned)st.st_uid, (unsigned)st.st_mode);
	}
	if (st.st_uid != geteuid())
		return foreign(err, path, &st);
	if (open_to_others(&st))
		return writable(err, path, &st);
	return EXS_OK;
}
