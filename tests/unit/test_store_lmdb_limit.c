/* SPDX-License-Identifier: MIT */
/* test_store_lmdb_limit.c - the store on LMDB: its limit, its figures, its copies, its queue. */
#include "store_lmdb_kit.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>

#include "base/json.h"

static void at_its_limit_it_says_so_and_deleting_still_works(void **state)
{
	struct box *b = *state;
	size_t size = 100000;
	char *value = calloc(1, size), key[16];
	exs_status s = EXS_OK;
	int i, n;

	assert_non_null(value);
	b->set[1] = (struct double_setting){ "limit", "2m" };
	assert_int_equal(box_open(b), EXS_OK);
	for (n = 0; n < 40 && s == EXS_OK; n++) {
		snprintf(key, sizeof key, "k%02d", n);
		s = box_put(b, exs_cstr(key), exs_bytes(value, size));
	}
	assert_int_equal(s, EXS_TOOBIG);
	assert_in_range(n, 15, 21);
	assert_says(b, "the store is at its limit");
	assert_says(b, "kept for ends");
	assert_int_equal(box_get(b, S("k00"), exs_bytes(value, size)), EXS_OK);
	for (i = 0; i < 5; i++) {
		snprintf(key, sizeof key, "k%02d", i);
		assert_int_equal(box_op(b, EXS_OP_DEL, exs_cstr(key), S("")), EXS_OK);
	}
	assert_int_equal(box_put(b, S("again"), exs_bytes(value, size)), EXS_OK);
	free(value);
}

/* Up to the last twentieth for all, then for ends alone; never beyond the limit. */
static void the_last_part_is_kept_for_ends(void **state)
{
	struct box *b = *state;
	size_t size = 20000;
	char *value = calloc(1, size), key[16];
	exs_status s = EXS_OK;
	int n, ends = 0;

	assert_non_null(value);
	b->set[1] = (struct double_setting){ "limit", "4m" };
	assert_int_equal(box_open(b), EXS_OK);
	for (n = 0; n < 400 && s == EXS_OK; n++) {
		snprintf(key, sizeof key, "k%03d", n);
		s = box_put(b, exs_cstr(key), exs_bytes(value, size));
	}
	assert_int_equal(s, EXS_TOOBIG);
	for (s = EXS_OK; ends < 100 && s == EXS_OK; ends++) {
		snprintf(key, sizeof key, "e%03d", ends);
		s = box_end(b, exs_cstr(key), exs_bytes(value, size));
	}
	assert_int_equal(s, EXS_TOOBIG);
	assert_says(b, "the store is at its limit");
	assert_null(strstr(b->err.text, "kept for ends"));
	assert_in_range(ends, (4 << 20) / 20 / 24576, (4 << 20) / 20 / 20000 + 2);
	assert_int_equal(box_put(b, S("k"), S("a small beginning")), EXS_TOOBIG);
	assert_int_equal(box_op(b, EXS_OP_DEL, S("e000"), S("")), EXS_OK);
	assert_int_equal(box_end(b, S("e"), S("an end")), EXS_OK);
	free(value);
}

/* The limit was lowered below what is there: nothing comes in, everything can go. */
static void a_store_over_its_limit_only_takes_batches_that_delete(void **state)
{
	struct box *b = *state;
	size_t size = 1 << 20;
	char *value = calloc(1, size);

	assert_non_null(value);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("a"), exs_bytes(value, size)), EXS_OK);
	assert_int_equal(box_put(b, S("b"), exs_bytes(value, size)), EXS_OK);
	box_close(b);
	b->set[1] = (struct double_setting){ "limit", "1m" };
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("c"), S("small")), EXS_TOOBIG);
	assert_int_equal(b->err.sys, ENOSPC);
	assert_int_equal(box_op(b, EXS_OP_CHECK, S("c"), exs_bytes(NULL, 0)), EXS_OK);
	assert_int_equal(box_op(b, EXS_OP_DEL, S("a"), S("")), EXS_OK);
	assert_int_equal(box_op(b, EXS_OP_DEL, S("b"), S("")), EXS_OK);
	assert_int_equal(box_put(b, S("c"), S("small")), EXS_OK);
	free(value);
}

