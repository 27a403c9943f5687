/* SPDX-License-Identifier: MIT */
/* plan.c - the decision: state to action. Read it from top to bottom; the first line that fits is
 * it. */
#include "fact/plan.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "fact/doubt.h"

static void end(struct action *out, int32_t status, const char *reason, const char *why)
{
	out->kind = ACT_END;
	out->status = status;
	out->reason = reason;
	snprintf(out->why, sizeof out->why, "%s", why ? why : "");
}

/* What was said, or a sentence for those who said nothing. */
static const char *said(const char *why, const char *other)
{
	return why && why[0] ? why : other;
}

static void end_cancelled(const struct state *s, struct action *out)
{
	const char *why = s->cancel_why;

	switch (s->cancelled) {
	case EXS_CAUSE_TIMEOUT:
		end(out, EXS_ENDED_TIMEOUT, "timeout", said(why, "the run's time is over"));
		return;
	case EXS_CAUSE_KILL:
		end(out, EXS_ENDED_KILLED, "killed", said(why, "the critic stopped the run"));
		return;
	case EXS_CAUSE_BUDGET:
		end(out, EXS_ENDED_DENIED, "budget", said(why, "the budget's limit was reached"));
		return;
	default:
		end(out, EXS_ENDED_CANCELLED, "cancelled", said(why, "the run was cancelled"));
		return;
	}
}

/* Calls that an attempt which died had started: the table of docs/FACTS.md, one row a branch. */
static void recover_calls(const struct state *s, struct action *out)
{
	uint64_t again = 0, ask = 0, doubt = 0;
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		if (s->calls[i].stage != CALL_STALE)
			continue;
		switch (s->calls[i].effect) {
		case EXS_EFFECT_PURE:
		case EXS_EFFECT_IDEMPOTENT:
		case EXS_EFFECT_KEYED:
			again |= (uint64_t)1 << i;
			break;
		case EXS_EFFECT_RECONCILABLE:
			ask |= (uint64_t)1 << i;
			break;
		default:
			doubt |= (uint64_t)1 << i;
			break;
		}
	}
	if (again) {
		out->kind = ACT_CALLS;
		out->calls = again;
	} else if (ask) {
		out->kind = ACT_RECONCILE;
		out->calls = ask;
	} else if (s->park_in_doubt && state_calls_at(s, CALL_STARTED)) {
		out->kind = ACT_WAIT; /* nothing is left behind in the air */
	} else if (s->park_in_doubt) {
		out->kind = ACT_PARK;
		doubt_text(s, doubt_calls(s), out->why, sizeof out->why);
	} else {
		out->kind = ACT_DOUBT;
		out->calls = doubt;
	}
}

static void next_turn(const struct state *s, struct action *out)
{
	out->kind = ACT_TURN;
	if (s->tries > 0)
		out->delay_ms = s->retry_after_ms > 0 ? s->retry_after_ms : RETRY_PAUSE_MS;
}

/* Loop guards and limits, asked between two steps. */
static bool tripped(const struct state *s, struct action *out)
{
	char why[240];

	if (s->same_count >= s->limits.same_calls) {
		snprintf(why, sizeof why,
			 "the model asked for '%.100s' with the same arguments %d times in a row",
			 s->same_name, (int)s->same_count);
		end(out, EXS_ENDED_ERROR, "tool_loop", why);
		return true;
	}
	if (s->failed_steps >= s->limits.failed_steps) {
		snprintf(why, sizeof why, "every tool call failed in %d steps in a row",
			 (int)s->failed_steps);
		end(out, EXS_ENDED_ERROR, "tool_loop", why);
		return true;
	}
	if (s->call_count == 0 && s->step >= s->limits.steps) {
		snprintf(why, sizeof why, "the limit of %d steps was reached before the answer",
			 (int)s->limits.steps);
		end(out, EXS_ENDED_ERROR, "step_limit", why);
		return true;
	}
	return false;
}

void plan(const struct state *s, struct action *out)
{
	/* The sentence is long and seldom there: its first byte is enough. */
	memset(out, 0, offsetof(struct action, why));
	out->why[0] = '\0';
	out->reason = "";
	if (!s->started || s->ended || s->parked)
		return;
	/* What is out must come back first: nothing ends with a call in the air. */
	if (s->turn_open || (state_calls_at(s, CALL_STARTED) &&
			     (s->cancelled || s->denied || !state_calls_at(s, CALL_PLANNED)))) {
		out->kind = ACT_WAIT;
		return;
	}
	/* A genuine outcome is never relabelled because the token fired later. */
	if (s->final)
		end(out, EXS_ENDED_OK, "", "");
	else if (s->failed)
		end(out, EXS_ENDED_ERROR, "model",
		    said(s->failures, "no model of the tier answered"));
	else if (s->denied)
		end(out, EXS_ENDED_DENIED, "budget",
		    said(s->deny_why, "the budget refused a turn"));
	else if (s->cancelled)
		end_cancelled(s, out);
	else if (s->crashes > s->limits.attempts)
		end(out, EXS_ENDED_ERROR, "attempts",
		    "given up: the process died in this run more often than run.attempts allows");
	else if (tripped(s, out))
		return;
	else if (state_calls_at(s, CALL_STALE))
		recover_calls(s, out);
	else if (state_calls_at(s, CALL_PLANNED)) {
		out->kind = ACT_CALLS;
		out->calls = state_calls_at(s, CALL_PLANNED);
	} else
		next_turn(s, out);
}

const char *action_word(enum action_kind kind)
{
	static const char *const words[] = { "nothing",	  "wait",  "turn", "calls",
					     "reconcile", "doubt", "park", "end" };

	return words[kind];
}
