/* SPDX-License-Identifier: MIT */
/* note.h - a line in a file for each thing that a test battery saw, so that a test can count them.
 */
#ifndef TEST_NOTE_H
#define TEST_NOTE_H

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include <executus/helper.h>

#define NOTE_LINE_MAX 512

/* One write a line: lines of several threads and processes do not mix. */
static inline EXS_PRINTF(2, 3) EXS_UNUSED void note(const char *path, const char *fmt, ...)
{
	char line[NOTE_LINE_MAX];
	va_list ap;
	int n, fd;

	if (!path[0])
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	n = n < (int)sizeof line - 1 ? n : (int)sizeof line - 2;
	line[n++] = '\n';
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, line, (size_t)n) != n)
		abort();
	if (fd >= 0)
		close(fd);
}

/* Dies here, the first time only: a file beside the log tells the second life. */
static inline EXS_UNUSED void note_die_once(const char *path)
{
	char marker[600];
	int fd;

	snprintf(marker, sizeof marker, "%s.died", path);
	fd = open(marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		kill(getpid(), SIGKILL);
}

#endif
