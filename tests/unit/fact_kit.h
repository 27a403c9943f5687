/* SPDX-License-Identifier: MIT */
/*
 * fact_kit.h - for tests of the pure core: a log that makes facts as the kernel would record them
 * and folds them at once, and a print of a whole state, so that two states can be compared and
 * their difference read.
 *
 * struct tale holds the log. The tell_ functions append one fact each; the columns that follow from
 * the log (seq, step, attempt) are filled in, the bytes are copied into blocks of exactly their
 * size, so that a read past their end is seen. tale.status is what fold answered last.
 */
#ifndef TEST_FACT_KIT_H
#define TEST_FACT_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <executus/helper.h>

#include "base/text.h"
#include "fact/plan.h"
#include "fact/state.h"
#include "fact/words.h"

#define TALE_FACTS_MAX 512u
#define TALE_BODY_MAX  (64u << 10)

#define TALE_LIMITS                                                                                \
	"\"limits\":{\"steps\":12,\"runtime_ms\":60000,\"same_calls\":3,\"failed_steps\":3,"       \
	"\"answer_tokens\":0,\"attempts\":3}"

struct tale {
	exs_fact facts[TALE_FACTS_MAX];
	exs_usage usages[TALE_FACTS_MAX];
	uint32_t n;
	struct state state;
	exs_status status;
	exs_err err;
};

static inline char *kit_copy(exs_str s)
{
	char *p = malloc(s.n ? s.n : 1);

	if (!p)
		abort();
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

/* A fact whose bytes are its own. */
static inline exs_fact kit_fact_copy(const exs_fact *f)
{
	exs_fact c = *f;

	c.call_id.p = kit_copy(f->call_id);
	c.name.p = kit_copy(f->name);
	c.body.p = kit_copy(f->body);
	return c;
}

static inline void kit_fact_free(exs_fact *f)
{
	free((char *)(uintptr_t)f->call_id.p);
	free((char *)(uintptr_t)f->name.p);
	free((char *)(uintptr_t)f->body.p);
}

static inline void tale_init(struct tale *t)
{
	memset(t, 0, sizeof *t);
	t->err.size = sizeof t->err;
	state_init(&t->state);
}

static inline void tale_release(struct tale *t)
{
	while (t->n)
		kit_fact_free(&t->facts[--t->n]);
	state_release(&t->state);
}

static inline int32_t kit_step_of(const struct state *s, int32_t kind)
{
	bool turn = kind == EXS_FACT_TURN_STARTED || kind == EXS_FACT_TURN_ENDED ||
		    kind == EXS_FACT_TURN_FAILED;

	return s->step + (turn ? 1 : 0);
}

/* Appends a fact, folds it, and keeps it in the log whatever fold said. */
static inline exs_status tell(struct tale *t, int32_t kind, const char *name, const char *call,
			      const exs_usage *usage, const char *body)
{
	exs_fact f = { 0 };

	if (t->n == TALE_FACTS_MAX)
		abort();
	f.size = sizeof f;
	f.kind = kind;
	f.seq = t->state.seq + 1;
	f.at_ms = 1700000000000 + f.seq;
	f.run_ms = f.seq * 10;
	f.step = kit_step_of(&t->state, kind);
	f.attempt = t->state.started ? t->state.attempt : 1;
	if (kind == EXS_FACT_RUN_RESUMED)
		f.attempt++;
	if (kind == EXS_FACT_RUN_FORKED)
		f.attempt = 1;
	f.call_id = exs_cstr(call);
	f.name = exs_cstr(name);
	f.body = exs_cstr(body);
	t->facts[t->n] = kit_fact_copy(&f);
	if (usage) {
		t->usages[t->n] = *usage;
		t->facts[t->n].usage = &t->usages[t->n];
	}
	t->err.text[0] = '\0';
	t->status = fold(&t->state, &t->facts[t->n], &t->err);
	t->n++;
	return t->status;
}

static inline EXS_PRINTF(3, 4) EXS_UNUSED exs_status
	tellf(struct tale *t, int32_t kind, const char *fmt, ...)
{
	static _Thread_local char body[TALE_BODY_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(body, sizeof body, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof body)
		abort();
	return tell(t, kind, NULL, NULL, NULL, body);
}

/* ---- the beginning ---- */

/* `more` is put behind the usual members, or NULL for the defaults of a run. */
static inline void tell_start_with(struct tale *t, const char *models, const char *limits,
				   const char *more)
{
	tellf(t, EXS_FACT_RUN_STARTED,
	      "{\"v\":1,\"agent\":\"reviewer\",\"caller\":\"ann\",\"channel\":\"terminal\","
	      "\"tier\":\"fast\","
	      "\"input\":\"What is in it?\",\"system\":\"Be "
	      "brief.\",\"models\":%s,\"tools\":[\"read\","
	      "\"list\"],%s%s,\"durability\":\"strict\",\"deliver\":[\"stdout:-\"]}",
	      models, limits, more);
}

static inline void tell_start(struct tale *t)
{
	tale_init(t);
	tell_start_with(t, "[\"one/a\"]", TALE_LIMITS, "");
}

static inline void tell_start_chain(struct tale *t, const char *models)
{
	tale_init(t);
	tell_start_with(t, models, TALE_LIMITS, "");
}

static inline void tell_start_limits(struct tale *t, const char *limits)
{
	tale_init(t);
	tell_start_with(t, "[\"one/a\"]", limits, "");
}

static inline void tell_start_parking(struct tale *t)
{
	tale_init(t);
	tell_start_with(t, "[\"one/a\"]", TALE_LIMITS, ",\"in_doubt\":\"park\"");
}

/* ---- turns ---- */

static inline void tell_turn_at(struct tale *t, uint32_t target)
{
	char body[96];

	snprintf(body, sizeof body, "{\"target\":%u,\"try\":1,\"messages\":1,\"estimate\":100}", target);
	tell(t, EXS_FACT_TURN_STARTED, "one/a", NULL, NULL, body);
}

static inline void tell_turn_started(struct tale *t)
{
	tell_turn_at(t, t->state.target);
}

/* The answer of the turn that is open; `calls` is the inside of the list, or NULL. */
static inline void tell_turn_ended(struct tale *t, const char *text, const char *calls)
{
	static const exs_usage usage = { sizeof usage, 0, 100, 10, 5, 20, 3, 7 };
	static _Thread_local char body[TALE_BODY_MAX];
	struct buf quoted;

	buf_init(&quoted, TALE_BODY_MAX);
	buf_jsonz(&quoted, text);
	snprintf(body, sizeof body,
		 "{\"message\":{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":%s}]%"
		 "s%s%s},"
		 "\"ms\":12}",
		 quoted.p, calls ? ",\"calls\":[" : "", calls ? calls : "", calls ? "]" : "");
	buf_release(&quoted);
	tell(t, EXS_FACT_TURN_ENDED, "one/a", NULL, &usage, body);
}

