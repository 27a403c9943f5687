/* SPDX-License-Identifier: MIT */
/* test_cli_stop.c - the thread for signals ends when it is told to, whatever else fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/stop.c"

#define HANG_S 20

static _Atomic int fails;

__attribute__((visibility("default"))) ssize_t write(int fd, const void *p, size_t n)
{
	(void)fd;
	(void)p;
	if (!fails)
		return (ssize_t)n;
	errno = ENOSPC;
	return -1;
}

static void it_ends_where_nothing_can_be_written(void **state)
{
	struct log log = { .fd = STDERR_FILENO };
	exs_err err = EXS_ERR_INIT;
	struct stop s;

	(void)state;
	assert_int_equal(stop_begin(&s, &log, &err), EXS_OK);
	fails = 1;
	alarm(HANG_S);
	assert_int_equal(stop_end(&s), 0);
	alarm(0);
	fails = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_where_nothing_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
