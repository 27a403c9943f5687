/* SPDX-License-Identifier: MIT */
/* test_tool_fs_path.c - what guards a path: its lengths, what deny closes over hard links, and
 * system calls that fail on the way. */
#include "tool_fs_kit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NAME_BYTES  255
#define CHAIN	    15	 /* folders of such names: with one more the path is too long */
#define DENY_NAMES  1024 /* names of a denied folder that are compared */
#define NO_SUCH_SYS 4000 /* an errno that nobody gave a meaning */

/* ---- lengths ---- */

static const char *long_name(char c, char out[static NAME_BYTES + 1])
{
	memset(out, c, NAME_BYTES);
	out[NAME_BYTES] = '\0';
	return out;
}

/* Makes CHAIN folders in each other and the link "deep" to the last one, whose descriptor is given.
 */
static int put_chain(const struct kit *k)
{
	char name[NAME_BYTES + 1], to[CHAIN * (NAME_BYTES + 1) + 1] = "";
	int fd = open(k->root, O_PATH | O_DIRECTORY), i;

	for (i = 0; i < CHAIN; i++) {
		int above = fd;

		long_name('d', name);
		assert_int_equal(mkdirat(above, name, 0755), 0);
		fd = openat(above, name, O_PATH | O_DIRECTORY);
		assert_true(fd >= 0);
		close(above);
		strcat(strcat(to, i ? "/" : ""), name);
	}
	put_link(k, to, "deep");
	return fd;
}

static void refuses_a_path_that_is_too_long_behind_its_links(void **state)
{
	const struct double_setting set[] = { { "write", "true" }, { NULL, NULL } };
	struct kit *k = *state;
	char name[NAME_BYTES + 1], dots[1000] = "", far[4001] = "";
	int i, deepest = put_chain(k);

	long_name('e', name);
	kit_reopen(k, set);
	assert_int_equal(ask(k, "list_dir", "{'path':'deep'}"), EXS_OK);
	assert_int_equal(ask(k, "write_file", "{'path':'deep/%s','content':'x'}", name),
			 EXS_INVALID);
	assert_says(k->err.text, "too long");
	assert_int_equal(mkdirat(deepest, name, 0755), 0);
	assert_int_equal(ask(k, "list_dir", "{'path':'deep/%s'}", name), EXS_INVALID);
	assert_says(k->err.text, "too long");
	assert_int_equal(unlinkat(deepest, name, AT_REMOVEDIR), 0);
	for (i = 0; i < 300; i++)
		strcat(dots, "./");
	assert_int_equal(ask(k, "list_dir", "{'path':'deep/../%s'}", dots), EXS_INVALID);
	assert_says(k->err.text, "too long");
	for (i = 0; i < 2000; i++)
		memcpy(far + (size_t)i * 2, "./", 3);
	put_link(k, far, "far");
	assert_int_equal(ask(k, "list_dir", "{'path':'far'}"), EXS_OK);
	assert_int_equal(ask(k, "list_dir", "{'path':'far/%s'}", dots), EXS_INVALID);
	assert_says(k->err.text, "too long");
	close(deepest);
}

static void takes_absolute_paths_below_the_root_of_the_system(void **state)
{
	const struct double_setting set[] = { { "root", "/" }, { NULL, NULL } };
	struct kit *k = *state;

	put_text(k, "f", "text\n");
	kit_reopen(k, set);
	assert_int_equal(ask(k, "read_file", "{'path':'%s/f'}", k->root), EXS_OK);
	assert_string_equal(k->text, "text\n");
}

/* ---- hard links and deny ---- */

/* A file of two names, none of them in the folder "closed", which deny closes. */
static void put_twice(struct kit *k, char deny[static KIT_PATH])
{
	struct double_setting set[] = { { "deny", deny }, { NULL, NULL } };
	char one[KIT_PATH], two[KIT_PATH];

	put_folder(k, "closed");
	put_text(k, "one", "text\n");
	kit_path(one, k->root, "one");
	kit_path(two, k->root, "two");
	assert_int_equal(link(one, two), 0);
	kit_path(deny, k->root, "closed");
	kit_reopen(k, set);
}

static void reads_a_file_of_two_names_that_are_both_free(void **state)
{
	struct kit *k = *state;
	char deny[KIT_PATH];

	put_twice(k, deny);
	put_text(k, "closed/other", "x");
	assert_int_equal(ask(k, "read_file", "{'path':'two'}"), EXS_OK);
	assert_string_equal(k->text, "text\n");
}

