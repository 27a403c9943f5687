/* SPDX-License-Identifier: MIT */
/* test_trust.c - which files and folders are believed, and what a refusal tells its reader. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/trust.h"

#define STRANGER 54321u /* a user id that nobody has */

struct place {
	char dir[200];	/* mode 0700, under the folder for temporary files */
	char sub[220];	/* dir/sub, 0755 */
	char file[480]; /* dir/sub/file, 0644 */
	char real[TRUST_PATH_MAX];
	int fd;
	exs_err err;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	const char *tmp = getenv("TMPDIR");
	char dir[200], *real;
	int fd;

	if (!p)
		return -1;
	snprintf(dir, sizeof dir, "%s/trust-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	real = realpath(dir, NULL);
	if (!real)
		return -1;
	snprintf(p->dir, sizeof p->dir, "%s", real);
	free(real);
	snprintf(p->sub, sizeof p->sub, "%s/sub", p->dir);
	snprintf(p->file, sizeof p->file, "%s/file", p->sub);
	if (mkdir(p->sub, 0755) || chmod(p->sub, 0755))
		return -1;
	fd = open(p->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "x", 1) != 1 || fchmod(fd, 0644) || close(fd))
		return -1;
	p->fd = -1;
	p->err = (exs_err)EXS_ERR_INIT;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char link[260];

	if (p->fd >= 0)
		close(p->fd);
	snprintf(link, sizeof link, "%s/link", p->dir);
	unlink(link);
	unlink(p->file);
	rmdir(p->file);
	rmdir(p->sub);
	rmdir(p->dir);
	free(p);
	return 0;
}

static exs_status try_open(struct place *p, const char *path)
{
	return trust_open(path, p->real, &p->fd, &p->err);
}

static void refused(struct place *p, const char *path, exs_status want, const char *hint)
{
	assert_int_equal(try_open(p, path), want);
	assert_int_equal(p->err.status, want);
	if (!strstr(p->err.text, hint))
		fail_msg("'%s' is not in: %s", hint, p->err.text);
	assert_int_equal(p->fd, -1);
	assert_string_equal(p->real, "");
}

static void a_file_of_ours_is_opened(void **state)
{
	struct place *p = *state;
	char c;

	assert_int_equal(try_open(p, p->file), EXS_OK);
	assert_string_equal(p->real, p->file);
	assert_int_equal(read(p->fd, &c, 1), 1);
	assert_int_equal(c, 'x');
	assert_true(fcntl(p->fd, F_GETFD) & FD_CLOEXEC);
}

static void a_link_is_judged_where_it_points(void **state)
{
	struct place *p = *state;
	char link[260];

	snprintf(link, sizeof link, "%s/link", p->dir);
	assert_int_equal(symlink("sub/../sub/file", link), 0);
	assert_int_equal(try_open(p, link), EXS_OK);
	assert_string_equal(p->real, p->file);
}

static void a_file_that_others_may_write_is_refused_with_the_cure(void **state)
{
	struct place *p = *state;
	char cure[600];

	snprintf(cure, sizeof cure, "chmod go-w %s", p->file);
	assert_int_equal(chmod(p->file, 0664), 0);
	refused(p, p->file, EXS_DENIED, cure);
	assert_non_null(strstr(p->err.text, "mode 0664"));
	assert_int_equal(chmod(p->file, 0646), 0);
	refused(p, p->file, EXS_DENIED, cure);
}

static void a_folder_that_others_may_write_is_refused_with_the_cure(void **state)
{
	struct place *p = *state;
	char cure[600];

	snprintf(cure, sizeof cure, "chmod go-w %s", p->sub);
	assert_int_equal(chmod(p->sub, 0775), 0);
	refused(p, p->file, EXS_DENIED, cure);
	assert_int_equal(chmod(p->sub, 0755), 0);
	snprintf(cure, sizeof cure, "chmod go-w %s", p->dir);
	assert_int_equal(chmod(p->dir, 0702), 0);
	refused(p, p->file, EXS_DENIED, cure);
}

static void a_sticky_folder_is_a_way_but_not_a_home(void **state)
{
	struct place *p = *state;

	assert_int_equal(chmod(p->dir, 01777), 0);
	assert_int_equal(try_open(p, p->file), EXS_OK);
	close(p->fd);
	p->fd = -1;
	p->real[0] = '\0';
	assert_int_equal(chmod(p->sub, 01777), 0);
	refused(p, p->file, EXS_DENIED, "mkdir -m 700");
	assert_non_null(strstr(p->err.text, "mode 1777"));
}

static void what_is_missing_is_not_found(void **state)
{
	struct place *p = *state;
	char path[600];

	snprintf(path, sizeof path, "%s/nothing", p->sub);
	refused(p, path, EXS_NOTFOUND, path);
	snprintf(path, sizeof path, "%s/below", p->file);
	refused(p, path, EXS_NOTFOUND, path);
	refused(p, "", EXS_NOTFOUND, "does not exist");
	assert_int_equal(trust_dir(path, &p->err), EXS_NOTFOUND);
}

