/* SPDX-License-Identifier: MIT */
/* test_tool_fs_object.c - only files and folders are opened, never a denied one, also while names
 * change. */
#include "tool_fs_kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define SWAPS 2000

/* ---- objects ---- */

static void opens_nothing_but_files_and_folders(void **state)
{
	struct kit *k = *state;
	const struct double_setting dev[] = { { "root", "/dev" }, { NULL, NULL } };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char path[KIT_PATH];
	int fd;

	kit_path(path, k->root, "fifo");
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_true(snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", k->root) <
		    (int)sizeof at.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(ask(k, "read_file", "{'path':'fifo'}"), EXS_DENIED);
	assert_says(k->err.text, "only regular files");
	assert_int_equal(ask(k, "grep", "{'pattern':'x','path':'fifo'}"), EXS_DENIED);
	assert_int_equal(ask(k, "read_file", "{'path':'socket'}"), EXS_DENIED);
	assert_int_equal(ask(k, "grep", "{'pattern':'x'}"), EXS_OK);
	assert_int_equal(ask(k, "list_dir", "{}"), EXS_OK);
	assert_string_equal(k->text, "fifo  (not a file)\nsocket  (not a file)\n");
	close(fd);
	kit_reopen(k, dev);
	assert_int_equal(ask(k, "read_file", "{'path':'null'}"), EXS_DENIED);
	assert_int_equal(ask(k, "read_file", "{'path':'tty'}"), EXS_DENIED);
}

static void says_when_this_user_may_not_read(void **state)
{
	struct kit *k = *state;
	char path[KIT_PATH], dir[KIT_PATH];

	put_text(k, "f", "text\n");
	put_folder(k, "d");
	put_text(k, "d/g", "text\n");
	kit_path(path, k->root, "f");
	kit_path(dir, k->root, "d");
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(dir, 0), 0);
	become(NOBODY);
	assert_int_equal(ask(k, "read_file", "{'path':'f'}"), EXS_DENIED);
	assert_says(k->err.text, "may not be opened");
	assert_int_equal(ask(k, "list_dir", "{'path':'d'}"), EXS_DENIED);
	assert_int_equal(ask(k, "read_file", "{'path':'d/g'}"), EXS_DENIED);
	assert_int_equal(ask(k, "grep", "{'pattern':'text'}"), EXS_OK);
	assert_string_equal(k->text, "(no matches)\n(skipped: 2 unreadable files or folders)\n");
	assert_int_equal(ask(k, "list_dir", "{'depth':2}"), EXS_OK);
	assert_string_equal(k->text, "d/\nf  5\n(1 folders could not be read)\n");
	become(0);
	assert_int_equal(chmod(dir, 0755), 0);
}

/* ---- what is denied ---- */

/* True when the file was opened since the watch began. */
static bool was_opened(int watch)
{
	char events[1024];

	return read(watch, events, sizeof events) > 0;
}

static void never_opens_what_is_denied(void **state)
{
	struct kit *k = *state;
	char deny[900], folder[KIT_PATH], lock[KIT_PATH], alias[KIT_PATH], store_lock[KIT_PATH];
	struct double_setting set[] = { { "deny", deny }, { "hidden", "true" }, { NULL, NULL } };
	static const char *const paths[] = { "lock",
					     "alias",
					     "link",
					     "store/data.mdb",
					     "store/sub/deep",
					     "store/../store/data.mdb",
					     "to_store/data.mdb",
					     "store_alias" };
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	size_t i;

	put_text(k, "lock", "do not touch\n");
	put_folder(k, "store");
	put_folder(k, "store/sub");
	put_text(k, "store/data.mdb", "do not touch\n");
	put_text(k, "store/sub/deep", "do not touch\n");
	put_link(k, "lock", "link");
	put_link(k, "store", "to_store");
	put_text(k, "free", "do touch\n");
	kit_path(folder, k->root, "store");
	kit_path(lock, k->root, "lock");
	kit_path(alias, k->root, "alias");
	assert_int_equal(link(lock, alias), 0);
	kit_path(alias, k->root, "store_alias");
	kit_path(store_lock, k->root, "store/data.mdb");
	assert_int_equal(link(store_lock, alias), 0);
	snprintf(deny, sizeof deny, "%s|%s|/no/such/file", lock, folder);
	kit_reopen(k, set);
	assert_true(inotify_add_watch(watch, lock, IN_OPEN) >= 0);
	assert_true(inotify_add_watch(watch, store_lock, IN_OPEN) >= 0);
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(ask(k, "read_file", "{'path':'%s'}", paths[i]), EXS_DENIED);
		assert_says(k->err.text, "is closed to tools");
		assert_int_equal(ask(k, "grep", "{'pattern':'touch','path':'%s'}", paths[i]),
				 EXS_DENIED);
	}
	assert_int_equal(ask(k, "list_dir", "{'path':'store'}"), EXS_DENIED);
	assert_int_equal(ask(k, "grep", "{'pattern':'touch'}"), EXS_OK);
	assert_string_equal(k->text, "free:1: do touch\n(skipped: 4 hidden or closed names)\n");
	assert_int_equal(ask(k, "list_dir", "{'depth':3}"), EXS_OK);
	assert_string_equal(k->text, "free  9\nlink -> lock\nto_store -> store\n"
				     "(4 hidden or closed names are left out)\n");
	assert_false(was_opened(watch));
	close(watch);
}

