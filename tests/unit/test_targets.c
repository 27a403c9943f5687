/* SPDX-License-Identifier: MIT */
/* test_targets.c - what all runs of a process know of its models: which one rests, which one asked for a pause, what its tokens are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/log.h"
#include "run/targets.h"

#define A "one/a"
#define B "two/b"
#define C "three/c"

static char *chain[] = { (char *)(uintptr_t)A, (char *)(uintptr_t)B, (char *)(uintptr_t)C };

struct fixture {
	struct log log;
	struct targets *t;
	int64_t now;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	log_init(&f->log, 2, EXS_ERROR);
	f->t = targets_new(&f->log);
	f->now = 1000000;
	*state = f;
	return f->t ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	targets_free(f->t);
	free(f);
	return 0;
}

static uint32_t chosen(struct fixture *f)
{
	return targets_choose(f->t, chain, 3, 0, f->now);
}

static void fails(struct fixture *f, const char *name)
{
	targets_failed(f->t, name, 0, f->now);
}

static bool rests(struct fixture *f, const char *name, int64_t in_ms)
{
	char *pair[] = { (char *)(uintptr_t)name, (char *)(uintptr_t)"other/x" };

	return targets_choose(f->t, pair, 2, 0, f->now + in_ms) == 1;
}

/* So long and no longer. The last look is one run that tries it. */
static void assert_rests_for(struct fixture *f, const char *name, int64_t ms)
{
	assert_true(rests(f, name, 0));
	assert_true(rests(f, name, ms - 1));
	assert_false(rests(f, name, ms));
}

static void what_is_not_known_is_well(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chosen(f), 0);
	assert_int_equal(targets_choose(f->t, chain, 3, 1, f->now), 1);
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 0);
	assert_int_equal(targets_tokens(f->t, A, 4000), 1000);
}

static void rests_after_two_failures_in_a_row(void **state)
{
	struct fixture *f = *state;

	fails(f, A);
	assert_int_equal(chosen(f), 0);
	targets_answered(f->t, A, 0, 0);
	fails(f, A);
	assert_int_equal(chosen(f), 0);
	fails(f, A);
	assert_int_equal(chosen(f), 1);
	assert_rests_for(f, A, TARGET_REST_MS);
}

static void each_rest_is_twice_as_long_up_to_a_limit_and_an_answer_ends_it(void **state)
{
	struct fixture *f = *state;
	int64_t want = TARGET_REST_MS;
	int i;

	fails(f, A);
	for (i = 0; i < 10; i++) {
		fails(f, A);
		fails(f, A); /* was on its way before */
		assert_rests_for(f, A, want);
		f->now += want;
		want = want * 2 < TARGET_REST_MAX_MS ? want * 2 : TARGET_REST_MAX_MS;
	}
	targets_answered(f->t, A, 0, 0);
	fails(f, A);
	assert_int_equal(chosen(f), 0);
	fails(f, A);
	assert_rests_for(f, A, TARGET_REST_MS);
}

static void the_first_that_is_well_is_asked_and_the_head_when_none_is(void **state)
{
	struct fixture *f = *state;

	fails(f, A);
	fails(f, A);
	fails(f, B);
	fails(f, B);
	assert_int_equal(chosen(f), 2);
	assert_int_equal(targets_choose(f->t, chain, 2, 0, f->now), 0);
	assert_int_equal(targets_choose(f->t, chain, 2, 1, f->now), 1);
	fails(f, C);
	fails(f, C);
	assert_int_equal(chosen(f), 0);
}

static void behind_a_rest_one_run_finds_out(void **state)
{
	struct fixture *f = *state;

	fails(f, A);
	fails(f, A);
	f->now += TARGET_REST_MS;
	assert_int_equal(chosen(f), 0);
	assert_int_equal(chosen(f), 1);
	/* Whoever tried it was not heard of: the next one tries. */
	f->now += TARGET_TRY_MS;
	assert_int_equal(chosen(f), 0);
	assert_int_equal(chosen(f), 1);
	targets_answered(f->t, A, 100, 0);
	assert_int_equal(chosen(f), 0);
	assert_int_equal(chosen(f), 0);
	/* Without another it is asked all the same. */
	fails(f, A);
	fails(f, A);
	f->now += TARGET_REST_MS;
	assert_int_equal(targets_choose(f->t, chain, 1, 0, f->now), 0);
	assert_int_equal(targets_choose(f->t, chain, 1, 0, f->now), 0);
}

static void a_pause_is_kept_by_all_and_a_long_one_is_passed_over(void **state)
{
	struct fixture *f = *state;

	targets_failed(f->t, A, 2000, f->now);
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 2000);
	assert_int_equal(targets_pause_ms(f->t, A, f->now + 1500), 500);
	assert_int_equal(chosen(f), 0);
	f->now += 2000;
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 0);
	targets_answered(f->t, A, 0, 0);
	targets_failed(f->t, A, 20000, f->now);
	assert_int_equal(chosen(f), 1);
	targets_failed(f->t, A, 1000, f->now); /* a shorter one does not take it back */
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 20000);
}

