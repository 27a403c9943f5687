/* SPDX-License-Identifier: MIT */
/* test_tool_fs.c - no path leads out of the root or to what is denied, and what opens is said in a
 * sentence. */
#include "tool_fs_kit.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- opening ---- */

static void assert_refused(struct kit *k, const struct double_setting *set, const char *part)
{
	exs_err err = EXS_ERR_INIT;

	assert_int_not_equal(kit_open(k, set, &err), EXS_OK);
	assert_null(k->self);
	assert_says(err.text, part);
	assert_says(err.text, "test.yaml:1:1");
}

static void refuses_settings_that_cannot_hold(void **state)
{
	struct kit *k = *state;
	char missing[512], file[512], many[128];
	struct double_setting set[3] = { { 0 } };

	snprintf(missing, sizeof missing, "%s/missing", k->base);
	snprintf(file, sizeof file, "%s/secret.txt", k->outside);
	memset(many, 0, sizeof many);
	for (int i = 0; i < 17; i++)
		strcat(many, i ? "|/a" : "/a");
	set[0] = (struct double_setting){ "root", missing };
	assert_refused(k, set, "does not exist");
	set[0].value = file;
	assert_refused(k, set, "is not a folder");
	set[0].value = "";
	assert_refused(k, set, "root is empty");
	set[0] = (struct double_setting){ "max_read", "100" };
	assert_refused(k, set, "max_read must be");
	set[0].value = "2m";
	assert_refused(k, set, "max_read must be");
	set[0] = (struct double_setting){ "max_results", "1000000" };
	assert_refused(k, set, "max_results must be");
	set[0] = (struct double_setting){ "deny", "relative/path" };
	assert_refused(k, set, "must be an absolute path");
	set[0].value = many;
	assert_refused(k, set, "more than 16 paths");
	set[0].value = k->base;
	assert_refused(k, set, "in a folder that deny closes");
	set[0].value = k->root;
	assert_refused(k, set, "in a folder that deny closes");
}

static void refuses_a_root_that_may_not_be_entered(void **state)
{
	struct kit *k = *state;
	char closed[512];
	struct double_setting set[2] = { { "root", closed }, { NULL, NULL } };

	snprintf(closed, sizeof closed, "%s/closed/inner", k->root);
	put_folder(k, "closed");
	put_folder(k, "closed/inner");
	closed[strlen(closed) - 6] = '\0';
	assert_int_equal(chmod(closed, 0), 0);
	strcat(closed, "/inner");
	become(NOBODY);
	assert_refused(k, set, "cannot be opened");
	become(0);
	closed[strlen(closed) - 6] = '\0';
	assert_int_equal(chmod(closed, 0755), 0);
}

/* A kernel without openat2, as far as this process can tell. */
static int without_openat2(const struct kit *k)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof code / sizeof *code, code };
	struct double_host host;
	struct double_setting set[] = { { "root", k->root }, { NULL, NULL } };
	exs_self *self = NULL;
	exs_err err = EXS_ERR_INIT;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return 77;
	double_host_init(&host, "fs");
	if (k->battery->open(&host.host, double_host_conf(&host, k->battery->options, set), &self,
			     &err) != EXS_UNSUPPORTED)
		return 1;
	return self || !strstr(err.text, "openat2") ? 2 : 0;
}

