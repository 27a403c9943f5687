/* SPDX-License-Identifier: MIT */
/* test_done.c - done records: one end each, whatever the battery does and on whatever thread. */
#include "host_kit.h"

#include "base/text.h"

#define THREADS	   8
#define ROUNDS	   12500 /* of each thread: 100,000 in all */
#define IN_THE_AIR (DONE_CHUNK * DONE_CHUNKS)

struct call {
	struct pending p;
	exs_done done;
	_Atomic int ended, late;
	char shown[64];
};

struct box {
	struct kit k;
	struct call c;
};

static void on_ended(struct pending *p)
{
	atomic_fetch_add(&container_of(p, struct call, p)->ended, 1);
}

static void on_late(struct pending *p)
{
	atomic_fetch_add(&container_of(p, struct call, p)->late, 1);
}

static void on_progress(struct pending *p, exs_str delta)
{
	struct call *c = container_of(p, struct call, p);

	snprintf(c->shown, sizeof c->shown, "%.*s", (int)delta.n, delta.p);
}

static void call_open(struct box *b, struct call *c, size_t cap)
{
	exs_err err = EXS_ERR_INIT;

	memset(c, 0, sizeof *c);
	c->p.ended = on_ended;
	c->p.late = on_late;
	c->p.progress = on_progress;
	c->p.what = "a test";
	c->p.battery = "first";
	assert_int_equal(done_open(&b->k.h.done, &c->p, cap, &c->done, &err), EXS_OK);
}

static int setup(void **state)
{
	struct box *b = malloc(sizeof *b);

	assert_non_null(b);
	kit_open(&b->k, 0);
	call_open(b, &b->c, 8);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	buf_release(&b->c.p.out);
	kit_close(&b->k);
	free(b);
	return 0;
}

static void an_end_hands_over_what_was_put(void **state)
{
	struct box *b = *state;
	exs_usage usage = {
		.size = sizeof usage, .in_tokens = 7, .out_tokens = -5, .cost_micro = -1
	};

	assert_int_equal(exs_put(b->c.done, "for"), EXS_OK);
	assert_int_equal(exs_put(b->c.done, "ty"), EXS_OK);
	b->c.done.ops->end(b->c.done, EXS_OK, &usage, NULL);
	assert_int_equal(b->c.ended, 1);
	assert_int_equal(b->c.p.status, EXS_OK);
	assert_string_equal(b->c.p.out.p, "forty");
	assert_true(b->c.p.has_usage);
	assert_int_equal(b->c.p.usage.in_tokens, 7);
	/* a turn gives nothing back */
	assert_int_equal(b->c.p.usage.out_tokens, 0);
	assert_int_equal(b->c.p.usage.cost_micro, 0);
}

static void a_second_end_is_ignored_and_logged(void **state)
{
	struct box *b = *state;

	exs_end(b->c.done, EXS_OK);
	exs_end_fail(b->c.done, EXS_IO, "too late");
	assert_int_equal(b->c.ended, 1);
	assert_int_equal(b->c.p.status, EXS_OK);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 1);
}

static void a_stale_end_does_not_hit_the_slots_next_owner(void **state)
{
	struct box *b = *state;
	exs_done stale = b->c.done;
	struct call next;

	exs_end(stale, EXS_OK);
	call_open(b, &next, 8);
	assert_int_equal((uint32_t)next.done.id, (uint32_t)stale.id); /* the same slot */
	assert_int_equal(exs_put(stale, "x"), EXS_LOST);
	stale.ops->progress(stale, str_of("x"));
	exs_end(stale, EXS_IO);
	assert_int_equal(next.ended, 0);
	assert_int_equal(next.p.out.n, 0);
	assert_string_equal(next.shown, "");
	assert_int_equal(kit_logged(&b->k, "ended twice"), 1);
	exs_end(next.done, EXS_OK);
	assert_int_equal(next.ended, 1);
}

static void an_id_that_was_never_given_is_nobodys(void **state)
{
	struct box *b = *state;
	exs_done made_up = { UINT64_MAX, b->c.done.ops };

	assert_int_equal(exs_put(made_up, "x"), EXS_LOST);
	made_up.ops->progress(made_up, str_of("x"));
	exs_end(made_up, EXS_OK);
	made_up.id = 0;
	exs_end(made_up, EXS_OK);
	assert_int_equal(b->c.ended, 0);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 2);
	exs_end(b->c.done, EXS_OK);
}

static void a_put_after_the_end_is_lost(void **state)
{
	struct box *b = *state;

	assert_int_equal(exs_put(b->c.done, "in"), EXS_OK);
	exs_end(b->c.done, EXS_OK);
	assert_int_equal(exs_put(b->c.done, "out"), EXS_LOST);
	assert_string_equal(b->c.p.out.p, "in");
}

