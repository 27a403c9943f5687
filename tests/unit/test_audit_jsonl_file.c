/* SPDX-License-Identifier: MIT */
/* test_audit_jsonl_file.c - what becomes of the lines when their file moves, is full or fails. */
#include "unit/jsonl_kit.h"

static void a_new_file_is_private_unless_the_group_may_read(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f->alone.battery->close(f->alone.self);
	unlink(f->path);
	f->alone.set[1] = (struct double_setting){ "mode", "group" };
	f->alone.set[2] = (struct double_setting){ "fsync", "true" };
	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	f->port->finish(start(f, "run-a"), &f->alone.err);
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;

	f->alone.set[0].value = "/dev/full";
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_IO);
	assert_int_equal(f->alone.err.klass, EXS_CLASS_TRANSIENT);
	assert_non_null(strstr(f->alone.err.text, "/dev/full"));
	assert_non_null(strstr(f->alone.err.text, "make room"));
	f->port->finish(trail, &f->alone.err);
}

static void does_not_open_without_its_folder_or_on_a_folder(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX_HERE];

	snprintf(path, sizeof path, "%s/none/trail", f->dir);
	f->alone.set[0].value = path;
	assert_int_equal(try_open(f), EXS_IO);
	assert_non_null(strstr(f->alone.err.text, "make its folder"));
	f->alone.set[0].value = f->dir;
	assert_int_not_equal(try_open(f), EXS_OK);
	snprintf(path, sizeof path, "%s/fifo", f->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	f->alone.set[0].value = path;
	assert_int_equal(try_open(f), EXS_INVALID);
	assert_non_null(strstr(f->alone.err.text, "is not a file"));
	assert_null(f->alone.self);
}

static void follows_a_rotation_within_a_second(void **state)
{
	struct fixture *f = *state;
	char old[PATH_MAX_HERE];
	exs_trail *trail;

	f->alone.host.mono_ms = 1000;
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	snprintf(old, sizeof old, "%s/trail.1", f->dir);
	assert_int_equal(rename(f->path, old), 0);
	f->alone.host.mono_ms += 999;
	assert_int_equal(record(f, trail, 2), EXS_OK);
	assert_int_equal(count_lines(old), 2);
	f->alone.host.mono_ms += 1;
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(count_lines(old), 2);
	assert_int_equal(count_lines(f->path), 1);
	f->port->finish(trail, &f->alone.err);
}

static void looks_for_its_file_at_each_start(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-b");
	exs_trail *trail, *none = NULL;
	char gone[PATH_MAX_HERE];

	f->alone.host.mono_ms = 1000;
	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(unlink(f->path), 0);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	assert_int_equal(count_lines(f->path), 1);
	snprintf(gone, sizeof gone, "%s.gone", f->dir);
	assert_int_equal(rename(f->dir, gone), 0);
	assert_int_equal(f->port->start(f->alone.self, &run, &none, &f->alone.err), EXS_IO);
	assert_null(none);
	assert_int_equal(record(f, trail, 2), EXS_IO);
	assert_int_equal(rename(gone, f->dir), 0);
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(count_lines(f->path), 2);
	f->port->finish(trail, &f->alone.err);
}

static void closes_a_line_that_a_kill_cut_off(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	char *text;

	spit(f->path, "{\"run\":\"run-x\",\"se");
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	f->port->finish(trail, &f->alone.err);
	text = slurp(f->path);
	assert_true(strncmp(text, "{\"run\":\"run-x\",\"se\n{\"run\":\"run-a\"", 33) == 0);
	free(text);
}

/* ---- room for a part of a line ---- */

static void limit_size(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_fits_in_part_is_taken_back(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	struct stat one, st;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	assert_int_equal(stat(f->path, &one), 0);
	limit_size((rlim_t)one.st_size + 20);
	assert_int_equal(record(f, trail, 2), EXS_IO);
	assert_non_null(strstr(f->alone.err.text, "whole line"));
	assert_non_null(strstr(f->alone.err.text, "rotate it"));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, one.st_size);
	limit_size(RLIM_INFINITY);
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, 2 * one.st_size);
	assert_int_equal(count_lines(f->path), 2);
	f->port->finish(trail, &f->alone.err);
}

static void a_part_that_somebody_holds_is_closed_by_the_next_line(void **state)
{
	struct fixture *f = *state;
	struct stat one, st;
	exs_trail *trail;
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	assert_int_equal(stat(f->path, &one), 0);
	fd = open(f->path, O_RDONLY | O_CLOEXEC); /* another writer, in the middle of its line */
	assert_true(fd >= 0 && flock(fd, LOCK_SH) == 0);
	limit_size((rlim_t)one.st_size + 20);
	assert_int_equal(record(f, trail, 2), EXS_IO);
	limit_size(RLIM_INFINITY);
	assert_int_equal(close(fd), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, one.st_size + 20);
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(count_lines(f->path), 3);
	f->port->finish(trail, &f->alone.err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_new_file_is_private_unless_the_group_may_read),
		CLAIM(a_full_disk_is_told),
		CLAIM(does_not_open_without_its_folder_or_on_a_folder),
		CLAIM(follows_a_rotation_within_a_second),
		CLAIM(looks_for_its_file_at_each_start),
		CLAIM(closes_a_line_that_a_kill_cut_off),
		CLAIM(a_line_that_fits_in_part_is_taken_back),
		CLAIM(a_part_that_somebody_holds_is_closed_by_the_next_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
