/* SPDX-License-Identifier: MIT */
/*
 * history_play.h - plays runs that never were: asks plan what comes next, and makes up the facts
 * that performing it would have recorded, with crashes, parks, cancels and messages in between.
 */
#ifndef TEST_HISTORY_PLAY_H
#define TEST_HISTORY_PLAY_H

#include "history_deed.h"

#define HISTORY_FACTS_MAX 100u /* then no more is made up */
#define CAUSE_ROWS	  5u

/* ---- the beginning ---- */

static inline void play_start(struct history *h)
{
	static const char *const chains[] = { "[\"one/a\"]", "[\"one/a\",\"two/b\"]",
					      "[\"one/a\",\"two/b\",\"one/c\"]" };
	struct deed d = { .kind = EXS_FACT_RUN_STARTED };
	char body[1024];

	h->models = 1 + roll(h, 3);
	h->steps = 1 + (int32_t)roll(h, 8);
	h->same_calls = 1 + (int32_t)roll(h, 4);
	h->failed_steps = 1 + (int32_t)roll(h, 4);
	h->attempts = (int32_t)roll(h, 4);
	h->retries = chance(h, 50) ? 1000 : (int32_t)roll(h, 4);
	h->parking = chance(h, 40);
	snprintf(body, sizeof body,
		 "{\"v\":1,\"agent\":\"a\",\"caller\":\"c\",\"input\":\"What?\",\"system\":\"\","
		 "\"models\":%s,"
		 "\"tools\":[\"read\",\"list\"],\"limits\":{\"steps\":%d,\"runtime_ms\":60000,"
		 "\"same_calls\":%d,\"failed_steps\":%d,\"answer_tokens\":0,\"attempts\":%d,"
		 "\"retries\":%d},\"in_doubt\":\"%s\"%s}",
		 chains[h->models - 1], h->steps, h->same_calls, h->failed_steps, h->attempts,
		 h->retries, h->parking ? "park" : "tell", newer(h));
	remember(h);
	put(h, &d, NULL, NULL, NULL, body);
}

/* ---- turns ---- */

static inline void play_calls_of(struct history *h, struct deed *d, struct buf *b)
{
	static const char *const names[] = { "read", "list", "no_such" };
	static const char *const args[] = { "\"{\\\"path\\\":\\\"a\\\"}\"",
					    "\"{\\\"n\\\":123456789012345678901}\"", "\"\"",
					    "\"oops \\u00e9\"" };
	uint32_t i, name, arg;

	d->calls = 1 + roll(h, TURN_CALLS_MAX);
	for (i = 0; i < d->calls; i++) {
		name = roll(h, 3);
		arg = roll(h, 4);
		if (i > 0 && chance(h, 30))
			name = (uint32_t)d->ident[i - 1] / 4, arg = (uint32_t)d->ident[i - 1] % 4;
		d->ident[i] = (int32_t)(name * 4 + arg);
		buf_printf(b, "%s{\"id\":\"c\\u00e9%u\",\"name\":\"%s\",\"arguments\":%s}",
			   i ? "," : "", i, names[name], args[arg]);
	}
}

static inline void play_turn_ended(struct history *h)
{
	static const char *const texts[] = {
		"", "42", "See the report above.",
		"The report: three headers, and each has a thread tag.",
		"\\u00dcber \\\"alles\\\"\\n"
	};
	const exs_usage usage = { sizeof usage, roll(h, 2), roll(h, 1000), roll(h, 9), 0, 5, 1, 3 };
	struct deed d = { .kind = EXS_FACT_TURN_ENDED };
	struct buf b;

	buf_init(&b, TALE_BODY_MAX);
	buf_puts(&b, "{\"ms\":4,\"message\":{\"role\":\"assistant\"");
	if (chance(h, 85))
		buf_printf(&b,
			   ",\"parts\":[{\"type\":\"reasoning\",\"text\":\"hm\"},{\"type\":"
			   "\"text\",\"text\":\"%s\"}]",
			   texts[roll(h, 5)]);
	if (chance(h, 75)) {
		buf_puts(&b, ",\"calls\":[");
		play_calls_of(h, &d, &b);
		buf_puts(&b, "],\"stop\":\"calls\"");
	}
	buf_printf(&b, "}%s}", newer(h));
	put(h, &d, "one/a", NULL, chance(h, 80) ? &usage : NULL, b.p);
	buf_release(&b);
}

