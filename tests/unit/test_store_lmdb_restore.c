/* SPDX-License-Identifier: MIT */
/* test_store_lmdb_restore.c - a copy is taken back, and free room is given back. */
#include "store_lmdb_kit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void in_tmp(struct box *b, const char *name, char out[PATH_BYTES + 32])
{
	snprintf(out, PATH_BYTES + 32, "%s/%s", b->tmp, name);
}

static void make_copy(struct box *b, char out[PATH_BYTES + 32])
{
	in_tmp(b, "copy", out);
	if (b->store->copy(b->self, out, &b->err))
		fail_msg("%s", b->err.text);
}

static void open_with_row(struct box *b)
{
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("a"), S("old")), EXS_OK);
}

/* The store is as it was before. */
static void assert_unchanged(struct box *b)
{
	assert_int_equal(box_get(b, S("a"), S("new")), EXS_OK);
	assert_int_equal(box_get(b, S("b"), S("more")), EXS_OK);
	assert_int_equal(box_put(b, S("c"), S("and on")), EXS_OK);
}

static void change(struct box *b)
{
	assert_int_equal(box_put(b, S("a"), S("new")), EXS_OK);
	assert_int_equal(box_put(b, S("b"), S("more")), EXS_OK);
}

static void the_rows_are_those_of_the_copy(void **state)
{
	struct box *b = *state;
	char copy[PATH_BYTES + 32];

	open_with_row(b);
	make_copy(b, copy);
	change(b);
	if (b->store->restore(b->self, copy, &b->err))
		fail_msg("%s", b->err.text);
	assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
	assert_int_equal(box_get(b, S("b"), S("")), EXS_NOTFOUND);
	assert_int_equal(box_put(b, S("d"), S("goes on")), EXS_OK);
	box_close(b);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
	assert_int_equal(box_get(b, S("d"), S("goes on")), EXS_OK);
}

static void refused(struct box *b, const char *path, exs_status wanted, const char *part)
{
	b->err = (exs_err)EXS_ERR_INIT;
	assert_int_equal(b->store->restore(b->self, path, &b->err), wanted);
	assert_says(b, part);
	assert_unchanged(b);
}

static void a_missing_file_changes_nothing(void **state)
{
	struct box *b = *state;

	open_with_row(b);
	change(b);
	refused(b, "/nonexistent/copy", EXS_NOTFOUND, "/nonexistent/copy");
}

static void what_is_no_store_changes_nothing(void **state)
{
	struct box *b = *state;
	char path[PATH_BYTES + 32];
	int fd;

	open_with_row(b);
	change(b);
	in_tmp(b, "text", path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 100000), 0);
	close(fd);
	refused(b, path, EXS_CORRUPT, path);
}

static void a_copy_that_is_cut_off_changes_nothing(void **state)
{
	struct box *b = *state;
	char copy[PATH_BYTES + 32];

	open_with_row(b);
	make_copy(b, copy);
	change(b);
	assert_int_equal(truncate(copy, 3 * 4096), 0);
	refused(b, copy, EXS_CORRUPT, "cut off");
}

/* Overwrites the first place in the file where `from` stands. */
static void patch(const char *path, const char *from, size_t n, char to)
{
	struct stat st;
	char *p, *at;
	int fd = open(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = malloc((size_t)st.st_size);
	assert_non_null(p);
	assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
	at = memmem(p, (size_t)st.st_size, from, n);
	assert_non_null(at);
	assert_int_equal(pwrite(fd, &to, 1, at - p + (off_t)n - 1), 1);
	free(p);
	close(fd);
}

static void a_damaged_row_changes_nothing(void **state)
{
	struct box *b = *state;
	char copy[PATH_BYTES + 32];

	open_with_row(b);
	assert_int_equal(box_put(b, S("z"), S("a value to be found")), EXS_OK);
	make_copy(b, copy);
	change(b);
	patch(copy, "a value to be found", 19, 'X');
	refused(b, copy, EXS_CORRUPT, "fails its check");
}

static void a_newer_schema_is_refused_with_a_sentence(void **state)
{
	struct box *b = *state;
	char copy[PATH_BYTES + 32];

	open_with_row(b);
	make_copy(b, copy);
	change(b);
	patch(copy, "EXSTORE\0\1", 9, 2);
	refused(b, copy, EXS_UNSUPPORTED, "use a newer executus");
}

/* ---- compact ---- */

static off_t file_bytes(struct box *b)
{
	char path[PATH_BYTES + 32];
	struct stat st;

	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void grow_and_free(struct box *b)
{
	static char big[256 * 1024];
	char key[16];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "big-%d", i);
		assert_int_equal(box_put(b, exs_cstr(key), exs_bytes(big, sizeof big)), EXS_OK);
	}
	for (i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "big-%d", i);
		assert_int_equal(box_op(b, EXS_OP_DEL, exs_cstr(key), exs_cstr(NULL)), EXS_OK);
	}
}

