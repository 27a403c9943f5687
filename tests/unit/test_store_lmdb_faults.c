/* SPDX-License-Identifier: MIT */
/*
 * test_store_lmdb_faults.c - the store on LMDB when disks fail: what was acknowledged is there,
 * what failed was not acknowledged.
 *
 * The functions that LMDB writes with are replaced by ones that fail when told to.
 */
#include "store_lmdb_kit.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define META_BYTES_MAX                                                                             \
	1024 /* LMDB writes a page or more of data, and less for the page that names the root */
#define FLIGHT 24

/* ---- faults ---- */

static struct {
	_Atomic int sync, data, meta; /* errno for the next calls; 0: none */
	_Atomic int times;	      /* how many calls fail */
} fault;

static _Atomic int syncs; /* calls of it */

__attribute__((visibility("default"))) int fdatasync(int fd)
{
	syncs++;
	if (fault.sync && fault.times-- > 0) {
		errno = fault.sync;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	int code = n < META_BYTES_MAX ? fault.meta : fault.data;

	if (code && fault.times-- > 0) {
		errno = code;
		return -1;
	}
	return (ssize_t)syscall(SYS_pwrite64, fd, p, n, at);
}

__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec *parts, int n)
{
	if (fault.data && fault.times-- > 0) {
		errno = fault.data;
		return -1;
	}
	return syscall(SYS_writev, fd, parts, n);
}

/* The folders that were synced. */
static struct {
	ino_t inodes[16];
	size_t n;
	_Atomic int fail; /* errno for each call; 0: none */
} folders;

__attribute__((visibility("default"))) int fsync(int fd)
{
	struct stat st;

	if (folders.fail) {
		errno = folders.fail;
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && folders.n < 16)
		folders.inodes[folders.n++] = st.st_ino;
	return (int)syscall(SYS_fsync, fd);
}

static bool was_synced(const char *path)
{
	struct stat st;
	size_t i;

	assert_int_equal(stat(path, &st), 0);
	for (i = 0; i < folders.n && folders.inodes[i] != st.st_ino; i++)
		;
	return i < folders.n;
}

static void fail_with(int sync, int data, int meta, int times)
{
	fault.sync = sync;
	fault.data = data;
	fault.meta = meta;
	fault.times = times;
}

static int faults_over(void **state)
{
	folders.fail = 0;
	fail_with(0, 0, 0, 0);
	return box_teardown(state);
}

static void a_failed_sync_is_not_acknowledged(void **state)
{
	struct box *b = *state;

	open_with_a_row(b);
	fail_with(EIO, 0, 0, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	assert_int_equal(b->err.sys, EIO);
	assert_true(double_host_logged(&b->host, "opening it again"));
	assert_int_equal(box_get(b, S("k"), S("old")), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("newer")), EXS_OK);
	box_close(b);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("newer")), EXS_OK);
}

static void a_second_failed_sync_in_a_row_closes_the_store(void **state)
{
	struct box *b = *state;
	exs_membuf out;

	open_with_a_row(b);
	fail_with(EIO, 0, 0, 1000);
	assert_int_equal(box_put(b, S("k"), S("1")), EXS_IO);
	assert_int_equal(box_put(b, S("k"), S("2")), EXS_LOST);
	fail_with(0, 0, 0, 0);
	assert_int_equal(box_put(b, S("k"), S("3")), EXS_LOST);
	assert_non_null(strstr(b->err.text, "twice in a row"));
	assert_int_equal(box_get(b, S("k"), S("")), EXS_LOST);
	exs_membuf_init(&out, 4096);
	assert_int_equal(b->store->stat(b->self, &out.sink, &b->err), EXS_LOST);
	assert_int_equal(b->store->copy(b->self, "/nonexistent/copy", &b->err), EXS_IO);
	exs_membuf_release(&out);
	box_close(b);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("old")), EXS_OK);
}

static void a_commit_in_between_forgives_a_failed_sync(void **state)
{
	struct box *b = *state;
	int i;

	open_with_a_row(b);
	for (i = 0; i < 3; i++) {
		fail_with(EIO, 0, 0, 1);
		assert_int_equal(box_put(b, S("x"), S("lost")), EXS_IO);
		assert_int_equal(box_put(b, S("k"), S("kept")), EXS_OK);
	}
	assert_int_equal(box_get(b, S("x"), S("")), EXS_NOTFOUND);
}