static inline void play_turn_failed(struct history *h)
{
	static const struct {
		const char *status, *klass;
		enum outlook outlook;
	} rows[] = {
		{ "i/o", "transient", OUTLOOK_AGAIN },	   { "try again", "limit", OUTLOOK_AGAIN },
		{ "i/o", "truncated", OUTLOOK_AGAIN },	   { "internal", "none", OUTLOOK_AGAIN },
		{ "cancelled", "none", OUTLOOK_AGAIN },	   { "lost", "not_done", OUTLOOK_AGAIN },
		{ "not found", "no_model", OUTLOOK_NEXT }, { "not found", "none", OUTLOOK_NEXT },
		{ "invalid", "transient", OUTLOOK_AGAIN }, { "i/o", "permanent", OUTLOOK_GIVE_UP },
		{ "too big", "none", OUTLOOK_GIVE_UP },	   { "denied", "none", OUTLOOK_GIVE_UP }
	};
	static const int64_t pauses[] = { 0, 0, 700, RETRY_ASKED_MAX_MS, RETRY_ASKED_MAX_MS + 1 };
	uint32_t row = roll(h, chance(h, 70) ? 9 : 12);
	struct deed d = { .kind = EXS_FACT_TURN_FAILED, .outlook = rows[row].outlook };
	char body[512];

	d.retry_ms = pauses[roll(h, 5)];
	d.cut = chance(h, h->t.state.cancelled ? 60 : 10);
	snprintf(body, sizeof body,
		 "{\"status\":\"%s\",\"class\":\"%s\",\"text\":\"it "
		 "broke\",\"retry_after_ms\":%lld,\"ms\":1,"
		 "\"cut\":%s%s}",
		 rows[row].status, rows[row].klass, (long long)d.retry_ms, d.cut ? "true" : "false",
		 newer(h));
	put(h, &d, "one/a", NULL, NULL, body);
}

static inline void play_turn(struct history *h)
{
	struct deed d = { .kind = EXS_FACT_BUDGET_RESERVED };
	char body[96];

	if (chance(h, 10))
		put(h, &d, "purse", NULL, NULL, "{\"estimate\":{\"in_tokens\":5}}");
	d.kind = EXS_FACT_BUDGET_DENIED;
	if (chance(h, 2)) {
		put(h, &d, "purse", NULL, NULL, "{\"text\":\"no money\"}");
		return;
	}
	d.kind = EXS_FACT_TURN_STARTED;
	d.target = h->t.state.target;
	if (chance(h, 8)) /* those before it rest */
		d.target += roll(h, h->models - d.target);
	snprintf(body, sizeof body, "{\"target\":%u,\"try\":1,\"messages\":1,\"estimate\":9}",
		 d.target);
	put(h, &d, "one/a", NULL, NULL, body);
}

/* ---- calls ---- */

static inline uint32_t one_of(struct history *h, uint64_t mask)
{
	uint32_t i;

	do {
		i = roll(h, TURN_CALLS_MAX);
	} while (!(mask >> i & 1));
	return i;
}

static inline uint64_t started(const struct history *h)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < h->t.state.call_count; i++)
		if (h->t.state.calls[i].stage == CALL_STARTED)
			mask |= (uint64_t)1 << i;
	return mask;
}

static inline void play_call_started(struct history *h, uint32_t i)
{
	const struct call *c = &h->t.state.calls[i];
	struct deed d = { .kind = EXS_FACT_CALL_STARTED, .index = i };
	char body[256], id[CALL_ID_MAX];

	d.effect = c->tries && chance(h, 90) ? c->effect : (int32_t)roll(h, 5);
	call_id(&h->t.state, i, id);
	snprintf(body, sizeof body,
		 "{\"effect\":\"%s\",\"key\":\"key-%s\",\"args_sha256\":\"0\",\"try\":%d%s}",
		 effect_word(d.effect), id, (int)c->tries + 1, newer(h));
	put(h, &d, "read", id, NULL, body);
}

static inline void play_call_ended(struct history *h, uint32_t i, int32_t outcome)
{
	struct deed d = { .kind = EXS_FACT_CALL_ENDED, .index = i, .outcome = outcome };
	char body[256], id[CALL_ID_MAX];

	call_id(&h->t.state, i, id);
	snprintf(body, sizeof body,
		 "{\"status\":\"%s\",\"content\":\"r\\u00e9s\\\"ult\\n\",\"ms\":2%s}",
		 outcome_word(outcome), newer(h));
	put(h, &d, "read", id, NULL, body);
}

static inline int32_t some_outcome(struct history *h)
{
	return chance(h, 50) ? CALL_OK : (int32_t)roll(h, CALL_OUTCOMES);
}

/* ---- what comes in between ---- */

static inline void play_resumed(struct history *h)
{
	struct deed d = { .kind = EXS_FACT_RUN_RESUMED };

	put(h, &d, NULL, NULL, NULL, "{\"owner\":\"o\",\"parked\":false}");
}

