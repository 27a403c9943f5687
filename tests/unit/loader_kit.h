/* SPDX-License-Identifier: MIT */
/* loader_kit.h - a loader that looks into tests/zoo, and a folder of the test's own. */
#ifndef TEST_LOADER_KIT_H
#define TEST_LOADER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/port/audit.h>
#include "base/auto.h"
#include "host/loader.h"

static const char *const zoo_only[] = { ZOO, NULL };

struct box {
	struct loader ld;
	char dir[64]; /* a folder of the test's own */
};

static EXS_UNUSED int setup(void **state)
{
	struct box *b = calloc(1, sizeof *b);

	assert_non_null(b);
	snprintf(b->dir, sizeof b->dir, "/tmp/loader-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	loader_init(&b->ld, zoo_only);
	*state = b;
	return 0;
}

static EXS_UNUSED int teardown(void **state)
{
	struct box *b = *state;
	char command[128];

	loader_release(&b->ld);
	snprintf(command, sizeof command, "rm -r %s", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static EXS_UNUSED const struct loaded *opens(struct box *b, const char *so)
{
	exs_err err = EXS_ERR_INIT;
	const struct loaded *l = NULL;

	if (loader_open(&b->ld, so, b->dir, &l, &err))
		fail_msg("%s: %s", so, err.text);
	assert_non_null(l);
	return l;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
