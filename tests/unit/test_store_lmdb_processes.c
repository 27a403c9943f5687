/* SPDX-License-Identifier: MIT */
/*
 * test_store_lmdb_processes.c - the store on LMDB and several processes: some that are killed, some
 * that share it, and one that reads and stands still.
 */
#include "store_lmdb_kit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define KILLS 12

/* ---- processes ---- */

/* Counts up in the store and writes each acknowledged number to the pipe, until it is killed. */
static void count_up(struct box *b, int out)
{
	char value[16];
	int i;

	if (box_open(b))
		_exit(2);
	for (i = 0;; i++) {
		snprintf(value, sizeof value, "%d", i);
		if (box_put(b, exs_cstr(value), exs_cstr(value)))
			_exit(3);
		if (write(out, &i, sizeof i) != (ssize_t)sizeof i)
			_exit(4);
	}
}

static pid_t start(struct box *b, void (*fn)(struct box *b, int fd), int *from)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		fn(b, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	*from = fds[0];
	return pid;
}

static void kill_9_loses_no_acknowledged_batch(void **state)
{
	struct box *b = *state;
	char value[16];
	int round, i, from, last, status;

	for (round = 0; round < KILLS; round++) {
		pid_t pid = start(b, count_up, &from);

		last = -1;
		while (last < round && read(from, &last, sizeof last) == (ssize_t)sizeof last)
			;
		assert_int_equal(last, round);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		while (read(from, &i, sizeof i) == (ssize_t)sizeof i)
			last = i;
		close(from);
		assert_int_equal(box_open(b), EXS_OK);
		for (i = 0; i <= last; i++) {
			snprintf(value, sizeof value, "%d", i);
			assert_int_equal(box_get(b, exs_cstr(value), exs_cstr(value)), EXS_OK);
		}
		box_close(b);
	}
}

static void add_100(struct box *b, int out)
{
	int i;

	(void)out;
	if (box_open(b))
		_exit(2);
	for (i = 0; i < 100; i++)
		if (box_op(b, EXS_OP_ADD, S("n"), S("")))
			_exit(3);
	box_close(b);
}

static void two_processes_share_a_store(void **state)
{
	struct box *b = *state;
	int i, status, from[2];
	pid_t pids[2];

	for (i = 0; i < 2; i++)
		pids[i] = start(b, add_100, &from[i]);
	for (i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
		close(from[i]);
	}
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("n"), S("\xc8\0\0\0\0\0\0\0")), EXS_OK);
}