static inline void play_retried(struct history *h)
{
	struct deed d = { .kind = EXS_FACT_RUN_RESUMED, .retry = true };
	char body[128];

	if (chance(h, 50))
		d.steps = h->t.state.step + 1 + (int32_t)roll(h, 3);
	snprintf(body, sizeof body, "{\"owner\":\"o\",\"parked\":false,\"retry\":true");
	if (d.steps)
		snprintf(body + strlen(body), sizeof body - strlen(body), ",\"steps\":%d", d.steps);
	strcat(body, "}");
	put(h, &d, NULL, NULL, NULL, body);
}

/* Between two steps; what ended in an answer is asked something. */
static inline void play_forked(struct history *h)
{
	struct deed d = { .kind = EXS_FACT_RUN_FORKED };
	char body[512];

	d.steps = h->t.state.step + 1 + (int32_t)roll(h, 8);
	snprintf(body, sizeof body,
		 "{\"v\":1,\"limits\":{\"steps\":%d,\"runtime_ms\":60000,\"same_calls\":%d,"
		 "\"failed_steps\":%d,\"answer_tokens\":0,\"attempts\":%d,\"retries\":%d},"
		 "\"in_doubt\":\"%s\",\"from\":{\"run\":\"other\",\"seq\":%lld,\"step\":%d},"
		 "\"asks\":%s%s}",
		 d.steps, h->same_calls, h->failed_steps, h->attempts, h->retries,
		 h->parking ? "park" : "tell", (long long)h->t.state.seq, (int)h->t.state.step,
		 h->t.state.final || chance(h, 50) ? "true" : "false", newer(h));
	put(h, &d, NULL, NULL, NULL, body);
}

static inline void play_parked(struct history *h, const char *body)
{
	struct deed d = { .kind = EXS_FACT_RUN_PARKED };

	put(h, &d, NULL, NULL, NULL, body);
}

static inline void play_cancelled(struct history *h)
{
	static const int32_t causes[CAUSE_ROWS] = { EXS_CAUSE_CALLER, EXS_CAUSE_TIMEOUT,
						    EXS_CAUSE_KILL, EXS_CAUSE_PREEMPT,
						    EXS_CAUSE_BUDGET };
	static const char *const words[CAUSE_ROWS] = { "caller", "timeout", "kill", "preempt",
						       "budget" };
	uint32_t row = roll(h, CAUSE_ROWS);
	struct deed d = { .kind = EXS_FACT_RUN_CANCELLED, .cause = causes[row] };
	char body[128];

	snprintf(body, sizeof body, "{\"cause\":\"%s\",\"text\":\"by %s\"%s}", words[row],
		 words[row], newer(h));
	put(h, &d, NULL, NULL, NULL, body);
}

static inline void play_limit(struct history *h)
{
	struct deed d = { .kind = EXS_FACT_LIMIT_RAISED };
	char body[128];

	if (chance(h, 60))
		d.steps = h->t.state.limits.steps + 1 + (int32_t)roll(h, 3);
	snprintf(body, sizeof body, "{\"what\":\"%s\",\"now\":%d}",
		 d.steps ? "steps" : "runtime_ms", d.steps ? d.steps : 90000);
	put(h, &d, NULL, NULL, NULL, body);
}

/* Facts that change nothing: told kinds, reserved ones, and one of a newer release. */
static inline void play_aside(struct history *h)
{
	static const struct {
		int32_t kind;
		const char *body;
	} rows[] = { { EXS_FACT_CRITIC_DECIDED, "{\"what\":\"extend\",\"extend_ms\":9}" },
		     { EXS_FACT_PORT_FAILED,
		       "{\"port\":\"audit\",\"status\":\"i/o\",\"text\":\"\"}" },
		     { EXS_FACT_BUDGET_SETTLED, "{\"actual\":{}}" },
		     { EXS_FACT_DELIVERY_ENDED, "{}" },
		     { EXS_FACT_CRITIC_DECIDED, "{\"what\":\"wait\"}" },
		     { EXS_FACT_QUESTION_ASKED, "{}" },
		     { EXS_FACT_QUESTION_ANSWERED, "{}" },
		     { EXS_FACT_PHASE_STARTED, "{}" },
		     { EXS_FACT_CHILD_STARTED, "{}" },
		     { EXS_FACT_CHILD_ENDED, "{}" },
		     { EXS_FACT_COMPACTED, "{}" },
		     { EXS_FACT_PHASE_ENDED, "{}" },
		     { EXS_FACT_ARTIFACT_MADE, "{}" },
		     { 250, "{\"of\":\"a newer release\"}" } };
	uint32_t row = roll(h, 14);
	struct deed d = { .kind = rows[row].kind };

	put(h, &d, "x", NULL, NULL, rows[row].body);
}

