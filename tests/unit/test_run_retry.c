/* SPDX-License-Identifier: MIT */
/* test_run_retry.c - whole runs that fail and are retried: from the last good step, once, and told anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/ids.h"
#include "host/calls.h"
#include "rows/prune.h"
#include "support/run_kit.h"

#define FAILS                                                                                      \
	"turns:\n"                                                                                 \
	"  - calls: [{ tool: unsafe, args: { text: one } }]\n"                                     \
	"  - fail: { text: it is broken, class: permanent }\n"
#define WORKS                                                                                      \
	"turns:\n"                                                                                 \
	"  - calls: [{ tool: unsafe, args: { text: one } }]\n"                                     \
	"  - say: 'done: ${result:0}'\n"

static const struct resume_how again = { RESUME_RETRY, 0, 0 };

static void run_with(struct kit *k, const char *script, const char *agents)
{
	kit_open(k, script, KIT_LMDB, agents, NULL);
	kit_run(k, "go");
}

/* The next process with that script; k->run is not there. */
static void next(struct kit *k, const char *script)
{
	kit_drop(k);
	kit_shut(k);
	kit_script(k, script);
	kit_reopen(k);
}

static exs_status retry(struct kit *k, const struct resume_how *how, exs_err *err)
{
	char id[ID_MAX];

	kit_newest(k, id);
	k->how = how;
	return kit_resume(k, id, err);
}

static void retry_well(struct kit *k, const struct resume_how *how)
{
	exs_err err = EXS_ERR_INIT;

	if (retry(k, how, &err))
		fail_msg("%s", err.text);
}

static void goes_on_from_the_last_good_step_and_repeats_no_effect(void **state)
{
	struct kit k;

	(void)state;
	run_with(&k, FAILS, NULL);
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	next(&k, WORKS);
	retry_well(&k, &again);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done: wrote one");
	assert_int_equal(k.result->attempt, 2);
	assert_int_equal(k.result->steps, 2);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	/* Ended well, it prints its result as any run does, and is not retried. */
	next(&k, WORKS);
	retry_well(&k, NULL);
	assert_string_equal(k.result->output, "done: wrote one");
	kit_close(&k);
}

static void says_why_a_run_is_not_retried(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	run_with(&k, WORKS, NULL);
	next(&k, WORKS);
	assert_int_equal(retry(&k, &again, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "ended well: there is nothing to retry"));
	kit_start(&k, "go");
	engine_shutdown(k.engine);
	kit_wait(&k);
	if (k.result->status == EXS_ENDED_INTERRUPTED) { /* it may have been faster */
		next(&k, WORKS);
		assert_int_equal(retry(&k, &again, &err), EXS_INVALID);
		assert_non_null(strstr(err.text, "has not ended: resume it without --retry"));
	}
	kit_close(&k);
}

static void a_run_that_used_its_limit_needs_more(void **state)
{
	static const struct resume_how more = { RESUME_RETRY, 5, 0 };
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	run_with(&k, WORKS, "agents: { a: { tools: [unsafe], max_steps: 1 } }\n");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_string_equal(k.result->reason, "step_limit");
	next(&k, WORKS);
	assert_int_equal(retry(&k, &again, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "give it more with --steps"));
	retry_well(&k, &more);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	kit_close(&k);
}

static void a_run_whose_time_is_over_needs_more(void **state)
{
	static const struct resume_how more = { RESUME_RETRY, 0, 600000 };
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	run_with(&k, "turns:\n  - stall: forever\n", "agents: { a: { tools: [], max_runtime: 100ms } }\n");
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	next(&k, "turns:\n  - say: in time\n");
	assert_int_equal(retry(&k, &again, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "give it more with --runtime"));
	retry_well(&k, &more);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "in time");
	kit_close(&k);
}

static void two_that_retry_at_once_are_one_attempt(void **state)
{
	exs_err err = EXS_ERR_INIT, other = EXS_ERR_INIT;
	struct run *second = NULL;
	exs_status status;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	run_with(&k, FAILS, NULL);
	next(&k, WORKS);
	kit_newest(&k, id);
	k.how = &again;
	status = engine_resume(k.engine, id, &again, NULL, &second, &other);
	if (kit_resume(&k, id, &err) == EXS_OK)
		assert_int_equal(k.result->attempt, 2);
	else
		assert_true(err.status == EXS_CONFLICT || err.status == EXS_INVALID);
	assert_int_equal(status, EXS_OK);
	assert_true(engine_wait(second, 30000));
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	run_drop(second);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_from_the_last_good_step_and_repeats_no_effect),
		cmocka_unit_test(says_why_a_run_is_not_retried),
		cmocka_unit_test(a_run_that_used_its_limit_needs_more),
		cmocka_unit_test(a_run_whose_time_is_over_needs_more),
		cmocka_unit_test(two_that_retry_at_once_are_one_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