/* What was on its way when the server asked for the pause says nothing against it. */
static void an_answer_does_not_end_a_pause(void **state)
{
	struct fixture *f = *state;

	targets_failed(f->t, A, 20000, f->now);
	targets_answered(f->t, A, 0, 0);
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 20000);
	assert_int_equal(chosen(f), 1);
	f->now += 20000;
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 0);
	assert_int_equal(chosen(f), 0);
}

static void when_none_is_well_the_shortest_pause_decides(void **state)
{
	struct fixture *f = *state;

	targets_failed(f->t, A, 50000, f->now);
	targets_failed(f->t, B, 30000, f->now);
	targets_failed(f->t, C, 40000, f->now);
	assert_int_equal(chosen(f), 1);
	assert_int_equal(targets_choose(f->t, chain, 3, 2, f->now), 2);
	fails(f, C);
	f->now += 40000; /* A: 10 s, B and C: well */
	assert_int_equal(chosen(f), 1);
	fails(f, B); /* rests, but nobody was asked to wait */
	fails(f, C);
	assert_int_equal(chosen(f), 1);
}

/* Nobody waits for an hour because a server says so. */
static void a_pause_that_is_too_long_is_a_rest(void **state)
{
	struct fixture *f = *state;

	targets_failed(f->t, A, 3600000, f->now);
	assert_int_equal(targets_pause_ms(f->t, A, f->now), 0);
	assert_rests_for(f, A, TARGET_REST_MAX_MS);
}

/* In percent, how far the guess is from what such a server would report. */
static double off_by(struct fixture *f, const char *name, double bytes_a_token)
{
	int64_t bytes = 123456, want = (int64_t)((double)bytes / bytes_a_token);

	return 100.0 * (double)(targets_tokens(f->t, name, bytes) - want) / (double)want;
}

static void learns_what_tokens_are_within_five_answers(void **state)
{
	static const double sizes[] = { 1.2, 2.7, 4.0, 5.0, 11.0 };
	struct fixture *f = *state;
	char name[16];
	size_t i;
	int n;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		snprintf(name, sizeof name, "m/%zu", i);
		for (n = 1; n <= 5; n++) { /* with a tenth more or less */
			int64_t bytes = 3000 * n;
			double tokens = (double)bytes / sizes[i];

			targets_answered(f->t, name, bytes,
					 (int64_t)(tokens * (n % 2 ? 1.1 : 0.9)));
		}
		assert_true(off_by(f, name, sizes[i]) < 15);
		assert_true(off_by(f, name, sizes[i]) > -15);
	}
	/* Another model is not touched, and what says nothing changes nothing. */
	assert_int_equal(targets_tokens(f->t, A, 4000), 1000);
	targets_answered(f->t, A, 10, 90);
	targets_answered(f->t, A, 4000, 0);
	targets_answered(f->t, A, 4000, INT64_MAX);
	assert_int_equal(targets_tokens(f->t, A, 4000), 1000);
	targets_answered(f->t, A, 4000, 1);
	assert_int_equal(targets_tokens(f->t, A, 4000), 250);
}

static void of_more_models_than_there_is_room_nothing_is_known(void **state)
{
	struct fixture *f = *state;
	char name[16];
	int i;

	for (i = 0; i < (int)TARGETS_MAX; i++) {
		snprintf(name, sizeof name, "m/%d", i);
		fails(f, name);
	}
	fails(f, A);
	fails(f, A);
	assert_int_equal(chosen(f), 0);
	fails(f, "m/7");
	assert_rests_for(f, "m/7", TARGET_REST_MS);
}

static void *many(void *arg)
{
	struct fixture *f = arg;
	int i;

	for (i = 0; i < 20000; i++) {
		targets_failed(f->t, chain[i % 3], i % 7, i);
		(void)targets_choose(f->t, chain, 3, 0, i);
		targets_answered(f->t, chain[i % 3], 4000, 1000);
		(void)targets_tokens(f->t, chain[i % 3], 100);
		(void)targets_pause_ms(f->t, chain[i % 3], i);
	}
	return NULL;
}

static void threads_may_tell_and_ask_at_once(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];
	size_t i;

	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many, f), 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(targets_tokens(f->t, A, 4000), 1000);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(what_is_not_known_is_well),
		CLAIM(rests_after_two_failures_in_a_row),
		CLAIM(each_rest_is_twice_as_long_up_to_a_limit_and_an_answer_ends_it),
		CLAIM(the_first_that_is_well_is_asked_and_the_head_when_none_is),
		CLAIM(behind_a_rest_one_run_finds_out),
		CLAIM(a_pause_is_kept_by_all_and_a_long_one_is_passed_over),
		CLAIM(an_answer_does_not_end_a_pause),
		CLAIM(when_none_is_well_the_shortest_pause_decides),
		CLAIM(a_pause_that_is_too_long_is_a_rest),
		CLAIM(learns_what_tokens_are_within_five_answers),
		CLAIM(of_more_models_than_there_is_room_nothing_is_known),
		CLAIM(threads_may_tell_and_ask_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