static void does_not_open_without_openat2(void **state)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(without_openat2(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static exs_status note_name(void *arg, const exs_tool_spec *spec)
{
	strcat(arg, spec->name);
	strcat(arg, " ");
	return EXS_OK;
}

static void offers_write_file_only_when_the_conf_allows_it(void **state)
{
	struct kit *k = *state;
	const struct double_setting set[] = { { "write", "true" }, { NULL, NULL } };
	exs_err err = EXS_ERR_INIT;
	char names[256] = "";

	assert_int_equal(k->tool->list(k->self, note_name, names, &err), EXS_OK);
	assert_string_equal(names, "read_file list_dir grep ");
	assert_int_equal(ask(k, "write_file", "{'path':'a','content':'b'}"), EXS_NOTFOUND);
	kit_reopen(k, set);
	names[0] = '\0';
	assert_int_equal(k->tool->list(k->self, note_name, names, &err), EXS_OK);
	assert_string_equal(names, "read_file list_dir grep write_file ");
}

static void refuses_arguments_of_the_wrong_kind(void **state)
{
	static const char *const wrong[][2] = {
		{ "read_file", "{}" },
		{ "read_file", "{'path':7}" },
		{ "read_file", "{'path':null}" },
		{ "read_file", "{'path':'f','offset':0}" },
		{ "read_file", "{'path':'f','offset':-1}" },
		{ "read_file", "{'path':'f','offset':1.5}" },
		{ "read_file", "{'path':'f','offset':1e300}" },
		{ "read_file", "{'path':'f','limit':'3'}" },
		{ "read_file", "['f']" },
		{ "read_file", "{'path':" },
		{ "read_file", "{'path':'f\\u0000g'}" },
		{ "list_dir", "{'path':[]}" },
		{ "list_dir", "{'depth':0}" },
		{ "grep", "{}" },
		{ "grep", "{'pattern':3}" },
		{ "grep", "{'pattern':'x','path':false}" },
		{ "grep", "{'pattern':'x','glob':{}}" },
		{ "grep", "{'pattern':'x','max':0}" },
	};
	struct kit *k = *state;
	size_t i;

	put_text(k, "f", "text\n");
	for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(ask(k, wrong[i][0], "%s", wrong[i][1]), EXS_INVALID);
	assert_int_equal(kit_call(k, "read_file", exs_cstr("")), EXS_INVALID);
	assert_int_equal(ask(k, "read_file", "{'path':'\\\\u0000'}"), EXS_NOTFOUND);
}

/* ---- paths ---- */

static void refuses_every_path_that_leads_outside(void **state)
{
	struct kit *k = *state;
	char secret[KIT_PATH], root_up[KIT_PATH], similar[KIT_PATH];
	const char *paths[] = { "../outside/secret.txt",
				"..",
				"dir/../..",
				"dir/../../outside/secret.txt",
				"./././../outside/secret.txt",
				"dir//..//..//outside//secret.txt",
				"/etc/passwd",
				"/",
				"//etc/passwd",
				secret,
				root_up,
				similar,
				"out/secret.txt",
				"out_file",
				"out_absolute",
				"out_deep/secret.txt",
				"dir/up/../outside/secret.txt",
				"magic/etc/passwd" };
	size_t i;

	put_folder(k, "dir");
	put_link(k, "../outside", "out");
	put_link(k, "../outside/secret.txt", "out_file");
	snprintf(secret, sizeof secret, "%s/secret.txt", k->outside);
	put_link(k, secret, "out_absolute");
	put_link(k, "dir/../dir/../../outside", "out_deep");
	put_link(k, "..", "dir/up");
	put_link(k, "/proc/self/root", "magic");
	snprintf(root_up, sizeof root_up, "%s/../outside/secret.txt", k->root);
	snprintf(similar, sizeof similar, "%s-other/secret.txt", k->root);
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(ask(k, "read_file", "{'path':'%s'}", paths[i]), EXS_DENIED);
		assert_says(k->err.text, "leads outside the root");
		assert_int_equal(ask(k, "list_dir", "{'path':'%s'}", paths[i]), EXS_DENIED);
		assert_int_equal(ask(k, "grep", "{'pattern':'.','path':'%s'}", paths[i]),
				 EXS_DENIED);
	}
}

static void follows_what_stays_inside(void **state)
{
	struct kit *k = *state;
	char absolute[KIT_PATH], inside[KIT_PATH];
	const char *paths[] = { "dir/sub/f",	  "./dir/./sub//f", "dir/../dir/sub/f",
				"to_dir/sub/f",	  "to_file",	    "dir/sub/../sub/f",
				"chain",	  absolute,	    "by_root/sub/f",
				"to_sub/../sub/f" };
	size_t i;

	put_folder(k, "dir");
	put_folder(k, "dir/sub");
	put_text(k, "dir/sub/f", "inside\n");
	put_link(k, "dir", "to_dir");
	put_link(k, "dir/sub/f", "to_file");
	put_link(k, "to_file", "chain");
	put_link(k, "to_dir/sub", "to_sub");
	snprintf(absolute, sizeof absolute, "%s/dir/sub/f", k->root);
	snprintf(inside, sizeof inside, "%s/dir", k->root);
	put_link(k, inside, "by_root");
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (ask(k, "read_file", "{'path':'%s'}", paths[i]))
			fail_msg("%s: %s", paths[i], k->err.text);
		assert_string_equal(k->text, "inside\n");
	}
	assert_int_equal(ask(k, "list_dir", "{'path':'%s'}", k->root), EXS_OK);
}

static void takes_absolute_paths_by_the_name_that_the_conf_gives(void **state)
{
	struct kit *k = *state;
	char alias[KIT_PATH];
	struct double_setting set[] = { { "root", alias }, { NULL, NULL } };

	put_text(k, "f", "inside\n");
	snprintf(alias, sizeof alias, "%s/alias", k->base);
	assert_int_equal(symlink(k->root, alias), 0);
	strcat(alias, "/");
	kit_reopen(k, set);
	assert_int_equal(ask(k, "read_file", "{'path':'%sf'}", alias), EXS_OK);
	assert_int_equal(ask(k, "read_file", "{'path':'%s/f'}", k->root), EXS_OK);
}