static void denies_a_file_that_was_made_after_the_start(void **state)
{
	struct kit *k = *state;
	char deny[KIT_PATH];
	struct double_setting set[] = { { "deny", deny }, { NULL, NULL } };

	kit_path(deny, k->root, "later");
	kit_reopen(k, set);
	assert_int_equal(ask(k, "read_file", "{'path':'later'}"), EXS_NOTFOUND);
	put_text(k, "later", "x\n");
	assert_int_equal(ask(k, "read_file", "{'path':'later'}"), EXS_DENIED);
}

/* ---- races ---- */

struct swapper {
	char a[KIT_PATH], b[KIT_PATH];
	atomic_bool stop;
};

static void *swap(void *arg)
{
	struct swapper *s = arg;

	while (!atomic_load(&s->stop))
		syscall(SYS_renameat2, AT_FDCWD, s->a, AT_FDCWD, s->b, 2 /* RENAME_EXCHANGE */);
	return NULL;
}

static void sees_nothing_outside_while_a_folder_and_a_link_are_swapped(void **state)
{
	const struct double_setting set[] = { { "write", "true" }, { NULL, NULL } };
	struct kit *k = *state;
	struct swapper s = { .stop = false };
	char made[KIT_PATH];
	pthread_t thread;
	int i, inside = 0;

	put_folder(k, "x");
	put_text(k, "x/secret.txt", "inside\n");
	put_link(k, "../outside", "y");
	kit_path(s.a, k->root, "x");
	kit_path(s.b, k->root, "y");
	kit_reopen(k, set);
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (i = 0; i < SWAPS; i++) { /* kit_call fails when the secret is in an answer */
		inside += ask(k, "read_file", "{'path':'x/secret.txt'}") == EXS_OK;
		ask(k, "grep", "{'pattern':'.','path':'x'}");
		ask(k, "write_file", "{'path':'x/made','content':'m'}");
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	assert_true(inside > 0);
	kit_path(made, k->outside, "made");
	assert_int_equal(access(made, F_OK), -1);
}

struct reader {
	struct kit kit; /* the same instance, answers of its own */
	pthread_t thread;
	int good;
};

static void *read_often(void *arg)
{
	struct reader *r = arg;
	int i;

	for (i = 0; i < 100; i++) {
		r->good += !ask(&r->kit, "read_file", "{'path':'f'}") &&
			   strcmp(r->kit.text, "text\n") == 0;
		r->good += !ask(&r->kit, "grep", "{'pattern':'t.xt'}");
		r->good += !ask(&r->kit, "list_dir", "{'depth':2}");
	}
	return NULL;
}

static void answers_several_callers_at_once(void **state)
{
	struct kit *k = *state;
	struct reader r[4];
	int i;

	put_text(k, "f", "text\n");
	for (i = 0; i < 4; i++) {
		r[i].kit = *k;
		r[i].kit.text = NULL;
		r[i].good = 0;
		assert_int_equal(pthread_create(&r[i].thread, NULL, read_often, &r[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		assert_int_equal(r[i].good, 300);
		free(r[i].kit.text);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(opens_nothing_but_files_and_folders),
		T(says_when_this_user_may_not_read),
		T(never_opens_what_is_denied),
		T(denies_a_file_that_was_made_after_the_start),
		T(sees_nothing_outside_while_a_folder_and_a_link_are_swapped),
		T(answers_several_callers_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
