/* SPDX-License-Identifier: MIT */
/* test_guard.c - the door to every battery: one at a time, watched, counted, and never believed. */
#include "host_kit.h"

#include <sched.h>

#define THREADS	      4
#define ROUNDS	      2000
#define STALL_MS_TEST 50

/* What the functions below do, for the instance whose self it is. */
struct act {
	struct kit *k;
	exs_status status;
	exs_err said; /* what it leaves in the record when it fails */
	_Atomic int inside, most, calls, hold, go;
	int32_t verdict;
};

struct box {
	struct kit k;
	struct act act[2];
};

static struct act *of_trail(exs_trail *t)
{
	return (struct act *)(void *)t;
}

static exs_status play(struct act *a, exs_err *err)
{
	int now = atomic_fetch_add(&a->inside, 1) + 1, most = atomic_load(&a->most);

	while (now > most && !atomic_compare_exchange_weak(&a->most, &most, now))
		;
	atomic_fetch_add(&a->calls, 1);
	while (atomic_load(&a->hold) && !atomic_load(&a->go))
		sched_yield();
	atomic_fetch_sub(&a->inside, 1);
	if (a->status)
		*err = a->said;
	return a->status;
}

static exs_status start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err)
{
	struct act *a = (struct act *)(void *)self;

	(void)run;
	*out = (exs_trail *)(void *)a;
	return play(a, err);
}

static exs_status record(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	(void)fact;
	(void)batch;
	return play(of_trail(trail), err);
}

static exs_status finish(exs_trail *trail, exs_err *err)
{
	return play(of_trail(trail), err);
}

static const exs_audit audit = { sizeof audit, 0, start, record, finish };

static exs_status list(exs_self *self, uint32_t flags, exs_status (*row)(void *, exs_str),
		       void *arg, exs_err *err)
{
	exs_status s;

	(void)flags;
	(void)err;
	((struct act *)(void *)self)->calls++;
	s = row(arg, exs_cstr("{}"));
	return s ? s : row(arg, exs_cstr("{}"));
}

static const exs_checkpoint checkpoint = { .size = sizeof checkpoint, .list = list };

static void tick(exs_watch *watch, int64_t idle_ms, exs_verdict *out)
{
	(void)idle_ms;
	out->what = ((struct act *)(void *)watch)->verdict;
	memset(out->words, 'w', sizeof out->words);
}

static int64_t deadline_ms(exs_watch *watch)
{
	(void)watch;
	return 1234;
}

static const exs_critic critic = { .size = sizeof critic,
				   .tick = tick,
				   .deadline_ms = deadline_ms };

static void open_with(void **state, uint32_t flags)
{
	struct box *b = calloc(1, sizeof *b);
	size_t i;

	assert_non_null(b);
	kit_open(&b->k, flags);
	for (i = 0; i < 2; i++) {
		b->act[i].k = &b->k;
		b->act[i].said = (exs_err)EXS_ERR_INIT;
		b->k.in[i].self = (exs_self *)(void *)&b->act[i];
		b->k.in[i].audit = &audit;
		b->k.in[i].checkpoint = &checkpoint;
		b->k.in[i].critic = &critic;
	}
	*state = b;
}

static int setup(void **state)
{
	open_with(state, 0);
	return 0;
}

static int setup_concurrent(void **state)
{
	open_with(state, EXS_CONCURRENT);
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	kit_close(&b->k);
	free(b);
	return 0;
}

static exs_status call(struct box *b, int i, exs_err *err)
{
	*err = (exs_err)EXS_ERR_INIT;
	return call_audit_record(&b->k.in[i], (exs_trail *)(void *)&b->act[i], NULL, NULL, err);
}

static void fails(struct box *b, exs_status status)
{
	exs_err err;

	b->act[0].status = status;
	assert_int_equal(call(b, 0, &err), status);
}

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

static void *call_once(void *arg)
{
	struct box *b = arg;
	exs_err err;

	return (void *)(intptr_t)call(b, 0, &err);
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

#define CASE(name)	 cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CONCURRENT(name) cmocka_unit_test_setup_teardown(name, setup_concurrent, teardown)

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
		CASE(failures_in_a_row_rest_it_with_a_doubling_pause_and_ten_lose_it),
		CASE(after_its_pause_it_is_called_again_and_a_success_forgets_all),
		CASE(no_is_an_answer_and_no_failure),
		CASE(what_fails_closed_never_rests),
		CASE(what_the_reader_answers_ends_the_list_and_is_not_the_batterys_failure),
		CASE(a_slow_reader_is_no_stall_of_the_battery),
		CASE(a_stalling_instance_is_lost_and_whoever_waits_is_told),
		CASE(who_waits_does_not_wait_for_ever_when_nothing_watches),
		CONCURRENT(each_thread_that_hangs_is_replaced_once),
		CONCURRENT(more_calls_at_once_than_are_watched_still_go_through),
		CASE(a_thread_knows_whether_it_is_inside),
		CONCURRENT(another_threads_call_is_never_taken_for_mine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
