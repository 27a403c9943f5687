/* SPDX-License-Identifier: MIT */
/*
 * work_kit.h - long calls whose battery is told when to end and when to return, and which count how
 * often they were started, ended and freed.
 */
#ifndef TEST_WORK_KIT_H
#define TEST_WORK_KIT_H

#include "host_kit.h"

#include <sched.h>

#include "base/text.h"

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
	struct kit k; /* first: kit_teardown */
	struct call c[8];
	_Atomic int starts, inside, most;
	_Atomic int told;
};

static EXS_UNUSED void *end_elsewhere(void *arg)
{
	struct call *c = arg;

	exs_put(c->done, "elsewhere");
	exs_end(c->done, EXS_OK);
	return NULL;
}

static EXS_UNUSED void wait_go(struct call *c)
{
	while (!atomic_load(&c->go))
		sched_yield();
}

/* The battery. */
static EXS_UNUSED void act(struct call *c, exs_done done)
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

static EXS_UNUSED void on_start(struct work *w, exs_done done)
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

static EXS_UNUSED void on_ended(struct work *w)
{
	struct call *c = container_of(w, struct call, work);

	c->status = w->pending.status;
	c->err = w->pending.err;
	snprintf(c->out, sizeof c->out, "%s", w->pending.out.p);
	atomic_fetch_add(&c->ended, 1);
}

static EXS_UNUSED void on_freed(struct work *w)
{
	struct call *c = container_of(w, struct call, work);

	buf_release(&w->pending.out);
	atomic_fetch_add(&c->freed, 1);
}

static EXS_UNUSED void on_progress(struct work *w, exs_str delta)
{
	struct call *c = container_of(w, struct call, work);

	snprintf(c->shown, sizeof c->shown, "%.*s", (int)delta.n, delta.p);
}

static EXS_UNUSED void prepare(struct box *b, struct call *c, enum mode mode)
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

static EXS_UNUSED struct call *begin(struct box *b, int i, enum mode mode)
{
	prepare(b, &b->c[i], mode);
	work_start(&b->c[i].work);
	return &b->c[i];
}

static EXS_UNUSED void over(struct call *c, exs_status status)
{
	kit_until(&c->freed, 1);
	kit_pause(1);
	assert_int_equal(c->freed, 1);
	assert_int_equal(c->ended, 1);
	assert_int_equal(c->status, status);
}

/* Nothing of it reached the battery, and it says so. */
static EXS_UNUSED void refused(struct call *c, exs_status status, const char *why)
{
	over(c, status);
	assert_int_equal(c->started, 0);
	assert_int_equal(c->err.status, status);
	assert_int_equal(c->err.klass, EXS_CLASS_NOT_DONE);
	assert_says(&c->err, why);
}

static EXS_UNUSED void open_with(void **state, uint32_t flags)
{
	struct box *b = calloc(1, sizeof *b);

	assert_non_null(b);
	kit_open(&b->k, flags);
	*state = b;
}

static EXS_UNUSED int setup(void **state)
{
	open_with(state, 0);
	return 0;
}

static EXS_UNUSED int setup_concurrent(void **state)
{
	open_with(state, EXS_CONCURRENT);
	return 0;
}

static EXS_UNUSED int setup_at_once(void **state)
{
	open_with(state, EXS_RETURNS_AT_ONCE);
	return 0;
}

#define CASE(name)	 cmocka_unit_test_setup_teardown(name, setup, kit_teardown)
#define CONCURRENT(name) cmocka_unit_test_setup_teardown(name, setup_concurrent, kit_teardown)
#define AT_ONCE(name)	 cmocka_unit_test_setup_teardown(name, setup_at_once, kit_teardown)

#endif
