/* SPDX-License-Identifier: MIT */
/* test_model_script_time.c - turns that wait, stream, are cancelled, or are still there at close.
 */
#include "model_script.h"

#include "base/auto.h"

#define MANY	   1000
#define FIRE_LOOPS 200

/* A done record that keeps how long each piece was. */
struct pieces {
	struct double_done *done;
	exs_done_ops ops;
	size_t length[8];
	size_t n;
};

static exs_status pieces_put(exs_done done, const char *p, size_t n)
{
	struct pieces *x = container_of(done.ops, struct pieces, ops);

	return exs_write(x->done->done, p, n);
}

static void pieces_progress(exs_done done, exs_str delta)
{
	struct pieces *x = container_of(done.ops, struct pieces, ops);

	assert_true(x->n < ARRAY_LEN(x->length));
	x->length[x->n++] = delta.n;
	x->done->ops.progress(x->done->done, delta);
}

static void pieces_end(exs_done done, exs_status status, const exs_usage *usage, const exs_err *err)
{
	struct pieces *x = container_of(done.ops, struct pieces, ops);

	x->done->ops.end(x->done->done, status, usage, err);
}

static void streaming_gives_the_pieces_as_progress_and_the_whole_in_put(void **state)
{
	struct fixture *f = *state;
	exs_turn t = turn_of(f, "streamed");
	struct pieces x = {
		&f->done, { sizeof x.ops, 0, pieces_put, pieces_progress, pieces_end }, { 0 }, 0
	};
	exs_done done = { 1, &x.ops };

	open_shipped(f, "behaviour.yaml");
	f->model->turn(f->self, &t, NULL, done);
	assert_true(double_done_wait(&f->done, WAIT_MS));
	assert_int_equal(x.n, 2);
	assert_int_equal(x.length[0], 12); /* 11 would cut the é */
	assert_int_equal(x.length[1], 5);
	assert_string_equal(f->done.progress.p, "pieces of é text");
	assert_non_null(strstr(f->done.out.p, "\"pieces of é text\""));
	ask(f, "at_once");
	assert_string_equal(f->done.progress.p, "abcdef");
}

static void a_delayed_turn_answers_later(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	says(f, "soon", "\"here\"");
	says(f, "late", "\"late\"");
}

static void cancelled_while_it_waits(struct fixture *f, const char *script)
{
	exs_turn t = turn_of(f, script);
	struct cancel *token = cancel_new(NULL);

	double_done_release(&f->done);
	double_done_init(&f->done, EXS_TURN_ANSWER_MAX);
	f->model->turn(f->self, &t, cancel_public(token), f->done.done);
	assert_false(double_done_wait(&f->done, 20));
	assert_true(cancel_fire(token, EXS_CAUSE_CALLER));
	assert_true(double_done_wait(&f->done, WAIT_MS));
	assert_int_equal(f->done.status, EXS_CANCELLED);
	assert_int_equal(f->done.ends, 1);
	cancel_unref(token);
}

static void a_fired_token_ends_a_turn_that_waits(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	cancelled_while_it_waits(f, "stalled");
	cancelled_while_it_waits(f, "slow");
	cancelled_while_it_waits(f, "drip");
	assert_string_equal(f->done.progress.p, "a");
}