/* A file that was synced is gone all the same when the power fails and nothing names it. */
/* What failed may stand in the cache, whole and not durable: no condition may rest on it. */
static void a_store_that_was_opened_again_is_proved_by_a_commit(void **state)
{
	struct box *b = *state;
	int before;

	open_with_a_row(b);
	fail_with(EIO, 0, 0, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	before = syncs;
	assert_int_equal(box_op(b, EXS_OP_CHECK, S("k"), S("old")), EXS_OK);
	assert_true(syncs > before);
	before = syncs;
	assert_int_equal(box_op(b, EXS_OP_CHECK, S("k"), S("old")), EXS_OK);
	assert_int_equal(syncs, before); /* nothing to write */
}

static void a_full_disk_is_no_second_failure(void **state)
{
	struct box *b = *state;
	int i;

	open_with_a_row(b);
	fail_with(EIO, 0, 0, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	fail_with(0, ENOSPC, 0, 1000);
	for (i = 0; i < 3; i++) {
		assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
		assert_int_equal(b->err.sys, ENOSPC);
	}
	fail_with(0, 0, 0, 0);
	assert_int_equal(box_put(b, S("k"), S("newer")), EXS_OK);
}

/* The disk forgot commits that it had said were durable: nothing goes on from there. */
static void a_store_that_came_back_older_is_closed(void **state)
{
	struct box *b = *state;
	size_t n;
	char *old;

	open_with_a_row(b);
	old = box_data(b, &n);
	assert_int_equal(box_put(b, S("k"), S("1")), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("2")), EXS_OK);
	fail_with(EIO, 0, 0, 1);
	assert_int_equal(box_put(b, S("k"), S("3")), EXS_IO);
	box_overwrite(b, old, n);
	assert_int_equal(box_put(b, S("k"), S("4")), EXS_LOST);
	assert_int_equal(box_put(b, S("k"), S("5")), EXS_LOST);
	free(old);
}

static void the_names_of_a_new_store_are_durable(void **state)
{
	struct box *b = *state;
	char nested[PATH_BYTES + 32];

	snprintf(nested, sizeof nested, "%s/above", b->tmp);
	snprintf(b->dir, sizeof b->dir, "%.200s/above/state", b->tmp);
	folders.n = 0;
	assert_int_equal(box_open(b), EXS_OK);
	assert_true(was_synced(b->tmp));
	assert_true(was_synced(nested));
	assert_true(was_synced(b->dir));
}

/* LMDB alone would leave a file that it never opens again. */
static void a_store_that_could_not_be_begun_is_begun_later(void **state)
{
	struct box *b = *state;
	char file[PATH_BYTES + 32];

	snprintf(file, sizeof file, "%s/data.mdb", b->dir);
	fail_with(0, ENOSPC, 0, 1);
	assert_int_not_equal(box_open(b), EXS_OK);
	assert_int_equal(access(file, F_OK), -1);
	fail_with(EIO, 0, 0, 1);
	assert_int_not_equal(box_open(b), EXS_OK);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
}

static void a_store_whose_name_cannot_be_made_durable_is_not_opened(void **state)
{
	struct box *b = *state;

	folders.fail = EIO;
	assert_int_equal(box_open(b), EXS_IO);
	assert_non_null(strstr(b->err.text, "cannot be made durable"));
	assert_non_null(strstr(b->err.text, b->dir));
	assert_int_equal(box_open(b), EXS_IO);
	assert_non_null(strstr(b->err.text, "data.mdb' cannot be made durable"));
	folders.fail = 0;
	assert_int_equal(box_open(b), EXS_OK);
}

static void a_page_that_names_the_root_and_fails_is_survived(void **state)
{
	struct box *b = *state;

	open_with_a_row(b);
	fail_with(0, 0, EIO, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	assert_int_equal(box_put(b, S("l"), S("later")), EXS_OK);
	assert_int_equal(box_get(b, S("l"), S("later")), EXS_OK);
}

/* ENOSPC there leaves LMDB in a panic that shows at the next begin only. */
static void a_panic_is_repaired_before_the_next_batch(void **state)
{
	struct box *b = *state;

	open_with_a_row(b);
	fail_with(0, 0, ENOSPC, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	assert_int_equal(box_put(b, S("l"), S("later")), EXS_OK);
	assert_true(double_host_logged(&b->host, "opening it again"));
}

static void a_store_that_was_removed_acknowledges_nothing(void **state)
{
	struct box *b = *state;
	char file[PATH_BYTES + 32];

	open_with_a_row(b);
	snprintf(file, sizeof file, "%s/data.mdb", b->dir);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_LOST);
	assert_non_null(strstr(b->err.text, "was removed while it was open"));
	assert_non_null(strstr(b->err.text, b->dir));
	/* Sent again: what the first time left in the removed file is no answer. */
	assert_int_equal(box_op(b, EXS_OP_CHECK, S("k"), S("old")), EXS_LOST);
}

static void a_store_that_cannot_be_opened_again_stays_closed(void **state)
{
	struct box *b = *state;
	char hidden[PATH_BYTES + 32];

	open_with_a_row(b);
	snprintf(hidden, sizeof hidden, "%s/hidden", b->tmp);
	assert_int_equal(rename(b->dir, hidden), 0);
	fail_with(EIO, 0, 0, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	assert_int_equal(rename(hidden, b->dir), 0);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_LOST);
	assert_non_null(strstr(b->err.text, "could not be opened again"));
	assert_int_equal(box_get(b, S("k"), S("")), EXS_LOST);
}

static void a_full_disk_fails_the_batch_and_nothing_else(void **state)
{
	struct box *b = *state;

	open_with_a_row(b);
	fail_with(0, ENOSPC, 0, 1);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_IO);
	assert_int_equal(b->err.sys, ENOSPC);
	assert_int_equal(box_get(b, S("k"), S("old")), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("new")), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("new")), EXS_OK);
}

