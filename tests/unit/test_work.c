/* SPDX-License-Identifier: MIT */
/* test_work.c - the calls that may take long: where they run, how they end, and that each is freed
 * once. */
#include "host_kit.h"

#include <sched.h>

#include "base/text.h"

#define MANY 20000 /* calls behind one: more than a stack holds frames for */

enum mode {
	M_END,	       /* ends before it returns */
	M_HOLD,	       /* the same, once `go` is set */
	M_OTHER_FIRST, /* another thread ends it, then the function returns */
	M_LATER,       /* returns without an end; the test ends it */
	M_RETURN_HELD, /* ends at once, returns once `go` is set */
	M_FAIL
};

struct call {
	struct work work;
	struct box *box;
	enum mode mode;
	exs_status fail_with;
	_Atomic int started, ended, freed, go, inside_at_end;
	pthread_t thread;
	exs_done done;
	int place; /* in the order of starts */
	exs_status status;
	exs_err err;
	char out[32], shown[32];
};

struct box {
	struct kit k;
	struct call c[8];
	_Atomic int starts, inside, most;
	_Atomic int told;
};

static void *end_elsewhere(void *arg)
{
	struct call *c = arg;

	exs_put(c->done, "elsewhere");
	exs_end(c->done, EXS_OK);
	return NULL;
}

static void wait_go(struct call *c)
{
	while (!atomic_load(&c->go))
		sched_yield();
}

/* The battery. */
static void act(struct call *c, exs_done done)
{
	pthread_t other;

	switch (c->mode) {
	case M_HOLD:
		wait_go(c);
		exs_put(done, "held");
		exs_end(done, EXS_OK);
		return;
	case M_OTHER_FIRST:
		if (pthread_create(&other, NULL, end_elsewhere, c) == 0)
			pthread_join(other, NULL);
		return;
	case M_LATER:
		return;
	case M_RETURN_HELD:
		exs_end(done, EXS_OK);
		wait_go(c);
		return;
	case M_FAIL:
		exs_end(done, c->fail_with);
		return;
	case M_END:
	default:
		done.ops->progress(done, str_of("half"));
		exs_put(done, "whole");
		exs_end(done, EXS_OK);
	}
}

static void on_start(struct work *w, exs_done done)
{
	struct call *c = container_of(w, struct call, work);
	struct box *b = c->box;
	int now = atomic_fetch_add(&b->inside, 1) + 1;

	if (now > b->most)
		b->most = now;
	c->thread = pthread_self();
	c->done = done;
	c->place = atomic_fetch_add(&b->starts, 1);
	atomic_fetch_add(&c->started, 1);
	act(c, done);
	atomic_fetch_sub(&b->inside, 1);
}

static void on_ended(struct work *w)
{
	struct call *c = container_of(w, struct call, work);

	c->status = w->pending.status;
	c->err = w->pending.err;
	snprintf(c->out, sizeof c->out, "%s", w->pending.out.p);
	atomic_fetch_add(&c->ended, 1);
}

static void on_freed(struct work *w)
{
	struct call *c = container_of(w, struct call, work);

	buf_release(&w->pending.out);
	atomic_fetch_add(&c->freed, 1);
}

static void on_progress(struct work *w, exs_str delta)
{
	struct call *c = container_of(w, struct call, work);

	snprintf(c->shown, sizeof c->shown, "%.*s", (int)delta.n, delta.p);
}

static void prepare(struct box *b, struct call *c, enum mode mode)
{
	memset(c, 0, sizeof *c);
	c->box = b;
	c->mode = mode;
	c->work.in = &b->k.in[0];
	c->work.what = "a call";
	c->work.cap = 64;
	c->work.start = on_start;
	c->work.ended = on_ended;
	c->work.freed = on_freed;
	c->work.progress = on_progress;
}

static struct call *begin(struct box *b, int i, enum mode mode)
{
	prepare(b, &b->c[i], mode);
	work_start(&b->c[i].work);
	return &b->c[i];
}

static void over(struct call *c, exs_status status)
{
	kit_until(&c->freed, 1);
	kit_pause(1);
	assert_int_equal(c->freed, 1);
	assert_int_equal(c->ended, 1);
	assert_int_equal(c->status, status);
}

/* Nothing of it reached the battery, and it says so. */
static void refused(struct call *c, exs_status status, const char *why)
{
	over(c, status);
	assert_int_equal(c->started, 0);
	assert_int_equal(c->err.status, status);
	assert_int_equal(c->err.klass, EXS_CLASS_NOT_DONE);
	assert_says(&c->err, why);
}

