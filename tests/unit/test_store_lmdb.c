/* SPDX-License-Identifier: MIT */
/* test_store_lmdb.c - what is special about the store on LMDB: its folder and its file. */
#include "store_lmdb_kit.h"

#include <sys/wait.h>

#include "../../plugins/store_lmdb/fs_kind.c"

/* ---- the folder ---- */

static void reopening_keeps_the_rows(void **state)
{
	struct box *b = *state;

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	box_close(b);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("v")), EXS_OK);
}

static void makes_folders_0700_and_files_0600(void **state)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "owners.lock" };
	struct box *b = *state;
	char path[PATH_BYTES + 64];
	struct stat st;
	size_t i;

	snprintf(b->dir, sizeof b->dir, "%s/a/b", b->tmp);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(stat(b->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", b->dir, files[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void without_a_path_it_lives_in_the_state_folder_under_its_name(void **state)
{
	struct box *b = *state;
	char path[PATH_BYTES + 128], missing[PATH_BYTES + 64];
	struct stat st;

	b->set[0].key = NULL;
	snprintf(missing, sizeof missing, "%s/not/made/yet", b->tmp);
	b->host.host.state_dir = missing;
	assert_int_equal(box_open(b), EXS_OK);
	box_close(b);
	snprintf(path, sizeof path, "%s/store", missing);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(path, sizeof path, "%s/store/data.mdb", missing);
	assert_int_equal(access(path, F_OK), 0);
}

static void two_instances_live_side_by_side_in_the_state_folder(void **state)
{
	struct box *b = *state, *other = NULL;
	void *more = NULL;

	assert_int_equal(box_setup(&more), 0);
	other = more;
	b->set[0].key = other->set[0].key = NULL;
	other->host.host.name = "archive";
	b->host.host.state_dir = other->host.host.state_dir = b->tmp;
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_open(other), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	assert_int_equal(box_get(other, S("k"), S("v")), EXS_NOTFOUND);
	assert_int_equal(box_teardown(&more), 0);
}

static void without_a_path_and_a_state_folder_it_says_what_to_set(void **state)
{
	struct box *b = *state;

	b->set[0].key = NULL;
	b->host.host.state_dir = "relative";
	assert_int_equal(box_open(b), EXS_INVALID);
	assert_says(b, "'path'");
	b->host.host.state_dir = NULL;
	assert_int_equal(box_open(b), EXS_INVALID);
	b->host.host.state_dir = b->tmp; /* an older host does not have the member */
	b->host.host.size = offsetof(exs_host, state_dir);
	assert_int_equal(box_open(b), EXS_INVALID);
}

static void refuses_a_folder_that_others_may_write_to(void **state)
{
	struct box *b = *state;

	assert_int_equal(mkdir(b->dir, 0700), 0);
	assert_int_equal(chmod(b->dir, 0770), 0);
	assert_int_equal(box_open(b), EXS_DENIED);
	assert_says(b, "chmod 700");
	assert_int_equal(chmod(b->dir, 0702), 0);
	assert_int_equal(box_open(b), EXS_DENIED);
	assert_int_equal(chmod(b->dir, 0750), 0);
	assert_int_equal(box_open(b), EXS_OK);
}

static void refuses_a_data_file_that_others_may_use(void **state)
{
	struct box *b = *state;
	char path[PATH_BYTES + 32];

	assert_int_equal(box_open(b), EXS_OK);
	box_close(b);
	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(box_open(b), EXS_DENIED);
	assert_says(b, "chmod 600");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(box_open(b), EXS_DENIED);
	assert_says(b, "regular file");
}

static void refuses_a_path_that_is_no_folder(void **state)
{
	struct box *b = *state;
	char below[PATH_BYTES + 32];
	int fd = open(b->dir, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(box_open(b), EXS_INVALID);
	assert_says(b, "not a folder");
	snprintf(below, sizeof below, "%s/below", b->dir);
	b->set[0].value = below;
	assert_int_equal(box_open(b), EXS_IO);
	assert_says(b, "cannot be made");
}

/* As another user, in a process of its own: root may read everything. */
static void refuses_a_folder_that_it_may_not_use(void **state)
{
	struct box *b = *state;
	int status;
	pid_t pid;

	assert_int_equal(mkdir(b->dir, 0700), 0);
	if (geteuid() != 0)
		assert_int_equal(chmod(b->dir, 0000), 0);
	else
		assert_int_equal(chmod(b->tmp, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534))
			_exit(2);
		_exit(box_open(b) == EXS_DENIED && strlen(b->err.text) > 20 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(b->dir, 0700), 0);
}

static void refuses_to_open_a_folder_twice_in_a_process(void **state)
{
	struct box *b = *state;
	struct box again = *b;
	char alias[PATH_BYTES + 16];

	assert_int_equal(box_open(b), EXS_OK);
	double_host_init(&again.host, "second");
	assert_int_equal(box_open(&again), EXS_CONFLICT);
	snprintf(alias, sizeof alias, "%s/alias", b->tmp);
	assert_int_equal(symlink(b->dir, alias), 0);
	again.set[0].value = alias;
	assert_int_equal(box_open(&again), EXS_CONFLICT);
	assert_non_null(strstr(again.err.text, "already open in this process"));
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	box_close(b);
	assert_int_equal(box_open(&again), EXS_OK);
	box_close(&again);
}

static void knows_the_file_systems_of_several_machines(void **state)
{
	(void)state;
	assert_string_equal(fs_shared_name(0x6969), "NFS");
	assert_string_equal(fs_shared_name(0xFF534D42), "CIFS");
	assert_string_equal(fs_shared_name((unsigned long)(long)(int)0xFF534D42), "CIFS");
	assert_string_equal(fs_shared_name(0xFE534D42), "SMB");
	assert_string_equal(fs_shared_name(0x01021997), "9p");
	assert_string_equal(fs_shared_name(0x00C36400), "Ceph");
	assert_null(fs_shared_name(0xEF53));	 /* ext4 */
	assert_null(fs_shared_name(0x58465342)); /* XFS */
	assert_null(fs_shared_name(0x01021994)); /* tmpfs */
}

/* ---- the file ---- */

/* Changes every place in the data file where the bytes stand; how many there were. */
static int patch(struct box *b, const char *find, size_t find_n, size_t at, char to)
{
	int count = 0;
	size_t n, i;
	char *p = box_data(b, &n);

	for (i = 0; i + find_n <= n; i++) {
		if (memcmp(p + i, find, find_n) != 0)
			continue;
		p[i + at] = to;
		count++;
	}
	box_set_data(b, p, n);
	free(p);
	return count;
}

static void refuses_a_newer_schema(void **state)
{
	struct box *b = *state;

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	box_close(b);
	assert_true(patch(b, "EXSTORE", 8, 8, 7) > 0);
	assert_int_equal(box_open(b), EXS_UNSUPPORTED);
	assert_says(b, "has version 7");
	assert_says(b, "reads version 1");
	assert_true(patch(b, "EXSTORE", 8, 8, 1) > 0);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("v")), EXS_OK);
}

static void refuses_a_file_that_is_not_ours(void **state)
{
	struct box *b = *state;
	char junk[16384];

	assert_int_equal(box_open(b), EXS_OK);
	box_close(b);
	assert_true(patch(b, "EXSTORE", 8, 0, 'X') > 0);
	assert_int_equal(box_open(b), EXS_CORRUPT);
	assert_says(b, "no store of executus");
	memset(junk, 'j', sizeof junk);
	box_set_data(b, junk, sizeof junk);
	assert_int_equal(box_open(b), EXS_CORRUPT);
	assert_says(b, b->dir);
}

static void refuses_lmdb_data_of_somebody_else(void **state)
{
	struct box *b = *state;

	assert_int_equal(box_open(b), EXS_OK);
	box_close(b);
	assert_true(patch(b, "meta", 4, 0, 'M') > 0);
	assert_int_equal(box_open(b), EXS_CORRUPT);
	assert_says(b, "no store of executus");
}

struct rows {
	int n;
	char last[32];
};

static exs_status count(void *arg, exs_str key, exs_str value)
{
	struct rows *r = arg;

	(void)value;
	snprintf(r->last, sizeof r->last, "%.*s", (int)key.n, key.p);
	r->n++;
	return EXS_OK;
}

#define VALUE "a value that nobody else writes"

/* Each bit of a record in turn: header and value. */
static void every_flipped_bit_of_a_record_is_detected(void **state)
{
	const size_t header = 12;
	struct box *b = *state;
	size_t n, at, bit;
	char *p;

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("damaged"), S(VALUE)), EXS_OK);
	box_close(b);
	p = box_data(b, &n);
	for (at = 0; at + sizeof VALUE <= n && memcmp(p + at, VALUE, sizeof VALUE - 1) != 0; at++)
		;
	assert_true(at > header && at + sizeof VALUE <= n);
	at -= header;
	for (bit = 0; bit < 8 * (header + sizeof VALUE - 1); bit += 3) {
		p[at + bit / 8] ^= (char)(1 << bit % 8);
		box_set_data(b, p, n);
		assert_int_equal(box_open(b), EXS_OK);
		assert_int_equal(box_get(b, S("damaged"), S("")), EXS_CORRUPT);
		box_close(b);
		p[at + bit / 8] ^= (char)(1 << bit % 8);
	}
	free(p);
}