static void gives_free_room_back_and_loses_nothing(void **state)
{
	struct box *b = *state;
	off_t before;

	open_with_row(b);
	grow_and_free(b);
	before = file_bytes(b);
	if (b->store->compact(b->self, &b->err))
		fail_msg("%s", b->err.text);
	assert_true(file_bytes(b) < before / 4);
	assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
	assert_int_equal(box_put(b, S("b"), S("goes on")), EXS_OK);
	box_close(b);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("b"), S("goes on")), EXS_OK);
}

static void what_an_interrupted_compact_left_is_no_hindrance(void **state)
{
	struct box *b = *state;
	char path[PATH_BYTES + 64];
	int fd;

	open_with_row(b);
	snprintf(path, sizeof path, "%s/data.mdb.compact", b->dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "half", 4), 4);
	close(fd);
	assert_int_equal(b->store->compact(b->self, &b->err), EXS_OK);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
}

/* A child has it open until the pipe ends. */
static pid_t opened_by_another(struct box *b, int *end)
{
	int ready[2], stop[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(stop), 0);
	pid = fork();
	if (pid == 0) {
		b->self = NULL;
		close(stop[1]);
		byte = box_open(b) == EXS_OK ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1 || read(stop[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(stop[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(ready[0]);
	*end = stop[1];
	return pid;
}

static void waits_for_no_other_process_but_says_so(void **state)
{
	struct box *b = *state;
	int end, status;
	pid_t pid;

	open_with_row(b);
	box_close(b);
	pid = opened_by_another(b, &end);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(b->store->compact(b->self, &b->err), EXS_AGAIN);
	assert_says(b, "another process");
	assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
	close(end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(b->store->compact(b->self, &b->err), EXS_OK);
}

/* ---- beside others of this process ---- */

#define WRITES 200

static void *writer(void *arg)
{
	struct box *b = arg;
	intptr_t failed = 0;
	char key[16];
	int i;

	for (i = 0; i < WRITES; i++) {
		exs_op op = { sizeof op, EXS_OP_PUT, exs_cstr(key), S("x"), 0, 0 };
		const exs_op *list[] = { &op };
		struct double_done d;

		snprintf(key, sizeof key, "w-%03d", i);
		op.key = exs_cstr(key);
		double_done_init(&d, 16);
		b->store->submit(b->self, list, 1, d.done);
		if (!double_done_wait(&d, WAIT_MS) || d.status != EXS_OK)
			failed++;
		double_done_release(&d);
	}
	return (void *)failed;
}

static void compacts_while_this_process_writes_and_reads(void **state)
{
	struct box *b = *state;
	pthread_t thread;
	void *failed;
	char key[16];
	int i;

	open_with_row(b);
	assert_int_equal(pthread_create(&thread, NULL, writer, b), 0);
	for (i = 0; i < 20; i++) {
		assert_int_equal(b->store->compact(b->self, &b->err), EXS_OK);
		assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
	}
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	for (i = 0; i < WRITES; i++) {
		snprintf(key, sizeof key, "w-%03d", i);
		assert_int_equal(box_get(b, exs_cstr(key), S("x")), EXS_OK);
	}
}

/* A file that may not grow so far: as a full disk, told by EFBIG. */
static void a_full_disk_leaves_the_store_as_it_was(void **state)
{
	struct box *b = *state;
	struct rlimit was, small = { 8192, RLIM_INFINITY };
	char path[PATH_BYTES + 64];
	exs_status s;

	open_with_row(b);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	s = b->store->compact(b->self, &b->err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(s, EXS_IO);
	snprintf(path, sizeof path, "%s/data.mdb.compact", b->dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(box_get(b, S("a"), S("old")), EXS_OK);
	assert_int_equal(box_put(b, S("b"), S("goes on")), EXS_OK);
}

static void a_copy_onto_a_full_disk_leaves_nothing(void **state)
{
	struct box *b = *state;
	struct rlimit was, small = { 8192, RLIM_INFINITY };
	char path[PATH_BYTES + 32];
	exs_status s;

	open_with_row(b);
	in_tmp(b, "copy", path);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	s = b->store->copy(b->self, path, &b->err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(s, EXS_IO);
	assert_int_equal(access(path, F_OK), -1);
	in_tmp(b, "copy.part", path);
	assert_int_equal(access(path, F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_rows_are_those_of_the_copy),
		CASE(a_missing_file_changes_nothing),
		CASE(what_is_no_store_changes_nothing),
		CASE(a_copy_that_is_cut_off_changes_nothing),
		CASE(a_damaged_row_changes_nothing),
		CASE(a_newer_schema_is_refused_with_a_sentence),
		CASE(gives_free_room_back_and_loses_nothing),
		CASE(what_an_interrupted_compact_left_is_no_hindrance),
		CASE(compacts_while_this_process_writes_and_reads),
		CASE(waits_for_no_other_process_but_says_so),
		CASE(a_full_disk_leaves_the_store_as_it_was),
		CASE(a_copy_onto_a_full_disk_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
