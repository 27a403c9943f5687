/* SPDX-License-Identifier: MIT */
/* test_delivery_stdout.c - what is printed to a file, a pipe and a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#include <executus/port/delivery.h>

#include "base/cancel.h"
#include "support/double.h"

#define OUTPUT_MAX (1u << 20)

struct fixture {
	struct double_host host;
	const exs_battery *battery;
	const exs_delivery *port;
	exs_self *self;
	struct double_setting set[2];
	struct double_done done;
	struct cancel *cancel;
	exs_run_info run;
	exs_parcel parcel;
	char *seen; /* what arrived on standard output */
	size_t seen_n;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->battery = double_load(BATTERIES "/delivery_stdout.so");
	double_host_init(&f->host, "console");
	double_done_init(&f->done, 4096);
	f->cancel = cancel_new(NULL);
	f->run = double_run_info("run-a");
	f->parcel = (exs_parcel){
		.size = sizeof f->parcel,
		.on = EXS_ENDED_OK,
		.attempt = 1,
		.run = &f->run,
		.kind = "stdout",
		.target = "",
		.id = "run-a.1",
		.status = "ok",
		.output = exs_cstr("It works."),
		.error = exs_cstr(""),
		.result = exs_cstr("{\"status\":\"ok\"}"),
	};
	f->seen = calloc(1, OUTPUT_MAX + 1);
	assert_non_null(f->seen);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->self)
		f->battery->close(f->self);
	double_done_release(&f->done);
	double_host_release(&f->host);
	cancel_unref(f->cancel);
	free(f->seen);
	free(f);
	return 0;
}

static void open_it(struct fixture *f, const char *format)
{
	exs_err err = EXS_ERR_INIT;

	f->set[0] = (struct double_setting){ format ? "format" : NULL, format };
	assert_int_equal(f->battery->open(&f->host.host,
					  double_host_conf(&f->host, f->battery->options, f->set),
					  &f->self, &err),
			 EXS_OK);
	f->port = f->battery->port(f->self, EXS_PORT_DELIVERY);
}

/* Delivers with standard output going to fd, which is closed. */
static exs_status deliver_to(struct fixture *f, int fd)
{
	int keep;

	if (!f->self)
		open_it(f, NULL);
	fflush(stdout);
	keep = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(keep >= 0);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	f->port->deliver(f->self, &f->parcel, cancel_public(f->cancel), f->done.done);
	assert_true(dup2(keep, STDOUT_FILENO) >= 0);
	close(keep);
	assert_int_equal(f->done.ends, 1);
	return f->done.status;
}

static int memory_file(void)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
	fclose(file);
	assert_true(fd >= 0);
	return fd;
}

/* Delivers to a file and keeps what it holds then. */
static exs_status deliver(struct fixture *f)
{
	int fd = memory_file(), to = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	exs_status s = deliver_to(f, to);
	ssize_t n = pread(fd, f->seen, OUTPUT_MAX, 0);

	close(fd);
	assert_true(n >= 0);
	f->seen[n] = '\0';
	f->seen_n = (size_t)n;
	return s;
}

/* ---- claims ---- */

static void is_local_to_the_terminal(void **state)
{
	struct fixture *f = *state;

	open_it(f, NULL);
	assert_true(f->port->flags & EXS_DELIVERY_LOCAL);
}

static void prints_the_answer_and_a_newline(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "It works.\n");
}

static void adds_no_second_newline(void **state)
{
	struct fixture *f = *state;

	f->parcel.output = exs_cstr("It works.\n");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "It works.\n");
}

static void prints_what_there_is_of_a_run_that_failed(void **state)
{
	struct fixture *f = *state;

	f->parcel.on = EXS_ENDED_ERROR;
	f->parcel.status = "error";
	f->parcel.error = exs_cstr("no model");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "It works.\n");
}

static void prints_nothing_when_there_is_nothing(void **state)
{
	struct fixture *f = *state;

	f->parcel.output = exs_cstr("");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "");
}

static void prints_the_whole_result_as_json(void **state)
{
	struct fixture *f = *state;

	open_it(f, "json");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "{\"status\":\"ok\"}\n");
}

static void prints_an_object_even_without_a_result(void **state)
{
	struct fixture *f = *state;

	open_it(f, "json");
	f->parcel.result = exs_cstr("");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "{}\n");
}

