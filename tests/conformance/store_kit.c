/* SPDX-License-Identifier: MIT */
/* store_kit.c - see store_kit.h. */
#include "store_kit.h"

#include <ftw.h>
#include <stddef.h>
#include <unistd.h>

#include <executus/port/store.h>

static struct {
	const exs_battery *battery;
	char **settings;
	int count;
} under_test;

int kit_arguments(int argc, char **argv)
{
	int i;

	if (argc < 2 || argc - 2 > SETTINGS_MAX) {
		fprintf(stderr, "usage: %s BATTERY.so [key=value ...] (at most %d settings)\n",
			argv[0], SETTINGS_MAX);
		return 2;
	}
	for (i = 2; i < argc; i++) {
		if (!strchr(argv[i], '=')) {
			fprintf(stderr, "'%s' is not key=value\n", argv[i]);
			return 2;
		}
	}
	under_test.battery = double_load(argv[1]);
	under_test.settings = argv + 2;
	under_test.count = argc - 2;
	return 0;
}

/* "key=a{tmp}b" cut in two, {tmp} replaced by the folder. */
static void setting(struct kit *k, int i)
{
	char *value = k->values[i];
	char *eq, *mark;

	assert_true(strlen(under_test.settings[i]) < PATH_BYTES);
	strcpy(value, under_test.settings[i]);
	mark = strstr(value, "{tmp}");
	if (mark) {
		char rest[PATH_BYTES];

		strcpy(rest, mark + strlen("{tmp}"));
		snprintf(mark, (size_t)(value + PATH_BYTES - mark), "%s%s", k->tmp, rest);
	}
	eq = strchr(value, '=');
	*eq = '\0';
	k->settings[i] = (struct double_setting){ value, eq + 1 };
}

int kit_setup(void **state)
{
	const exs_battery *b = under_test.battery;
	const char *base = getenv("TMPDIR");
	struct kit *k = calloc(1, sizeof *k);
	exs_err err = EXS_ERR_INIT;
	int i;

	assert_non_null(k);
	snprintf(k->tmp, sizeof k->tmp, "%s/port_store.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(k->tmp));
	for (i = 0; i < under_test.count; i++)
		setting(k, i);
	double_host_init(&k->host, "store");
	if (b->open(&k->host.host, double_host_conf(&k->host, b->options, k->settings), &k->self,
		    &err)) {
		print_error("open: %s\n", err.text);
		return -1;
	}
	k->store = b->port(k->self, EXS_PORT_STORE);
	assert_non_null(k->store);
	*state = k;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int kit_teardown(void **state)
{
	struct kit *k = *state;

	under_test.battery->close(k->self);
	double_host_release(&k->host);
	nftw(k->tmp, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(k);
	return 0;
}

exs_op op_put(exs_str key, exs_str value)
{
	return (exs_op){ sizeof(exs_op), EXS_OP_PUT, key, value, 0, 0 };
}

exs_op op_del(exs_str key)
{
	return (exs_op){ sizeof(exs_op), EXS_OP_DEL, key, { NULL, 0 }, 0, 0 };
}

exs_op op_check(exs_str key, exs_str value)
{
	return (exs_op){ sizeof(exs_op), EXS_OP_CHECK, key, value, 0, 0 };
}

exs_op op_absent(exs_str key)
{
	return op_check(key, exs_bytes(NULL, 0));
}

exs_op op_add(exs_str key, int64_t delta, int64_t bound)
{
	return (exs_op){ sizeof(exs_op), EXS_OP_ADD, key, { NULL, 0 }, delta, bound };
}

exs_status kit_submit(struct kit *k, const exs_op *ops, uint64_t n, int64_t *at)
{
	const exs_op **list = calloc(n + 1, sizeof *list);
	struct double_done d;
	exs_status s;
	uint64_t i;

	assert_non_null(list);
	for (i = 0; i < n; i++)
		list[i] = &ops[i];
	double_done_init(&d, 16);
	k->store->submit(k->self, list, n, d.done);
	assert_true(double_done_wait(&d, WAIT_MS));
	assert_int_equal(d.ends, 1);
	s = d.status;
	if (s)
		assert_explained(&d.err, s);
	if (at)
		*at = d.err.at;
	double_done_release(&d);
	free(list);
	return s;
}

exs_status kit_put(struct kit *k, exs_str key, exs_str value)
{
	return BATCH(k, op_put(key, value));
}

exs_status kit_get(struct kit *k, exs_str key, exs_str expected)
{
	exs_err err = EXS_ERR_INIT;
	exs_membuf out;
	exs_status s;

	exs_membuf_init(&out, EXS_STORE_VALUE_MAX);
	s = k->store->get(k->self, key, &out.sink, &err);
	if (s) {
		assert_explained(&err, s);
		assert_int_equal(out.n, 0);
	} else {
		assert_int_equal(out.n, expected.n);
		if (expected.n)
			assert_memory_equal(out.p, expected.p, expected.n);
	}
	exs_membuf_release(&out);
	return s;
}

int64_t kit_counter(struct kit *k, exs_str key)
{
	exs_err err = EXS_ERR_INIT;
	uint64_t bits = 0;
	exs_membuf out;
	int i;

	exs_membuf_init(&out, 8);
	assert_int_equal(k->store->get(k->self, key, &out.sink, &err), EXS_OK);
	assert_int_equal(out.n, 8);
	for (i = 7; i >= 0; i--)
		bits = bits << 8 | (unsigned char)out.p[i];
	exs_membuf_release(&out);
	return (int64_t)bits;
}

void assert_explained(const exs_err *err, exs_status status)
{
	assert_int_equal(err->status, status);
	assert_true(strlen(err->text) > 10);
	assert_true(strlen(err->text) < sizeof err->text);
}
