/* SPDX-License-Identifier: MIT */
/* replay_kit.h - tales that are replayed, and what must come of it. */
#ifndef TEST_REPLAY_KIT_H
#define TEST_REPLAY_KIT_H

#include "plan_kit.h"
#include "fact/replay.h"

/* Replays the facts of a tale, whatever its own fold said of them. */
static EXS_UNUSED exs_status play(const struct tale *t, struct replay *r)
{
	exs_status status = EXS_OK;
	uint32_t i;

	replay_init(r);
	for (i = 0; i < t->n && status == EXS_OK; i++)
		status = replay_fact(r, &t->facts[i]);
	return status;
}

static EXS_UNUSED void is_the_same(struct tale *t, int64_t decisions)
{
	struct replay r;

	assert_int_equal(play(t, &r), EXS_OK);
	assert_false(r.found.any);
	assert_int_equal(r.facts, t->n);
	assert_int_equal(r.decisions, decisions);
	replay_release(&r);
	tale_release(t);
}

/* The last fact is the divergence. */
static EXS_UNUSED void differs(struct tale *t, const char *planned, const char *recorded)
{
	struct replay r;

	assert_int_equal(play(t, &r), EXS_CANCELLED);
	assert_true(r.found.any);
	assert_int_equal(r.found.seq, t->n);
	assert_int_equal(r.facts, t->n - 1);
	assert_string_equal(r.found.planned, planned);
	assert_string_equal(r.found.recorded, recorded);
	assert_int_equal(r.damage.status, EXS_OK);
	replay_release(&r);
	tale_release(t);
}

static EXS_UNUSED void tell_target(struct tale *t, const char *name, int target, int try)
{
	char body[128];

	snprintf(body, sizeof body, "{\"target\":%d,\"try\":%d,\"messages\":1,\"estimate\":9}", target,
		 try);
	tell(t, EXS_FACT_TURN_STARTED, name, NULL, NULL, body);
}

static EXS_UNUSED void tell_end(struct tale *t, const char *status, const char *reason, const char *output)
{
	tellf(t, EXS_FACT_RUN_ENDED,
	      "{\"status\":\"%s\",\"output\":\"%s\",\"error\":\"e\",\"reason\":\"%s\",\"steps\":1}",
	      status, output, reason);
}

static EXS_UNUSED void tell_plain_resume(struct tale *t, const char *more)
{
	tellf(t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false%s}", more);
}

#endif