static void refuses_settings_that_make_no_store(void **state)
{
	struct box *b = *state;

	b->set[1] = (struct double_setting){ "limit", "1000" };
	assert_int_equal(box_open(b), EXS_INVALID);
	assert_says(b, "test.yaml:1:1");
	b->set[1] = (struct double_setting){ "map", "1m" };
	assert_int_equal(box_open(b), EXS_INVALID);
	assert_says(b, "'map'");
	b->set[1] = (struct double_setting){ "map", "16m" };
	assert_int_equal(box_open(b), EXS_OK);
	assert_true(double_host_logged(&b->host, "has no room for more"));
}

static exs_str stat_of(struct box *b, exs_membuf *out)
{
	exs_membuf_init(out, 1 << 16);
	assert_int_equal(b->store->stat(b->self, &out->sink, &b->err), EXS_OK);
	assert_int_equal(json_check_object(exs_bytes(out->p, out->n), JSON_DEPTH_MAX, &b->err),
			 EXS_OK);
	return exs_bytes(out->p, out->n);
}

static int64_t figure(exs_str json, const char *name)
{
	int64_t v = -1;

	assert_true(json_get_int(json, name, &v));
	return v;
}

static void stat_tells_the_figures(void **state)
{
	struct box *b = *state;
	bool durable = false;
	exs_membuf out;
	exs_str json;

	snprintf(b->dir, sizeof b->dir, "%s/odd\"\\\n\xff\xc3\xa4", b->tmp);
	b->set[1] = (struct double_setting){ "limit", "8m" };
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	json = stat_of(b, &out);
	assert_true(json_get_bool(json, "durable", &durable));
	assert_true(durable);
	assert_int_equal(figure(json, "entries"), 1);
	assert_int_equal(figure(json, "limit_bytes"), 8 << 20);
	assert_true(figure(json, "used_bytes") > 0);
	assert_true(figure(json, "used_bytes") <= figure(json, "file_bytes"));
	assert_true(figure(json, "map_bytes") >= 16 << 20);
	assert_int_equal(figure(json, "readers"), 0);
	assert_int_equal(figure(json, "oldest_reader_lag"), 0);
	assert_non_null(strstr(out.p, "odd\\u0022\\u005c\\u000a\\ufffd\xc3\xa4"));
	exs_membuf_release(&out);
}

static void sync_none_is_loud(void **state)
{
	struct box *b = *state;
	bool durable = true;
	exs_membuf out;

	b->set[1] = (struct double_setting){ "sync", "none" };
	assert_int_equal(box_open(b), EXS_OK);
	assert_true(double_host_logged(&b->host, "sync is 'none'"));
	assert_true(json_get_bool(stat_of(b, &out), "durable", &durable));
	assert_false(durable);
	exs_membuf_release(&out);
}

static void a_copy_is_a_store_again(void **state)
{
	struct box *b = *state;
	char copy[PATH_BYTES + 32], data[PATH_BYTES + 64];
	struct stat st;

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	snprintf(copy, sizeof copy, "%s/copy", b->tmp);
	assert_int_equal(b->store->copy(b->self, copy, &b->err), EXS_OK);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(b->store->copy(b->self, copy, &b->err), EXS_CONFLICT);
	assert_says(b, "replaces nothing");
	assert_int_equal(box_put(b, S("k"), S("later")), EXS_OK);
	box_close(b);
	snprintf(b->dir, sizeof b->dir, "%s/restored", b->tmp);
	assert_int_equal(mkdir(b->dir, 0700), 0);
	snprintf(data, sizeof data, "%s/data.mdb", b->dir);
	assert_int_equal(rename(copy, data), 0);
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_get(b, S("k"), S("v")), EXS_OK);
}

