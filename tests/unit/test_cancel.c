/* SPDX-License-Identifier: MIT */
/* test_cancel.c - the first cause wins, everybody hears of it once, and nothing leaks or races. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"

#define ROUNDS 300

static void count(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

static int readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0);
}

static void the_first_cause_wins_and_never_changes(void **state)
{
	struct cancel *c = cancel_new(NULL);
	const exs_cancel *pub = cancel_public(c);

	(void)state;
	assert_int_equal(pub->size, sizeof *pub);
	assert_int_equal(pub->cause(pub), EXS_CAUSE_NONE);
	assert_true(cancel_fire(c, EXS_CAUSE_KILL));
	assert_false(cancel_fire(c, EXS_CAUSE_TIMEOUT));
	assert_int_equal(pub->cause(pub), EXS_CAUSE_KILL);
	assert_int_equal(cancel_cause(c), EXS_CAUSE_KILL);
	cancel_unref(c);
	cancel_unref(NULL);
}

static void listeners_hear_once_also_when_late(void **state)
{
	struct cancel *c = cancel_new(NULL);
	const exs_cancel *pub = cancel_public(c);
	_Atomic int early = 0, late = 0;

	(void)state;
	assert_int_equal(pub->notify(pub, count, &early), EXS_OK);
	assert_int_equal(early, 0);
	cancel_fire(c, EXS_CAUSE_CALLER);
	cancel_fire(c, EXS_CAUSE_CALLER);
	assert_int_equal(early, 1);
	assert_int_equal(pub->notify(pub, count, &late), EXS_OK);
	assert_int_equal(late, 1);
	cancel_unref(c);
	assert_int_equal(early, 1);
}

static void the_fifth_listener_is_too_many(void **state)
{
	struct cancel *c = cancel_new(NULL);
	_Atomic int heard = 0;

	(void)state;
	for (unsigned i = 0; i < CANCEL_LISTENERS_MAX; i++)
		assert_int_equal(cancel_notify(c, count, &heard), EXS_OK);
	assert_int_equal(cancel_notify(c, count, &heard), EXS_TOOBIG);
	cancel_fire(c, EXS_CAUSE_CALLER);
	assert_int_equal(heard, CANCEL_LISTENERS_MAX);
	/* A fired token keeps nothing, so there is room again. */
	assert_int_equal(cancel_notify(c, count, &heard), EXS_OK);
	assert_int_equal(heard, CANCEL_LISTENERS_MAX + 1);
	cancel_unref(c);
}

static void the_descriptor_wakes_whoever_polls(void **state)
{
	struct cancel *c = cancel_new(NULL), *late = cancel_new(NULL);
	const exs_cancel *pub = cancel_public(c), *late_pub = cancel_public(late);
	int fd = pub->fd(pub);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pub->fd(pub), fd);
	assert_int_equal(readable(fd), 0);
	cancel_fire(c, EXS_CAUSE_TIMEOUT);
	assert_int_equal(readable(fd), 1);
	cancel_fire(late, EXS_CAUSE_TIMEOUT);
	assert_int_equal(readable(late_pub->fd(late_pub)), 1);
	cancel_unref(c);
	cancel_unref(late);
	assert_true(close(fd) < 0);
}

