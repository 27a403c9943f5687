/* SPDX-License-Identifier: MIT */
/*
 * test_model_stream.c - streams whose events come one by one and so fast that the network's thread
 * lets them gather: nothing of them is lost, and nothing else waits for them.
 */
#include "unit/mock_chat_kit.h"

#include <string.h>

#define LETTERS 100000 /* of the answer: over a thousand events in each dialect, one each ms */
#define SOON_MS 1000   /* less than the answer takes, far more than a busy machine needs */

static const char *const batteries[] = { "model_openai", "model_openai_responses", "model_anthropic",
					 "model_ollama" };
#define BATTERIES_N (sizeof batteries / sizeof *batteries)

struct env {
	struct mock mock;
	char text[LETTERS + 1];
};

static int set_up(void **state)
{
	static struct env e;
	const char *const more[] = { "--answer", e.text, "--pace", "1", NULL };
	size_t i;

	for (i = 0; i < LETTERS; i++)
		e.text[i] = (char)('a' + i % 26);
	e.mock = mock_start(more);
	*state = &e;
	return 0;
}

static int tear_down(void **state)
{
	struct env *e = *state;

	mock_stop(&e->mock);
	return 0;
}

/* How much of a text was shown by now. */
static size_t shown(struct asked *a)
{
	size_t n;

	pthread_mutex_lock(&a->done.lock);
	n = a->done.progress.n;
	pthread_mutex_unlock(&a->done.lock);
	return n;
}

/* A turn that is well within its answer. */
static void start_reading(struct kit *k, struct asked *a)
{
	int i;

	ask_start(k, a, "x");
	for (i = 0; i < 10000 && shown(a) < 40; i++)
		usleep(1000);
	assert_true(shown(a) >= 40);
}

static void is_whole_and_in_order(void **state)
{
	struct env *e = *state;
	struct asked a;
	struct kit k;
	size_t b;

	for (b = 0; b < BATTERIES_N; b++) {
		kit_open_of(&k, batteries[b], e->mock.port, NULL);
		ask(&k, &a, "x");
		if (a.done.status)
			fail_msg("%s: %s", batteries[b], a.done.err.text);
		assert_int_equal(a.done.progress.n, LETTERS);
		assert_memory_equal(a.done.progress.p, e->text, LETTERS);
		assert_non_null(memmem(a.done.out.p, a.done.out.n, e->text, LETTERS));
		ask_release(&a);
		kit_close(&k);
	}
}

static void ends_soon_when_its_token_fires(void **state)
{
	struct env *e = *state;
	struct asked a;
	struct kit k;
	size_t b;

	for (b = 0; b < BATTERIES_N; b++) {
		kit_open_of(&k, batteries[b], e->mock.port, NULL);
		start_reading(&k, &a);
		assert_true(cancel_fire(a.token, EXS_CAUSE_CALLER));
		if (!double_done_wait(&a.done, SOON_MS))
			fail_msg("%s: it does not end", batteries[b]);
		assert_int_equal(a.done.status, EXS_CANCELLED);
		assert_true(shown(&a) < LETTERS);
		ask_release(&a);
		kit_close(&k);
	}
}

static void another_turn_is_taken_meanwhile(void **state)
{
	struct asked first, second;
	struct env *e = *state;
	struct kit k;

	kit_open_of(&k, batteries[0], e->mock.port, NULL);
	start_reading(&k, &first);
	ask(&k, &second, "pace:0");
	assert_int_equal(second.done.status, EXS_OK);
	ask_wait(&first);
	assert_int_equal(first.done.status, EXS_OK);
	assert_int_equal(first.done.progress.n, LETTERS);
	ask_release(&first);
	ask_release(&second);
	kit_close(&k);
}

static void close_ends_it(void **state)
{
	struct env *e = *state;
	struct asked a;
	struct kit k;

	kit_open_of(&k, batteries[0], e->mock.port, NULL);
	start_reading(&k, &a);
	kit_close(&k);
	assert_int_equal(a.done.ends, 1);
	assert_int_equal(a.done.status, EXS_LOST);
	ask_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_whole_and_in_order),
		cmocka_unit_test(ends_soon_when_its_token_fires),
		cmocka_unit_test(another_turn_is_taken_meanwhile),
		cmocka_unit_test(close_ends_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
