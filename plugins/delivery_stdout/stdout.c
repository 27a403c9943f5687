/* SPDX-License-Identifier: MIT */
/*
 * stdout.c - delivery battery: the result on standard output, as text or as one JSON object.
 *
 * Only the result is printed here; what went wrong is said by the command on standard error.
 * SIGPIPE is the host's affair: it blocks signals in the threads that call this, so a closed pipe
 * is an error of write.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <executus/helper.h>
#include <executus/port/delivery.h>

#include "screen.h"

#define PIECE_BYTES 4096u /* a pipe that is ready takes this much without waiting */
#define LOOK_MS	    200	  /* between two looks at a token that has no descriptor */

enum format { TEXT, JSON };

struct exs_self {
	const exs_host *host;
	enum format format;
};

static exs_status write_failed(int sys, exs_err *err)
{
	char text[96];

	if (sys == EPIPE)
		return exs_fail(
			err, EXS_IO, sys,
			"whoever reads the standard output is gone: the result was not printed");
	return exs_fail(err, EXS_IO, sys, "cannot print the result on the standard output (%s)",
			strerror_r(sys, text, sizeof text));
}

/* Waits until standard output takes more. CANCELLED when the token fires first. */
static exs_status wait_ready(exs_cancel *cancel, exs_err *err)
{
	int32_t token = cancel->fd(cancel);
	struct pollfd fds[2] = { { STDOUT_FILENO, POLLOUT, 0 }, { token, POLLIN, 0 } };

	for (;;) {
		if (cancel->cause(cancel) != EXS_CAUSE_NONE)
			return exs_fail(err, EXS_CANCELLED, 0, "printing the result was cancelled");
		if (poll(fds, token >= 0 ? 2 : 1, token >= 0 ? -1 : LOOK_MS) < 0 && errno != EINTR)
			return write_failed(errno, err);
		if (fds[0].revents)
			return EXS_OK; /* an error shows when it is written to */
	}
}

static exs_status print(exs_str text, exs_cancel *cancel, exs_err *err)
{
	while (text.n > 0) {
		size_t n = text.n < PIECE_BYTES ? text.n : PIECE_BYTES;
		ssize_t done;

		if (wait_ready(cancel, err))
			return err->status;
		done = write(STDOUT_FILENO, text.p, n);
		if (done < 0 && errno != EINTR && errno != EAGAIN)
			return write_failed(errno, err);
		if (done > 0) {
			text.p += done;
			text.n -= (size_t)done;
		}
	}
	return EXS_OK;
}

/* The text and a newline, unless it is there already. */
static exs_status print_ended(exs_str text, exs_cancel *cancel, exs_err *err)
{
	if (text.n == 0)
		return EXS_OK;
	if (print(text, cancel, err))
		return err->status;
	return text.p[text.n - 1] == '\n' ? EXS_OK : print(exs_cstr("\n"), cancel, err);
}

static exs_status print_on_screen(exs_str text, exs_cancel *cancel, exs_err *err)
{
	char *clean = malloc(text.n + 1);
	exs_status s;

	if (!clean)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to print a result of %zu bytes",
				text.n);
	s = print_ended(exs_bytes(clean, screen_text(text, clean)), cancel, err);
	free(clean);
	return s;
}

static void deliver(exs_self *self, const exs_parcel *parcel, exs_cancel *cancel, exs_done receipt)
{
	exs_str text = self->format == JSON ? parcel->result : parcel->output;
	exs_err err = EXS_ERR_INIT;
	exs_status s;

	if (self->format == JSON && text.n == 0)
		text = exs_cstr("{}");
	s = isatty(STDOUT_FILENO) ? print_on_screen(text, cancel, &err)
				  : print_ended(text, cancel, &err);
	if (s == EXS_OK)
		s = exs_put(receipt, "stdout");
	if (s == EXS_OK || !err.status)
		exs_end(receipt, s);
	else
		exs_end_err(receipt, &err);
}

/* ---- the battery ---- */

static exs_status stdout_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			      exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	self->host = host;
	self->format = exs_str_eq(conf->text(conf, "format"), exs_cstr("json")) ? JSON : TEXT;
	*out = self;
	return EXS_OK;
}

static void stdout_close(exs_self *self)
{
	free(self);
}

static const exs_delivery delivery = {
	.size = sizeof delivery,
	.flags = EXS_DELIVERY_LOCAL,
	.deliver = deliver,
};

static const void *stdout_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_DELIVERY) == 0 ? &delivery : NULL;
}

static const exs_option options[] = {
	{ "format", EXS_OPT_CHOICE, 0, "text", "the answer alone, or all of the result",
	  "text|json" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const char *const ports[] = { EXS_PORT_DELIVERY, NULL };

EXS_BATTERY("executus.delivery_stdout", EXECUTUS_VERSION, "prints the result on standard output",
	    "MIT", options, ports, stdout_open, stdout_close, stdout_port)