static void a_put_over_the_cap_is_refused_and_what_came_before_stands(void **state)
{
	struct box *b = *state;

	assert_int_equal(exs_put(b->c.done, "12345"), EXS_OK);
	assert_int_equal(exs_put(b->c.done, "6789"), EXS_TOOBIG);
	assert_int_equal(exs_write(b->c.done, "x", SIZE_MAX), EXS_TOOBIG);
	assert_int_equal(exs_put(b->c.done, "678"), EXS_OK);
	exs_end(b->c.done, EXS_OK);
	assert_int_equal(b->c.p.status, EXS_OK);
	assert_string_equal(b->c.p.out.p, "12345678");
}

static void progress_reaches_whoever_waits(void **state)
{
	struct box *b = *state;

	b->c.done.ops->progress(b->c.done, str_of("half"));
	assert_string_equal(b->c.shown, "half");
	b->c.p.progress = NULL;
	b->c.done.ops->progress(b->c.done, str_of("all"));
	assert_string_equal(b->c.shown, "half");
	exs_end(b->c.done, EXS_OK);
}

static void an_abandoned_call_ends_late_once_and_takes_nothing(void **state)
{
	struct box *b = *state;

	assert_true(done_abandon(&b->k.h.done, &b->c.p));
	assert_int_equal(exs_put(b->c.done, "x"), EXS_LOST);
	b->c.done.ops->progress(b->c.done, str_of("x"));
	assert_string_equal(b->c.shown, "");
	exs_end(b->c.done, EXS_OK);
	exs_end(b->c.done, EXS_OK);
	assert_int_equal(b->c.ended, 0);
	assert_int_equal(b->c.late, 1);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 1);
}

static void what_has_ended_cannot_be_abandoned(void **state)
{
	struct box *b = *state;

	exs_end(b->c.done, EXS_OK);
	assert_false(done_abandon(&b->k.h.done, &b->c.p));
	assert_int_equal(b->c.late, 0);
}

static void what_was_never_opened_cannot_be_abandoned(void **state)
{
	struct box *b = *state;
	struct done_table fresh;
	struct pending p;

	memset(&p, 0, sizeof p);
	done_table_init(&fresh, NULL);
	assert_false(done_abandon(&fresh, &p));
	done_table_release(&fresh);
	exs_end(b->c.done, EXS_OK);
}

static void the_end_of_the_table_frees_what_was_abandoned(void **state)
{
	struct box *b = *state;
	struct done_table t;
	exs_err err = EXS_ERR_INIT;
	struct call c;

	memset(&c, 0, sizeof c);
	c.p.ended = on_ended;
	c.p.late = on_late;
	done_table_init(&t, NULL);
	assert_int_equal(done_open(&t, &c.p, 8, &c.done, &err), EXS_OK);
	assert_true(done_abandon(&t, &c.p));
	done_table_release(&t);
	assert_int_equal(c.late, 1);
	assert_int_equal(c.ended, 0);
	exs_end(b->c.done, EXS_OK);
}

static void a_status_that_does_not_exist_is_internal_and_names_the_battery(void **state)
{
	struct box *b = *state;

	exs_end(b->c.done, 4711);
	assert_int_equal(b->c.p.status, EXS_INTERNAL);
	assert_int_equal(b->c.p.err.status, EXS_INTERNAL);
	assert_string_equal(
		b->c.p.err.text,
		"battery 'first' answered a test with status 4711, which does not exist");
}

static void a_failure_without_a_sentence_gets_one(void **state)
{
	struct box *b = *state;

	exs_end(b->c.done, EXS_DENIED);
	assert_int_equal(b->c.p.status, EXS_DENIED);
	assert_string_equal(b->c.p.err.text, "battery 'first' failed in a test: denied");
}

static void a_record_of_another_size_is_read_as_far_as_it_goes(void **state)
{
	struct box *b = *state;
	struct {
		exs_err err;
		char more[8];
	} newer;
	exs_usage usage = { .size = offsetof(exs_usage, out_tokens),
			    .in_tokens = 3,
			    .out_tokens = 9 };

	memset(&newer, 'x', sizeof newer);
	newer.err.size = sizeof newer;
	newer.err.klass = 99;
	newer.err.retry_after_ms = -4;
	b->c.done.ops->end(b->c.done, EXS_IO, &usage, &newer.err);
	assert_int_equal(b->c.p.err.size, sizeof(exs_err));
	assert_int_equal(strlen(b->c.p.err.text), sizeof newer.err.text - 1);
	assert_int_equal(b->c.p.err.klass, EXS_CLASS_NONE);
	assert_int_equal(b->c.p.err.retry_after_ms, 0);
	assert_int_equal(b->c.p.usage.size, sizeof(exs_usage));
	assert_int_equal(b->c.p.usage.in_tokens, 3);
	assert_int_equal(b->c.p.usage.out_tokens, 0);
}

