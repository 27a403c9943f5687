/* SPDX-License-Identifier: MIT */
/*
 * fold.c - state and the next fact to the next state: pure, deterministic, total. The first fact of a run is
 * read in fold_start.c, that of a fork in fold_fork.c, that of a later attempt in fold_resume.c, calls and failed turns in fold_call.c.
 */
#include "fact/artifact.h"
#include "fact/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/message.h"
#include "fact/state_edit.h"
#include "fact/words.h"

exs_status fold_corrupt(const exs_fact *f, exs_err *err, const char *what)
{
	return err_set(err, EXS_CORRUPT, 0, "fact %lld (%s%s%.*s): %s", (long long)f->seq,
		       fact_word(f->kind), f->call_id.n ? " " : "",
		       (int)(f->call_id.n > CALL_ID_MAX ? CALL_ID_MAX : f->call_id.n),
		       f->call_id.n ? f->call_id.p : "", what);
}

char *fold_text(exs_str body, const char *key, size_t max)
{
	exs_str v;

	if (json_get(body, key, &v))
		return strdup("");
	return json_get_textz(body, key, max);
}

static exs_status set_text(char **to, const exs_fact *f, exs_err *err)
{
	char *text = fold_text(f->body, "text", RUN_TEXT_MAX);

	if (!text)
		return fold_corrupt(f, err, "its text cannot be read");
	free(*to);
	*to = text;
	return EXS_OK;
}

static exs_status run_cancelled(struct state *s, const exs_fact *f, exs_err *err)
{
	struct buf word;
	int32_t cause = -1;

	buf_init(&word, RUN_NAME_MAX);
	if (json_get_text(f->body, "cause", &word))
		cause = cause_of(buf_view(&word));
	buf_release(&word);
	if (cause <= EXS_CAUSE_NONE ||
	    cause == EXS_CAUSE_SHUTDOWN) /* a stop is no end of the run */
		return fold_corrupt(f, err, "its cause is unknown");
	s->reserved = false; /* nothing is sent after it */
	if (s->cancelled) /* the first cause wins */
		return EXS_OK;
	s->cancelled = cause;
	return set_text(&s->cancel_why, f, err);
}

static exs_status budget_denied(struct state *s, const exs_fact *f, exs_err *err)
{
	if (s->denied)
		return EXS_OK;
	s->denied = true;
	return set_text(&s->deny_why, f, err);
}

static exs_status run_ended(struct state *s, const exs_fact *f, exs_err *err)
{
	struct buf word;
	char *output;

	buf_init(&word, RUN_NAME_MAX);
	s->status = json_get_text(f->body, "status", &word) ? ended_of(buf_view(&word)) : -1;
	buf_clear(&word);
	if (json_get_text(f->body, "reason", &word) && word.n < sizeof s->reason)
		memcpy(s->reason, word.p, word.n + 1);
	buf_release(&word);
	if (s->status <= EXS_ENDED_NONE)
		return fold_corrupt(f, err, "its status is unknown");
	output = fold_text(f->body, "output", RUN_TEXT_MAX);
	if (!output)
		return fold_corrupt(f, err, "its output cannot be read");
	free(s->output);
	s->output = output;
	s->ended = true;
	free(s->why);
	s->why = NULL;
	if (s->status == EXS_ENDED_OK)
		return EXS_OK;
	s->why = fold_text(f->body, "error", RUN_TEXT_MAX);
	return s->why ? EXS_OK : fold_corrupt(f, err, "its error cannot be read");
}

static exs_status turn_started(struct state *s, const exs_fact *f, exs_err *err)
{
	if (s->turn_open || s->call_count > 0)
		return fold_corrupt(f, err, "a turn begins while something is open");
	if (f->step != s->step + 1)
		return fold_corrupt(f, err, "its step does not follow");
	if (s->final || s->failed || s->denied || s->cancelled)
		return fold_corrupt(f, err, "a turn begins after the run was decided");
	if (fold_turn_target(s, f, err))
		return err->status;
	s->turn_open = true;
	s->reserved = false;
	return EXS_OK;
}

void fold_usage(exs_usage *sum, const exs_usage *u)
{
	const int64_t from[] = { u->in_tokens,	u->cache_read_tokens, u->cache_write_tokens,
				 u->out_tokens, u->reasoning_tokens,  u->cost_micro };
	int64_t *const to[] = { &sum->in_tokens,  &sum->cache_read_tokens, &sum->cache_write_tokens,
				&sum->out_tokens, &sum->reasoning_tokens,  &sum->cost_micro };
	size_t i;

	for (i = 0; i < ARRAY_LEN(to); i++)
		if (from[i] > 0 && *to[i] <= INT64_MAX - from[i])
			*to[i] += from[i];
	sum->estimated |= u->estimated;
}

