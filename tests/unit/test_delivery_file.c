/* SPDX-License-Identifier: MIT */
/* test_delivery_file.c - where result files go, what they hold, and that nothing half done is ever
 * seen. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <executus/port/delivery.h>

#include "base/cancel.h"
#include "support/double.h"

#define PATH_BYTES 512

struct fixture {
	struct double_host host;
	const exs_battery *battery;
	const exs_delivery *port;
	exs_self *self;
	exs_err err;
	char base[PATH_BYTES / 4], dir[PATH_BYTES / 2];
	struct double_setting set[5];
	struct double_done done;
	struct cancel *cancel;
	exs_run_info run;
	exs_parcel parcel;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const char *base = getenv("TMPDIR");

	f->err.size = sizeof f->err;
	f->battery = double_load(BATTERIES "/delivery_file.so");
	snprintf(f->base, sizeof f->base, "%s/file.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(f->base));
	snprintf(f->dir, sizeof f->dir, "%s/out", f->base);
	f->set[0] = (struct double_setting){ "dir", f->dir };
	double_host_init(&f->host, "file");
	double_done_init(&f->done, 4096);
	f->cancel = cancel_new(NULL);
	f->run = double_run_info("run-a");
	f->parcel = (exs_parcel){
		.size = sizeof f->parcel,
		.on = EXS_ENDED_OK,
		.attempt = 1,
		.run = &f->run,
		.kind = "file",
		.target = "",
		.id = "run-a.1",
		.status = "ok",
		.output = exs_cstr("It works."),
		.error = exs_cstr(""),
		.result = exs_cstr("{\"status\":\"ok\"}"),
	};
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->self)
		f->battery->close(f->self);
	double_done_release(&f->done);
	double_host_release(&f->host);
	cancel_unref(f->cancel);
	nftw(f->base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static exs_status try_open(struct fixture *f)
{
	exs_status s = f->battery->open(&f->host.host,
					double_host_conf(&f->host, f->battery->options, f->set),
					&f->self, &f->err);

	if (s == EXS_OK)
		f->port = f->battery->port(f->self, EXS_PORT_DELIVERY);
	return s;
}

static exs_status deliver(struct fixture *f)
{
	if (!f->self)
		assert_int_equal(try_open(f), EXS_OK);
	double_done_release(&f->done);
	double_done_init(&f->done, 4096);
	f->port->deliver(f->self, &f->parcel, cancel_public(f->cancel), f->done.done);
	assert_int_equal(f->done.ends, 1);
	return f->done.status;
}

static void assert_file(struct fixture *f, const char *name, const char *expected)
{
	char path[PATH_BYTES], text[1024] = "";
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", f->dir, name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("no file '%s'", path);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void spit(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* ---- claims: contents ---- */

static void writes_the_answer_and_tells_the_path(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES];
	struct stat st;

	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "It works.\n");
	snprintf(path, sizeof path, "%s/run-a.md", f->dir);
	assert_string_equal(f->done.out.p, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(count_entries(f->dir), 1);
}

static void replaces_a_file_that_is_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(deliver(f), EXS_OK);
	f->parcel.output = exs_cstr("Better.\n");
	f->parcel.attempt = 2;
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "Better.\n");
	assert_int_equal(count_entries(f->dir), 1);
}

static void says_how_a_run_ended_that_was_not_ok(void **state)
{
	struct fixture *f = *state;

	f->parcel.on = EXS_ENDED_TIMEOUT;
	f->parcel.status = "timeout";
	f->parcel.error = exs_cstr("the time was over");
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "It works.\ntimeout: the time was over\n");
	f->parcel.output = exs_cstr("");
	f->parcel.error = exs_cstr("");
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "timeout\n");
}

static void writes_the_whole_result_as_json(void **state)
{
	struct fixture *f = *state;

	f->set[1] = (struct double_setting){ "format", "json" };
	f->set[2] = (struct double_setting){ "name", "{run}.json" };
	f->set[3] = (struct double_setting){ "sync", "false" };
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.json", "{\"status\":\"ok\"}\n");
}

/* ---- claims: names ---- */

static void makes_names_and_folders_from_the_template(void **state)
{
	struct fixture *f = *state;

	f->set[1] = (struct double_setting){ "name", "{agent}/{date}/x-{run}_{status}.txt" };
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "tester/2023-11-14/x-run-a_ok.txt", "It works.\n");
}

static void a_value_cannot_leave_its_part_of_the_name(void **state)
{
	struct fixture *f = *state;

	f->set[1] = (struct double_setting){ "name", "{agent}/{run}" };
	f->run.agent = "../../etc";
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "_.._.._etc/run-a", "It works.\n");
	f->run.agent = "";
	f->run.run_id = ".a b\n";
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "_/_.a_b_", "It works.\n");
}

static void refuses_a_template_that_makes_no_name(void **state)
{
	static const char *const bad[] = { "",	       "{what}.md", "{run",   "/abs/{run}",
					   "../{run}", "{run}/",    "a b",    ".{run}",
					   "-{run}",   "a//b",	    "a/../b", "}",
					   NULL };
	struct fixture *f = *state;
	int i;

	for (i = 0; bad[i]; i++) {
		f->set[1] = (struct double_setting){ "name", bad[i] };
		assert_int_equal(try_open(f), EXS_INVALID);
		assert_non_null(strstr(f->err.text, "test.yaml:1:1: "));
		assert_null(f->self);
	}
}

static void takes_the_target_as_the_name(void **state)
{
	struct fixture *f = *state;

	f->parcel.target = "reviews/2024/kernel.md";
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "reviews/2024/kernel.md", "It works.\n");
}

