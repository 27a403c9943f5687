/* SPDX-License-Identifier: MIT */
/* test_delivery_file.c - where result files go, what they hold, and that nothing half done is ever
 * seen. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "delivery_kit.h"
#include "temp_dir.h"

#define PATH_BYTES 512

struct fixture {
	struct alone alone;
	struct post post;
	char base[PATH_BYTES / 4], dir[PATH_BYTES / 2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	alone_init(&f->alone, BATTERIES "/delivery_file.so", "file");
	post_init(&f->post, "file");
	assert_int_equal(temp_dir_make("file", f->base, sizeof f->base), 0);
	snprintf(f->dir, sizeof f->dir, "%s/out", f->base);
	f->alone.set[0] = (struct double_setting){ "dir", f->dir };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alone_release(&f->alone);
	post_release(&f->post);
	temp_dir_remove(f->base);
	free(f);
	return 0;
}

static exs_status try_open(struct fixture *f)
{
	return post_open(&f->post, &f->alone);
}

static exs_status deliver(struct fixture *f)
{
	if (!f->alone.self)
		assert_int_equal(try_open(f), EXS_OK);
	double_done_release(&f->post.done);
	double_done_init(&f->post.done, POST_SAID_MAX);
	f->post.port->deliver(f->alone.self, &f->post.parcel, cancel_public(f->post.cancel),
			      f->post.done.done);
	assert_int_equal(f->post.done.ends, 1);
	return f->post.done.status;
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

/* ---- claims: contents ---- */

static void writes_the_answer_and_tells_the_path(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES];
	struct stat st;

	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "It works.\n");
	snprintf(path, sizeof path, "%s/run-a.md", f->dir);
	assert_string_equal(f->post.done.out.p, path);
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
	f->post.parcel.output = exs_cstr("Better.\n");
	f->post.parcel.attempt = 2;
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "Better.\n");
	assert_int_equal(count_entries(f->dir), 1);
}

static void says_how_a_run_ended_that_was_not_ok(void **state)
{
	struct fixture *f = *state;

	f->post.parcel.on = EXS_ENDED_TIMEOUT;
	f->post.parcel.status = "timeout";
	f->post.parcel.error = exs_cstr("the time was over");
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "It works.\ntimeout: the time was over\n");
	f->post.parcel.output = exs_cstr("");
	f->post.parcel.error = exs_cstr("");
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.md", "timeout\n");
}

static void writes_the_whole_result_as_json(void **state)
{
	struct fixture *f = *state;

	f->alone.set[1] = (struct double_setting){ "format", "json" };
	f->alone.set[2] = (struct double_setting){ "name", "{run}.json" };
	f->alone.set[3] = (struct double_setting){ "sync", "false" };
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "run-a.json", "{\"status\":\"ok\"}\n");
}

/* ---- claims: names ---- */

static void makes_names_and_folders_from_the_template(void **state)
{
	struct fixture *f = *state;

	f->alone.set[1] = (struct double_setting){ "name", "{agent}/{date}/x-{run}_{status}.txt" };
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "tester/2023-11-14/x-run-a_ok.txt", "It works.\n");
}

static void a_value_cannot_leave_its_part_of_the_name(void **state)
{
	struct fixture *f = *state;

	f->alone.set[1] = (struct double_setting){ "name", "{agent}/{run}" };
	f->post.run.agent = "../../etc";
	assert_int_equal(deliver(f), EXS_OK);
	assert_file(f, "_.._.._etc/run-a", "It works.\n");
	f->post.run.agent = "";
	f->post.run.run_id = ".a b\n";
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
		f->alone.set[1] = (struct double_setting){ "name", bad[i] };
		assert_int_equal(try_open(f), EXS_INVALID);
		assert_non_null(strstr(f->alone.err.text, "test.yaml:1:1: "));
		assert_null(f->alone.self);
	}
}

static void takes_the_target_as_the_name(void **state)
{
	struct fixture *f = *state;

	f->post.parcel.target = "reviews/2024/kernel.md";
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
		f->post.parcel.target = bad[i];
		assert_int_equal(deliver(f), EXS_INVALID);
		assert_non_null(strstr(f->post.done.err.text, "target"));
	}
	memset(longest, 'a', sizeof longest);
	longest[201] = '\0';
	f->post.parcel.target = longest;
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
	f->post.parcel.target = "link/x.md";
	assert_int_equal(deliver(f), EXS_DENIED);
	assert_non_null(strstr(f->post.done.err.text, "link"));
	assert_int_equal(count_entries(other), 0);
	snprintf(other, sizeof other, "%s/other/file", f->base);
	spit(other, "mine");
	snprintf(path, sizeof path, "%s/run-a.md", f->dir);
	assert_int_equal(symlink(other, path), 0);
	f->post.parcel.target = "";
	assert_int_equal(deliver(f), EXS_DENIED);
	assert_non_null(strstr(f->post.done.err.text, "is not a file"));
	assert_file(f, "../other/file", "mine");
}

/* ---- claims: failures ---- */

static void does_not_open_where_a_file_stands(void **state)
{
	struct fixture *f = *state;

	spit(f->dir, "");
	assert_int_equal(try_open(f), EXS_DENIED);
	assert_non_null(strstr(f->alone.err.text, f->dir));
	assert_null(f->alone.self);
	unlink(f->dir);
	snprintf(f->dir, sizeof f->dir, "%s/none/out", f->base);
	assert_int_equal(try_open(f), EXS_IO);
	assert_non_null(strstr(f->alone.err.text, "make its folder"));
}

static void does_not_open_a_folder_that_cannot_be_written(void **state)
{
	struct fixture *f = *state;

	if (geteuid() == 0)
		skip(); /* root may write anywhere */
	assert_int_equal(mkdir(f->dir, 0500), 0);
	assert_int_equal(try_open(f), EXS_DENIED);
	assert_non_null(strstr(f->alone.err.text, "give this user the right"));
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
	f->post.parcel.target = "run-a.md/x";
	assert_int_equal(deliver(f), EXS_OK);
	f->post.parcel.target = "run-a.md/x/y";
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
	f->post.parcel.output = exs_bytes(text, n);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	s = deliver(f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(s, EXS_IO);
	assert_int_equal(f->post.done.err.sys, EFBIG);
	assert_file(f, "run-a.md", "It works.\n");
	assert_int_equal(count_entries(f->dir), 1);
	free(text);
}

static void a_fired_token_leaves_nothing_and_says_so(void **state)
{
	struct fixture *f = *state;

	cancel_fire(f->post.cancel, EXS_CAUSE_SHUTDOWN);
	assert_int_equal(deliver(f), EXS_CANCELLED);
	assert_int_equal(f->post.done.err.klass, EXS_CLASS_NOT_DONE);
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
