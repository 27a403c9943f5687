/* SPDX-License-Identifier: MIT */
/* test_conf_nomem.c - reading a conf when the n-th allocation fails, for every n. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "conf/conf.h"
#include "failing_malloc.h"

#define SWEEP_MAX 2000u /* allocations of the text below, and room */
/* No run.redact in it: glibc's regcomp itself leaves memory behind when an allocation fails. */

static const char text[] =
	"batteries: { a: { so: x/y.so, key: $env:HOME }, b: { so: b.so, list: [1, 2], tree: { k: v "
	"} } }\n"
	"ports: { store: a, audit: [a, b], delivery: { out: b } }\n"
	"tiers: { fast: [a/1, b/2], strong: a/3 }\n"
	"agents: { one: { tools: [t, u], deliver: [out:x], prompt: p }, two: { tier: strong } }\n"
	"run: { header: h, agent: two }\n";

static const exs_option options[] = {
	{ "key", EXS_OPT_SECRET, 0, NULL, "", NULL },
	{ "list", EXS_OPT_LIST, 0, "[a]", "", NULL },
	{ "tree", EXS_OPT_TREE, 0, "{ a: b }", "", NULL },
	{ "path", EXS_OPT_PATH, 0, "x", "", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static char here[4096];

static void assert_here(const char *path)
{
	unsigned kept = left;

	left = 0;
	if (strncmp(path, here, strlen(here)) != 0)
		fail_msg("'%s' does not start at '%s'", path, here);
	left = kept;
}

/* All of it; OK, or the first failure. Nothing is left behind either way. */
static exs_status read_all(exs_err *err)
{
	struct conf *c = NULL;
	exs_status st = conf_parse("c.yaml", str_of(text), &c, err);

	if (!st)
		assert_here(c->batteries[0].so);
	for (size_t i = 0; !st && i < c->battery_n; i++) {
		struct settings *s = NULL;

		st = settings_new(options, sizeof options[0], c->batteries[i].options, "battery",
				  &s, err);
		if (!st)
			assert_here(settings_public(s)->text(settings_public(s), "path").p);
		settings_free(s);
	}
	conf_free(c);
	return st;
}

static void every_failed_allocation_is_a_sentence(void **state)
{
	exs_err err = EXS_ERR_INIT;
	unsigned n = 1;
	exs_status st;

	(void)state;
	assert_non_null(getcwd(here, sizeof here));
	assert_int_equal(read_all(&err), EXS_OK);
	if (!CAN_FAIL)
		skip();
	for (; n < SWEEP_MAX; n++) {
		long before = live;
		unsigned rest;

		memset(err.text, 0, sizeof err.text);
		left = n;
		st = read_all(&err);
		rest = left;
		left = 0;
		if (live != before)
			fail_msg("allocation %u: %ld are left behind", n, live - before);
		if (rest)
			break; /* fewer allocations than n: the sweep is over */
		/* The C library gives back what getcwd did not need: that may fail in peace. */
		if (st != EXS_NOMEM && st != EXS_OK)
			fail_msg("allocation %u: status %d: %s", n, (int)st, err.text);
		if (st && !err.text[0])
			fail_msg("allocation %u: no sentence", n);
	}
	assert_true(n > 20 && n < SWEEP_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failed_allocation_is_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
