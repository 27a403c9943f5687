/* SPDX-License-Identifier: MIT */
/* file.c - where the paths of a conf lead, and reading what stands there. */
#include "conf/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/trust.h"

/* Without empty and "." segments; the first byte is '/'. */
static void path_clean(char *path)
{
	char *to = path;
	const char *from = path;

	while (*from) {
		size_t n;

		from += strspn(from, "/");
		n = strcspn(from, "/");
		if (n && !(n == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

exs_status file_path(const struct source *src, const char *text, char **out, exs_err *err)
{
	const char *base = src->dir;
	size_t n;
	char *path;

	if (!*text)
		return err_set(err, EXS_INVALID, 0, "the path is empty");
	if (*text == '~') {
		if (text[1] && text[1] != '/')
			return err_set(err, EXS_INVALID, 0,
				       "only '~/' is known: write the home folder of another user "
				       "in full");
		base = getenv("HOME");
		if (!base || base[0] != '/')
			return err_set(err, EXS_INVALID, 0,
				       "'~' needs the variable HOME, which names no folder");
		text++;
	} else if (*text == '/') {
		base = "";
	}
	n = strlen(base) + 1 + strlen(text) + 1;
	if (n > FILE_PATH_MAX)
		return err_set(err, EXS_INVALID, 0, "the path is too long: at most %u bytes",
			       FILE_PATH_MAX - 1);
	path = malloc(n);
	if (!path)
		return err_set(err, EXS_NOMEM, 0, "no memory for a path");
	snprintf(path, n, "%s/%s", base, text);
	path_clean(path);
	*out = path;
	return EXS_OK;
}

static exs_status check_file(const char *path, int fd, unsigned flags, size_t cap, exs_err *err)
{
	struct stat sb;

	if (fstat(fd, &sb))
		return err_set(err, EXS_IO, errno, "'%.120s' cannot be read: %s", path,
			       strerror(errno));
	if (!S_ISREG(sb.st_mode))
		return err_set(err, EXS_INVALID, 0, "'%.120s' is not a regular file", path);
	if ((flags & FILE_PRIVATE) && (sb.st_mode & (S_IRWXG | S_IRWXO)))
		return err_set(err, EXS_DENIED, 0,
			       "'%.120s' is open to group or others (mode %04o): chmod 600", path,
			       (unsigned)(sb.st_mode & 07777u));
	if ((uintmax_t)sb.st_size > cap)
		return err_set(err, EXS_TOOBIG, 0, "'%.120s' is too big: at most %zu bytes", path,
			       cap);
	return EXS_OK;
}

exs_status file_read(const char *path, unsigned flags, char *buf, size_t cap, size_t *n, char *real,
		     exs_err *err)
{
	char resolved[TRUST_PATH_MAX];
	auto_close int fd = -1;
	size_t used = 0;
	exs_status st = trust_open(path, real ? real : resolved, &fd, err);

	if (!st)
		st = check_file(path, fd, flags, cap, err);
	if (st)
		return st;
	for (;;) {
		char more;
		ssize_t got =
			read(fd, used < cap ? buf + used : &more, used < cap ? cap - used : 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, EXS_IO, errno, "'%.120s' cannot be read: %s", path,
				       strerror(errno));
		if (got == 0)
			break;
		if (used == cap)
			return err_set(err, EXS_TOOBIG, 0, "'%.120s' is too big: at most %zu bytes",
				       path, cap);
		used += (size_t)got;
	}
	*n = used;
	return EXS_OK;
}