/* The answer of a turn without calls: its own text, or the last one of substance when it only
 * points back. */
static exs_status final_answer(struct state *s, struct buf *text)
{
	exs_str earlier = str_of(s->last_text);

	free(s->output);
	if (answer_is_weak(buf_view(text), earlier) && earlier.n > 0)
		s->output = str_dup(earlier);
	else
		s->output = str_dup(buf_view(text));
	s->final = true;
	return s->output ? EXS_OK : EXS_NOMEM;
}

static exs_status turn_text(struct state *s, exs_str message)
{
	struct buf text;
	exs_status status = EXS_OK;

	buf_init(&text, RUN_TEXT_MAX);
	message_text(message, &text);
	if (!buf_ok(&text)) {
		status = text.status;
	} else if (s->call_count == 0 && s->steer_count == 0) {
		status = final_answer(s, &text);
	} else if (!answer_is_weak(buf_view(&text), str_of(s->last_text))) {
		free(s->last_text);
		s->last_text = str_dup(buf_view(&text));
		status = s->last_text ? EXS_OK : EXS_NOMEM;
	}
	buf_release(&text);
	return status;
}

static exs_status turn_ended(struct state *s, const exs_fact *f, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct buf segment;
	exs_status status;
	exs_str message;

	if (!s->turn_open || f->step != s->step + 1)
		return fold_corrupt(f, err, "no such turn is open");
	if (!json_get_object(f->body, "message", &message))
		return fold_corrupt(f, err, "it holds no message");
	if (message_check_shape(message, &why))
		return err_set(err, EXS_CORRUPT, 0, "fact %lld: %.200s", (long long)f->seq,
			       why.text);
	s->turn_open = false;
	s->step++;
	s->target = 0;
	s->tries = 0;
	s->retry_after_ms = 0;
	s->crashes = 0;
	free(s->failures);
	s->failures = NULL;
	s->failures_n = 0;
	free(s->model);
	s->model = str_dup(f->name);
	if (f->usage)
		fold_usage(&s->usage, f->usage);
	buf_init(&segment, TRANSCRIPT_MAX);
	buf_str(&segment, message);
	status = s->model ? state_segment_add(s, &segment) : EXS_NOMEM;
	buf_release(&segment);
	if (status == EXS_OK)
		status = fold_turn_calls(s, message, err);
	if (status == EXS_OK)
		status = turn_text(s, message);
	if (status == EXS_OK)
		status = fold_steers(s);
	return status == EXS_OK ? EXS_OK
				: err_set(err, status, 0, "fact %lld: the turn does not fit",
					  (long long)f->seq);
}

/* What it says is for the model. */
static exs_status steered(struct state *s, const exs_fact *f, exs_err *err)
{
	char *text = json_get_textz(f->body, "text", RUN_TEXT_MAX);
	exs_status status;

	if (!text)
		return fold_corrupt(f, err, "it holds no text");
	if (s->steer_count == STEERS_MAX) {
		free(text);
		return fold_corrupt(f, err, "more messages wait than the kernel lets in");
	}
	s->steers[s->steer_count++] = text;
	status = fold_steers(s);
	return status ? err_set(err, status, 0, "no room for a message") : EXS_OK;
}

static exs_status budget_soft(struct state *s, const exs_fact *f, exs_err *err)
{
	char *limit = json_get_textz(f->body, "limit", RUN_NAME_MAX);

	if (!limit || s->soft_count == SOFTS_MAX) {
		free(limit);
		return fold_corrupt(f, err, "it names no limit, or too many were named");
	}
	s->softs[s->soft_count++] = limit;
	return steered(s, f, err);
}

exs_status fold_steers(struct state *s)
{
	struct buf m;
	exs_status status = EXS_OK;
	uint32_t i;

	if (s->turn_open || s->call_count > 0)
		return EXS_OK;
	for (i = 0; i < s->steer_count; i++) {
		buf_init(&m, RUN_TEXT_MAX * 2);
		message_user(&m, str_of(s->steers[i]));
		if (status == EXS_OK)
			status = state_segment_add(s, &m);
		buf_release(&m);
		free(s->steers[i]);
	}
	s->steer_count = 0;
	return status;
}