static void a_damaged_row_is_named_and_costs_only_itself(void **state)
{
	struct box *b = *state;
	struct rows r = { 0, "" };

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("a"), S("good")), EXS_OK);
	assert_int_equal(box_put(b, S("b"), S(VALUE)), EXS_OK);
	assert_int_equal(box_put(b, S("c"), S("good")), EXS_OK);
	box_close(b);
	assert_true(patch(b, VALUE, sizeof VALUE - 1, 4, '!') > 0);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("a"), S("good")), EXS_OK);
	assert_int_equal(box_get(b, S("b"), S("")), EXS_CORRUPT);
	assert_says(b, "'b'");
	assert_int_equal(b->store->scan(b->self, S(""), S(""), 0, count, &r, &b->err), EXS_CORRUPT);
	assert_says(b, "'b'");
	assert_int_equal(r.n, 1);
	assert_int_equal(b->store->scan(b->self, S(""), S(""), EXS_SCAN_KEYS, count, &r, &b->err),
			 EXS_OK);
	assert_int_equal(r.n, 4);
	assert_int_equal(box_op(b, EXS_OP_CHECK, S("b"), S(VALUE)), EXS_CORRUPT);
	assert_int_equal(box_op(b, EXS_OP_ADD, S("b"), S("")), EXS_CORRUPT);
	assert_int_equal(box_put(b, S("b"), S("mended")), EXS_OK);
	assert_int_equal(box_get(b, S("b"), S("mended")), EXS_OK);
}

