/* SPDX-License-Identifier: MIT */
/* test_tool_fs_write.c - write_file: the old content or the new one, and nothing left over. */
#include "tool_fs_kit.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/inotify.h>
#include <sys/resource.h>

static const struct double_setting writable[] = { { "write", "true" }, { NULL, NULL } };

static int set_up_writable(void **state)
{
	int failed = set_up(state);

	kit_reopen(*state, writable);
	return failed;
}

/* How many names stand in a folder below the root, hidden ones too. */
static int names_in(const struct kit *k, const char *name)
{
	char path[KIT_PATH];
	DIR *dir;
	int n = -2; /* . and .. */

	kit_path(path, k->root, name);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static mode_t mode_of(const struct kit *k, const char *name)
{
	char path[KIT_PATH];
	struct stat st;

	kit_path(path, k->root, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void writes_a_new_file_and_replaces_it(void **state)
{
	struct kit *k = *state;
	char path[KIT_PATH];

	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'one\\n\\u00e4'}"), EXS_OK);
	assert_string_equal(k->text, "new file: 6 bytes in f\n");
	assert_holds(k, "f", "one\n\xc3\xa4");
	kit_path(path, k->root, "f");
	assert_int_equal(chmod(path, 0751), 0);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'two','mode':'replace'}"),
			 EXS_OK);
	assert_string_equal(k->text, "replaced: 3 bytes in f\n");
	assert_holds(k, "f", "two");
	assert_int_equal(mode_of(k, "f"), 0751);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':''}"), EXS_OK);
	assert_holds(k, "f", "");
	assert_int_equal(names_in(k, "."), 1);
}

/* What was written is listed with the result; what failed is not. */
static void announces_what_it_wrote(void **state)
{
	struct kit *k = *state;
	char want[KIT_PATH * 2];

	assert_int_equal(ask(k, "write_file", "{'path':'a/f','content':'one','parents':true}"), EXS_OK);
	assert_int_equal(k->host.artifacts, 1);
	snprintf(want, sizeof want, "{\"name\":\"a/f\",\"path\":\"%s/a/f\",\"bytes\":3}", k->root);
	assert_string_equal(k->host.artifact, want);
	assert_int_equal(ask(k, "write_file", "{'path':'a','content':'one'}"), EXS_INVALID);
	assert_int_equal(ask(k, "read_file", "{'path':'a/f'}"), EXS_OK);
	assert_int_equal(k->host.artifacts, 1);
}

static void creates_only_what_is_not_there(void **state)
{
	struct kit *k = *state;

	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'one','mode':'create'}"),
			 EXS_OK);
	assert_holds(k, "f", "one");
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'two','mode':'create'}"),
			 EXS_CONFLICT);
	assert_says(k->err.text, "exists with other content");
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'one ','mode':'create'}"),
			 EXS_CONFLICT);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'on','mode':'create'}"),
			 EXS_CONFLICT);
	assert_holds(k, "f", "one");
	assert_int_equal(names_in(k, "."), 1);
}

static void takes_a_repeated_create_for_its_own(void **state)
{
	struct kit *k = *state;

	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'one','mode':'create'}"),
			 EXS_OK);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'one','mode':'create'}"),
			 EXS_OK);
	assert_says(k->text, "it was already there");
	assert_int_equal(ask(k, "write_file", "{'path':'e','content':'','mode':'create'}"), EXS_OK);
	assert_int_equal(ask(k, "write_file", "{'path':'e','content':'','mode':'create'}"), EXS_OK);
}

static void makes_folders_only_when_asked(void **state)
{
	struct kit *k = *state;

	assert_int_equal(ask(k, "write_file", "{'path':'a/b/f','content':'x'}"), EXS_NOTFOUND);
	assert_says(k->err.text, "parents");
	assert_int_equal(names_in(k, "."), 0);
	assert_int_equal(ask(k, "write_file", "{'path':'a/b/f','content':'x','parents':true}"),
			 EXS_OK);
	assert_holds(k, "a/b/f", "x");
	assert_int_equal(
		ask(k, "write_file", "{'path':'a/f/../../c/g','content':'x','parents':true}"),
		EXS_OK);
	assert_holds(k, "c/g", "x");
}

static void refuses_every_write_that_leads_outside(void **state)
{
	struct kit *k = *state;
	char absolute[KIT_PATH], path[KIT_PATH];
	const char *paths[] = {
		"../made",	"../outside/made", "../outside/secret.txt", "out/made",
		"out_file",	"out_new",	   "/tmp/made-by-a-test",   absolute,
		"out/sub/made", "dir/../../made"
	};
	size_t i;

	put_folder(k, "dir");
	put_link(k, "../outside", "out");
	put_link(k, "../outside/secret.txt", "out_file");
	put_link(k, "../outside/made", "out_new");
	kit_path(absolute, k->outside, "made");
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(ask(k, "write_file", "{'path':'%s','content':'x','parents':true}",
				     paths[i]),
				 EXS_DENIED);
		assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
	}
	kit_path(path, "..", "outside");
	assert_int_equal(names_in(k, path), 1);
	assert_int_equal(names_in(k, ".."), 2);
	kit_path(path, "..", "outside/secret.txt");
	assert_holds(k, path, SECRET "\n");
}

