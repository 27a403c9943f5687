/* SPDX-License-Identifier: MIT */
/* store_thread.c - the contract under several threads: nothing lost, nothing ended twice, order
 * kept. */
#include "store_kit.h"

#define THREADS	  8
#define ROUNDS	  60
#define IN_FLIGHT 64

struct worker {
	struct kit *k;
	pthread_t thread;
	int id, ok, conflicts;
};

static void run(struct kit *k, struct worker workers[THREADS], void *(*fn)(void *))
{
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .k = k, .id = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, fn, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

static void *increment(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < ROUNDS; i++)
		w->ok += BATCH(w->k, op_add(S("n"), 1, INT64_MAX)) == EXS_OK;
	return NULL;
}

static void counts_every_increment_of_8_threads(void **state)
{
	struct worker workers[THREADS];
	int i;

	run(*state, workers, increment);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(workers[i].ok, ROUNDS);
	assert_int_equal(kit_counter(*state, S("n")), THREADS * ROUNDS);
}

static void *increment_bounded(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		exs_status s = BATCH(w->k, op_add(S("n"), 1, 100), op_add(S("mine"), 1, INT64_MAX));

		w->ok += s == EXS_OK;
		w->conflicts += s == EXS_CONFLICT;
	}
	return NULL;
}

static void a_bound_holds_under_8_threads(void **state)
{
	struct worker workers[THREADS];
	int i, ok = 0;

	run(*state, workers, increment_bounded);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(workers[i].ok + workers[i].conflicts, ROUNDS);
		ok += workers[i].ok;
	}
	assert_int_equal(ok, 100);
	assert_int_equal(kit_counter(*state, S("n")), 100);
	assert_int_equal(kit_counter(*state, S("mine")), 100);
}

/* Each thread wins the row of a round or sees that another one did. */
static void *insert_once(void *arg)
{
	struct worker *w = arg;
	char key[24];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		snprintf(key, sizeof key, "round%d", i);
		w->ok += BATCH(w->k, op_absent(exs_cstr(key)), op_put(exs_cstr(key), S("mine"))) ==
			 EXS_OK;
	}
	return NULL;
}

static void a_row_that_must_be_absent_is_made_by_one_thread(void **state)
{
	struct worker workers[THREADS];
	int i, ok = 0;

	run(*state, workers, insert_once);
	for (i = 0; i < THREADS; i++)
		ok += workers[i].ok;
	assert_int_equal(ok, ROUNDS);
}

/* ---- many batches in flight ---- */

struct flight {
	struct double_done done[IN_FLIGHT];
	exs_op ops[IN_FLIGHT][2];
	const exs_op *list[IN_FLIGHT][2];
	char values[IN_FLIGHT][16];
};

static struct flight *flight_new(void)
{
	struct flight *f = calloc(1, sizeof *f);
	int i;

	assert_non_null(f);
	for (i = 0; i < IN_FLIGHT; i++) {
		double_done_init(&f->done[i], 16);
		f->list[i][0] = &f->ops[i][0];
		f->list[i][1] = &f->ops[i][1];
		snprintf(f->values[i], sizeof f->values[i], "%d", i);
	}
	return f;
}

static void flight_land(struct flight *f)
{
	int i;

	for (i = 0; i < IN_FLIGHT; i++) {
		assert_true(double_done_wait(&f->done[i], WAIT_MS));
		assert_int_equal(f->done[i].ends, 1);
	}
}

static void flight_free(struct flight *f)
{
	int i;

	for (i = 0; i < IN_FLIGHT; i++)
		double_done_release(&f->done[i]);
	free(f);
}

/* Each batch expects the value of the one before it, so an order that is not kept is a conflict. */
static void batches_of_one_thread_commit_in_their_order(void **state)
{
	struct kit *k = *state;
	struct flight *f = flight_new();
	int i;

	for (i = 0; i < IN_FLIGHT; i++) {
		f->ops[i][0] =
			i ? op_check(S("head"), exs_cstr(f->values[i - 1])) : op_absent(S("head"));
		f->ops[i][1] = op_put(S("head"), exs_cstr(f->values[i]));
		k->store->submit(k->self, f->list[i], 2, f->done[i].done);
	}
	flight_land(f);
	for (i = 0; i < IN_FLIGHT; i++)
		assert_int_equal(f->done[i].status, EXS_OK);
	assert_int_equal(kit_get(k, S("head"), exs_cstr(f->values[IN_FLIGHT - 1])), EXS_OK);
	flight_free(f);
}

static void a_failing_batch_does_not_touch_its_neighbours(void **state)
{
	struct kit *k = *state;
	struct flight *f = flight_new();
	int i;

	assert_int_equal(kit_put(k, S("text"), S("eleven byte")), EXS_OK);
	for (i = 0; i < IN_FLIGHT; i++) {
		f->ops[i][0] = op_add(S("good"), 1, INT64_MAX);
		f->ops[i][1] = i % 4 == 1   ? op_absent(S("text"))
			       : i % 4 == 2 ? op_add(S("text"), 1, INT64_MAX)
			       : i % 4 == 3 ? op_put(S(""), S(""))
					    : op_put(S("k"), exs_cstr(f->values[i]));
		k->store->submit(k->self, f->list[i], 2, f->done[i].done);
	}
	flight_land(f);
	for (i = 0; i < IN_FLIGHT; i++) {
		static const exs_status expected[] = { EXS_OK, EXS_CONFLICT, EXS_CORRUPT,
						       EXS_INVALID };

		assert_int_equal(f->done[i].status, expected[i % 4]);
	}
	assert_int_equal(kit_counter(k, S("good")), IN_FLIGHT / 4);
	flight_free(f);
}

/* Fails while it is applied, not when its conditions are looked at. */
static void a_batch_that_fails_late_does_not_touch_its_neighbours(void **state)
{
	struct kit *k = *state;
	struct flight *f = flight_new();
	int i;

	for (i = 0; i < IN_FLIGHT; i++) {
		bool bad = i % 2;

		f->ops[i][0] = bad ? op_add(S("bad"), INT64_MAX, INT64_MAX)
				   : op_add(S("good"), 1, INT64_MAX);
		f->ops[i][1] = bad ? op_add(S("bad"), 1, INT64_MAX)
				   : op_put(S("k"), exs_cstr(f->values[i]));
		k->store->submit(k->self, f->list[i], 2, f->done[i].done);
	}
	flight_land(f);
	for (i = 0; i < IN_FLIGHT; i++)
		assert_int_equal(f->done[i].status, i % 2 ? EXS_CONFLICT : EXS_OK);
	assert_int_equal(kit_counter(k, S("good")), IN_FLIGHT / 2);
	assert_int_equal(kit_get(k, S("bad"), S("")), EXS_NOTFOUND);
	flight_free(f);
}

int store_threads(void)
{
	const struct CMUnitTest cases[] = {
		CASE(counts_every_increment_of_8_threads),
		CASE(a_bound_holds_under_8_threads),
		CASE(a_row_that_must_be_absent_is_made_by_one_thread),
		CASE(batches_of_one_thread_commit_in_their_order),
		CASE(a_failing_batch_does_not_touch_its_neighbours),
		CASE(a_batch_that_fails_late_does_not_touch_its_neighbours),
	};

	return cmocka_run_group_tests_name("threads", cases, NULL, NULL);
}
