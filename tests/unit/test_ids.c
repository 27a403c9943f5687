/* SPDX-License-Identifier: MIT */
/* test_ids.c - ids of runs: their form, their order, and a system without random bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"

#define LETTERS 26u

static _Atomic int no_random;

/* Stands before the C library's. */
ssize_t getrandom(void *p, size_t n, unsigned flags)
{
	if (atomic_load(&no_random)) {
		errno = ENOSYS;
		return -1;
	}
	return syscall(SYS_getrandom, p, n, flags);
}

static void an_id_is_26_letters_that_file_names_take(void **state)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct ids g;

	(void)state;
	ids_init(&g);
	assert_int_equal(ids_next(&g, id, &err), EXS_OK);
	assert_int_equal(strlen(id), LETTERS);
	assert_int_equal(strspn(id, alphabet), LETTERS);
	assert_true(id_ok(id));
	ids_release(&g);
}

static void the_first_ten_letters_are_the_time(void **state)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	exs_err err = EXS_ERR_INIT;
	int64_t before = clock_wall_ms(), ms = 0;
	char id[ID_MAX];
	struct ids g;

	(void)state;
	ids_init(&g);
	assert_int_equal(ids_next(&g, id, &err), EXS_OK);
	for (int i = 0; i < 10; i++)
		ms = ms * 32 + (strchr(alphabet, id[i]) - alphabet);
	assert_true(ms >= before && ms <= clock_wall_ms());
	ids_release(&g);
}

static void known_bits_give_known_letters(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct ids g;

	(void)state;
	ids_init(&g);
	g.last_ms = 0xffffffffffffu;
	memset(g.last, 0, sizeof g.last);
	assert_int_equal(ids_next(&g, id, &err), EXS_OK);
	assert_string_equal(id, "7zzzzzzzzz0000000000000001");
	memset(g.last, 0xff, sizeof g.last);
	g.last[9] = 0xfe;
	assert_int_equal(ids_next(&g, id, &err), EXS_OK);
	assert_string_equal(id, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
	ids_release(&g);
}

static void ids_increase_within_a_millisecond(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char last[ID_MAX] = "", id[ID_MAX];
	struct ids g;

	(void)state;
	ids_init(&g);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(ids_next(&g, id, &err), EXS_OK);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof id);
	}
	ids_release(&g);
}

static void ids_increase_when_the_clock_jumps_back(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char last[ID_MAX], id[ID_MAX];
	struct ids g;

	(void)state;
	ids_init(&g);
	assert_int_equal(ids_next(&g, last, &err), EXS_OK);
	g.last_ms += 3600 * 1000;
	assert_int_equal(ids_next(&g, last, &err), EXS_OK);
	assert_int_equal(ids_next(&g, id, &err), EXS_OK);
	assert_true(strcmp(last, id) < 0);
	ids_release(&g);
}

static void ids_increase_when_the_random_part_runs_over(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char last[ID_MAX], id[ID_MAX];
	struct ids g;

	(void)state;
	ids_init(&g);
	assert_int_equal(ids_next(&g, last, &err), EXS_OK);
	g.last_ms += 3600 * 1000;
	memset(g.last, 0xff, sizeof g.last);
	g.last[9] = 0xfe;
	assert_int_equal(ids_next(&g, last, &err), EXS_OK);
	assert_int_equal(ids_next(&g, id, &err), EXS_OK);
	assert_true(strcmp(last, id) < 0);
	assert_true(strncmp(last, id, 10) < 0);
	ids_release(&g);
}

static void no_random_bytes_is_an_error_and_no_id(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX] = "untouched";
	struct ids g;

	(void)state;
	ids_init(&g);
	atomic_store(&no_random, 1);
	assert_int_equal(ids_next(&g, id, &err), EXS_IO);
	atomic_store(&no_random, 0);
	assert_string_equal(id, "untouched");
	assert_int_equal(err.sys, ENOSYS);
	assert_non_null(strstr(err.text, "random"));
	ids_release(&g);
}

struct taker {
	struct ids *ids;
	char id[500][ID_MAX];
};

static void *take_ids(void *arg)
{
	struct taker *t = arg;
	exs_err err = EXS_ERR_INIT;

	for (int i = 0; i < 500; i++)
		if (ids_next(t->ids, t->id[i], &err))
			return t;
	return NULL;
}

static void threads_never_get_the_same_id(void **state)
{
	static struct taker takers[4];
	pthread_t threads[4];
	struct ids g;
	void *failed;

	(void)state;
	ids_init(&g);
	for (int i = 0; i < 4; i++) {
		takers[i].ids = &g;
		assert_int_equal(pthread_create(&threads[i], NULL, take_ids, &takers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	for (int i = 0; i < 500; i++)
		for (int j = 0; j < 500; j++)
			assert_string_not_equal(takers[0].id[i], takers[1].id[j]);
	ids_release(&g);
}

static void only_harmless_names_are_ids(void **state)
{
	static const char *const bad[] = { "",	  ".",	      "..",  ".hidden", "a/b", "a b",
					   "a\n", "\xc3\xa9", "a:b", "a\\b",	"a*" };
	char longest[ID_MAX + 1];

	(void)state;
	assert_false(id_ok(NULL));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(id_ok(bad[i]));
	assert_true(id_ok("a"));
	assert_true(id_ok("Run_1-b.c"));
	memset(longest, 'a', sizeof longest);
	longest[ID_MAX - 1] = '\0';
	assert_true(id_ok(longest));
	longest[ID_MAX - 1] = 'a';
	longest[ID_MAX] = '\0';
	assert_false(id_ok(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_26_letters_that_file_names_take),
		cmocka_unit_test(the_first_ten_letters_are_the_time),
		cmocka_unit_test(known_bits_give_known_letters),
		cmocka_unit_test(ids_increase_within_a_millisecond),
		cmocka_unit_test(ids_increase_when_the_clock_jumps_back),
		cmocka_unit_test(ids_increase_when_the_random_part_runs_over),
		cmocka_unit_test(no_random_bytes_is_an_error_and_no_id),
		cmocka_unit_test(threads_never_get_the_same_id),
		cmocka_unit_test(only_harmless_names_are_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