static exs_status limit_raised(struct state *s, const exs_fact *f, exs_err *err)
{
	struct buf what;
	int64_t now = 0;
	bool steps, runtime;

	buf_init(&what, RUN_NAME_MAX);
	json_get_text(f->body, "what", &what);
	steps = str_is(buf_view(&what), "steps");
	runtime = str_is(buf_view(&what), "runtime_ms");
	buf_release(&what);
	if (!json_get_int(f->body, "now", &now) || now < 1 || (!steps && !runtime))
		return fold_corrupt(f, err, "it does not say which limit is what now");
	if (steps)
		s->limits.steps = (int32_t)(now > INT32_MAX ? INT32_MAX : now);
	else
		s->limits.runtime_ms = now;
	return EXS_OK;
}

static exs_status fold_kind(struct state *s, const exs_fact *f, exs_err *err)
{
	switch (f->kind) {
	case EXS_FACT_RUN_STARTED:
		return fold_run_started(s, f, err);
	case EXS_FACT_RUN_RESUMED:
		return fold_run_resumed(s, f, err);
	case EXS_FACT_RUN_FORKED:
		return fold_run_forked(s, f, err);
	case EXS_FACT_RUN_PARKED:
		s->parked = true;
		s->reserved = false;
		return set_text(&s->why, f, err);
	case EXS_FACT_RUN_CANCELLED:
		return run_cancelled(s, f, err);
	case EXS_FACT_RUN_ENDED:
		return run_ended(s, f, err);
	case EXS_FACT_TURN_STARTED:
		return turn_started(s, f, err);
	case EXS_FACT_TURN_ENDED:
		return turn_ended(s, f, err);
	case EXS_FACT_TURN_FAILED:
		return fold_turn_failed(s, f, err);
	case EXS_FACT_CALL_STARTED:
		return fold_call_started(s, f, err);
	case EXS_FACT_CALL_SETTLED:
		return fold_call_settled(s, f, err);
	case EXS_FACT_CALL_ENDED:
		return fold_call_ended(s, f, err);
	case EXS_FACT_STEERED:
		return steered(s, f, err);
	case EXS_FACT_LIMIT_RAISED:
		return limit_raised(s, f, err);
	case EXS_FACT_BUDGET_RESERVED:
		s->reserved = true;
		return EXS_OK;
	case EXS_FACT_BUDGET_SETTLED:
		s->reserved = false;
		return EXS_OK;
	case EXS_FACT_BUDGET_SOFT:
		return budget_soft(s, f, err);
	case EXS_FACT_BUDGET_DENIED:
		s->reserved = false;
		return budget_denied(s, f, err);
	case EXS_FACT_ARTIFACT_MADE:
		return artifact_fold(s, f->body, err);
	default: /* reserved kinds, kinds that tell and change nothing, and kinds of a newer release
		  */
		return EXS_OK;
	}
}

exs_status fold(struct state *s, const exs_fact *f, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_status status;

	if (f->seq != s->seq + 1)
		return err_set(err, EXS_CORRUPT, 0,
			       "fact %lld follows fact %lld: the log has a hole", (long long)f->seq,
			       (long long)s->seq);
	if (s->started == (f->kind == EXS_FACT_RUN_STARTED))
		return fold_corrupt(f, err,
				    s->started ? "the run begins twice" : "the run has not begun");
	if (s->started && !fact_begins_attempt(f->kind) && f->attempt != s->attempt)
		return fold_corrupt(f, err, "it belongs to another attempt");
	if (s->ended && f->kind != EXS_FACT_DELIVERY_ENDED && f->kind != EXS_FACT_PORT_FAILED &&
	    f->kind != EXS_FACT_RUN_RESUMED)
		return fold_corrupt(f, err, "the run had ended");
	if (s->parked && f->kind != EXS_FACT_RUN_RESUMED && f->kind != EXS_FACT_PORT_FAILED)
		return fold_corrupt(f, err, "the run was parked");
	status = json_check_object(f->body, JSON_DEPTH_MAX, &why);
	if (status)
		return err_set(err, status == EXS_NOMEM ? EXS_NOMEM : EXS_CORRUPT, 0,
			       "fact %lld (%s): %.160s", (long long)f->seq, fact_word(f->kind),
			       why.text);
	status = fold_kind(s, f, err);
	if (status)
		return status;
	s->seq = f->seq;
	s->at_ms = f->at_ms;
	if (f->run_ms > s->run_ms)
		s->run_ms = f->run_ms;
	return EXS_OK;
}