static void open_with(void **state, uint32_t flags)
{
	struct box *b = calloc(1, sizeof *b);

	assert_non_null(b);
	kit_open(&b->k, flags);
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

static int setup_at_once(void **state)
{
	open_with(state, EXS_RETURNS_AT_ONCE);
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	kit_close(&b->k);
	free(b);
	return 0;
}

/* ---- where it runs ---- */

static void what_returns_at_once_runs_on_the_callers_thread(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_END), *later;

	assert_int_equal(c->freed, 1);
	assert_true(pthread_equal(c->thread, pthread_self()));
	assert_string_equal(c->out, "whole");
	assert_string_equal(c->shown, "half");
	later = begin(b, 1, M_LATER);
	assert_int_equal(later->ended, 0);
	exs_end(later->done, EXS_OK);
	over(later, EXS_OK);
	assert_int_equal(b->k.h.calls.live, 0);
}

static void what_may_block_runs_on_a_call_worker(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_HOLD);

	kit_until(&c->started, 1);
	assert_false(pthread_equal(c->thread, pthread_self()));
	c->go = 1;
	over(c, EXS_OK);
	assert_string_equal(c->out, "held");
	assert_int_equal(b->k.h.calls.live, 1);
}

static void calls_of_a_concurrent_instance_overlap(void **state)
{
	struct box *b = *state;
	int i;

	for (i = 0; i < 4; i++)
		begin(b, i, M_HOLD);
	kit_until(&b->inside, 4);
	for (i = 0; i < 4; i++)
		b->c[i].go = 1;
	for (i = 0; i < 4; i++)
		over(&b->c[i], EXS_OK);
}

static void a_serialised_instance_is_called_in_order_and_no_worker_waits_for_it(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *last;
	int i;

	for (i = 1; i < 8; i++)
		begin(b, i, M_END);
	kit_until(&first->started, 1);
	kit_pause(20);
	pthread_mutex_lock(&b->k.h.calls.lock);
	assert_int_equal(b->k.h.calls.live, 1);
	assert_int_equal(b->k.h.calls.queued, 0);
	pthread_mutex_unlock(&b->k.h.calls.lock);
	assert_int_equal(b->starts, 1);
	first->go = 1;
	last = &b->c[7];
	over(last, EXS_OK);
	for (i = 0; i < 8; i++) {
		over(&b->c[i], EXS_OK);
		assert_int_equal(b->c[i].place, i);
	}
	assert_int_equal(b->most, 1);
}

static void the_next_call_waits_for_the_return_not_for_the_end(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_RETURN_HELD), *next = begin(b, 1, M_END);

	kit_until(&first->ended, 1);
	kit_pause(20);
	assert_int_equal(next->started, 0);
	assert_int_equal(first->freed, 0);
	first->go = 1;
	over(next, EXS_OK);
	over(first, EXS_OK);
}

/* ---- freed once, in every order ---- */

static void a_work_is_freed_once_whoever_comes_last(void **state)
{
	static const enum mode modes[] = { M_END, M_OTHER_FIRST, M_RETURN_HELD, M_LATER };
	struct box *b = *state;
	pthread_t other;
	size_t i;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		struct call *c = begin(b, 0, modes[i]);

		kit_until(&c->started, 1);
		c->go = 1;
		if (modes[i] == M_LATER) {
			kit_until(&b->starts, 1);
			assert_int_equal(c->freed, 0);
			assert_int_equal(pthread_create(&other, NULL, end_elsewhere, c), 0);
			pthread_join(other, NULL);
		}
		over(c, EXS_OK);
	}
}

static void an_end_and_a_return_at_once_free_it_once(void **state)
{
	struct box *b = *state;
	pthread_t other;
	int i;

	for (i = 0; i < 500; i++) {
		struct call *c = begin(b, 0, M_LATER);

		kit_until(&c->started, 1);
		assert_int_equal(pthread_create(&other, NULL, end_elsewhere, c), 0);
		pthread_join(other, NULL);
		kit_until(&c->freed, 1);
		assert_int_equal(c->ended, 1);
	}
}

/* ---- refused ---- */

static void a_lost_instance_is_not_called(void **state)
{
	struct box *b = *state;

	b->k.in[0].lost = true;
	refused(begin(b, 0, M_END), EXS_LOST, "lost until the next start");
	assert_int_equal(b->k.in[0].failures, 0);
}