static void an_answer_with_a_hole_is_no_answer(void **state)
{
	struct box *b = *state;

	b->c.p.out.status = EXS_NOMEM; /* as a put that found no memory leaves it */
	assert_int_equal(exs_put(b->c.done, "x"), EXS_NOMEM);
	exs_end(b->c.done, EXS_OK);
	assert_int_equal(b->c.p.status, EXS_NOMEM);
	assert_says(&b->c.p.err, "no memory");
}

static void refuses_the_call_after_262144(void **state)
{
	struct box *b = *state;
	struct done_table t;
	exs_err err = EXS_ERR_INIT;
	struct call c;
	exs_done first, done;
	unsigned i;

	memset(&c, 0, sizeof c);
	c.p.ended = on_ended;
	c.p.what = "a test";
	c.p.battery = "first";
	done_table_init(&t, NULL);
	for (i = 0; i < IN_THE_AIR; i++)
		assert_int_equal(done_open(&t, &c.p, 8, i ? &done : &first, &err), EXS_OK);
	assert_int_equal(done_open(&t, &c.p, 8, &done, &err), EXS_TOOBIG);
	assert_says(&err, "too many calls are in the air");
	assert_false(done_abandon(&t, &c.p));
	exs_end(first, EXS_OK);
	assert_int_equal(done_open(&t, &c.p, 8, &done, &err), EXS_OK);
	assert_int_equal((uint32_t)done.id, (uint32_t)first.id);
	done_table_release(&t);
	exs_end(b->c.done, EXS_OK);
}

/* ---- threads ---- */

static void *open_and_end(void *arg)
{
	struct box *b = arg;
	struct call c;
	int i, sum = 0;

	for (i = 0; i < ROUNDS; i++) {
		call_open(b, &c, 8);
		exs_put(c.done, "x");
		c.done.ops->progress(c.done, str_of("p"));
		exs_end(c.done, EXS_OK);
		sum += c.ended == 1 && c.p.out.n == 1;
		buf_release(&c.p.out);
	}
	return (void *)(intptr_t)sum;
}

static void a_hundred_thousand_calls_over_eight_threads_end_once_each(void **state)
{
	struct box *b = *state;
	pthread_t threads[THREADS];
	void *sum;
	int i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_end, b), 0);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &sum), 0);
		assert_int_equal((intptr_t)sum, ROUNDS);
	}
	exs_end(b->c.done, EXS_OK);
	assert_int_equal(kit_logged(&b->k, "ended twice"), 0);
}

static void *end_it(void *arg)
{
	struct call *c = arg;

	exs_put(c->done, "there");
	exs_end(c->done, EXS_OK);
	return NULL;
}

static void of_an_end_and_an_abandon_at_once_one_wins(void **state)
{
	struct box *b = *state;
	int i;

	exs_end(b->c.done, EXS_OK);
	for (i = 0; i < 2000; i++) {
		struct call c;
		pthread_t t;
		bool abandoned;

		call_open(b, &c, 8);
		assert_int_equal(pthread_create(&t, NULL, end_it, &c), 0);
		abandoned = done_abandon(&b->k.h.done, &c.p);
		pthread_join(t, NULL);
		assert_int_equal(c.late, abandoned);
		assert_int_equal(c.ended, !abandoned);
		buf_release(&c.p.out);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_end_hands_over_what_was_put),
		CASE(a_second_end_is_ignored_and_logged),
		CASE(a_stale_end_does_not_hit_the_slots_next_owner),
		CASE(an_id_that_was_never_given_is_nobodys),
		CASE(a_put_after_the_end_is_lost),
		CASE(a_put_over_the_cap_is_refused_and_what_came_before_stands),
		CASE(progress_reaches_whoever_waits),
		CASE(an_abandoned_call_ends_late_once_and_takes_nothing),
		CASE(what_has_ended_cannot_be_abandoned),
		CASE(what_was_never_opened_cannot_be_abandoned),
		CASE(the_end_of_the_table_frees_what_was_abandoned),
		CASE(a_status_that_does_not_exist_is_internal_and_names_the_battery),
		CASE(a_failure_without_a_sentence_gets_one),
		CASE(a_record_of_another_size_is_read_as_far_as_it_goes),
		CASE(an_answer_with_a_hole_is_no_answer),
		CASE(refuses_the_call_after_262144),
		CASE(a_hundred_thousand_calls_over_eight_threads_end_once_each),
		CASE(of_an_end_and_an_abandon_at_once_one_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