static void without_a_descriptor_the_token_still_works(void **state)
{
	struct rlimit before, none;
	struct cancel *c = cancel_new(NULL);
	const exs_cancel *pub = cancel_public(c);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(pub->fd(pub), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(cancel_fire(c, EXS_CAUSE_CALLER));
	assert_int_equal(readable(pub->fd(pub)), 1);
	cancel_unref(c);
}

static void a_child_fires_with_its_parents_cause(void **state)
{
	struct cancel *top = cancel_new(NULL), *mid = cancel_new(top), *low = cancel_new(mid);
	struct cancel *own = cancel_new(top), *late;
	_Atomic int heard = 0;

	(void)state;
	cancel_notify(low, count, &heard);
	assert_true(cancel_fire(own, EXS_CAUSE_BUDGET));
	assert_int_equal(cancel_cause(top), EXS_CAUSE_NONE);
	assert_true(cancel_fire(top, EXS_CAUSE_SHUTDOWN));
	assert_int_equal(cancel_cause(mid), EXS_CAUSE_SHUTDOWN);
	assert_int_equal(cancel_cause(low), EXS_CAUSE_SHUTDOWN);
	assert_int_equal(cancel_cause(own), EXS_CAUSE_BUDGET);
	assert_int_equal(heard, 1);
	late = cancel_new(mid);
	assert_int_equal(cancel_cause(late), EXS_CAUSE_SHUTDOWN);
	cancel_unref(late);
	cancel_unref(own);
	cancel_unref(low);
	cancel_unref(mid);
	cancel_unref(top);
}

static void a_child_keeps_its_parent_and_leaves_its_list(void **state)
{
	struct cancel *top = cancel_new(NULL), *kids[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		kids[i] = cancel_new(top);
	cancel_unref(kids[2]);
	cancel_unref(kids[0]);
	cancel_unref(kids[4]);
	cancel_ref(top);
	cancel_unref(top);
	assert_true(cancel_fire(top, EXS_CAUSE_PREEMPT));
	cancel_unref(top);
	assert_int_equal(cancel_cause(kids[1]), EXS_CAUSE_PREEMPT);
	assert_int_equal(cancel_cause(kids[3]), EXS_CAUSE_PREEMPT);
	cancel_unref(kids[1]);
	cancel_unref(kids[3]);
}

/* The line is far longer than a stack would bear if firing or releasing recursed. */
static void a_line_of_a_hundred_thousand_fires_and_goes(void **state)
{
	struct cancel *top = cancel_new(NULL), *c = top, *next;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		next = cancel_new(c);
		assert_non_null(next);
		if (c != top)
			cancel_unref(c);
		c = next;
	}
	assert_true(cancel_fire(top, EXS_CAUSE_CALLER));
	assert_int_equal(cancel_cause(c), EXS_CAUSE_CALLER);
	cancel_unref(top);
	cancel_unref(c);
}

static void drop(void *arg)
{
	cancel_unref(arg);
}

static void a_listener_may_give_up_the_last_reference(void **state)
{
	struct cancel *c = cancel_new(NULL), *child = cancel_new(c);

	(void)state;
	cancel_notify(c, drop, child);
	cancel_notify(c, drop, c);
	assert_true(cancel_fire(c, EXS_CAUSE_CALLER));
}

static void the_nearest_deadline_of_the_line_counts(void **state)
{
	struct cancel *top = cancel_new(NULL), *c = cancel_new(top);
	const exs_cancel *pub = cancel_public(c);
	int64_t now = clock_mono_ms();

	(void)state;
	assert_true(pub->left_ms(pub) == INT64_MAX);
	cancel_set_deadline(c, now + 3600000);
	assert_true(pub->left_ms(pub) > 3000000 && pub->left_ms(pub) <= 3600000);
	cancel_set_deadline(top, now + 1800000);
	assert_true(pub->left_ms(pub) <= 1800000);
	cancel_set_deadline(c, now - 1);
	assert_int_equal(pub->left_ms(pub), 0);
	assert_int_equal(cancel_cause(c), EXS_CAUSE_NONE);
	cancel_unref(c);
	cancel_unref(top);
}

static void causes_have_words(void **state)
{
	(void)state;
	assert_string_equal(cause_word(EXS_CAUSE_NONE), "none");
	assert_string_equal(cause_word(EXS_CAUSE_CALLER), "caller");
	assert_string_equal(cause_word(EXS_CAUSE_TIMEOUT), "timeout");
	assert_string_equal(cause_word(EXS_CAUSE_KILL), "kill");
	assert_string_equal(cause_word(EXS_CAUSE_PREEMPT), "preempt");
	assert_string_equal(cause_word(EXS_CAUSE_SHUTDOWN), "shutdown");
	assert_string_equal(cause_word(EXS_CAUSE_BUDGET), "budget");
	assert_string_equal(cause_word(99), "unknown");
	assert_string_equal(cause_word(-1), "unknown");
}

/* ---- races ---- */

struct race {
	pthread_barrier_t start;
	struct cancel *top, *token;
	_Atomic int wins, heard, registered;
};

static void *fire_it(void *arg)
{
	struct race *r = arg;

	pthread_barrier_wait(&r->start);
	if (cancel_fire(r->token, EXS_CAUSE_CALLER))
		atomic_fetch_add(&r->wins, 1);
	return NULL;
}

static void *listen_to_it(void *arg)
{
	struct race *r = arg;
	const exs_cancel *pub = cancel_public(r->token);

	pthread_barrier_wait(&r->start);
	if (cancel_notify(r->token, count, &r->heard) == EXS_OK)
		atomic_fetch_add(&r->registered, 1);
	(void)pub->fd(pub);
	return NULL;
}

static void notify_may_race_with_fire(void **state)
{
	struct race r = { .wins = 0 };
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		r.token = cancel_new(NULL);
		r.wins = r.heard = r.registered = 0;
		pthread_barrier_init(&r.start, NULL, 4);
		for (int t = 0; t < 4; t++)
			pthread_create(&threads[t], NULL, t < 2 ? fire_it : listen_to_it, &r);
		for (int t = 0; t < 4; t++)
			pthread_join(threads[t], NULL);
		pthread_barrier_destroy(&r.start);
		assert_int_equal(r.wins, 1);
		assert_int_equal(r.registered, 2);
		assert_int_equal(r.heard, 2);
		assert_int_equal(readable(cancel_public(r.token)->fd(cancel_public(r.token))), 1);
		cancel_unref(r.token);
	}
}