static void writes_through_a_link_that_stays_inside(void **state)
{
	struct kit *k = *state;
	char path[KIT_PATH];
	struct stat st;

	put_folder(k, "dir");
	put_text(k, "dir/f", "old");
	put_link(k, "dir/f", "link");
	put_link(k, "dir/new", "dangling");
	assert_int_equal(ask(k, "write_file", "{'path':'link','content':'new'}"), EXS_OK);
	assert_string_equal(k->text, "replaced: 3 bytes in dir/f\n");
	assert_holds(k, "dir/f", "new");
	kit_path(path, k->root, "link");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(ask(k, "write_file", "{'path':'dangling','content':'new'}"), EXS_OK);
	assert_holds(k, "dir/new", "new");
}

static void replaces_only_regular_files(void **state)
{
	static const char *const paths[] = { "dir", ".", "dir/..", "" };
	struct kit *k = *state;
	char path[KIT_PATH];
	size_t i;

	put_folder(k, "dir");
	kit_path(path, k->root, "fifo");
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(ask(k, "write_file", "{'path':'fifo','content':'x'}"), EXS_DENIED);
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(ask(k, "write_file", "{'path':'%s','content':'x'}", paths[i]),
				 EXS_INVALID);
		assert_says(k->err.text, "folder");
	}
	assert_int_equal(ask(k, "write_file", "{'path':'new/','content':'x'}"), EXS_INVALID);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'x','mode':'append'}"),
			 EXS_INVALID);
	assert_int_equal(ask(k, "write_file", "{'path':'f'}"), EXS_INVALID);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'a\\u0000b'}"), EXS_INVALID);
	assert_int_equal(names_in(k, "."), 2);
}

static void refuses_content_over_the_bound(void **state)
{
	struct kit *k = *state;
	const size_t n = 1u << 20;
	char *args = malloc(n + 64);
	size_t at = (size_t)sprintf(args, "{\"path\":\"f\",\"content\":\"");

	memset(args + at, 'x', n + 1);
	strcpy(args + at + n, "\"}");
	assert_int_equal(kit_call(k, "write_file", exs_cstr(args)), EXS_OK);
	strcpy(args + at + n, "y\"}");
	assert_int_equal(kit_call(k, "write_file", exs_cstr(args)), EXS_TOOBIG);
	free(args);
}

static void writes_nothing_to_what_is_denied(void **state)
{
	struct kit *k = *state;
	char deny[2 * KIT_PATH + 2], file[KIT_PATH], folder[KIT_PATH];
	struct double_setting set[] = { { "write", "true" }, { "deny", deny }, { NULL, NULL } };

	put_text(k, "file", "old");
	put_folder(k, "store");
	put_text(k, "store/lock", "old");
	kit_path(file, k->root, "file");
	kit_path(folder, k->root, "store");
	snprintf(deny, sizeof deny, "%s|%s", file, folder);
	kit_reopen(k, set);
	assert_int_equal(ask(k, "write_file", "{'path':'file','content':'x'}"), EXS_DENIED);
	assert_int_equal(ask(k, "write_file", "{'path':'file','content':'x','mode':'create'}"),
			 EXS_DENIED);
	assert_int_equal(ask(k, "write_file", "{'path':'store/lock','content':'x'}"), EXS_DENIED);
	assert_int_equal(ask(k, "write_file", "{'path':'store/new','content':'x'}"), EXS_DENIED);
	assert_int_equal(ask(k, "write_file", "{'path':'store/a/b','content':'x','parents':true}"),
			 EXS_DENIED);
	assert_holds(k, "file", "old");
	assert_holds(k, "store/lock", "old");
	assert_int_equal(names_in(k, "store"), 1);
}

static void says_when_this_user_may_not_write(void **state)
{
	struct kit *k = *state;
	char path[KIT_PATH];

	put_folder(k, "dir");
	put_text(k, "dir/f", "old");
	kit_path(path, k->root, "dir");
	assert_int_equal(chmod(path, 0555), 0);
	become(NOBODY);
	assert_int_equal(ask(k, "write_file", "{'path':'dir/f','content':'new'}"), EXS_DENIED);
	assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
	assert_int_equal(ask(k, "write_file", "{'path':'dir/g','content':'new','mode':'create'}"),
			 EXS_DENIED);
	assert_int_equal(ask(k, "write_file", "{'path':'dir/a/g','content':'n','parents':true}"),
			 EXS_DENIED);
	become(0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_holds(k, "dir/f", "old");
	assert_int_equal(names_in(k, "dir"), 1);
}

/* The disk takes ten bytes and no more: what a full disk looks like, without filling one. */
static void leaves_the_old_content_and_nothing_else_when_a_write_fails(void **state)
{
	struct kit *k = *state;
	struct rlimit was, small;

	put_text(k, "f", "the old content");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 10;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'the whole new content'}"),
			 EXS_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(k->err.klass, EXS_CLASS_NOT_DONE);
	assert_holds(k, "f", "the old content");
	assert_int_equal(names_in(k, "."), 1);
}