static void follows_no_link_when_the_conf_says_so(void **state)
{
	struct kit *k = *state;
	const struct double_setting set[] = { { "follow_symlinks", "false" }, { NULL, NULL } };

	put_folder(k, "dir");
	put_text(k, "dir/f", "inside\n");
	put_link(k, "dir", "link");
	kit_reopen(k, set);
	assert_int_equal(ask(k, "read_file", "{'path':'link/f'}"), EXS_DENIED);
	assert_says(k->err.text, "links are not followed");
	assert_int_equal(ask(k, "read_file", "{'path':'dir/f'}"), EXS_OK);
}

static void ends_at_links_in_a_circle(void **state)
{
	struct kit *k = *state;

	put_link(k, "b", "a");
	put_link(k, "a", "b");
	put_link(k, "self/deeper", "self");
	assert_int_equal(ask(k, "read_file", "{'path':'a'}"), EXS_INVALID);
	assert_says(k->err.text, "circle");
	assert_int_equal(ask(k, "list_dir", "{'path':'self'}"), EXS_INVALID);
}

static void follows_no_magic_link_of_proc(void **state)
{
	struct kit *k = *state;
	const struct double_setting set[] = { { "root", "/proc" }, { NULL, NULL } };

	kit_reopen(k, set);
	assert_int_equal(ask(k, "read_file", "{'path':'self/root/etc/passwd'}"), EXS_DENIED);
	assert_int_equal(ask(k, "list_dir", "{'path':'self/cwd'}"), EXS_DENIED);
	assert_int_equal(ask(k, "read_file", "{'path':'self/exe'}"), EXS_DENIED);
	assert_int_equal(ask(k, "read_file", "{'path':'self/status'}"), EXS_OK);
	assert_says(k->text, "Threads:");
}

static void says_what_is_wrong_with_a_path(void **state)
{
	struct kit *k = *state;
	char path[5000];

	put_text(k, "f", "text\n");
	put_folder(k, "dir");
	assert_int_equal(ask(k, "read_file", "{'path':'missing'}"), EXS_NOTFOUND);
	assert_says(k->err.text, "list_dir");
	assert_int_equal(ask(k, "read_file", "{'path':'dir'}"), EXS_INVALID);
	assert_says(k->err.text, "'dir' is a folder: use list_dir");
	assert_int_equal(ask(k, "read_file", "{'path':'f/x'}"), EXS_INVALID);
	assert_int_equal(ask(k, "read_file", "{'path':'f/..'}"), EXS_INVALID);
	assert_says(k->err.text, "is a file and not a folder");
	assert_int_equal(ask(k, "list_dir", "{'path':'f'}"), EXS_INVALID);
	assert_says(k->err.text, "use read_file");
	memset(path, 'a', 300);
	path[300] = '\0';
	assert_int_equal(ask(k, "read_file", "{'path':'%s'}", path), EXS_INVALID);
	assert_says(k->err.text, "too long");
	memset(path, '/', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_int_equal(ask(k, "read_file", "{'path':'x%s'}", path), EXS_INVALID);
	assert_int_equal(ask(k, "read_file", "{'path':''}"), EXS_INVALID);
	assert_int_equal(ask(k, "read_file", "{'path':'a\\nb\\u001b[31m\xff'}"), EXS_NOTFOUND);
	assert_null(strpbrk(k->err.text, "\n\x1b\xff"));
}

static void walks_a_path_of_very_many_names_to_an_end(void **state)
{
	struct kit *k = *state;
	char path[4090] = "d", link[4000] = "";
	size_t i;

	put_folder(k, "d");
	for (i = 0; i < 800; i++)
		strcat(path, "/../d");
	assert_int_equal(ask(k, "list_dir", "{'path':'%s'}", path), EXS_OK);
	for (i = 0; i < 650; i++)
		strcat(link, "../d/");
	put_link(k, link, "d/l");
	assert_int_equal(ask(k, "list_dir", "{'path':'d/l/l/l/l/l'}"), EXS_INVALID);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(refuses_settings_that_cannot_hold),
		T(refuses_a_root_that_may_not_be_entered),
		T(does_not_open_without_openat2),
		T(offers_write_file_only_when_the_conf_allows_it),
		T(refuses_arguments_of_the_wrong_kind),
		T(refuses_every_path_that_leads_outside),
		T(follows_what_stays_inside),
		T(takes_absolute_paths_by_the_name_that_the_conf_gives),
		T(follows_no_link_when_the_conf_says_so),
		T(ends_at_links_in_a_circle),
		T(follows_no_magic_link_of_proc),
		T(says_what_is_wrong_with_a_path),
		T(walks_a_path_of_very_many_names_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