static void keeps_every_byte_where_no_terminal_is(void **state)
{
	struct fixture *f = *state;

	f->parcel.output = exs_bytes("\x1b[2Ja\0\xff\n", 8);
	assert_int_equal(deliver(f), EXS_OK);
	assert_int_equal(f->seen_n, 8);
	assert_memory_equal(f->seen, "\x1b[2Ja\0\xff\n", 8);
}

struct reader {
	int fd;
	char *out;
	size_t n;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	ssize_t n;

	while (r->n < OUTPUT_MAX && (n = read(r->fd, r->out + r->n, OUTPUT_MAX - r->n)) > 0)
		r->n += (size_t)n;
	return NULL;
}

static void a_long_answer_goes_through_a_pipe(void **state)
{
	struct fixture *f = *state;
	struct reader r = { .out = f->seen };
	size_t n = 300000, i;
	char *text = malloc(n);
	pthread_t thread;
	int fds[2];

	for (i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	f->parcel.output = exs_bytes(text, n);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	r.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
	assert_int_equal(deliver_to(f, fds[1]), EXS_OK);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_int_equal(r.n, n + 1);
	assert_memory_equal(r.out, text, n);
	free(text);
}

static void a_reader_that_is_gone_is_told(void **state)
{
	struct fixture *f = *state;
	void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
	exs_status s;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	s = deliver_to(f, fds[1]);
	signal(SIGPIPE, handler);
	assert_int_equal(s, EXS_IO);
	assert_int_equal(f->done.err.sys, EPIPE);
	assert_non_null(strstr(f->done.err.text, "gone"));
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(deliver_to(f, fd), EXS_IO);
	assert_int_equal(f->done.err.sys, ENOSPC);
}

static void *fire_soon(void *arg)
{
	usleep(20000);
	cancel_fire(arg, EXS_CAUSE_CALLER);
	return NULL;
}

static void a_reader_that_stands_still_does_not_hold_a_cancelled_run(void **state)
{
	struct fixture *f = *state;
	size_t n = 300000;
	char *text = malloc(n);
	pthread_t thread;
	int fds[2];

	memset(text, 'x', n);
	f->parcel.output = exs_bytes(text, n);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, fire_soon, f->cancel), 0);
	assert_int_equal(deliver_to(f, fds[1]), EXS_CANCELLED);
	pthread_join(thread, NULL);
	close(fds[0]);
	free(text);
}

/* A terminal whose other side is in *master; what is written is not changed on the way. */
static int terminal(int *master)
{
	struct termios mode;
	int fd;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) || unlockpt(*master))
		skip(); /* this machine has none to give */
	fd = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(tcgetattr(fd, &mode), 0);
	cfmakeraw(&mode);
	assert_int_equal(tcsetattr(fd, TCSANOW, &mode), 0);
	return fd;
}

static void nothing_steers_a_terminal(void **state)
{
	struct fixture *f = *state;
	struct reader r = { .out = f->seen };
	int fd = terminal(&r.fd);

	f->parcel.output = exs_cstr("\x1b]0;owned\x07 a\tb\nc\r\x7f\xc2\x9b"
				    "31m\xe2\x80\xae gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8e\xff\xc3");
	assert_int_equal(deliver_to(f, fd), EXS_OK);
	read_all(&r); /* what was written arrives in pieces; the end is an error here */
	assert_string_equal(f->seen, "]0;owned a\tb\nc31m gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8e\n");
	close(r.fd);
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CLAIM(is_local_to_the_terminal),
		CLAIM(prints_the_answer_and_a_newline),
		CLAIM(adds_no_second_newline),
		CLAIM(prints_what_there_is_of_a_run_that_failed),
		CLAIM(prints_nothing_when_there_is_nothing),
		CLAIM(prints_the_whole_result_as_json),
		CLAIM(prints_an_object_even_without_a_result),
		CLAIM(keeps_every_byte_where_no_terminal_is),
		CLAIM(a_long_answer_goes_through_a_pipe),
		CLAIM(a_reader_that_is_gone_is_told),
		CLAIM(a_full_disk_is_told),
		CLAIM(a_reader_that_stands_still_does_not_hold_a_cancelled_run),
		CLAIM(nothing_steers_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
