/* SPDX-License-Identifier: MIT */
/*
 * plan_kit.h - what the suites of fold and plan ask: what became of the state, what is planned now,
 * and how a run ends.
 */
#ifndef TEST_PLAN_KIT_H
#define TEST_PLAN_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fact_kit.h"

#define ONE   CALL_READ("a", "x")
#define OTHER CALL_READ("b", "y")

static inline void must_fold(const struct tale *t)
{
	assert_string_equal(t->status ? t->err.text : "", "");
}

/* The last fact was refused with exactly this sentence. */
static inline void refused(struct tale *t, const char *why)
{
	assert_int_equal(t->status, EXS_CORRUPT);
	assert_int_equal(t->err.status, EXS_CORRUPT);
	assert_string_equal(t->err.text, why);
	tale_release(t);
}

static inline void segment_is(const struct tale *t, size_t i, const char *want)
{
	assert_true(i < t->state.segment_count);
	assert_string_equal(t->state.segments[i].p, want);
	assert_int_equal(t->state.segments[i].n, strlen(want));
}

static inline struct action planned(const struct tale *t)
{
	struct action a;

	assert_string_equal(t->status ? t->err.text : "", "");
	plan(&t->state, &a);
	assert_non_null(a.reason);
	return a;
}

static inline void plans(const struct tale *t, enum action_kind kind)
{
	assert_string_equal(action_word(planned(t).kind), action_word(kind));
}

static inline void plans_calls(const struct tale *t, enum action_kind kind, uint64_t calls)
{
	plans(t, kind);
	assert_int_equal(planned(t).calls, calls);
}

static inline void ends(const struct tale *t, int32_t status, const char *reason)
{
	struct action a = planned(t);

	assert_string_equal(action_word(a.kind), "end");
	assert_string_equal(ended_word(a.status), ended_word(status));
	assert_string_equal(a.reason, reason);
	assert_true(status == EXS_ENDED_OK || a.why[0]);
}

static inline void ends_saying(const struct tale *t, int32_t status, const char *reason,
			       const char *why)
{
	ends(t, status, reason);
	assert_string_equal(planned(t).why, why);
}

/* A whole step whose one call ends like that. */
static inline void step_with(struct tale *t, const char *call, const char *outcome)
{
	tell_asks(t, call);
	if (planned(t).kind != ACT_CALLS)
		return;
	tell_call_started(t, 0, "pure");
	tell_call_ended(t, 0, outcome);
}

static inline void step_at(struct tale *t, const char *path, const char *outcome)
{
	char call[128];

	snprintf(call, sizeof call,
		 "{\"id\":\"c\",\"name\":\"read\",\"arguments\":\"{\\\"path\\\":\\\"%s\\\"}\"}",
		 path);
	step_with(t, call, outcome);
}

#endif