static void a_copy_that_fails_leaves_nothing(void **state)
{
	struct box *b = *state;
	char copy[PATH_BYTES + 32];

	assert_int_equal(box_open(b), EXS_OK);
	snprintf(copy, sizeof copy, "%s/none/copy", b->tmp);
	assert_int_equal(b->store->copy(b->self, copy, &b->err), EXS_IO);
	assert_says(b, copy);
	snprintf(copy, sizeof copy, "%s/copy.part", b->tmp);
	assert_int_equal(mkdir(copy, 0700), 0);
	snprintf(copy, sizeof copy, "%s/copy", b->tmp);
	assert_int_equal(b->store->copy(b->self, copy, &b->err), EXS_IO);
	assert_int_equal(access(copy, F_OK), -1);
}

/* ---- the queue ---- */

#define OVERFULL (4096 + 100) /* more than may wait */

/* A record whose end waits, so that the committer stands still. */
struct gate {
	exs_done_ops ops;
	pthread_mutex_t lock;
	_Atomic int reached;
};

static void gate_end(exs_done done, exs_status status, const exs_usage *usage, const exs_err *err)
{
	struct gate *g = (struct gate *)(uintptr_t)done.ops;

	(void)status;
	(void)usage;
	(void)err;
	g->reached = 1;
	pthread_mutex_lock(&g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void too_many_waiting_batches_are_told_to_come_again(void **state)
{
	struct box *b = *state;
	struct gate gate = { { sizeof gate.ops, 0, NULL, NULL, gate_end },
			     PTHREAD_MUTEX_INITIALIZER,
			     0 };
	struct double_done *d = calloc(OVERFULL, sizeof *d);
	exs_op op = { sizeof op, EXS_OP_ADD, S("n"), { NULL, 0 }, 1, INT64_MAX };
	const exs_op *list[] = { &op };
	int i, ok = 0, again = 0;

	assert_non_null(d);
	assert_int_equal(box_open(b), EXS_OK);
	pthread_mutex_lock(&gate.lock);
	b->store->submit(b->self, list, 1, (exs_done){ 1, &gate.ops });
	while (!gate.reached)
		usleep(1000);
	for (i = 0; i < OVERFULL; i++) {
		double_done_init(&d[i], 16);
		b->store->submit(b->self, list, 1, d[i].done);
	}
	pthread_mutex_unlock(&gate.lock);
	for (i = 0; i < OVERFULL; i++) {
		assert_true(double_done_wait(&d[i], WAIT_MS));
		ok += d[i].status == EXS_OK;
		again += d[i].status == EXS_AGAIN && d[i].err.retry_after_ms > 0;
		double_done_release(&d[i]);
	}
	assert_int_equal(ok, 4096);
	assert_int_equal(again, 100);
	assert_int_equal(box_get(b, S("n"), S("\x01\x10\0\0\0\0\0\0")), EXS_OK);
	free(d);
}

/* How many threads of this process do not block SIGTERM. */
static int threads_with_signals(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *d;
	int n = 0;

	assert_non_null(tasks);
	while ((d = readdir(tasks))) {
		unsigned long long blocked = 0;
		char path[300], line[256];
		FILE *f;

		snprintf(path, sizeof path, "/proc/self/task/%s/status", d->d_name);
		f = d->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (f && fgets(line, sizeof line, f))
			sscanf(line, "SigBlk: %llx", &blocked);
		if (f) {
			n += !(blocked & 1ull << (SIGTERM - 1));
			fclose(f);
		}
	}
	closedir(tasks);
	return n;
}

static void its_thread_takes_no_signals(void **state)
{
	struct box *b = *state;
	int before = threads_with_signals();

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("v")), EXS_OK);
	assert_int_equal(threads_with_signals(), before);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(at_its_limit_it_says_so_and_deleting_still_works),
		CASE(the_last_part_is_kept_for_ends),
		CASE(a_store_over_its_limit_only_takes_batches_that_delete),
		CASE(refuses_settings_that_make_no_store),
		CASE(stat_tells_the_figures),
		CASE(sync_none_is_loud),
		CASE(a_copy_is_a_store_again),
		CASE(too_many_waiting_batches_are_told_to_come_again),
		CASE(its_thread_takes_no_signals),
		CASE(a_copy_that_fails_leaves_nothing),
	};

	return cmocka_run_group_tests_name("store_lmdb_limit", cases, NULL, NULL);
}
