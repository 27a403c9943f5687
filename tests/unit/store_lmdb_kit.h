/* SPDX-License-Identifier: MIT */
/* store_lmdb_kit.h - a store_lmdb in a folder that a test may damage, for the suites
 * test_store_lmdb*.c. */
#ifndef TEST_STORE_LMDB_KIT_H
#define TEST_STORE_LMDB_KIT_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/port/store.h>
#include "support/double.h"
#include "temp_dir.h"

#define BATTERY	   BATTERIES "/store_lmdb.so"
#define WAIT_MS	   60000
#define PATH_BYTES 256
#define S(literal) exs_bytes("" literal, sizeof(literal) - 1)

struct box {
	char tmp[PATH_BYTES];
	char dir[PATH_BYTES + 16]; /* the store's folder, in tmp */
	struct double_host host;
	struct double_setting set[5];
	exs_self *self; /* NULL: closed */
	const exs_store *store;
	exs_err err; /* of the last failure */
};

static inline int box_setup(void **state)
{
	struct box *b = calloc(1, sizeof *b);

	assert_non_null(b);
	assert_int_equal(temp_dir_make("store", b->tmp, sizeof b->tmp), 0);
	snprintf(b->dir, sizeof b->dir, "%s/state", b->tmp);
	b->set[0] = (struct double_setting){ "path", b->dir };
	double_host_init(&b->host, "store");
	*state = b;
	return 0;
}

static inline exs_status box_open(struct box *b)
{
	const exs_battery *battery = double_load(BATTERY);
	exs_status s;

	b->err = (exs_err)EXS_ERR_INIT;
	s = battery->open(&b->host.host, double_host_conf(&b->host, battery->options, b->set),
			  &b->self, &b->err);
	if (s == EXS_OK)
		b->store = battery->port(b->self, EXS_PORT_STORE);
	return s;
}

static inline void box_close(struct box *b)
{
	if (b->self)
		double_load(BATTERY)->close(b->self);
	b->self = NULL;
}

static inline int box_teardown(void **state)
{
	struct box *b = *state;

	box_close(b);
	double_host_release(&b->host);
	temp_dir_remove(b->tmp);
	free(b);
	return 0;
}

/* Hands in one operation by that function of the table and waits. */
static inline exs_status box_by(struct box *b,
				void (*submit)(exs_self *, const exs_op *const *, uint64_t,
					       exs_done),
				int32_t kind, exs_str key, exs_str value)
{
	exs_op op = { sizeof op, kind, key, value, 1, INT64_MAX };
	const exs_op *list[] = { &op };
	struct double_done d;
	exs_status s;

	double_done_init(&d, 16);
	submit(b->self, list, 1, d.done);
	assert_true(double_done_wait(&d, WAIT_MS));
	assert_int_equal(d.ends, 1);
	s = d.status;
	b->err = d.err;
	double_done_release(&d);
	return s;
}

static inline exs_status box_op(struct box *b, int32_t kind, exs_str key, exs_str value)
{
	return box_by(b, b->store->submit, kind, key, value);
}

/* As part of an end: it may use the room that is kept for such. */
static inline exs_status box_end(struct box *b, exs_str key, exs_str value)
{
	return box_by(b, b->store->submit_end, EXS_OP_PUT, key, value);
}

static inline exs_status box_put(struct box *b, exs_str key, exs_str value)
{
	return box_op(b, EXS_OP_PUT, key, value);
}

/* The status of get; when OK the value must be as expected. */
static inline exs_status box_get(struct box *b, exs_str key, exs_str expected)
{
	exs_membuf out;
	exs_status s;

	exs_membuf_init(&out, EXS_STORE_VALUE_MAX);
	s = b->store->get(b->self, key, &out.sink, &b->err);
	if (s == EXS_OK) {
		assert_int_equal(out.n, expected.n);
		assert_memory_equal(out.p, expected.p, expected.n);
	}
	exs_membuf_release(&out);
	return s;
}

/* The sentence of the last failure holds these words. */
static inline void assert_says(const struct box *b, const char *part)
{
	if (!strstr(b->err.text, part))
		print_error("'%s' is not in: %s\n", part, b->err.text);
	assert_non_null(strstr(b->err.text, part));
}

/* The whole data file; the store is closed. */
static inline char *box_data(struct box *b, size_t *n)
{
	char path[PATH_BYTES + 32];
	struct stat st;
	char *p;
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*n = (size_t)st.st_size;
	p = malloc(*n);
	assert_non_null(p);
	assert_int_equal(read(fd, p, *n), st.st_size);
	close(fd);
	return p;
}

static inline void open_with_a_row(struct box *b)
{
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(box_put(b, S("k"), S("old")), EXS_OK);
}

/* In place, whether the store is open or not. */
static inline void box_overwrite(struct box *b, const char *p, size_t n)
{
	char path[PATH_BYTES + 32];
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	close(fd);
}

static inline void box_set_data(struct box *b, const char *p, size_t n)
{
	char path[PATH_BYTES + 32];
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, box_setup, box_teardown)

#endif