static void a_resting_instance_is_not_called_and_goes_on_resting(void **state)
{
	struct box *b = *state;
	int i;

	for (i = 0; i < REST_AFTER; i++) {
		prepare(b, &b->c[0], M_FAIL);
		b->c[0].fail_with = i ? EXS_INTERNAL : 4711;
		work_start(&b->c[0].work);
		over(&b->c[0], EXS_INTERNAL);
	}
	for (i = 0; i < 3; i++) { /* the refusal is no success */
		refused(begin(b, 0, M_END), EXS_AGAIN, "rests after 3 failures in a row");
		assert_true(b->c[0].err.retry_after_ms > 0);
	}
	assert_int_equal(b->k.in[0].failures, REST_AFTER);
	b->k.in[0].rest_until_ms = 1;
	over(begin(b, 0, M_END), EXS_OK);
	assert_int_equal(b->k.in[0].failures, 0);
}

static void a_failing_network_is_not_a_failing_battery(void **state)
{
	struct box *b = *state;
	int i;

	for (i = 0; i < LOST_AFTER + 1; i++) {
		prepare(b, &b->c[0], M_FAIL);
		b->c[0].fail_with = EXS_IO;
		work_start(&b->c[0].work);
		over(&b->c[0], EXS_IO);
		assert_says(&b->c[0].err, "battery 'first' failed in a call");
	}
	assert_int_equal(b->k.in[0].failures, 0);
}

static void what_was_cancelled_before_its_turn_is_never_started(void **state)
{
	struct box *b = *state;
	struct cancel *token = cancel_new(NULL);
	struct call *first = begin(b, 0, M_HOLD), *next = &b->c[1];

	prepare(b, next, M_END);
	next->work.token = token;
	work_start(&next->work);
	cancel_fire(token, EXS_CAUSE_CALLER);
	first->go = 1;
	refused(next, EXS_CANCELLED, "cancelled before its turn came");
	over(first, EXS_OK);
	cancel_unref(token);
}

static void the_queue_has_a_bound(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD);

	pthread_mutex_lock(&b->k.in[0].queue_lock);
	b->k.in[0].queued = QUEUE_MAX;
	pthread_mutex_unlock(&b->k.in[0].queue_lock);
	refused(begin(b, 1, M_END), EXS_AGAIN, "65536 calls wait for battery 'first' already");
	pthread_mutex_lock(&b->k.in[0].queue_lock);
	b->k.in[0].queued = 0;
	pthread_mutex_unlock(&b->k.in[0].queue_lock);
	first->go = 1;
	over(first, EXS_OK);
	over(begin(b, 2, M_END), EXS_OK);
}

static void without_a_done_record_it_is_refused(void **state)
{
	struct box *b = *state;
	struct call *c = &b->c[0];

	b->k.h.done.chunk_n = DONE_CHUNKS; /* as if all were given away */
	prepare(b, c, M_END);
	work_start(&c->work);
	b->k.h.done.chunk_n = 0;
	refused(c, EXS_AGAIN, "too many calls are in the air");
	assert_string_equal(c->out, "");
	assert_false(work_abandon(&c->work));
}

static void when_the_workers_stop_the_whole_queue_is_refused(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *many = calloc(MANY, sizeof *many);
	int i;

	assert_non_null(many);
	kit_until(&first->started, 1);
	for (i = 0; i < MANY; i++) {
		prepare(b, &many[i], M_END);
		work_start(&many[i].work);
	}
	assert_false(pool_stop(&b->k.h.calls, 0));
	first->go = 1;
	kit_until(&many[MANY - 1].freed, 1);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(many[i].freed, 1);
		assert_int_equal(many[i].ended, 1);
		assert_int_equal(many[i].status, EXS_AGAIN);
		assert_int_equal(many[i].err.klass, EXS_CLASS_NOT_DONE);
	}
	over(first, EXS_OK);
	refused(begin(b, 1, M_END), EXS_AGAIN, "take no more work");
	free(many);
}

/* ---- abandoned ---- */

static void an_abandoned_call_ends_late_and_is_freed_then(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_HOLD);
	unsigned max = b->k.h.calls.max;

	kit_until(&c->started, 1);
	assert_true(work_abandon(&c->work));
	assert_int_equal(b->k.in[0].abandoned, 1);
	assert_int_equal(b->k.h.calls.max, max + 1); /* its worker is missing */
	assert_int_equal(
		kit_logged(&b->k, "a call did not end after its time was over; it is abandoned"),
		1);
	kit_pause(10);
	assert_int_equal(c->freed, 0);
	c->go = 1;
	kit_until(&c->freed, 1);
	kit_pause(5);
	assert_int_equal(c->freed, 1);
	assert_int_equal(c->ended, 0);
	assert_int_equal(b->k.in[0].abandoned, 0);
	assert_int_equal(kit_logged(&b->k, "its answer goes nowhere"), 1);
}

