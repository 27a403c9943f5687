/* SPDX-License-Identifier: MIT */
/*
 * guard_kit.h - a battery of audit, checkpoint and critic that does what its struct act says,
 * behind the door that is tested.
 */
#ifndef TEST_GUARD_KIT_H
#define TEST_GUARD_KIT_H

#include "host_kit.h"

#include <sched.h>

/* What the functions below do, for the instance whose self it is. */
struct act {
	struct kit *k;
	exs_status status;
	exs_err said; /* what it leaves in the record when it fails */
	_Atomic int inside, most, calls, hold, go;
	int32_t verdict;
};

struct box {
	struct kit k; /* first: kit_teardown */
	struct act act[2];
};

static EXS_UNUSED struct act *of_trail(exs_trail *t)
{
	return (struct act *)(void *)t;
}

static EXS_UNUSED exs_status play(struct act *a, exs_err *err)
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

static EXS_UNUSED exs_status start(exs_self *self, const exs_run_info *run, exs_trail **out,
				   exs_err *err)
{
	struct act *a = (struct act *)(void *)self;

	(void)run;
	*out = (exs_trail *)(void *)a;
	return play(a, err);
}

static EXS_UNUSED exs_status record(exs_trail *trail, const exs_fact *fact, exs_batch *batch,
				    exs_err *err)
{
	(void)fact;
	(void)batch;
	return play(of_trail(trail), err);
}

static EXS_UNUSED exs_status finish(exs_trail *trail, exs_err *err)
{
	return play(of_trail(trail), err);
}

static const exs_audit audit = {
	.size = sizeof audit,
	.start = start,
	.record = record,
	.finish = finish,
};

static EXS_UNUSED exs_status list(exs_self *self, uint32_t flags,
				  exs_status (*row)(void *, exs_str), void *arg, exs_err *err)
{
	exs_status s;

	(void)flags;
	(void)err;
	((struct act *)(void *)self)->calls++;
	s = row(arg, exs_cstr("{}"));
	return s ? s : row(arg, exs_cstr("{}"));
}

static const exs_checkpoint checkpoint = { .size = sizeof checkpoint, .list = list };

static EXS_UNUSED void tick(exs_watch *watch, int64_t idle_ms, exs_verdict *out)
{
	(void)idle_ms;
	out->what = ((struct act *)(void *)watch)->verdict;
	memset(out->words, 'w', sizeof out->words);
}

static EXS_UNUSED int64_t deadline_ms(exs_watch *watch)
{
	(void)watch;
	return 1234;
}

static const exs_critic critic = { .size = sizeof critic,
				   .tick = tick,
				   .deadline_ms = deadline_ms };

static EXS_UNUSED void open_with(void **state, uint32_t flags)
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

static EXS_UNUSED exs_status call(struct box *b, int i, exs_err *err)
{
	*err = (exs_err)EXS_ERR_INIT;
	return call_audit_record(&b->k.in[i], (exs_trail *)(void *)&b->act[i], NULL, NULL, err);
}

static EXS_UNUSED void fails(struct box *b, exs_status status)
{
	exs_err err;

	b->act[0].status = status;
	assert_int_equal(call(b, 0, &err), status);
}

static EXS_UNUSED void *call_once(void *arg)
{
	struct box *b = arg;
	exs_err err;

	return (void *)(intptr_t)call(b, 0, &err);
}

#define CASE(name)	 cmocka_unit_test_setup_teardown(name, setup, kit_teardown)
#define CONCURRENT(name) cmocka_unit_test_setup_teardown(name, setup_concurrent, kit_teardown)

#endif
