/* SPDX-License-Identifier: MIT */
/* sink.c - see sink.h. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static exs_status sink_failed(const struct sink *s, const char *what, int sys, exs_err *err)
{
	const char *help = sys == ENOSPC || sys == EDQUOT ? ": make room on its disk"
			   : sys == EFBIG  ? ": rotate it, or raise the limit of file sizes"
			   : sys == ENOENT ? ": make its folder"
			   : sys == EACCES || sys == EPERM
				   ? ": give this user the right to write it"
				   : "";
	char text[96];

	exs_fail(err, EXS_IO, sys, "cannot %s the audit file '%s' (%s)%s", what, s->path,
		 strerror_r(sys, text, sizeof text), help);
	if (sys == ENOSPC || sys == EDQUOT)
		err->klass = EXS_CLASS_TRANSIENT;
	return EXS_IO;
}

/* A new file gets its mode whatever the umask is; one that is there keeps its own. */
static int open_or_make(const struct sink *s)
{
	int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(s->path, flags | O_CREAT | O_EXCL, s->mode);

	if (fd >= 0) {
		(void)fchmod(fd, s->mode); /* a file system without modes has none to set */
		return fd;
	}
	return errno == EEXIST ? open(s->path, flags) : -1;
}

static int ends_in_a_line(int fd, off_t size)
{
	char last = '\n';

	return size == 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

exs_status sink_open(struct sink *s, exs_err *err)
{
	int fd = open_or_make(s);
	struct stat st;

	if (fd < 0 && errno == ENOENT) /* removed between the two looks of open_or_make */
		fd = open_or_make(s);
	if (fd < 0)
		return sink_failed(s, "open", errno, err);
	if (fstat(fd, &st) || fcntl(fd, F_SETFL, O_APPEND)) {
		int sys = errno;

		close(fd);
		return sink_failed(s, "open", sys, err);
	}
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
		close(fd);
		return exs_fail(err, EXS_INVALID, 0,
				"the audit path '%s' is not a file: name another one", s->path);
	}
	s->fd = fd;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->torn = S_ISREG(st.st_mode) && !ends_in_a_line(fd, st.st_size);
	s->looked_ms = s->host->mono_ms(s->host);
	return EXS_OK;
}

void sink_close(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

exs_status sink_look(struct sink *s, exs_err *err)
{
	struct stat st;

	if (s->fd >= 0 && stat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino) {
		s->looked_ms = s->host->mono_ms(s->host);
		return EXS_OK;
	}
	sink_close(s);
	return sink_open(s, err);
}

static ssize_t write_once(int fd, const char *p, size_t n)
{
	ssize_t done;

	do
		done = write(fd, p, n);
	while (done < 0 && errno == EINTR);
	return done;
}

/*
 * A part of the line is in the file. With the file for itself the rest is tried once more, else the
 * part is taken back; when somebody wrote behind it, or the file is none that can be cut, it stays
 * and is closed by a newline before the next line.
 */
static exs_status mend(struct sink *s, exs_str line, size_t done, exs_err *err)
{
	off_t end = lseek(s->fd, 0, SEEK_CUR);
	struct stat st;
	ssize_t more = -1;
	int sys = ENOSPC;

	s->torn = 1;
	if (flock(s->fd, LOCK_EX | LOCK_NB) || fstat(s->fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size != end)
		return sink_failed(s, "write a whole line to", sys, err);
	more = write_once(s->fd, line.p + done, line.n - done);
	if (more >= 0 && (size_t)more == line.n - done) {
		s->torn = 0;
		return EXS_OK;
	}
	if (more < 0)
		sys = errno;
	s->torn = ftruncate(s->fd, end - (off_t)done) != 0;
	return sink_failed(s, "write a whole line to", sys, err);
}

/*
 * Writers share the lock, which tells one that mends that nobody else is at it. It is not waited
 * for: whoever may read the file could hold it for ever.
 */
static exs_status write_line(struct sink *s, exs_str line, exs_err *err)
{
	exs_status status = EXS_OK;
	ssize_t done;

	(void)flock(s->fd, LOCK_SH | LOCK_NB);
	if (s->torn && write_once(s->fd, "\n", 1) != 1) {
		status = sink_failed(s, "write to", errno, err);
		(void)flock(s->fd, LOCK_UN);
		return status;
	}
	s->torn = 0;
	done = write_once(s->fd, line.p, line.n);
	if (done < 0)
		status = sink_failed(s, "write to", errno, err);
	else if ((size_t)done != line.n)
		status = mend(s, line, (size_t)done, err);
	(void)flock(s->fd, LOCK_UN);
	return status;
}

exs_status sink_line(struct sink *s, exs_str line, exs_err *err)
{
	if (s->fd < 0 || s->host->mono_ms(s->host) - s->looked_ms >= SINK_LOOK_MS)
		if (sink_look(s, err))
			return err->status;
	if (write_line(s, line, err))
		return err->status;
	if (s->sync && fdatasync(s->fd) && errno != EINVAL && errno != EROFS)
		return sink_failed(s, "sync", errno, err);
	return EXS_OK;
}
