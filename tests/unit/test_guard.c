/* SPDX-License-Identifier: MIT */
/* test_guard.c - the door to every battery: one at a time, known who is inside, and never believed.
 */
#include "guard_kit.h"

#define THREADS 4
#define ROUNDS	2000

/* ---- one at a time ---- */

static void *call_often(void *arg)
{
	struct box *b = arg;
	exs_err err;
	intptr_t i, ok = 0;

	for (i = 0; i < ROUNDS; i++)
		ok += call(b, 0, &err) == EXS_OK;
	return (void *)ok;
}

static void two_threads_are_never_inside_a_serialised_instance(void **state)
{
	struct box *b = *state;
	pthread_t t[THREADS];
	void *ok;
	int i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, call_often, b), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], &ok);
		assert_int_equal((intptr_t)ok, ROUNDS);
	}
	assert_int_equal(b->act[0].most, 1);
	assert_int_equal(b->act[0].calls, THREADS * ROUNDS);
}

static void calls_into_a_concurrent_instance_overlap(void **state)
{
	struct box *b = *state;
	pthread_t t[2];
	int i;

	b->act[0].hold = 1;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, call_once, b), 0);
	kit_until(&b->act[0].inside, 2);
	b->act[0].go = 1;
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(b->act[0].most, 2);
}

static exs_status list_again(void *arg, exs_str text)
{
	struct box *b = arg;
	exs_err err = EXS_ERR_INIT;

	(void)text;
	assert_int_equal(call_ckpt_list(&b->k.in[0], 0, list_again, b, &err), EXS_UNSUPPORTED);
	assert_says(&err, "inside a call already");
	return EXS_OK;
}

static void a_call_from_inside_the_same_instance_is_refused_at_once(void **state)
{
	struct box *b = *state;
	exs_err err = EXS_ERR_INIT;

	b->k.h.stall_ms = 600000;
	assert_int_equal(call_ckpt_list(&b->k.in[0], 0, list_again, b, &err), EXS_OK);
	assert_int_equal(b->act[0].calls, 1);
}

static void a_short_call_does_not_wait_for_a_long_one(void **state)
{
	struct box *b = *state;
	exs_err err = EXS_ERR_INIT;

	b->k.h.stall_ms = 600000;
	assert_int_equal(guard_enter_long(&b->k.in[0], "a call", &err), EXS_OK);
	assert_int_equal(call(b, 0, &err), EXS_AGAIN);
	assert_int_equal(err.klass, EXS_CLASS_NOT_DONE);
	assert_says(&err, "inside a long call");
	guard_leave_long(&b->k.in[0]);
	assert_int_equal(call(b, 0, &err), EXS_OK);
}

/* ---- never believed ---- */

static void a_status_that_does_not_exist_is_internal_and_names_the_battery(void **state)
{
	struct box *b = *state;
	exs_err err;

	b->act[0].status = 999;
	assert_int_equal(call(b, 0, &err), EXS_INTERNAL);
	assert_int_equal(err.status, EXS_INTERNAL);
	assert_string_equal(
		err.text,
		"battery 'first' answered audit.record with status 999, which does not exist");
	b->act[0].status = -1;
	assert_int_equal(call(b, 0, &err), EXS_INTERNAL);
}

static void an_error_without_a_sentence_gets_one(void **state)
{
	struct box *b = *state;
	exs_err err;

	b->act[0].status = EXS_DENIED;
	assert_int_equal(call(b, 0, &err), EXS_DENIED);
	assert_string_equal(err.text, "battery 'first' failed in audit.record: denied");
}

static void an_error_record_is_made_presentable(void **state)
{
	struct box *b = *state;
	exs_err err;

	b->act[0].status = EXS_CONFLICT;
	b->act[0].said.status = EXS_OK; /* says another thing than it returns */
	b->act[0].said.klass = 77;
	b->act[0].said.retry_after_ms = -1;
	memset(b->act[0].said.text, 'x', sizeof b->act[0].said.text);
	assert_int_equal(call(b, 0, &err), EXS_CONFLICT);
	assert_int_equal(err.status, EXS_CONFLICT);
	assert_int_equal(err.klass, EXS_CLASS_NONE);
	assert_int_equal(err.retry_after_ms, 0);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	b->act[0].said.klass = EXS_CLASS_TRANSIENT;
	b->act[0].said.retry_after_ms = 5;
	call(b, 0, &err);
	assert_int_equal(err.klass, EXS_CLASS_TRANSIENT);
	assert_int_equal(err.retry_after_ms, 5);
}

