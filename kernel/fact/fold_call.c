/* SPDX-License-Identifier: MIT */
/* fold_call.c - the part of the fold that follows one turn's calls, and the failures of turns. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/body.h"
#include "fact/message.h"
#include "fact/state_edit.h"
#include "fact/words.h"

/* FNV-1a over name, a NUL and the argument bytes: tells equal calls apart from other ones. */
static uint64_t fingerprint(const struct call *c)
{
	uint64_t h = 14695981039346656037u;
	const char *p;
	size_t i;

	for (p = c->name; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	h *= 1099511628211u;
	for (i = 0; i < c->args_n; i++)
		h = (h ^ (unsigned char)c->args[i]) * 1099511628211u;
	return h;
}

static exs_status count_same(struct state *s, const struct call *c)
{
	uint64_t print = fingerprint(c);

	if (s->same_count > 0 && print == s->same_print && strcmp(c->name, s->same_name) == 0) {
		s->same_count++;
		return EXS_OK;
	}
	/* A guard that has tripped stays tripped: the run ends before any call of this turn. */
	if (s->same_count >= s->limits.same_calls)
		return EXS_OK;
	free(s->same_name);
	s->same_name = strdup(c->name);
	s->same_print = print;
	s->same_count = 1;
	return s->same_name ? EXS_OK : EXS_NOMEM;
}

static exs_status call_fill(struct call *c, const struct message_call *from)
{
	struct buf args;

	c->id = str_dup(from->id);
	buf_init(&args, RUN_TEXT_MAX);
	json_text(from->name, &args);
	c->name = buf_take(&args);
	buf_clear(&args);
	json_text(from->arguments, &args);
	c->args_n = args.n;
	c->args = buf_take(&args);
	buf_release(&args);
	return c->id && c->name && c->args ? EXS_OK : EXS_NOMEM;
}

exs_status fold_turn_calls(struct state *s, exs_str message, exs_err *err)
{
	struct message_calls it;
	struct message_call from;
	exs_status status = EXS_OK;
	uint32_t n;

	message_calls_init(&it, message);
	n = message_calls_left(&it);
	if (n == 0)
		return EXS_OK;
	s->calls = calloc(n, sizeof *s->calls);
	if (!s->calls)
		return err_set(err, EXS_NOMEM, 0, "no memory for calls");
	while (status == EXS_OK && message_calls_next(&it, &from)) {
		status = call_fill(&s->calls[s->call_count++], &from);
		if (status == EXS_OK)
			status = count_same(s, &s->calls[s->call_count - 1]);
	}
	return status;
}

/* NULL, and the sentence is written: this turn asked for no such call. */
static struct call *find_call(struct state *s, const exs_fact *f, exs_err *err)
{
	int32_t i = call_index(s, f->call_id);

	if (i >= 0 && f->step == s->step)
		return &s->calls[i];
	fold_corrupt(f, err, "no such call was asked for");
	return NULL;
}

exs_status fold_call_started(struct state *s, const exs_fact *f, exs_err *err)
{
	struct call *c = find_call(s, f, err);
	struct member m[] = { MEMBER("effect"), MEMBER("key") };
	struct buf scratch;
	int32_t effect;
	exs_str key;

	if (!c)
		return EXS_CORRUPT;
	if (c->stage != CALL_PLANNED && c->stage != CALL_STALE)
		return fold_corrupt(f, err, "the call was started already, or has ended");
	body_members(f->body, m, ARRAY_LEN(m));
	buf_init(&scratch, sizeof c->key - 1);
	effect = effect_of(body_text(m[0].value, &scratch));
	key = body_text(m[1].value, &scratch);
	if (effect >= 0 && key.p) {
		memcpy(c->key, key.p, key.n);
		c->key[key.n] = '\0';
	}
	buf_release(&scratch);
	if (effect < 0 || !key.p)
		return fold_corrupt(f, err, "its effect or its key cannot be read");
	c->effect = effect;
	c->stage = CALL_STARTED;
	c->started_ms = f->at_ms;
	c->tries++;
	return EXS_OK;
}

/* One tool message with the results of all calls, in the order of the calls. */
static exs_status results_segment(struct state *s)
{
	struct buf m;
	exs_status status;
	uint32_t i;

	buf_init(&m, TRANSCRIPT_MAX);
	buf_puts(&m, "{\"role\":\"tool\",\"results\":[");
	for (i = 0; i < s->call_count; i++) {
		const struct call *c = &s->calls[i];

		buf_puts(&m, i ? ",{\"id\":" : "{\"id\":");
		buf_puts(&m, c->id);
		buf_puts(&m, ",\"name\":");
		buf_jsonz(&m, c->name);
		buf_puts(&m, ",\"status\":\"");
		buf_puts(&m, outcome_word(c->outcome));
		buf_puts(&m, "\",\"content\":");
		buf_puts(&m, c->content);
		buf_puts(&m, "}");
	}
	buf_puts(&m, "]}");
	status = state_segment_add(s, &m);
	buf_release(&m);
	return status;
}

static exs_status step_done(struct state *s)
{
	bool all_failed = true;
	exs_status status;
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		if (s->calls[i].stage != CALL_ENDED)
			return EXS_OK;
		if (s->calls[i].outcome == CALL_OK)
			all_failed = false;
	}
	s->failed_steps = all_failed ? s->failed_steps + 1 : 0;
	status = results_segment(s);
	state_calls_release(s);
	return status ? status : fold_steers(s);
}