static inline void play_steered(struct history *h)
{
	struct deed d = { .kind = EXS_FACT_STEERED };

	put(h, &d, NULL, NULL, NULL, "{\"text\":\"and \\\"this\\\"?\",\"from\":\"caller\"}");
}

/* True: something came in between, ask plan again. */
static inline bool play_between(struct history *h)
{
	uint32_t what = roll(h, 100);

	if (what < 4)
		play_resumed(h); /* the process died */
	else if (what < 6)
		play_parked(h, "{\"why\":\"shutdown\",\"text\":\"stop\"}");
	else if (what < 9)
		play_steered(h);
	else if (what < 11)
		play_limit(h);
	else if (what < 15)
		play_aside(h);
	else if (what < 17)
		play_cancelled(h);
	else if (what < 20 && state_at_boundary(&h->t.state))
		play_forked(h);
	else
		return false;
	return true;
}

/* ---- the end ---- */

static inline bool close_one(struct history *h)
{
	const struct state *s = &h->t.state;
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		if (s->calls[i].stage == CALL_ENDED)
			continue;
		play_call_ended(h, i,
				s->calls[i].stage == CALL_PLANNED ? CALL_SKIPPED : CALL_IN_DOUBT);
		return true;
	}
	return false;
}

static inline void play_end(struct history *h, const struct action *a)
{
	struct deed d = { .kind = EXS_FACT_DELIVERY_QUEUED };
	char body[512];

	if (close_one(h))
		return;
	if (chance(h, 30))
		put(h, &d, "file", NULL, NULL, "{\"kind\":\"file\",\"target\":\"t\",\"id\":\"i\"}");
	snprintf(body, sizeof body,
		 "{\"status\":\"%s\",\"output\":\"o\",\"error\":\"e\",\"reason\":\"%s\",\"steps\":"
		 "1%s}",
		 ended_word(a->status), a->reason, newer(h));
	d.kind = EXS_FACT_RUN_ENDED;
	put(h, &d, NULL, NULL, NULL, body);
	d.kind = EXS_FACT_DELIVERY_ENDED;
	if (chance(h, 20))
		put(h, &d, "file", NULL, NULL, "{}");
	d.kind = EXS_FACT_PORT_FAILED;
	if (chance(h, 20))
		put(h, &d, "audit", NULL, NULL, "{}");
}

static inline void play_wait(struct history *h)
{
	if (!h->t.state.turn_open)
		play_call_ended(h, one_of(h, started(h)), some_outcome(h));
	else if (chance(h, h->t.state.cancelled ? 60 : 25))
		play_turn_failed(h);
	else
		play_turn_ended(h);
}

/* One fact of what performing the action would record; false: the history is over. */
static inline bool play_one(struct history *h)
{
	const struct action a = h->acts[h->t.n];

	if (a.kind != ACT_NOTHING && play_between(h))
		return true;
	switch (a.kind) {
	case ACT_NOTHING:
		if (h->t.state.ended && h->t.state.status != EXS_ENDED_OK && chance(h, 40)) {
			play_retried(h);
			return true;
		}
		if (h->t.state.ended || chance(h, 20))
			return false;
		play_resumed(h);
		return true;
	case ACT_WAIT:
		play_wait(h);
		return true;
	case ACT_TURN:
		play_turn(h);
		return true;
	case ACT_CALLS: /* an unknown tool and refused arguments end a call that never started */
		if (chance(h, 15))
			play_call_ended(h, one_of(h, a.calls),
					chance(h, 50) ? CALL_ERROR : CALL_DENIED);
		else
			play_call_started(h, one_of(h, a.calls));
		return true;
	case ACT_RECONCILE:
		if (chance(h, 30))
			play_call_started(h, one_of(h, a.calls));
		else
			play_call_ended(h, one_of(h, a.calls),
					chance(h, 60) ? CALL_OK : CALL_IN_DOUBT);
		return true;
	case ACT_DOUBT:
		play_call_ended(h, one_of(h, a.calls), CALL_IN_DOUBT);
		return true;
	case ACT_PARK:
		play_parked(h, "{\"why\":\"in_doubt\",\"text\":\"who knows\"}");
		return true;
	case ACT_END:
		play_end(h, &a);
		return true;
	}
	return false;
}

static inline void history_play(struct history *h, uint64_t seed)
{
	memset(h, 0, sizeof *h);
	h->seed = seed;
	h->random = seed * 0x9e3779b97f4a7c15u + 1;
	tale_init(&h->t);
	play_start(h);
	while (h->t.n < HISTORY_FACTS_MAX && play_one(h))
		continue;
}

static inline void history_release(struct history *h)
{
	uint32_t i;

	for (i = 0; i <= h->t.n; i++)
		free(h->prints[i]);
	tale_release(&h->t);
}

#endif