static void *make_children(void *arg)
{
	struct race *r = arg;
	struct cancel *kids[8] = { NULL };

	pthread_barrier_wait(&r->start);
	for (int i = 0; i < 64; i++) {
		cancel_unref(kids[i % 8]);
		kids[i % 8] = cancel_new(i % 2 && kids[(i + 7) % 8] ? kids[(i + 7) % 8] : r->top);
		cancel_notify(kids[i % 8], count, &r->heard);
		atomic_fetch_add(&r->registered, 1);
		if (i % 16 == 15)
			cancel_fire(kids[i % 8], EXS_CAUSE_BUDGET);
	}
	/* Those that are left must all have fired once the parent has. */
	while (!cancel_cause(r->top))
		;
	pthread_barrier_wait(&r->start);
	for (int i = 0; i < 8; i++) {
		if (!cancel_cause(kids[i]))
			atomic_fetch_add(&r->wins, 1);
		cancel_unref(kids[i]);
	}
	return NULL;
}

static void *fire_top(void *arg)
{
	struct race *r = arg;

	pthread_barrier_wait(&r->start);
	sched_yield();
	cancel_fire(r->top, EXS_CAUSE_SHUTDOWN);
	pthread_barrier_wait(&r->start);
	return NULL;
}

static void children_may_come_and_go_while_the_parent_fires(void **state)
{
	struct race r = { .wins = 0 };
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		r.top = cancel_new(NULL);
		r.wins = r.heard = r.registered = 0;
		pthread_barrier_init(&r.start, NULL, 3);
		for (int t = 0; t < 3; t++)
			pthread_create(&threads[t], NULL, t ? make_children : fire_top, &r);
		for (int t = 0; t < 3; t++)
			pthread_join(threads[t], NULL);
		pthread_barrier_destroy(&r.start);
		assert_int_equal(r.wins, 0);
		assert_true(r.heard <= r.registered);
		cancel_unref(r.top);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_cause_wins_and_never_changes),
		cmocka_unit_test(listeners_hear_once_also_when_late),
		cmocka_unit_test(the_fifth_listener_is_too_many),
		cmocka_unit_test(the_descriptor_wakes_whoever_polls),
		cmocka_unit_test(without_a_descriptor_the_token_still_works),
		cmocka_unit_test(a_child_fires_with_its_parents_cause),
		cmocka_unit_test(a_child_keeps_its_parent_and_leaves_its_list),
		cmocka_unit_test(a_line_of_a_hundred_thousand_fires_and_goes),
		cmocka_unit_test(a_listener_may_give_up_the_last_reference),
		cmocka_unit_test(the_nearest_deadline_of_the_line_counts),
		cmocka_unit_test(causes_have_words),
		cmocka_unit_test(notify_may_race_with_fire),
		cmocka_unit_test(children_may_come_and_go_while_the_parent_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