exs_status fold_call_ended(struct state *s, const exs_fact *f, exs_err *err)
{
	struct call *c = find_call(s, f, err);
	struct member m[] = { MEMBER("status"), MEMBER("content") };
	struct buf scratch;
	exs_status status;
	int32_t outcome;

	if (!c)
		return EXS_CORRUPT;
	if (c->stage == CALL_ENDED)
		return fold_corrupt(f, err, "the call ends twice");
	body_members(f->body, m, ARRAY_LEN(m));
	buf_init(&scratch, RUN_NAME_MAX);
	outcome = outcome_of(body_text(m[0].value, &scratch));
	buf_release(&scratch);
	if (outcome < 0 || json_type(m[1].value) != JSON_STRING)
		return fold_corrupt(f, err, "its status or its content cannot be read");
	c->content = str_dup(m[1].value);
	if (!c->content)
		return err_set(err, EXS_NOMEM, 0, "no memory for a result");
	c->outcome = outcome;
	c->stage = CALL_ENDED;
	s->calls_ended++;
	status = step_done(s);
	return status ? err_set(err, status, 0, "fact %lld: the transcript does not fit",
				(long long)f->seq)
		      : EXS_OK;
}

/* A word that the call was done, or was not, comes with the end that follows it. */
exs_status fold_call_settled(struct state *s, const exs_fact *f, exs_err *err)
{
	struct call *c = find_call(s, f, err);
	struct member m[] = { MEMBER("word") };
	struct buf scratch;
	int32_t what;

	if (!c)
		return EXS_CORRUPT;
	if (c->stage != CALL_STALE)
		return fold_corrupt(f, err, "the call is not in doubt");
	body_members(f->body, m, ARRAY_LEN(m));
	buf_init(&scratch, RUN_NAME_MAX);
	what = settled_of(body_text(m[0].value, &scratch));
	buf_release(&scratch);
	if (what <= SETTLED_NOT)
		return fold_corrupt(f, err, "its word is unknown");
	if (what == SETTLED_RETRY)
		c->stage = CALL_PLANNED;
	return EXS_OK;
}

/* ---- failed turns ---- */

enum verdict { TRY_AGAIN, TRY_NEXT, GIVE_UP };

static enum verdict judge(exs_status status, int32_t klass)
{
	switch (klass) {
	case EXS_CLASS_NO_MODEL:
		return TRY_NEXT;
	case EXS_CLASS_PERMANENT:
		return GIVE_UP;
	case EXS_CLASS_LIMIT: /* a rate passes, an account that is empty stays so */
		return status == EXS_DENIED ? TRY_NEXT : TRY_AGAIN;
	case EXS_CLASS_TRANSIENT:
	case EXS_CLASS_TRUNCATED:
		return TRY_AGAIN;
	default:
		break;
	}
	switch (status) {
	case EXS_INVALID:
	case EXS_DENIED:
	case EXS_UNSUPPORTED:
	case EXS_TOOBIG:
		return GIVE_UP;
	case EXS_NOTFOUND:
		return TRY_NEXT;
	default: /* unknown means transient */
		return TRY_AGAIN;
	}
}