/* Reading what is not there is an answer, not a SIGBUS. */
static void a_cut_file_is_corrupt_and_does_not_kill_the_host(void **state)
{
	struct box *b = *state;
	exs_status s;
	size_t n, cut;
	char *p, key[16], value[900];
	int i, corrupt = 0;

	memset(value, 'v', sizeof value);
	assert_int_equal(box_open(b), EXS_OK);
	for (i = 0; i < 40; i++) {
		snprintf(key, sizeof key, "k%d", i);
		assert_int_equal(box_put(b, exs_cstr(key), exs_bytes(value, sizeof value)), EXS_OK);
	}
	box_close(b);
	p = box_data(b, &n);
	for (cut = 4096; cut + 8192 < n; cut += 4096) {
		struct rows r = { 0, "" };

		box_set_data(b, p, n - cut);
		s = box_open(b);
		if (s == EXS_OK)
			s = b->store->scan(b->self, S(""), S(""), 0, count, &r, &b->err);
		assert_true(s == EXS_CORRUPT || (s == EXS_OK && r.n == 40));
		corrupt += s == EXS_CORRUPT;
		box_close(b);
	}
	assert_true(corrupt > 5);
	free(p);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(reopening_keeps_the_rows),
		CASE(makes_folders_0700_and_files_0600),
		CASE(without_a_path_it_lives_in_the_state_folder_under_its_name),
		CASE(two_instances_live_side_by_side_in_the_state_folder),
		CASE(without_a_path_and_a_state_folder_it_says_what_to_set),
		CASE(refuses_a_folder_that_others_may_write_to),
		CASE(refuses_a_data_file_that_others_may_use),
		CASE(refuses_a_path_that_is_no_folder),
		CASE(refuses_a_folder_that_it_may_not_use),
		CASE(refuses_to_open_a_folder_twice_in_a_process),
		CASE(knows_the_file_systems_of_several_machines),
		CASE(refuses_a_newer_schema),
		CASE(refuses_a_file_that_is_not_ours),
		CASE(refuses_lmdb_data_of_somebody_else),
		CASE(every_flipped_bit_of_a_record_is_detected),
		CASE(a_damaged_row_is_named_and_costs_only_itself),
		CASE(a_cut_file_is_corrupt_and_does_not_kill_the_host),
	};

	return cmocka_run_group_tests_name("store_lmdb", cases, NULL, NULL);
}