static void what_cannot_be_reached_is_an_io_error(void **state)
{
	struct place *p = *state;
	char link[260];

	snprintf(link, sizeof link, "%s/link", p->dir);
	assert_int_equal(symlink("link", link), 0);
	refused(p, link, EXS_IO, link);
	assert_int_equal(p->err.sys, ELOOP);
	assert_int_equal(trust_dir(link, &p->err), EXS_IO);
}

static void only_regular_files_are_opened(void **state)
{
	struct place *p = *state;

	refused(p, p->sub, EXS_DENIED, "not a regular file");
	refused(p, "/dev/null", EXS_DENIED, "/dev/null");
	unlink(p->file);
	assert_int_equal(mkfifo(p->file, 0600), 0);
	refused(p, p->file, EXS_DENIED, "not a regular file");
}

static void a_strangers_file_or_folder_is_refused(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip(); /* only root can give files away */
	assert_int_equal(chown(p->file, STRANGER, (gid_t)-1), 0);
	refused(p, p->file, EXS_DENIED, "uid 54321");
	assert_non_null(strstr(p->err.text, "chown 0 "));
	assert_int_equal(chown(p->file, 0, (gid_t)-1), 0);
	assert_int_equal(chown(p->sub, STRANGER, (gid_t)-1), 0);
	refused(p, p->file, EXS_DENIED, p->sub);
	assert_int_equal(trust_dir(p->sub, &p->err), EXS_DENIED);
	assert_non_null(strstr(p->err.text, "chown 0 "));
}

/* Runs as somebody else; exit status 0 when all is as it should be. */
static int as_stranger(struct place *p)
{
	if (setresuid(STRANGER, STRANGER, STRANGER))
		return 1;
	if (try_open(p, p->file) != EXS_OK)
		return 2;
	close(p->fd);
	if (trust_dir(p->sub, &p->err) != EXS_DENIED)
		return 3;
	return 0;
}

static void roots_files_are_believed_but_roots_folders_are_not_ours(void **state)
{
	struct place *p = *state;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(p->dir, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(as_stranger(p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_folder_for_state_is_ours_alone(void **state)
{
	struct place *p = *state;

	assert_int_equal(trust_dir(p->dir, &p->err), EXS_OK);
	assert_int_equal(trust_dir(p->sub, &p->err), EXS_OK);
	assert_int_equal(chmod(p->sub, 0770), 0);
	assert_int_equal(trust_dir(p->sub, &p->err), EXS_DENIED);
	assert_non_null(strstr(p->err.text, "chmod go-w"));
	assert_int_equal(chmod(p->sub, 01777), 0);
	assert_int_equal(trust_dir(p->sub, &p->err), EXS_DENIED);
	assert_int_equal(trust_dir(p->file, &p->err), EXS_DENIED);
	assert_non_null(strstr(p->err.text, "not a folder"));
}

static void the_cure_can_be_pasted_into_a_shell(void **state)
{
	struct place *p = *state;
	char odd[260], cure[600];

	snprintf(odd, sizeof odd, "%s/link", p->dir);
	assert_int_equal(rename(p->file, odd), 0);
	snprintf(p->file, sizeof p->file, "%s/a $b;c", p->sub);
	assert_int_equal(rename(odd, p->file), 0);
	assert_int_equal(chmod(p->file, 0666), 0);
	snprintf(cure, sizeof cure, "chmod go-w '%s'", p->file);
	refused(p, p->file, EXS_DENIED, cure);

	snprintf(cure, sizeof cure, "%s/it's", p->sub);
	assert_int_equal(rename(p->file, cure), 0);
	snprintf(p->file, sizeof p->file, "%s/it's", p->sub);
	refused(p, p->file, EXS_DENIED, "chmod go-w FILE");
}

static void a_long_path_still_leaves_room_for_the_cure(void **state)
{
	struct place *p = *state;
	char old[480];

	memcpy(old, p->file, sizeof old);
	snprintf(p->file, sizeof p->file, "%s/%0150d", p->sub, 7);
	assert_int_equal(rename(old, p->file), 0);
	assert_int_equal(chmod(p->file, 0666), 0);
	refused(p, p->file, EXS_DENIED, "chmod go-w FILE");
	assert_non_null(strstr(p->err.text, "'...0000"));
	assert_non_null(strstr(p->err.text, "0007'"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_of_ours_is_opened),
		T(a_link_is_judged_where_it_points),
		T(a_file_that_others_may_write_is_refused_with_the_cure),
		T(a_folder_that_others_may_write_is_refused_with_the_cure),
		T(a_sticky_folder_is_a_way_but_not_a_home),
		T(what_is_missing_is_not_found),
		T(what_cannot_be_reached_is_an_io_error),
		T(only_regular_files_are_opened),
		T(a_strangers_file_or_folder_is_refused),
		T(roots_files_are_believed_but_roots_folders_are_not_ours),
		T(a_folder_for_state_is_ours_alone),
		T(the_cure_can_be_pasted_into_a_shell),
		T(a_long_path_still_leaves_room_for_the_cure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
