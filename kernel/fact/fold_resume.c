/* SPDX-License-Identifier: MIT */
/*
 * fold_resume.c - the part of the fold that reads the first fact of a later attempt: what the dead one left open,
 * and, when a run that has ended is retried, what made it end.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "fact/state_edit.h"

static void forget(char **text)
{
	free(*text);
	*text = NULL;
}

/* A limit that the fact may move; 0: it does not. */
static bool limit_of(exs_str body, const char *key, int64_t max, int64_t *out)
{
	exs_str v;

	*out = 0;
	if (json_get(body, key, &v))
		return true;
	return json_get_int(body, key, out) && *out >= 1 && *out <= max;
}

/*
 * A person asked for it, so what ended the run counts from zero again: tries, crashes, the loop guards, the verdict
 * of the budget or the critic. What it has done, and what that cost, stays.
 */
static exs_status retry(struct state *s, const exs_fact *f, exs_err *err)
{
	int64_t steps, runtime_ms;

	if (!s->ended || s->status == EXS_ENDED_OK)
		return fold_corrupt(f, err, "it retries a run that did not fail");
	if (!limit_of(f->body, "steps", INT32_MAX, &steps) ||
	    !limit_of(f->body, "runtime_ms", INT64_MAX, &runtime_ms))
		return fold_corrupt(f, err, "its limits are out of range");
	if (steps)
		s->limits.steps = (int32_t)steps;
	if (runtime_ms)
		s->limits.runtime_ms = runtime_ms;
	s->retried = f->attempt;
	s->final = s->ended = s->failed = s->denied = false;
	s->status = EXS_ENDED_NONE;
	s->reason[0] = '\0';
	s->cancelled = EXS_CAUSE_NONE;
	s->crashes = s->failed_steps = s->same_count = s->tries = s->retries = 0;
	s->same_print = 0;
	s->target = 0;
	s->retry_after_ms = 0;
	s->failures_n = 0;
	forget(&s->same_name);
	forget(&s->output);
	forget(&s->failures);
	forget(&s->cancel_why);
	forget(&s->deny_why);
	return EXS_OK;
}

/* What the dead attempt left open is open no more: its turn is lost, plan judges its calls. */
exs_status fold_run_resumed(struct state *s, const exs_fact *f, exs_err *err)
{
	bool again = false, orderly = s->parked || s->ended;
	exs_status status;
	uint32_t i;

	if (f->attempt != s->attempt + 1)
		return fold_corrupt(f, err, "the attempts have a hole");
	json_get_bool(f->body, "retry", &again);
	if (again && retry(s, f, err))
		return err->status;
	if (s->ended)
		return fold_corrupt(f, err, "the run had ended");
	digests_read(f->body, &s->digests);
	s->attempt = f->attempt;
	s->crashes += orderly ? 0 : 1;
	s->parked = false;
	s->turn_open = s->reserved = false;
	forget(&s->why);
	for (i = 0; i < s->call_count; i++)
		if (s->calls[i].stage == CALL_STARTED)
			s->calls[i].stage = CALL_STALE;
	/* What arrived while the lost turn was out goes with the one that is asked again. */
	status = fold_steers(s);
	return status ? err_set(err, status, 0, "no room for a message") : EXS_OK;
}