static inline void tell_answer(struct tale *t, const char *text)
{
	tell_turn_started(t);
	tell_turn_ended(t, text, NULL);
}

static inline void tell_asks(struct tale *t, const char *calls)
{
	tell_turn_started(t);
	tell_turn_ended(t, "", calls);
}

static inline void tell_turn_failed(struct tale *t, const char *name, const char *status,
				    const char *klass, int64_t retry_ms)
{
	char body[512];

	snprintf(body, sizeof body,
		 "{\"status\":\"%s\",\"class\":\"%s\",\"text\":\"%s says "
		 "%s\",\"retry_after_ms\":%lld,"
		 "\"ms\":3,\"cut\":false}",
		 status, klass, name, klass, (long long)retry_ms);
	tell(t, EXS_FACT_TURN_FAILED, name, NULL, NULL, body);
}

/* A whole turn that fails. */
static inline void tell_failure(struct tale *t, const char *name, const char *status,
				const char *klass, int64_t retry_ms)
{
	tell_turn_started(t);
	tell_turn_failed(t, name, status, klass, retry_ms);
}

/* ---- calls ---- */

#define CALL_READ(id, path)                                                                        \
	"{\"id\":\"" id "\",\"name\":\"read\",\"arguments\":\"{\\\"path\\\":\\\"" path "\\\"}\"}"

static inline const char *kit_call_id(const struct tale *t, uint32_t index)
{
	static _Thread_local char id[CALL_ID_MAX];

	call_id(&t->state, index, id);
	return id;
}

static inline void tell_call_started(struct tale *t, uint32_t index, const char *effect)
{
	char body[256];

	snprintf(body, sizeof body,
		 "{\"effect\":\"%s\",\"key\":\"key-%s\",\"args_sha256\":\"00\",\"try\":1}", effect,
		 kit_call_id(t, index));
	tell(t, EXS_FACT_CALL_STARTED, "read", kit_call_id(t, index), NULL, body);
}

static inline void tell_call_ended(struct tale *t, uint32_t index, const char *status)
{
	char body[256];

	snprintf(body, sizeof body, "{\"status\":\"%s\",\"content\":\"result of %s\",\"ms\":1}",
		 status, kit_call_id(t, index));
	tell(t, EXS_FACT_CALL_ENDED, "read", kit_call_id(t, index), NULL, body);
}

/* ---- the rest ---- */

static inline void tell_resumed(struct tale *t)
{
	tellf(t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":%s}",
	      t->state.parked ? "true" : "false");
}

static inline void tell_parked(struct tale *t, const char *why)
{
	tellf(t, EXS_FACT_RUN_PARKED, "{\"why\":\"%s\",\"text\":\"parked: %s\"}", why, why);
}

static inline void tell_cancelled(struct tale *t, const char *cause)
{
	tellf(t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"%s\",\"text\":\"because of %s\"}", cause,
	      cause);
}

