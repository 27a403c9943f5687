/* SPDX-License-Identifier: MIT */
/* test_guard_lost.c - what becomes of a battery that fails or does not return: it rests, then it is
 * lost, and the others go on. */
#include "guard_kit.h"

#define STALL_MS_TEST 50

/* ---- failures in a row ---- */

/* As if the pause were over. */
static void pause_over(struct box *b)
{
	assert_true(b->k.in[0].rest_until_ms > clock_coarse_ms());
	b->k.in[0].rest_until_ms = 1;
}

static void failures_in_a_row_rest_it_with_a_doubling_pause_and_ten_lose_it(void **state)
{
	struct box *b = *state;
	int64_t wanted = REST_FIRST_MS;
	exs_err err;
	int i, before;

	for (i = 1; i <= LOST_AFTER - 1; i++) {
		fails(b, EXS_IO);
		before = b->act[0].calls;
		if (i < REST_AFTER)
			continue;
		assert_int_equal(call(b, 0, &err), EXS_AGAIN);
		assert_int_equal(err.klass, EXS_CLASS_NOT_DONE);
		assert_says(&err, "battery 'first' rests after");
		assert_true(err.retry_after_ms > wanted - 1000 && err.retry_after_ms <= wanted);
		assert_int_equal(b->act[0].calls, before);
		pause_over(b);
		wanted = wanted * 2 > REST_MAX_MS ? REST_MAX_MS : wanted * 2;
	}
	assert_int_equal(wanted, REST_MAX_MS);
	fails(b, EXS_IO);
	b->k.in[0].rest_until_ms = 0;
	assert_int_equal(call(b, 0, &err), EXS_LOST);
	assert_int_equal(err.klass, EXS_CLASS_NOT_DONE);
	assert_says(&err, "lost until the next start");
	assert_int_equal(b->act[0].calls, LOST_AFTER);
	assert_int_equal(kit_logged(&b->k, "resting it for 1 s"), 1);
	assert_int_equal(kit_logged(&b->k, "too many failures in a row"), 1);
	assert_int_equal(call(b, 1, &err), EXS_OK);
}

static void after_its_pause_it_is_called_again_and_a_success_forgets_all(void **state)
{
	struct box *b = *state;
	exs_err err;
	int i;

	for (i = 0; i < REST_AFTER; i++)
		fails(b, EXS_INTERNAL);
	b->act[0].status = EXS_OK;
	assert_int_equal(call(b, 0, &err), EXS_AGAIN);
	b->k.in[0].rest_until_ms = clock_coarse_ms() + 30;
	kit_pause(60);
	assert_int_equal(call(b, 0, &err), EXS_OK);
	for (i = 0; i < REST_AFTER - 1; i++)
		fails(b, EXS_NOMEM);
	b->act[0].status = EXS_OK;
	assert_int_equal(call(b, 0, &err), EXS_OK);
}

static void no_is_an_answer_and_no_failure(void **state)
{
	static const exs_status answers[] = { EXS_INVALID,   EXS_NOTFOUND, EXS_DENIED,
					      EXS_CANCELLED, EXS_AGAIN,	   EXS_UNSUPPORTED,
					      EXS_CONFLICT,  EXS_CORRUPT,  EXS_TOOBIG };
	struct box *b = *state;
	size_t i;

	for (i = 0; i < 2 * LOST_AFTER; i++)
		fails(b, answers[i % ARRAY_LEN(answers)]);
	fails(b, EXS_IO);
	fails(b, EXS_IO);
	fails(b, EXS_DENIED);
	fails(b, EXS_IO); /* one in a row */
	assert_int_equal(b->k.in[0].failures, 1);
}

static void what_fails_closed_never_rests(void **state)
{
	struct box *b = *state;
	int i;

	b->k.in[0].may_rest = false; /* store, checkpoint and budget */
	for (i = 0; i < 3 * LOST_AFTER; i++)
		fails(b, EXS_IO);
	assert_int_equal(b->act[0].calls, 3 * LOST_AFTER);
}

/* ---- readers ---- */

struct reader {
	struct box *b;
	exs_status answer;
	int64_t sleep_ms;
	int rows;
};

static exs_status read_row(void *arg, exs_str text)
{
	struct reader *r = arg;

	(void)text;
	r->rows++;
	if (r->sleep_ms)
		kit_pause(r->sleep_ms);
	guard_watch(&r->b->k.h);
	return r->answer;
}