static void what_has_ended_is_not_abandoned(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_RETURN_HELD);

	kit_until(&c->ended, 1);
	assert_false(work_abandon(&c->work));
	assert_int_equal(b->k.in[0].abandoned, 0);
	c->go = 1;
	over(c, EXS_OK);
}

static void an_abandoned_call_that_returned_costs_no_worker(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_LATER);
	unsigned max = b->k.h.calls.max;

	kit_until(&c->started, 1);
	over(begin(b, 1, M_END), EXS_OK); /* so the first has returned */
	assert_true(work_abandon(&c->work));
	assert_int_equal(b->k.h.calls.max, max);
	over(begin(b, 2, M_END), EXS_OK); /* and does not block the others */
	exs_end(c->done, EXS_OK);
	assert_int_equal(c->freed, 1);
	assert_int_equal(c->ended, 0);
}

static void a_call_whose_time_is_over_in_the_queue_never_reaches_the_battery(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *next;
	unsigned max = b->k.h.calls.max;

	kit_until(&first->started, 1);
	next = begin(b, 1, M_END);
	assert_false(work_abandon(&next->work)); /* it has ended, so nobody waits for it */
	assert_int_equal(next->ended, 1);
	assert_int_equal(b->k.in[0].abandoned, 0);
	assert_int_equal(b->k.h.calls.max, max);
	first->go = 1;
	refused(next, EXS_CANCELLED, "its time was over before its turn came");
	over(first, EXS_OK);
	over(begin(b, 2, M_END), EXS_OK);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 0);
}

static void behind_an_abandoned_call_nobody_waits_in_vain(void **state)
{
	struct box *b = *state;
	struct call *first = begin(b, 0, M_HOLD), *cut, *behind;

	kit_until(&first->started, 1);
	cut = begin(b, 1, M_END);
	behind = begin(b, 2, M_END);
	assert_false(work_abandon(&cut->work));
	assert_true(work_abandon(&first->work));
	refused(behind, EXS_AGAIN, "has not returned from a call that was abandoned");
	refused(cut, EXS_CANCELLED, "its time was over");
	refused(begin(b, 3, M_END), EXS_AGAIN, "has not returned from a call that was abandoned");
	first->go = 1;
	kit_until(&first->freed, 1);
	do { /* the end came before the return */
		begin(b, 4, M_END);
		kit_until(&b->c[4].freed, 1);
	} while (b->c[4].status == EXS_AGAIN);
	over(&b->c[4], EXS_OK);
}

static void eight_abandoned_calls_lose_the_instance(void **state)
{
	struct box *b = *state;
	struct call *c = calloc(ABANDONED_MAX + 1, sizeof *c);
	int i;

	assert_non_null(c);
	for (i = 0; i < ABANDONED_MAX; i++) {
		assert_false(b->k.in[0].lost);
		prepare(b, &c[i], M_LATER);
		work_start(&c[i].work);
		kit_until(&c[i].started, 1);
		assert_true(work_abandon(&c[i].work));
	}
	assert_true(b->k.in[0].lost);
	assert_int_equal(kit_logged(&b->k, "too many of its calls never ended"), 1);
	refused(begin(b, 0, M_END), EXS_LOST, "lost");
	assert_true(pool_stop(&b->k.h.calls, KIT_WAIT_MS)); /* every function has returned */
	exs_end(c[0].done, EXS_OK);
	assert_int_equal(c[0].freed, 1);
	done_table_release(&b->k.h.done); /* and whoever never ends is freed with the host */
	for (i = 1; i < ABANDONED_MAX; i++)
		assert_int_equal(c[i].freed, 1);
	done_table_init(&b->k.h.done, &b->k.log);
	free(c);
}

static void starting_and_abandoning_at_once_loses_nothing(void **state)
{
	struct box *b = *state;
	int i, late = 0;

	for (i = 0; i < 1000; i++) {
		struct call *c = begin(b, 0, M_END);

		late += work_abandon(&c->work);
		kit_until(&c->freed, 1);
		assert_int_equal(c->freed, 1);
		assert_true(c->ended <= 1);
	}
	assert_int_equal(b->k.in[0].abandoned, 0);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 0);
}

/* ---- the word that a run ended ---- */

