/* SPDX-License-Identifier: MIT */
/* test_run_targets.c - runs and a chain of models: who is asked, who is passed over, and what one run learns from another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "run/engine_priv.h"
#include "support/run_kit.h"

#define AGENTS                                                                                     \
	"  pair: [script/x, second/y]\n"                                                           \
	"agents: { a: { tier: pair, tools: [pure], max_runtime: 20s%s } }\n"
#define SECOND "turns:\n  - say: from the second\n  - say: again\n"

/* The folder is known only once it is there: the second script is put into /tmp first. */
static void open_pair(struct kit *k, const char *first, const char *second, const char *more)
{
	char batteries[256], agents[256], path[] = "/tmp/executus-second-XXXXXX";
	struct kit_extra extra = { batteries, NULL };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, second, strlen(second)), strlen(second));
	close(fd);
	snprintf(batteries, sizeof batteries, "  second: { so: model_script.so, script: %s }\n", path);
	snprintf(agents, sizeof agents, AGENTS, more);
	kit_open_with(k, first, KIT_MEMORY, agents, NULL, &extra);
	unlink(path);
}

static int asked(const struct kit *k, const char *target)
{
	const struct kit_fact *f;
	int i, n = 0;

	for (i = 0; i < kit_count(k, EXS_FACT_TURN_STARTED); i++) {
		f = kit_fact(k, EXS_FACT_TURN_STARTED, i);
		n += strcmp(f->name, target) == 0;
	}
	return n;
}

static void run_again(struct kit *k)
{
	kit_drop(k);
	k->fact_n = 0;
	kit_run(k, "go");
}

static void a_model_that_fails_is_tried_once_more_and_then_the_next_one_answers(void **state)
{
	struct kit k;
	int i;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: transient, text: it is down }\n", SECOND, "");
	kit_run(&k, "go");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "from the second");
	assert_int_equal(asked(&k, "script/x"), 2);
	assert_int_equal(asked(&k, "second/y"), 1);
	assert_string_equal(kit_fact(&k, EXS_FACT_TURN_ENDED, 0)->name, "second/y");
	/* It rests now: no other run asks it. */
	for (i = 0; i < 9; i++) {
		run_again(&k);
		assert_string_equal(k.result->output, "from the second");
		assert_int_equal(asked(&k, "script/x"), 0);
		assert_true(kit_body_has(kit_fact(&k, EXS_FACT_TURN_STARTED, 0),
					 "\"target\":1,\"try\":1"));
	}
	kit_close(&k);
}

static void when_all_rest_the_head_is_asked_and_the_error_names_each(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: transient, text: it is down }\n",
		  "turns:\n  - fail: { class: transient, text: so am I }\n", "");
	kit_run(&k, "go");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_string_equal(k.result->error, "script/x: it is down; second/y: so am I");
	run_again(&k);
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_int_equal(asked(&k, "script/x"), 2);
	assert_int_equal(asked(&k, "second/y"), 2);
	kit_close(&k);
}

static void a_failure_for_ever_is_told_at_once_and_rests_nobody(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: permanent, text: no such key }\n", SECOND, "");
	kit_run(&k, "go");
	assert_string_equal(k.result->error, "script/x: no such key");
	run_again(&k);
	assert_int_equal(asked(&k, "script/x"), 1);
	assert_int_equal(asked(&k, "second/y"), 0);
	kit_close(&k);
}

static void a_model_that_is_not_there_is_passed_without_a_second_try(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: no_model, text: never heard of it }\n", SECOND, "");
	kit_run(&k, "go");
	assert_string_equal(k.result->output, "from the second");
	assert_int_equal(asked(&k, "script/x"), 1);
	run_again(&k);
	assert_int_equal(asked(&k, "script/x"), 1);
	kit_close(&k);
}

/* at_ms of the first fact of that kind, as the listener saw it. */
struct clock {
	int64_t started, failed;
};

static struct clock seen;