static void refuses_a_file_of_two_names_when_it_cannot_compare_all_that_is_denied(void **state)
{
	struct kit *k = *state;
	char deny[KIT_PATH], name[32];
	int i;

	put_twice(k, deny);
	assert_int_equal(chmod(deny, 0), 0);
	become(NOBODY);
	assert_int_equal(ask(k, "read_file", "{'path':'two'}"), EXS_DENIED);
	become(0);
	assert_int_equal(chmod(deny, 0755), 0);
	assert_int_equal(ask(k, "read_file", "{'path':'two'}"), EXS_OK);
	for (i = 0; i < DENY_NAMES; i++) {
		snprintf(name, sizeof name, "closed/%d", i);
		put_text(k, name, "");
	}
	assert_int_equal(ask(k, "read_file", "{'path':'two'}"), EXS_DENIED);
	assert_says(k->err.text, "closed to tools");
}

/* ---- system calls that fail ---- */

struct broken {
	struct kit *k;
	uint32_t nr, nr2; /* the calls that fail */
	uint32_t sys;	  /* with this errno */
	const char *tool, *args;
	exs_status status; /* of the tool */
	bool filtered;
};

/* A filter holds for its thread alone and ends with it. */
static void *call_broken(void *arg)
{
	struct broken *b = arg;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, b->nr, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, b->nr2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | b->sys),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof code / sizeof *code, code };

	b->filtered = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
	if (b->filtered)
		b->status = ask(b->k, b->tool, "%s", b->args);
	return NULL;
}

#define WRITE "write_file", "{'path':'made/f','content':'x','parents':true}"
#define READ  "read_file", "{'path':'link'}"

static void says_which_system_call_failed_and_why(void **state)
{
	static const struct {
		uint32_t nr, nr2, sys;
		const char *tool, *args;
		exs_status status;
		const char *part;
	} rows[] = {
		{ SYS_mkdirat, SYS_mkdirat, EROFS, WRITE, EXS_DENIED, "read-only file system" },
		{ SYS_mkdirat, SYS_mkdirat, ENOSPC, WRITE, EXS_IO, "no space left" },
		{ SYS_mkdirat, SYS_mkdirat, EDQUOT, WRITE, EXS_IO, "no space left" },
		{ SYS_mkdirat, SYS_mkdirat, EEXIST, WRITE, EXS_INVALID, "too long" },
		{ SYS_openat, SYS_openat, EMFILE, WRITE, EXS_IO, "Too many open files" },
		{ SYS_fsync, SYS_fsync, EIO, WRITE, EXS_IO, "Input/output error" },
		{ SYS_fcntl, SYS_fcntl, EMFILE, READ, EXS_IO, "Too many open files" },
		{ SYS_fstat, SYS_newfstatat, EIO, READ, EXS_IO, "Input/output error" },
		{ SYS_readlinkat, SYS_readlinkat, EIO, READ, EXS_IO, "Input/output error" },
		{ SYS_openat2, SYS_openat2, EPERM, READ, EXS_DENIED, "may not be opened" },
		{ SYS_openat2, SYS_openat2, NO_SUCH_SYS, READ, EXS_IO, "unknown error" },
	};
	const struct double_setting set[] = { { "write", "true" }, { NULL, NULL } };
	struct kit *k = *state;
	size_t i;

	put_text(k, "f", "text\n");
	put_link(k, "f", "link");
	kit_reopen(k, set);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct broken b = { k,		 rows[i].nr,   rows[i].nr2,
				    rows[i].sys, rows[i].tool, rows[i].args,
				    EXS_OK,	 false };
		char made[KIT_PATH];
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, call_broken, &b), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		if (!b.filtered)
			skip();
		if (b.status != rows[i].status)
			fail_msg("row %zu: %d: %s", i, (int)b.status, k->err.text);
		assert_says(k->err.text, rows[i].part);
		kit_path(made, k->root, "made");
		rmdir(made);
	}
	assert_int_equal(ask(k, READ), EXS_OK);
	assert_int_equal(ask(k, WRITE), EXS_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(refuses_a_path_that_is_too_long_behind_its_links),
		T(takes_absolute_paths_below_the_root_of_the_system),
		T(reads_a_file_of_two_names_that_are_both_free),
		T(refuses_a_file_of_two_names_when_it_cannot_compare_all_that_is_denied),
		T(says_which_system_call_failed_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