static void a_store_that_is_open_here_may_be_used_by_another_process(void **state)
{
	struct box *b = *state;
	char go;
	int status, gate[2];
	pid_t pid;

	/* Forked first, since LMDB must not be open across a fork. */
	assert_int_equal(pipe(gate), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &go, 1) != 1)
			_exit(5);
		add_100(b, -1);
		_exit(0);
	}
	close(gate[0]);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_op(b, EXS_OP_ADD, S("n"), S("")), EXS_OK);
	assert_int_equal(write(gate[1], "g", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(gate[1]);
	assert_int_equal(box_get(b, S("n"), S("\x65\0\0\0\0\0\0\0")), EXS_OK);
}

/* ---- a reader that stands still ---- */

static int reader_out;

static exs_status stand_still(exs_sink *sink, const char *p, size_t n)
{
	(void)sink;
	(void)p;
	(void)n;
	if (write(reader_out, "r", 1) != 1)
		_exit(4);
	for (;;)
		pause();
}

static void read_and_stand_still(struct box *b, int out)
{
	exs_sink sink = { sizeof sink, stand_still };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	reader_out = out;
	if (box_open(b))
		_exit(2);
	b->store->get(b->self, S("k"), &sink, &b->err);
	_exit(3);
}

/* Each of them frees the pages that the one before took. */
static void replace_often(struct box *b, int times)
{
	size_t size = 20000;
	char *value = calloc(1, size);

	assert_non_null(value);
	while (times-- > 0)
		assert_int_equal(box_put(b, S("big"), exs_bytes(value, size)), EXS_OK);
	free(value);
}

static void says_of(struct box *b, const char *format, long pid)
{
	char text[64];
	exs_membuf out;

	snprintf(text, sizeof text, format, pid);
	exs_membuf_init(&out, 1 << 16);
	assert_int_equal(b->store->stat(b->self, &out.sink, &b->err), EXS_OK);
	assert_non_null(strstr(out.p, text));
	exs_membuf_release(&out);
}

static void a_reader_that_stands_still_is_named_and_its_place_is_freed(void **state)
{
	struct box *b = *state;
	int status, from, i, named = 0;
	char text[64], go;
	pid_t pid;

	open_with_a_row(b);
	box_close(b);
	pid = start(b, read_and_stand_still, &from);
	assert_int_equal(read(from, &go, 1), 1);
	assert_int_equal(box_open(b), EXS_OK);
	replace_often(b, 50);
	says_of(b, "\"old_readers\":[]", 0);
	replace_often(b, 250);
	says_of(b, "\"old_readers\":[{\"pid\":%ld,\"behind\":300,", (long)pid);
	snprintf(text, sizeof text, "process %ld 'test_store_lmdb", (long)pid);
	assert_true(double_host_logged(&b->host, text));
	for (i = 0; i < 64; i++)
		named += strstr(b->host.log[i], "reads the store as it was") != NULL;
	assert_int_equal(named, 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(from);
	replace_often(b, 100); /* the file grows, so it is looked why */
	assert_true(double_host_logged(&b->host, "1 readers of the store had died"));
	says_of(b, "\"old_readers\":[]", 0);
}

/* No room to grow: the map has free pages, and none that may be used. */
static void a_map_that_a_reader_fills_keeps_its_last_part_for_ends(void **state)
{
	struct box *b = *state;
	size_t size = 100000;
	exs_status s = EXS_OK;
	int status, from, n;
	char go, *value;
	pid_t pid;

	b->set[1] = (struct double_setting){ "map", "16m" };
	open_with_a_row(b);
	box_close(b);
	pid = start(b, read_and_stand_still, &from);
	assert_int_equal(read(from, &go, 1), 1);
	assert_int_equal(box_open(b), EXS_OK);
	value = calloc(1, size);
	assert_non_null(value);
	for (n = 0; n < 400 && s == EXS_OK; n++)
		s = box_put(b, S("big"), exs_bytes(value, size));
	assert_int_equal(s, EXS_TOOBIG);
	assert_says(b, "raise 'map'");
	for (n = 0; n < 4; n++)
		assert_int_equal(box_end(b, S("end"), exs_bytes(value, size)), EXS_OK);
	free(value);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(from);
}

#if !defined(__SANITIZE_ADDRESS__) &&                                                              \
	!defined(__SANITIZE_THREAD__) /* they need the address space */
static void open_in_little_space(struct box *b, int out)
{
	struct rlimit little = { 2ull << 30, 2ull << 30 };

	(void)out;
	if (setrlimit(RLIMIT_AS, &little) || box_open(b))
		_exit(2);
	if (!double_host_logged(&b->host, "no more address space") || box_put(b, S("k"), S("v")))
		_exit(3);
	box_close(b);
}

static void takes_less_address_space_when_there_is_not_enough(void **state)
{
	struct box *b = *state;
	int status, from;
	pid_t pid = start(b, open_in_little_space, &from);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(from);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("v")), EXS_OK);
}
#endif

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(kill_9_loses_no_acknowledged_batch),
		CASE(two_processes_share_a_store),
		CASE(a_reader_that_stands_still_is_named_and_its_place_is_freed),
		CASE(a_map_that_a_reader_fills_keeps_its_last_part_for_ends),
		CASE(a_store_that_is_open_here_may_be_used_by_another_process),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		CASE(takes_less_address_space_when_there_is_not_enough),
#endif
	};

	return cmocka_run_group_tests_name("store_lmdb_processes", cases, NULL, NULL);
}