static void a_token_that_fired_before_ends_the_turn_at_once(void **state)
{
	struct fixture *f = *state;
	exs_turn t = turn_of(f, "stalled");
	struct cancel *token = cancel_new(NULL);

	open_shipped(f, "behaviour.yaml");
	cancel_fire(token, EXS_CAUSE_SHUTDOWN);
	f->model->turn(f->self, &t, cancel_public(token), f->done.done);
	assert_true(double_done_wait(&f->done, WAIT_MS));
	assert_int_equal(f->done.status, EXS_CANCELLED);
	cancel_unref(token);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void a_token_without_room_for_a_listener_is_asked_instead(void **state)
{
	struct fixture *f = *state;
	exs_turn t = turn_of(f, "stalled");
	struct cancel *token = cancel_new(NULL);
	unsigned i;

	open_shipped(f, "behaviour.yaml");
	for (i = 0; i < CANCEL_LISTENERS_MAX; i++)
		assert_int_equal(cancel_notify(token, nothing, NULL), EXS_OK);
	f->model->turn(f->self, &t, cancel_public(token), f->done.done);
	assert_false(double_done_wait(&f->done, 20));
	cancel_fire(token, EXS_CAUSE_CALLER);
	assert_true(double_done_wait(&f->done, WAIT_MS));
	assert_int_equal(f->done.status, EXS_CANCELLED);
	cancel_unref(token);
}

static void a_deaf_turn_is_ended_by_close_alone(void **state)
{
	struct fixture *f = *state;
	exs_turn t = turn_of(f, "deaf");
	struct cancel *token = cancel_new(NULL);

	open_shipped(f, "behaviour.yaml");
	f->model->turn(f->self, &t, cancel_public(token), f->done.done);
	cancel_fire(token, EXS_CAUSE_CALLER);
	assert_false(double_done_wait(&f->done, 50));
	f->battery->close(f->self);
	f->self = NULL;
	assert_true(f->done.ended);
	assert_int_equal(f->done.status, EXS_CANCELLED);
	cancel_unref(token);
}

static void close_ends_a_thousand_pending_turns_once(void **state)
{
	static const char *const scripts[] = { "stalled", "deaf", "slow", "drip" };
	struct fixture *f = *state;
	struct double_done *dones = calloc(MANY, sizeof *dones);
	struct cancel *token = cancel_new(NULL);
	size_t i;

	assert_non_null(dones);
	open_shipped(f, "behaviour.yaml");
	for (i = 0; i < MANY; i++) {
		exs_turn t = turn_of(f, scripts[i % 4]);

		double_done_init(&dones[i], 4096);
		f->model->turn(f->self, &t, cancel_public(token), dones[i].done);
	}
	f->battery->close(f->self);
	f->self = NULL;
	for (i = 0; i < MANY; i++) {
		assert_int_equal(dones[i].ends, 1);
		assert_int_equal(dones[i].status, EXS_CANCELLED);
		double_done_release(&dones[i]);
	}
	cancel_unref(token);
	free(dones);
}

static void *fire(void *arg)
{
	struct cancel *token = arg;

	cancel_fire(token, EXS_CAUSE_CALLER);
	cancel_unref(token);
	return NULL;
}

static void a_token_that_fires_while_a_turn_ends_ends_it_once(void **state)
{
	static const char *const scripts[] = { "streamed", "late", "stalled", "soon" };
	struct fixture *f = *state;
	int i;

	open_shipped(f, "behaviour.yaml");
	for (i = 0; i < FIRE_LOOPS; i++) {
		exs_turn t = turn_of(f, scripts[i % 4]);
		struct cancel *token = cancel_new(NULL);
		pthread_t thread;

		double_done_release(&f->done);
		double_done_init(&f->done, 4096);
		assert_int_equal(pthread_create(&thread, NULL, fire, cancel_ref(token)), 0);
		f->model->turn(f->self, &t, cancel_public(token), f->done.done);
		assert_true(double_done_wait(&f->done, WAIT_MS));
		pthread_join(thread, NULL);
		assert_int_equal(f->done.ends, 1);
		assert_true(f->done.status == EXS_CANCELLED || f->done.status == EXS_OK);
		cancel_unref(token);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(streaming_gives_the_pieces_as_progress_and_the_whole_in_put),
		T(a_delayed_turn_answers_later),
		T(a_fired_token_ends_a_turn_that_waits),
		T(a_token_that_fired_before_ends_the_turn_at_once),
		T(a_token_without_room_for_a_listener_is_asked_instead),
		T(a_deaf_turn_is_ended_by_close_alone),
		T(close_ends_a_thousand_pending_turns_once),
		T(a_token_that_fires_while_a_turn_ends_ends_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