static void run_ended(exs_self *self, const char *run_id)
{
	struct box *b = (struct box *)(void *)self;

	if (atomic_load(&b->inside) == 0 && strcmp(run_id, "run-1") == 0)
		atomic_fetch_add(&b->told, 1);
}

static const exs_tool tool = { .size = sizeof tool, .run_ended = run_ended };
static const exs_tool tool_silent = { .size = sizeof tool_silent };

static void a_serialised_tool_hears_that_a_run_ended_after_its_call(void **state)
{
	struct box *b = *state;
	struct call *c = begin(b, 0, M_HOLD);

	b->k.in[0].tool = &tool;
	b->k.in[0].self = (exs_self *)(void *)b;
	kit_until(&c->started, 1);
	call_tool_run_ended(&b->k.in[0], "run-1"); /* returns at once */
	kit_pause(20);
	assert_int_equal(b->told, 0);
	c->go = 1;
	kit_until(&b->told, 1);
	over(c, EXS_OK);
	b->k.in[0].lost = true;
	call_tool_run_ended(&b->k.in[0], "run-1");
	assert_int_equal(kit_logged(&b->k, "run run-1: its tools were not told that it ended"), 1);
	b->k.in[0].tool = &tool_silent;
	call_tool_run_ended(&b->k.in[0], "run-1");
}

static void a_tool_that_may_overlap_hears_it_at_once(void **state)
{
	struct box *b = *state;

	b->k.in[0].tool = &tool;
	b->k.in[0].self = (exs_self *)(void *)b;
	call_tool_run_ended(&b->k.in[0], "run-1");
	assert_int_equal(b->told, 1);
	b->k.in[0].lost = true;
	call_tool_run_ended(&b->k.in[0], "run-1");
	assert_int_equal(b->told, 1);
}

static void ask(struct work *w, exs_done done)
{
	call_tool_reconcile(w, NULL, done);
}

static void a_tool_that_cannot_reconcile_says_so(void **state)
{
	struct box *b = *state;

	b->k.in[0].tool = &tool_silent;
	prepare(b, &b->c[0], M_END);
	b->c[0].work.start = ask;
	work_start(&b->c[0].work);
	over(&b->c[0], EXS_UNSUPPORTED);
	assert_says(&b->c[0].err, "battery 'first' cannot tell");
}

#define CASE(name)	 cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CONCURRENT(name) cmocka_unit_test_setup_teardown(name, setup_concurrent, teardown)
#define AT_ONCE(name)	 cmocka_unit_test_setup_teardown(name, setup_at_once, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_ONCE(what_returns_at_once_runs_on_the_callers_thread),
		CASE(what_may_block_runs_on_a_call_worker),
		CONCURRENT(calls_of_a_concurrent_instance_overlap),
		CASE(a_serialised_instance_is_called_in_order_and_no_worker_waits_for_it),
		CASE(the_next_call_waits_for_the_return_not_for_the_end),
		CASE(a_work_is_freed_once_whoever_comes_last),
		CONCURRENT(a_work_is_freed_once_whoever_comes_last),
		CONCURRENT(an_end_and_a_return_at_once_free_it_once),
		CASE(a_lost_instance_is_not_called),
		AT_ONCE(a_lost_instance_is_not_called),
		CONCURRENT(a_lost_instance_is_not_called),
		CASE(a_resting_instance_is_not_called_and_goes_on_resting),
		AT_ONCE(a_resting_instance_is_not_called_and_goes_on_resting),
		CASE(a_failing_network_is_not_a_failing_battery),
		CASE(what_was_cancelled_before_its_turn_is_never_started),
		CASE(the_queue_has_a_bound),
		CASE(without_a_done_record_it_is_refused),
		CASE(when_the_workers_stop_the_whole_queue_is_refused),
		CASE(an_abandoned_call_ends_late_and_is_freed_then),
		CONCURRENT(an_abandoned_call_ends_late_and_is_freed_then),
		CASE(what_has_ended_is_not_abandoned),
		CASE(an_abandoned_call_that_returned_costs_no_worker),
		CASE(a_call_whose_time_is_over_in_the_queue_never_reaches_the_battery),
		CASE(behind_an_abandoned_call_nobody_waits_in_vain),
		CONCURRENT(eight_abandoned_calls_lose_the_instance),
		CASE(starting_and_abandoning_at_once_loses_nothing),
		CONCURRENT(starting_and_abandoning_at_once_loses_nothing),
		CASE(a_serialised_tool_hears_that_a_run_ended_after_its_call),
		CONCURRENT(a_tool_that_may_overlap_hears_it_at_once),
		CASE(a_tool_that_cannot_reconcile_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