static void refuses_a_target_that_leaves_the_folder(void **state)
{
	static const char *const bad[] = { "../x",    "a/../../x", "/etc/x",   "a/..",
					   "..",      ".",	   "a//b",     "a/",
					   ".hidden", "-rf",	   "a b",      "a\nb",
					   "a\\b",    "{run}",	   "\xc3\xbc", "a/b/c/d/e/f/g/h/i",
					   NULL };
	struct fixture *f = *state;
	char longest[600];
	int i;

	for (i = 0; bad[i]; i++) {
		f->parcel.target = bad[i];
		assert_int_equal(deliver(f), EXS_INVALID);
		assert_non_null(strstr(f->done.err.text, "target"));
	}
	memset(longest, 'a', sizeof longest);
	longest[201] = '\0';
	f->parcel.target = longest;
	assert_int_equal(deliver(f), EXS_INVALID);
	longest[201] = 'a';
	longest[599] = '\0';
	assert_int_equal(deliver(f), EXS_INVALID);
	assert_int_equal(count_entries(f->dir), 0);
	assert_int_equal(count_entries(f->base), 1);
	longest[200] = '\0';
	assert_int_equal(deliver(f), EXS_OK);
}

static void follows_no_link_below_the_folder(void **state)
{
	struct fixture *f = *state;
	char other[PATH_BYTES], path[PATH_BYTES];

	assert_int_equal(try_open(f), EXS_OK);
	snprintf(other, sizeof other, "%s/other", f->base);
	assert_int_equal(mkdir(other, 0700), 0);
	snprintf(path, sizeof path, "%s/link", f->dir);
	assert_int_equal(symlink(other, path), 0);
	f->parcel.target = "link/x.md";
	assert_int_equal(deliver(f), EXS_DENIED);
	assert_non_null(strstr(f->done.err.text, "link"));
	assert_int_equal(count_entries(other), 0);
	snprintf(other, sizeof other, "%s/other/file", f->base);
	spit(other, "mine");
	snprintf(path, sizeof path, "%s/run-a.md", f->dir);
	assert_int_equal(symlink(other, path), 0);
	f->parcel.target = "";
	assert_int_equal(deliver(f), EXS_DENIED);
	assert_non_null(strstr(f->done.err.text, "is not a file"));
	assert_file(f, "../other/file", "mine");
}

/* ---- claims: failures ---- */

static void does_not_open_where_a_file_stands(void **state)
{
	struct fixture *f = *state;

	spit(f->dir, "");
	assert_int_equal(try_open(f), EXS_DENIED);
	assert_non_null(strstr(f->err.text, f->dir));
	assert_null(f->self);
	unlink(f->dir);
	snprintf(f->dir, sizeof f->dir, "%s/none/out", f->base);
	assert_int_equal(try_open(f), EXS_IO);
	assert_non_null(strstr(f->err.text, "make its folder"));
}

static void does_not_open_a_folder_that_cannot_be_written(void **state)
{
	struct fixture *f = *state;

	if (geteuid() == 0)
		skip(); /* root may write anywhere */
	assert_int_equal(mkdir(f->dir, 0500), 0);
	assert_int_equal(try_open(f), EXS_DENIED);
	assert_non_null(strstr(f->err.text, "give this user the right"));
}

static void refuses_a_folder_in_the_place_of_the_file(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES];

	assert_int_equal(try_open(f), EXS_OK);
	snprintf(path, sizeof path, "%s/run-a.md", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(deliver(f), EXS_DENIED);
	assert_int_equal(count_entries(f->dir), 1);
	f->parcel.target = "run-a.md/x";
	assert_int_equal(deliver(f), EXS_OK);
	f->parcel.target = "run-a.md/x/y";
	assert_int_equal(deliver(f), EXS_DENIED);
}

static void leaves_nothing_when_the_write_fails(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	size_t n = 100000;
	char *text = malloc(n);
	exs_status s;

	assert_int_equal(deliver(f), EXS_OK);
	memset(text, 'x', n);
	f->parcel.output = exs_bytes(text, n);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	s = deliver(f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(s, EXS_IO);
	assert_int_equal(f->done.err.sys, EFBIG);
	assert_file(f, "run-a.md", "It works.\n");
	assert_int_equal(count_entries(f->dir), 1);
	free(text);
}

static void a_fired_token_leaves_nothing_and_says_so(void **state)
{
	struct fixture *f = *state;

	cancel_fire(f->cancel, EXS_CAUSE_SHUTDOWN);
	assert_int_equal(deliver(f), EXS_CANCELLED);
	assert_int_equal(f->done.err.klass, EXS_CLASS_NOT_DONE);
	assert_int_equal(count_entries(f->dir), 0);
}

static void makes_its_folder_again_when_it_was_removed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(rmdir(f->dir), 0);
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "It works.\n");
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CLAIM(writes_the_answer_and_tells_the_path),
		CLAIM(replaces_a_file_that_is_there),
		CLAIM(says_how_a_run_ended_that_was_not_ok),
		CLAIM(writes_the_whole_result_as_json),
		CLAIM(makes_names_and_folders_from_the_template),
		CLAIM(a_value_cannot_leave_its_part_of_the_name),
		CLAIM(refuses_a_template_that_makes_no_name),
		CLAIM(takes_the_target_as_the_name),
		CLAIM(refuses_a_target_that_leaves_the_folder),
		CLAIM(follows_no_link_below_the_folder),
		CLAIM(does_not_open_where_a_file_stands),
		CLAIM(does_not_open_a_folder_that_cannot_be_written),
		CLAIM(refuses_a_folder_in_the_place_of_the_file),
		CLAIM(leaves_nothing_when_the_write_fails),
		CLAIM(a_fired_token_leaves_nothing_and_says_so),
		CLAIM(makes_its_folder_again_when_it_was_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