static inline void tell_steered(struct tale *t, const char *text)
{
	tellf(t, EXS_FACT_STEERED, "{\"text\":\"%s\",\"from\":\"caller\"}", text);
}

static inline void tell_ended(struct tale *t, const char *status)
{
	tellf(t, EXS_FACT_RUN_ENDED,
	      "{\"status\":\"%s\",\"output\":\"out\",\"error\":\"it ended\",\"reason\":\"model\","
	      "\"steps\":1,\"calls\":0,\"model\":\"one/a\"}",
	      status);
}

/* ---- a state as text ---- */

static inline void kit_text(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, "%s=", name);
	if (text)
		buf_jsonz(b, text);
	buf_puts(b, "\n");
}

static inline void kit_print_calls(const struct state *s, struct buf *b)
{
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		const struct call *c = &s->calls[i];

		buf_printf(b, "call %u stage=%d effect=%d tries=%d outcome=%d key=%s args=%zu:%s\n",
			   i, (int)c->stage, c->stage == CALL_PLANNED ? 0 : (int)c->effect,
			   (int)c->tries, (int)c->outcome, c->key, c->args_n, c->args);
		kit_text(b, "id", c->id);
		kit_text(b, "name", c->name);
		kit_text(b, "content", c->content);
	}
}

static inline void kit_print_who(const struct state *s, struct buf *b)
{
	const char *const texts[] = { s->agent, s->caller, s->channel, s->parent,
				      s->root,	s->tier,   s->input,   s->system };
	uint32_t i;

	for (i = 0; i < 8; i++)
		kit_text(b, "text", texts[i]);
	for (i = 0; i < s->model_count; i++)
		kit_text(b, "model", s->models[i]);
	for (i = 0; i < s->tool_count; i++)
		kit_text(b, "tool", s->tools[i]);
	for (i = 0; i < s->deliver_count; i++)
		kit_text(b, "deliver", s->deliver[i]);
	buf_printf(b, "started=%d depth=%d park=%d relaxed=%d at=%lld\n", s->started, (int)s->depth,
		   s->park_in_doubt, s->relaxed, (long long)s->started_ms);
	buf_printf(b, "limits %d %d %d %d %d %lld %lld\n", (int)s->limits.steps,
		   (int)s->limits.same_calls, (int)s->limits.failed_steps, (int)s->limits.attempts,
		   (int)s->limits.retries, (long long)s->limits.runtime_ms, (long long)s->limits.answer_tokens);
}

/* Every member of a state, so that equal prints are equal states. */
static inline void kit_print(const struct state *s, struct buf *b)
{
	uint32_t i;
	size_t k;

	kit_print_who(s, b);
	buf_printf(b, "retried=%d\n", (int)s->retried);
	buf_printf(b, "seq=%lld at=%lld run=%lld attempt=%d step=%d crashes=%d open=%d\n",
		   (long long)s->seq, (long long)s->at_ms, (long long)s->run_ms, (int)s->attempt,
		   (int)s->step, (int)s->crashes, s->turn_open);
	buf_printf(
		b,
		"target=%u tries=%d retry=%lld final=%d parked=%d ended=%d status=%d failed=%d\n",
		s->target, (int)s->tries, (long long)s->retry_after_ms, s->final, s->parked,
		s->ended, (int)s->status, s->failed);
	buf_printf(b, "cancelled=%d denied=%d reason=%s failed_steps=%d same=%d print=%llx\n",
		   (int)s->cancelled, s->denied, s->reason, (int)s->failed_steps,
		   (int)s->same_count, (unsigned long long)s->same_print);
	buf_printf(b, "usage %lld %lld %lld %lld %lld %lld %u calls=%lld bytes=%zu\n",
		   (long long)s->usage.in_tokens, (long long)s->usage.cache_read_tokens,
		   (long long)s->usage.cache_write_tokens, (long long)s->usage.out_tokens,
		   (long long)s->usage.reasoning_tokens, (long long)s->usage.cost_micro,
		   s->usage.estimated, (long long)s->calls_ended, s->transcript_bytes);
	kit_text(b, "output", s->output);
	kit_text(b, "failures", s->failures);
	buf_printf(b, "failures_n=%zu retries=%d\n", s->failures_n, (int)s->retries);
	kit_text(b, "cancel_why", s->cancel_why);
	kit_text(b, "deny_why", s->deny_why);
	kit_text(b, "why", s->why);
	kit_text(b, "last_text", s->last_text);
	kit_text(b, "same_name", s->same_name);
	kit_text(b, "served", s->model);
	kit_print_calls(s, b);
	for (k = 0; k < s->segment_count; k++) {
		buf_puts(b, "segment ");
		buf_put(b, s->segments[k].p, s->segments[k].n);
		buf_puts(b, "\n");
	}
	for (i = 0; i < s->steer_count; i++)
		kit_text(b, "steer", s->steers[i]);
}

#endif