static void sweeps_up_what_a_killed_try_of_the_same_call_left(void **state)
{
	struct kit *k = *state;
	union {
		struct inotify_event event;
		char room[1024];
	} seen;
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char left[KIT_PATH];

	assert_true(inotify_add_watch(watch, k->root, IN_CREATE) >= 0);
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'one'}"), EXS_OK);
	assert_true(read(watch, &seen, sizeof seen) > (ssize_t)sizeof seen.event);
	close(watch);
	assert_int_equal(seen.event.name[0], '.');
	snprintf(left, sizeof left, "%s", seen.event.name);
	put_text(k, left, "half of wh");
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'two'}"), EXS_OK);
	assert_holds(k, "f", "two");
	assert_int_equal(names_in(k, "."), 1);
	k->key = "";
	assert_int_equal(ask(k, "write_file", "{'path':'f','content':'three'}"), EXS_OK);
}

/* ---- whole or not at all ---- */

#define BLOCK 5000

struct watcher {
	char path[KIT_PATH];
	atomic_bool stop;
	int whole, torn;
};

static void *watch_content(void *arg)
{
	struct watcher *w = arg;
	char text[BLOCK + 1];

	while (!atomic_load(&w->stop)) {
		int fd = open(w->path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
		bool same = n == BLOCK;

		for (ssize_t i = 1; same && i < n; i++)
			same = text[i] == text[0];
		w->whole += same;
		w->torn += !same;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static void shows_a_reader_the_old_or_the_new_content(void **state)
{
	struct kit *k = *state;
	struct watcher w = { .stop = false };
	char block[BLOCK + 1] = "";
	pthread_t thread;
	int i;

	memset(block, 'a', BLOCK);
	put_text(k, "f", block);
	kit_path(w.path, k->root, "f");
	assert_int_equal(pthread_create(&thread, NULL, watch_content, &w), 0);
	for (i = 0; i < 200; i++) {
		memset(block, 'a' + i % 26, BLOCK);
		assert_int_equal(ask(k, "write_file", "{'path':'f','content':'%s'}", block),
				 EXS_OK);
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_true(w.whole > 0);
	assert_int_equal(w.torn, 0);
}

#define RACES 100

struct creator {
	struct kit kit; /* the same instance, answers of its own */
	pthread_barrier_t *start;
	const char *content;
	exs_status status[RACES];
};

static void *create_often(void *arg)
{
	struct creator *c = arg;
	int i;

	for (i = 0; i < RACES; i++) {
		pthread_barrier_wait(c->start);
		c->status[i] = ask(&c->kit, "write_file",
				   "{'path':'f%d','content':'%s','mode':'create'}", i, c->content);
	}
	return NULL;
}

static void lets_one_of_two_create_a_file(void **state)
{
	struct kit *k = *state;
	struct creator c[2];
	pthread_barrier_t start;
	pthread_t thread[2];
	char name[16];
	int i;

	assert_int_equal(pthread_barrier_init(&start, NULL, 2), 0);
	for (i = 0; i < 2; i++) {
		c[i].kit = *k;
		c[i].kit.text = NULL;
		c[i].kit.key = c[i].content = i ? "one" : "two";
		c[i].start = &start;
		assert_int_equal(pthread_create(&thread[i], NULL, create_often, &c[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		free(c[i].kit.text);
	}
	for (i = 0; i < RACES; i++) {
		bool first = c[0].status[i] == EXS_OK;

		snprintf(name, sizeof name, "f%d", i);
		assert_int_equal(c[first].status[i], EXS_CONFLICT);
		assert_int_equal(c[!first].status[i], EXS_OK);
		assert_holds(k, name, c[!first].content);
	}
	assert_int_equal(names_in(k, "."), RACES);
	pthread_barrier_destroy(&start);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up_writable, tear_down)
	const struct CMUnitTest tests[] = {
		T(writes_a_new_file_and_replaces_it),
		T(announces_what_it_wrote),
		T(creates_only_what_is_not_there),
		T(takes_a_repeated_create_for_its_own),
		T(makes_folders_only_when_asked),
		T(refuses_every_write_that_leads_outside),
		T(writes_through_a_link_that_stays_inside),
		T(replaces_only_regular_files),
		T(refuses_content_over_the_bound),
		T(writes_nothing_to_what_is_denied),
		T(says_when_this_user_may_not_write),
		T(leaves_the_old_content_and_nothing_else_when_a_write_fails),
		T(sweeps_up_what_a_killed_try_of_the_same_call_left),
		T(shows_a_reader_the_old_or_the_new_content),
		T(lets_one_of_two_create_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