static void what_the_reader_answers_ends_the_list_and_is_not_the_batterys_failure(void **state)
{
	struct box *b = *state;
	struct reader r = { b, EXS_IO, 0, 0 };
	exs_err err = EXS_ERR_INIT;
	int i;

	for (i = 0; i < LOST_AFTER + 1; i++)
		assert_int_equal(call_ckpt_list(&b->k.in[0], 0, read_row, &r, &err), EXS_IO);
	assert_int_equal(r.rows, LOST_AFTER + 1);
	assert_int_equal(b->k.in[0].failures, 0);
	assert_says(&err, "ended by its reader");
	r.answer = 999;
	assert_int_equal(call_ckpt_list(&b->k.in[0], 0, read_row, &r, &err), EXS_INTERNAL);
	assert_int_equal(b->k.in[0].failures, 0);
}

static void a_slow_reader_is_no_stall_of_the_battery(void **state)
{
	struct box *b = *state;
	struct reader r = { b, EXS_OK, 3 * STALL_MS_TEST, 0 };
	exs_err err = EXS_ERR_INIT;

	b->k.h.stall_ms = STALL_MS_TEST;
	assert_int_equal(call_ckpt_list(&b->k.in[0], 0, read_row, &r, &err), EXS_OK);
	assert_int_equal(r.rows, 2);
	assert_false(b->k.in[0].lost);
}

/* ---- stalls ---- */

static void *call_and_tell(void *arg)
{
	struct box *b = arg;
	exs_err err;
	exs_status status = call(b, 0, &err);

	if (!strstr(err.text, "does not return from a call"))
		return NULL;
	return (void *)(intptr_t)status;
}

static void a_stalling_instance_is_lost_and_whoever_waits_is_told(void **state)
{
	struct box *b = *state;
	pthread_t inside, waiting;
	unsigned max = b->k.h.steps.max;
	exs_err err;
	void *status;

	b->k.h.stall_ms = STALL_MS_TEST;
	b->act[0].hold = 1;
	assert_int_equal(pthread_create(&inside, NULL, call_once, b), 0);
	kit_until(&b->act[0].inside, 1);
	guard_watch(&b->k.h);
	assert_false(b->k.in[0].lost); /* not yet */
	assert_int_equal(pthread_create(&waiting, NULL, call_and_tell, b), 0);
	kit_pause(2 * STALL_MS_TEST);
	guard_watch(&b->k.h);
	guard_watch(&b->k.h);
	assert_true(b->k.in[0].lost);
	pthread_join(waiting, &status); /* while the first is still inside */
	assert_int_equal((intptr_t)status, EXS_LOST);
	assert_int_equal(b->act[0].calls, 1);
	assert_int_equal(call(b, 1, &err), EXS_OK); /* the others go on */
	assert_int_equal(b->k.h.steps.max, max + 1);
	b->act[0].go = 1;
	pthread_join(inside, &status);
	assert_int_equal((intptr_t)status, EXS_OK);
	assert_int_equal(call(b, 0, &err), EXS_LOST); /* until the next start */
	assert_int_equal(kit_logged(&b->k, "battery 'first' is lost until the next start: "
					   "audit.record has not returned"),
			 1);
}

static void who_waits_does_not_wait_for_ever_when_nothing_watches(void **state)
{
	struct box *b = *state;
	pthread_t inside;
	exs_err err;

	b->k.h.stall_ms = 1 - WATCHDOG_MS + STALL_MS_TEST;
	b->act[0].hold = 1;
	assert_int_equal(pthread_create(&inside, NULL, call_once, b), 0);
	kit_until(&b->act[0].inside, 1);
	assert_int_equal(call(b, 0, &err), EXS_AGAIN);
	assert_says(&err, "is busy");
	assert_int_equal(err.klass, EXS_CLASS_NOT_DONE);
	b->act[0].go = 1;
	pthread_join(inside, NULL);
	assert_false(b->k.in[0].lost);
}

static void each_thread_that_hangs_is_replaced_once(void **state)
{
	struct box *b = *state;
	unsigned max = b->k.h.steps.max;
	pthread_t t[3];
	int i;

	b->k.h.stall_ms = STALL_MS_TEST;
	b->act[0].hold = 1;
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, call_once, b), 0);
	kit_until(&b->act[0].inside, 3);
	kit_pause(2 * STALL_MS_TEST);
	guard_watch(&b->k.h);
	guard_watch(&b->k.h);
	assert_int_equal(b->k.h.steps.max, max + 3);
	b->act[0].go = 1;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(kit_logged(&b->k, "lost until"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(failures_in_a_row_rest_it_with_a_doubling_pause_and_ten_lose_it),
		CASE(after_its_pause_it_is_called_again_and_a_success_forgets_all),
		CASE(no_is_an_answer_and_no_failure),
		CASE(what_fails_closed_never_rests),
		CASE(what_the_reader_answers_ends_the_list_and_is_not_the_batterys_failure),
		CASE(a_slow_reader_is_no_stall_of_the_battery),
		CASE(a_stalling_instance_is_lost_and_whoever_waits_is_told),
		CASE(who_waits_does_not_wait_for_ever_when_nothing_watches),
		CONCURRENT(each_thread_that_hangs_is_replaced_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
