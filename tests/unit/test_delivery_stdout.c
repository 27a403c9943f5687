/* SPDX-License-Identifier: MIT */
/* test_delivery_stdout.c - what is printed to a file, a pipe and a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "delivery_kit.h"

#define OUTPUT_MAX (1u << 20)

struct fixture {
	struct alone alone;
	struct post post;
	char *seen; /* what arrived on standard output */
	size_t seen_n;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	alone_init(&f->alone, BATTERIES "/delivery_stdout.so", "console");
	post_init(&f->post, "stdout");
	f->seen = calloc(1, OUTPUT_MAX + 1);
	assert_non_null(f->seen);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alone_release(&f->alone);
	post_release(&f->post);
	free(f->seen);
	free(f);
	return 0;
}

static void open_it(struct fixture *f, const char *format)
{
	f->alone.set[0] = (struct double_setting){ format ? "format" : NULL, format };
	assert_int_equal(post_open(&f->post, &f->alone), EXS_OK);
}

/* Delivers with standard output going to fd, which is closed. */
static exs_status deliver_to(struct fixture *f, int fd)
{
	int keep;

	if (!f->alone.self)
		open_it(f, NULL);
	fflush(stdout);
	keep = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(keep >= 0);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	close(fd);
	f->post.port->deliver(f->alone.self, &f->post.parcel, cancel_public(f->post.cancel),
			      f->post.done.done);
	assert_true(dup2(keep, STDOUT_FILENO) >= 0);
	close(keep);
	assert_int_equal(f->post.done.ends, 1);
	return f->post.done.status;
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
	assert_true(f->post.port->flags & EXS_DELIVERY_LOCAL);
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

	f->post.parcel.output = exs_cstr("It works.\n");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "It works.\n");
}

static void prints_what_there_is_of_a_run_that_failed(void **state)
{
	struct fixture *f = *state;

	f->post.parcel.on = EXS_ENDED_ERROR;
	f->post.parcel.status = "error";
	f->post.parcel.error = exs_cstr("no model");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "It works.\n");
}

static void prints_nothing_when_there_is_nothing(void **state)
{
	struct fixture *f = *state;

	f->post.parcel.output = exs_cstr("");
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
	f->post.parcel.result = exs_cstr("");
	assert_int_equal(deliver(f), EXS_OK);
	assert_string_equal(f->seen, "{}\n");
}

static void keeps_every_byte_where_no_terminal_is(void **state)
{
	struct fixture *f = *state;

	f->post.parcel.output = exs_bytes("\x1b[2Ja\0\xff\n", 8);
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
	f->post.parcel.output = exs_bytes(text, n);
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
	assert_int_equal(f->post.done.err.sys, EPIPE);
	assert_non_null(strstr(f->post.done.err.text, "gone"));
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(deliver_to(f, fd), EXS_IO);
	assert_int_equal(f->post.done.err.sys, ENOSPC);
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
	f->post.parcel.output = exs_bytes(text, n);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, fire_soon, f->post.cancel), 0);
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

	f->post.parcel.output =
		exs_cstr("\x1b]0;owned\x07 a\tb\nc\r\x7f\xc2\x9b"
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