static void a_handle_of_a_call_that_failed_is_not_taken(void **state)
{
	struct box *b = *state;
	exs_trail *before = (exs_trail *)(void *)b, *t = before;
	exs_err err = EXS_ERR_INIT;

	b->act[0].status = EXS_DENIED;
	assert_int_equal(call_audit_start(&b->k.in[0], NULL, &t, &err), EXS_DENIED);
	assert_ptr_equal(t, before);
	b->act[0].status = EXS_OK;
	assert_int_equal(call_audit_start(&b->k.in[0], NULL, &t, &err), EXS_OK);
	assert_ptr_equal(t, &b->act[0]);
}

static void a_verdict_that_does_not_exist_is_internal(void **state)
{
	struct box *b = *state;
	exs_watch *w = (exs_watch *)(void *)&b->act[0];
	exs_err err = EXS_ERR_INIT;
	exs_verdict v = { .what = 42 };
	int64_t deadline = 1;

	b->act[0].verdict = EXS_VERDICT_KILL + 1;
	assert_int_equal(call_critic_tick(&b->k.in[0], w, 0, &v, &deadline, &err), EXS_INTERNAL);
	assert_says(&err, "verdict 5");
	assert_int_equal(v.what, 42);
	assert_int_equal(deadline, 1);
	b->act[0].verdict = EXS_VERDICT_KILL;
	assert_int_equal(call_critic_tick(&b->k.in[0], w, 0, &v, &deadline, &err), EXS_OK);
	assert_int_equal(v.what, EXS_VERDICT_KILL);
	assert_int_equal(strlen(v.words), sizeof v.words - 1);
	assert_int_equal(deadline, 1234);
}

/* ---- who is inside ---- */

static void more_calls_at_once_than_are_watched_still_go_through(void **state)
{
	struct box *b = *state;
	pthread_t t[CRUMBS + 4];
	void *status;
	size_t i;

	b->act[0].hold = 1;
	for (i = 0; i < ARRAY_LEN(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, call_once, b), 0);
	kit_until(&b->act[0].inside, (int)ARRAY_LEN(t));
	assert_false(guard_inside(&b->k.in[0]));
	b->act[0].go = 1;
	for (i = 0; i < ARRAY_LEN(t); i++) {
		pthread_join(t[i], &status);
		assert_int_equal((intptr_t)status, EXS_OK);
	}
	for (i = 0; i < CRUMBS; i++)
		assert_null(b->k.in[0].crumbs[i].what);
}

static void a_thread_knows_whether_it_is_inside(void **state)
{
	struct box *b = *state;
	exs_err err = EXS_ERR_INIT;
	struct guard g;

	assert_false(guard_inside(&b->k.in[0]));
	assert_int_equal(guard_enter(&g, &b->k.in[0], "a call", &err), EXS_OK);
	assert_true(guard_inside(&b->k.in[0]));
	assert_false(guard_inside(&b->k.in[1]));
	guard_leave_void(&g);
	assert_false(guard_inside(&b->k.in[0]));
	/* Another thread fills in the place that was mine. */
	assert_true(pthread_equal(b->k.in[0].crumbs[0].thread, pthread_self()));
	b->k.in[0].crumbs[0].what = "";
	assert_false(guard_inside(&b->k.in[0]));
	b->k.in[0].crumbs[0].what = NULL;
}

static void *call_and_ask(void *arg)
{
	struct box *b = arg;
	exs_err err;
	intptr_t i, wrong = 0;

	for (i = 0; i < ROUNDS; i++) {
		wrong += call(b, 0, &err) != EXS_OK;
		wrong += guard_inside(&b->k.in[0]);
	}
	return (void *)wrong;
}

static void another_threads_call_is_never_taken_for_mine(void **state)
{
	struct box *b = *state;
	pthread_t t[THREADS];
	void *wrong;
	int i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, call_and_ask, b), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], &wrong);
		assert_int_equal((intptr_t)wrong, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(two_threads_are_never_inside_a_serialised_instance),
		CONCURRENT(calls_into_a_concurrent_instance_overlap),
		CASE(a_call_from_inside_the_same_instance_is_refused_at_once),
		CASE(a_short_call_does_not_wait_for_a_long_one),
		CASE(a_status_that_does_not_exist_is_internal_and_names_the_battery),
		CASE(an_error_without_a_sentence_gets_one),
		CASE(an_error_record_is_made_presentable),
		CASE(a_handle_of_a_call_that_failed_is_not_taken),
		CASE(a_verdict_that_does_not_exist_is_internal),
		CONCURRENT(more_calls_at_once_than_are_watched_still_go_through),
		CASE(a_thread_knows_whether_it_is_inside),
		CONCURRENT(another_threads_call_is_never_taken_for_mine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
