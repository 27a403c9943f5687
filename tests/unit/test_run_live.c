/* SPDX-License-Identifier: MIT */
/* test_run_live.c - what a listener hears of a model while it speaks: all of it, nothing that is hidden, and what is void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "run/run.h"
#include "support/run_kit.h"

#define KEY    "sk-live-0123456789"
#define AGENTS "agents: { a: { tools: [pure], max_runtime: 20s } }\n"
#define STREAM "    stream: { chunk: 3, every: 1ms }\n"

static const struct kit_extra extra = { "  safe: { so: safe.so, log: safe.log, key: $env:EXECUTUS_TEST_KEY }\n",
					NULL };

static void assert_heard(const char *script, const char *more, const char *output, const char *heard)
{
	struct kit k;

	kit_open_with(&k, script, KIT_MEMORY, AGENTS, more, &extra);
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, output);
	assert_string_equal(k.delta, heard);
	kit_close(&k);
}

static void each_turn_is_heard_in_its_order(void **state)
{
	(void)state;
	assert_heard("turns:\n  - say: I look first.\n" STREAM
		     "    calls: [{ tool: pure, args: { text: a } }]\n"
		     "  - say: Nothing there.\n" STREAM,
		     NULL, "Nothing there.", "I look first.Nothing there.");
}

static void what_was_heard_of_a_turn_that_failed_is_void(void **state)
{
	(void)state;
	assert_heard("turns:\n  - say: the whole answer\n" STREAM
		     "    fail: { class: transient, text: it broke, times: 1 }\n",
		     NULL, "the whole answer", "the whole answer[void]the whole answer");
	/* Nothing was: nothing is. */
	assert_heard("turns:\n  - say: the whole answer\n"
		     "    fail: { class: transient, text: it broke, times: 1 }\n",
		     NULL, "the whole answer", "");
}

static void no_secret_is_heard_and_no_pattern(void **state)
{
	(void)state;
	assert_heard("turns:\n  - say: 'the key is " KEY ", order 12-34'\n" STREAM, NULL,
		     "the key is [secret], order 12-34", "the key is [secret], order 12-34");
	assert_heard("turns:\n  - say: \"the key is " KEY "\\norder 12-34\\nfor sk-live\"\n" STREAM,
		     "run:\n  redact: ['[0-9]+-[0-9]+']\n", "the key is [secret]\norder 12-34\nfor sk-live",
		     "the key is [secret]\norder [redacted]\nfor sk-live");
}

/* A line is not shown in part, and one that is too long to wait for not at all; the next turn is heard again. */
static void what_is_too_much_ends_the_turn_and_not_the_run(void **state)
{
	const size_t n = DELTA_MAX + 1000;
	char *script = malloc(n + 400);
	size_t at;

	(void)state;
	at = (size_t)sprintf(script, "turns:\n  - say: \"first\\n");
	memset(script + at, 'x', n);
	sprintf(script + at + n, "\"\n    stream: { chunk: 500, every: 0ms }\n"
				 "    calls: [{ tool: pure, args: { text: a } }]\n"
				 "  - say: done\n" STREAM);
	assert_heard(script, "run:\n  redact: ['[0-9]']\n", "done", "first\ndone");
	free(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_turn_is_heard_in_its_order),
		cmocka_unit_test(what_was_heard_of_a_turn_that_failed_is_void),
		cmocka_unit_test(no_secret_is_heard_and_no_pattern),
		cmocka_unit_test(what_is_too_much_ends_the_turn_and_not_the_run),
	};

	setenv("EXECUTUS_TEST_KEY", KEY, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