bool failure_may_pass(exs_status status, int32_t klass)
{
	return judge(status, klass) == TRY_AGAIN;
}

/*
 * Each target has one sentence, its last: the error of the run names them all. A target that is to
 * be asked again has one too, for others may make it rest before that.
 */
static exs_status note_failure(struct state *s, exs_str name, exs_str body, const char *other,
			       bool spent)
{
	struct buf why;

	buf_init(&why, RUN_TEXT_MAX);
	if (s->failures_n) {
		buf_put(&why, s->failures, s->failures_n);
		buf_puts(&why, "; ");
	}
	buf_str(&why, name);
	buf_puts(&why, ": ");
	if (!json_get_text(body, "text", &why))
		buf_puts(&why, other);
	if (spent && s->limits.retries == 1)
		buf_puts(&why, " (not tried again: the run has used its only retry)");
	else if (spent && s->limits.retries)
		buf_printf(&why, " (not tried again: the run has used its %d retries)",
			   (int)s->limits.retries);
	free(s->failures);
	s->failures = buf_take(&why);
	buf_release(&why);
	return s->failures ? EXS_OK : EXS_NOMEM;
}

/* Behind a note of the one that is left. */
static void next_target(struct state *s)
{
	s->tries = 0;
	s->retry_after_ms = 0;
	s->failures_n = strlen(s->failures);
	s->target++;
}

exs_status fold_turn_target(struct state *s, const exs_fact *f, exs_err *err)
{
	int64_t target = s->target;

	json_get_int(f->body, "target", &target);
	if (target < s->target || target >= s->model_count)
		return fold_corrupt(f, err, "it is for no model that is left of the chain");
	if (target == s->target && s->tries > 0)
		s->retries++;
	while (s->target < target) {
		if (s->tries == 0 &&
		    note_failure(s, str_of(s->models[s->target]), str_of("{}"),
				 "passed over, it had failed again and again or asked for a pause",
				 false))
			return err_set(err, EXS_NOMEM, 0, "no memory for a failure");
		next_target(s);
	}
	return EXS_OK;
}

exs_status fold_turn_failed(struct state *s, const exs_fact *f, exs_err *err)
{
	struct buf word;
	int32_t status = -1, klass = -1;
	int64_t asked_ms = 0;
	enum verdict next;
	exs_status fits;
	bool cut = false, spent;

	if (!s->turn_open || f->step != s->step + 1)
		return fold_corrupt(f, err, "no such turn is open");
	buf_init(&word, RUN_NAME_MAX);
	if (json_get_text(f->body, "status", &word))
		status = status_of(buf_view(&word));
	buf_clear(&word);
	if (json_get_text(f->body, "class", &word))
		klass = class_of(buf_view(&word));
	buf_release(&word);
	if (status <= EXS_OK || klass < 0)
		return fold_corrupt(f, err, "its status or its class is unknown");
	json_get_bool(f->body, "cut", &cut);
	json_get_int(f->body, "retry_after_ms", &asked_ms);
	s->turn_open = false;
	if (f->usage) /* the provider may have billed it */
		fold_usage(&s->usage, f->usage);
	/* What arrived while it was out goes with the next one. */
	fits = fold_steers(s);
	if (fits)
		return err_set(err, fits, 0, "no room for a message");
	if (cut) /* the run's token ended it: that is not the model's failure */
		return EXS_OK;
	s->retry_after_ms = asked_ms;
	next = judge(status, klass);
	s->tries++;
	if (next == TRY_AGAIN && (s->tries >= TURN_TRIES || s->retry_after_ms > RETRY_ASKED_MAX_MS))
		next = TRY_NEXT;
	spent = next == TRY_AGAIN && s->retries >= s->limits.retries;
	if (spent)
		next = TRY_NEXT;
	if (note_failure(s, f->name, f->body, "", spent))
		return err_set(err, EXS_NOMEM, 0, "no memory for a failure");
	if (next == TRY_NEXT)
		next_target(s);
	s->failed = next == GIVE_UP || s->target >= s->model_count;
	return EXS_OK;
}