/* ---- groups ---- */

struct flight {
	struct double_done done[FLIGHT];
	exs_op op[FLIGHT];
	const exs_op *list[FLIGHT][1];
	char keys[FLIGHT][16];
	int acknowledged;
};

/* Many batches at once, so that groups form; whatever was acknowledged must be there. */
static void fly(struct box *b, struct flight *f)
{
	int i;

	memset(f, 0, sizeof *f);
	for (i = 0; i < FLIGHT; i++) {
		double_done_init(&f->done[i], 16);
		snprintf(f->keys[i], sizeof f->keys[i], "f%d", i);
		f->op[i] =
			(exs_op){ sizeof(exs_op), EXS_OP_PUT, exs_cstr(f->keys[i]), S("v"), 0, 0 };
		f->list[i][0] = &f->op[i];
		b->store->submit(b->self, f->list[i], 1, f->done[i].done);
	}
	for (i = 0; i < FLIGHT; i++) {
		assert_true(double_done_wait(&f->done[i], WAIT_MS));
		assert_int_equal(f->done[i].ends, 1);
		if (f->done[i].status == EXS_OK) {
			assert_int_equal(box_get(b, exs_cstr(f->keys[i]), S("v")), EXS_OK);
			f->acknowledged++;
		} else {
			assert_int_equal(f->done[i].status, EXS_IO);
			assert_int_equal(box_get(b, exs_cstr(f->keys[i]), S("v")), EXS_NOTFOUND);
		}
		double_done_release(&f->done[i]);
	}
}

static void a_group_that_meets_a_full_disk_is_retried_one_by_one(void **state)
{
	struct box *b = *state;
	struct flight f;

	open_with_a_row(b);
	fail_with(0, ENOSPC, 0, 2);
	fly(b, &f);
	assert_in_range(f.acknowledged, FLIGHT - 2, FLIGHT);
}

static void a_group_whose_sync_fails_is_not_acknowledged(void **state)
{
	struct box *b = *state;
	struct flight f;

	open_with_a_row(b);
	fail_with(EIO, 0, 0, 1);
	fly(b, &f);
	assert_in_range(f.acknowledged, 0, FLIGHT - 1);
}

static void close_commits_what_waits(void **state)
{
	struct box *b = *state;
	struct double_done d[FLIGHT];
	exs_op op = { sizeof op, EXS_OP_ADD, S("n"), { NULL, 0 }, 1, INT64_MAX };
	const exs_op *list[] = { &op };
	int i;

	assert_int_equal(box_open(b), EXS_OK);
	for (i = 0; i < FLIGHT; i++) {
		double_done_init(&d[i], 16);
		b->store->submit(b->self, list, 1, d[i].done);
	}
	box_close(b);
	for (i = 0; i < FLIGHT; i++) {
		assert_true(d[i].ended);
		assert_int_equal(d[i].status, EXS_OK);
		double_done_release(&d[i]);
	}
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("n"), S("\x18\0\0\0\0\0\0\0")), EXS_OK);
}

#define FAULT_CASE(name) cmocka_unit_test_setup_teardown(name, box_setup, faults_over)

int main(void)
{
	const struct CMUnitTest cases[] = {
		FAULT_CASE(a_failed_sync_is_not_acknowledged),
		FAULT_CASE(a_second_failed_sync_in_a_row_closes_the_store),
		FAULT_CASE(a_commit_in_between_forgives_a_failed_sync),
		FAULT_CASE(a_store_that_was_opened_again_is_proved_by_a_commit),
		FAULT_CASE(a_full_disk_is_no_second_failure),
		FAULT_CASE(a_store_that_came_back_older_is_closed),
		FAULT_CASE(the_names_of_a_new_store_are_durable),
		FAULT_CASE(a_store_that_could_not_be_begun_is_begun_later),
		FAULT_CASE(a_store_whose_name_cannot_be_made_durable_is_not_opened),
		FAULT_CASE(a_page_that_names_the_root_and_fails_is_survived),
		FAULT_CASE(a_panic_is_repaired_before_the_next_batch),
		FAULT_CASE(a_store_that_was_removed_acknowledges_nothing),
		FAULT_CASE(a_store_that_cannot_be_opened_again_stays_closed),
		FAULT_CASE(a_full_disk_fails_the_batch_and_nothing_else),
		FAULT_CASE(a_group_that_meets_a_full_disk_is_retried_one_by_one),
		FAULT_CASE(a_group_whose_sync_fails_is_not_acknowledged),
		CASE(close_commits_what_waits),
	};

	return cmocka_run_group_tests_name("store_lmdb_faults", cases, NULL, NULL);
}
