/* SPDX-License-Identifier: MIT */
/* out.c - standard output: whole writes, and harmless on a terminal. See cli.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

#define LINE_MAX_BYTES (64u << 10) /* of one out_printf */
#define SHOWN_TIMES    12u	   /* a byte may become \u{10ffff} on a terminal */

void out_init(struct out *o)
{
	o->fd = STDOUT_FILENO;
	o->terminal = isatty(STDOUT_FILENO) == 1;
	o->failed = false;
}

void out_raw(struct out *o, exs_str text)
{
	while (text.n && !o->failed) {
		ssize_t n = write(o->fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			o->failed = true;
			return;
		}
		text.p += n;
		text.n -= (size_t)n;
	}
}

void out_text(struct out *o, exs_str text)
{
	struct buf b;

	if (!o->terminal) {
		out_raw(o, text);
		return;
	}
	buf_init(&b, text.n * SHOWN_TIMES + 1);
	text_for_terminal(&b, text);
	out_buf(o, &b);
}

void out_paragraph(struct out *o, exs_str text)
{
	if (!text.n)
		return;
	out_text(o, text);
	if (text.p[text.n - 1] != '\n')
		out_raw(o, str_of("\n"));
}

void out_printf(struct out *o, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n > LINE_MAX_BYTES)
		o->failed = true;
	else
		out_raw(o, str_n(line, (size_t)n));
	if (n >= 0)
		free(line);
}

void out_buf(struct out *o, struct buf *b)
{
	if (buf_ok(b))
		out_raw(o, buf_view(b));
	else
		o->failed = true;
	buf_release(b);
}

unsigned out_width(int fd, unsigned other)
{
	struct winsize w;

	if (isatty(fd) != 1 || ioctl(fd, TIOCGWINSZ, &w) || w.ws_col < 20)
		return other;
	return w.ws_col;
}

exs_status out_claim(struct out *o, exs_err *err)
{
	int own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (own < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
		err_set(err, EXS_IO, errno, "standard output cannot be set aside: %s",
			strerror(errno));
		if (own >= 0)
			close(own);
		if (nowhere >= 0)
			close(nowhere);
		return err->status;
	}
	close(nowhere);
	o->fd = own;
	o->terminal = false;
	return EXS_OK;
}