static void note_times(struct kit *k, const exs_fact *f)
{
	(void)k;
	if (f->kind == EXS_FACT_TURN_STARTED && !seen.started)
		seen.started = f->run_ms;
	if (f->kind == EXS_FACT_TURN_FAILED && !seen.failed)
		seen.failed = f->run_ms;
}

static void a_pause_that_one_run_was_asked_for_is_kept_by_the_next(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: limit, text: slow down, retry_after: 400ms }\n",
		  SECOND, ", max_retries: 0");
	kit_run(&k, "go"); /* fails over at once: it has no retries */
	assert_string_equal(k.result->output, "from the second");
	seen = (struct clock){ 0, 0 };
	k.on_fact = note_times;
	run_again(&k);
	assert_int_equal(asked(&k, "script/x"), 1);
	assert_true(seen.started >= 300);
	kit_close(&k);
}

static void a_long_pause_is_not_waited_for_while_another_model_is_there(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: limit, text: slow down, retry_after: 30s }\n",
		  SECOND, ", max_retries: 0");
	kit_run(&k, "go");
	run_again(&k);
	assert_string_equal(k.result->output, "from the second");
	assert_int_equal(asked(&k, "script/x"), 0);
	kit_close(&k);
}

/* Also by the run that was asked for it. */
static void a_run_does_not_wait_out_a_long_pause_itself(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: limit, text: slow down, retry_after: 30s }\n",
		  SECOND, "");
	kit_run(&k, "go"); /* it may last 20 s */
	assert_string_equal(k.result->output, "from the second");
	assert_int_equal(asked(&k, "script/x"), 1);
	kit_close(&k);
}

/* A run that waited for one model and is woken to ask another one owes that one its own pause, no other. */
static void a_wait_that_was_given_up_delays_nothing(void **state)
{
	struct kit k;
	int i;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: limit, text: slow down, retry_after: 4s }\n",
		  "turns:\n  - fail: { class: transient, text: so am I, times: 1 }\n    say: well\n", "");
	kit_start(&k, "go");
	for (i = 0; i < 500 && kit_count(&k, EXS_FACT_TURN_FAILED) == 0; i++)
		usleep(10000);
	targets_failed(k.engine->targets, "script/x", 0, clock_mono_ms()); /* by another run */
	assert_int_equal(k.host->run_pub.steer(&k.host->run_pub, run_info(k.run)->run, str_of("and?")),
			 EXS_OK);
	kit_wait(&k);
	assert_string_equal(k.result->output, "well");
	assert_int_equal(asked(&k, "second/y"), 2);
	assert_in_range(k.result->run_ms, 500, 2500);
	kit_close(&k);
}

static void the_retries_of_a_run_are_numbered(void **state)
{
	struct kit k;

	(void)state;
	open_pair(&k, "turns:\n  - fail: { class: transient, text: it is down }\n",
		  "turns:\n  - fail: { class: transient, text: so am I }\n", ", max_retries: 1");
	kit_run(&k, "go");
	assert_int_equal(asked(&k, "script/x"), 2);
	assert_int_equal(asked(&k, "second/y"), 1);
	assert_string_equal(k.result->error,
			    "script/x: it is down; second/y: so am I (not tried again: the run has "
			    "used its only retry)");
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_that_fails_is_tried_once_more_and_then_the_next_one_answers),
		cmocka_unit_test(when_all_rest_the_head_is_asked_and_the_error_names_each),
		cmocka_unit_test(a_failure_for_ever_is_told_at_once_and_rests_nobody),
		cmocka_unit_test(a_model_that_is_not_there_is_passed_without_a_second_try),
		cmocka_unit_test(a_pause_that_one_run_was_asked_for_is_kept_by_the_next),
		cmocka_unit_test(a_long_pause_is_not_waited_for_while_another_model_is_there),
		cmocka_unit_test(a_run_does_not_wait_out_a_long_pause_itself),
		cmocka_unit_test(a_wait_that_was_given_up_delays_nothing),
		cmocka_unit_test(the_retries_of_a_run_are_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
