/* SPDX-License-Identifier: MIT */
/* test_target.c - the text of a target: its ends, its kind and what is the kind's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <executus/run.h>

#include "conf/target.h"

#define BIT(status) (1u << EXS_ENDED_##status)
#define FAILED	    (BIT(ERROR) | BIT(CANCELLED) | BIT(TIMEOUT) | BIT(KILLED) | BIT(DENIED))

static void a_text_says_ends_kind_and_target(void **state)
{
	static const struct {
		const char *text;
		uint32_t ends;
		const char *kind, *target;
	} rows[] = {
		{ "stdout", FAILED | BIT(OK), "stdout", "" },
		{ "file:", FAILED | BIT(OK), "file", "" },
		{ "file:out/a=b:c", FAILED | BIT(OK), "file", "out/a=b:c" },
		{ "ok=stdout", BIT(OK), "stdout", "" },
		{ "ok=file:x", BIT(OK), "file", "x" },
		{ "error,parked=webhook:https://a/?b=c", BIT(ERROR) | BIT(PARKED), "webhook",
		  "https://a/?b=c" },
		{ "failed=f:1", FAILED, "f", "1" },
		{ "all=f:1", FAILED | BIT(OK) | BIT(PARKED), "f", "1" },
		{ "ok,ok,timeout,killed,denied,cancelled=f",
		  BIT(OK) | BIT(TIMEOUT) | BIT(KILLED) | BIT(DENIED) | BIT(CANCELLED), "f", "" },
	};
	exs_err err = EXS_ERR_INIT;
	struct target t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(target_parse(str_of(rows[i].text), &t, &err), EXS_OK);
		assert_int_equal(t.ends, rows[i].ends);
		assert_true(str_is(t.kind, rows[i].kind));
		assert_true(str_is(t.target, rows[i].target));
	}
}

static void a_wrong_text_is_refused_by_its_word(void **state)
{
	static const char *const rows[][2] = {
		{ "", "'' names no kind" },	      { ":x", "':x' names no kind" },
		{ "ok=", "'ok=' names no kind" },     { "ok=:x", "names no kind" },
		{ "=f", "'' is no end of a run" },    { "ok,=f", "'' is no end of a run" },
		{ "fine=f", "'fine' is no end" },     { "ok,running=f:x", "'running' is no end" },
		{ "interrupted=f", "'interrupted'" },
	};
	struct target t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(target_parse(str_of(rows[i][0]), &t, &err), EXS_INVALID);
		if (!strstr(err.text, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], err.text);
	}
}

static void wants_only_ends_that_there_are(void **state)
{
	(void)state;
	assert_true(target_wants(BIT(OK), EXS_ENDED_OK));
	assert_false(target_wants(BIT(OK), EXS_ENDED_ERROR));
	assert_false(target_wants(~0u, EXS_ENDED_NONE));
	assert_false(target_wants(~0u, EXS_ENDED_COUNT));
	assert_false(target_wants(~0u, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_says_ends_kind_and_target),
		cmocka_unit_test(a_wrong_text_is_refused_by_its_word),
		cmocka_unit_test(wants_only_ends_that_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
