/* SPDX-License-Identifier: MIT */
/* replay.c - see replay.h. The rules of which fact may follow which plan, one function a kind. */
#include "fact/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/body.h"
#include "fact/words.h"

void replay_init(struct replay *r)
{
	*r = (struct replay){ .damage = EXS_ERR_INIT };
	state_init(&r->state);
}

void replay_release(struct replay *r)
{
	state_release(&r->state);
}

/* ---- in words ---- */

static void call_words(const struct state *s, uint64_t mask, struct buf *b)
{
	char id[CALL_ID_MAX];
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		if (!(mask >> i & 1))
			continue;
		call_id(s, i, id);
		buf_printf(b, " %s", id);
	}
}

static void action_words(const struct state *s, const struct action *a, struct buf *b)
{
	switch (a->kind) {
	case ACT_NOTHING:
		buf_puts(b, s->ended ? "nothing, the run has ended"
			    : s->parked ? "nothing, the run is parked" : "nothing");
		return;
	case ACT_WAIT:
		buf_puts(b, s->turn_open ? "wait for the turn" : "wait for");
		call_words(s, s->turn_open ? 0 : state_calls_at(s, CALL_STARTED), b);
		return;
	case ACT_TURN:
		buf_printf(b, "turn with %s, try %d",
			   s->target < s->model_count ? s->models[s->target] : "no model",
			   (int)s->tries + 1);
		return;
	case ACT_END:
		buf_printf(b, "end: %s%s%s", ended_word(a->status), a->reason[0] ? ", " : "",
			   a->reason);
		return;
	case ACT_PARK:
		buf_puts(b, "park: in_doubt");
		return;
	default:
		buf_puts(b, action_word(a->kind));
		call_words(s, a->calls, b);
		return;
	}
}

/* What is too long is cut: it is for a person. */
static void cut_words(struct buf *b, char out[REPLAY_TEXT_MAX])
{
	size_t n = utf8_cut(buf_view(b), REPLAY_TEXT_MAX - 1);

	memcpy(out, b->p, n);
	out[n] = '\0';
	buf_release(b);
}

void replay_words(const struct state *s, const struct action *a, char out[REPLAY_TEXT_MAX])
{
	struct buf b;

	buf_init(&b, RUN_NAME_MAX * CALLS_MAX);
	action_words(s, a, &b);
	cut_words(&b, out);
}

static void put_member(struct buf *b, const char *before, exs_str body, const char *key)
{
	auto_free char *text = json_get_textz(body, key, RUN_NAME_MAX);

	if (text && text[0])
		buf_printf(b, "%s%s", before, text);
}

static void fact_words(const exs_fact *f, const char *more, char out[REPLAY_TEXT_MAX])
{
	struct buf b;

	buf_init(&b, RUN_NAME_MAX * CALLS_MAX);
	buf_puts(&b, fact_word(f->kind));
	if (f->call_id.n) {
		buf_puts(&b, " ");
		text_one_line(&b, f->call_id, CALL_ID_MAX);
	}
	if (f->name.n) {
		buf_puts(&b, " ");
		text_one_line(&b, f->name, RUN_NAME_MAX);
	}
	put_member(&b, ": ", f->body, "status");
	put_member(&b, ", ", f->body, "reason");
	put_member(&b, ": ", f->body, "why");
	buf_puts(&b, more);
	cut_words(&b, out);
}

/* ---- which fact may follow which plan ---- */

/*
 * Models of the chain that rest are passed over, which the process knows and plan does not: the fact says which
 * one it was. It never goes back to one that was given up.
 */
static bool turn_fits(const struct state *s, const struct action *a, const exs_fact *f)
{
	int64_t target = s->target, try = 0;

	if (a->kind != ACT_TURN)
		return false;
	json_get_int(f->body, "target", &target);
	if (target < s->target || target >= s->model_count || !str_is(f->name, s->models[target]))
		return false;
	return target > s->target || !json_get_int(f->body, "try", &try) || try == s->tries + 1;
}

/* Every call gets an outcome when the run ends; none of them is a good one. */
static bool closed(const exs_fact *f)
{
	return body_word_is(f->body, "status", outcome_word(CALL_SKIPPED)) ||
	       body_word_is(f->body, "status", outcome_word(CALL_IN_DOUBT));
}

/*
 * Of a call that is asked for and not under way. One that ends without having been started was refused, told by its
 * tool to be done, or closed.
 */
static bool call_fits(const struct replay *r, const struct action *a, const exs_fact *f, uint32_t i)
{
	bool planned = a->calls >> i & 1;

	if (planned && a->kind == ACT_DOUBT)
		return f->kind == EXS_FACT_CALL_ENDED &&
		       body_word_is(f->body, "status", outcome_word(CALL_IN_DOUBT));
	if (planned || r->listed >> i & 1)
		return true;
	return a->kind == ACT_END && f->kind == EXS_FACT_CALL_ENDED && closed(f);
}

/* A stop of the process is no decision. A tool that cannot tell what became of a call parks as plan does. */
static bool park_fits(const struct replay *r, const struct action *a, const exs_fact *f)
{
	const struct state *s = &r->state;

	if (!body_word_is(f->body, "why", "in_doubt"))
		return true;
	if (a->kind == ACT_PARK)
		return true;
	return s->park_in_doubt && (a->kind == ACT_RECONCILE || (a->kind == ACT_WAIT && r->listed));
}

/* What the process could not do ends a run whatever was planned. */
static bool outside(exs_str body)
{
	return body_word_is(body, "reason", "setup") || body_word_is(body, "reason", "internal");
}

static bool output_is(exs_str body, const char *want)
{
	auto_free char *text = json_get_textz(body, "output", RUN_TEXT_MAX);

	return text && strcmp(text, want) == 0;
}

static bool end_fits(const struct state *s, const struct action *a, const exs_fact *f)
{
	const char *output = s->final ? s->output : s->last_text;

	if (outside(f->body))
		return true;
	if (a->kind != ACT_END || !body_word_is(f->body, "status", ended_word(a->status)))
		return false;
	if (a->status != EXS_ENDED_OK && !body_word_is(f->body, "reason", a->reason))
		return false;
	return output_is(f->body, output ? output : "");
}

/* The call of the fact when it is for plan to begin or to close it; -1: it is under way, or there is none such. */
static int32_t idle_call(const struct state *s, const exs_fact *f)
{
	int32_t i = call_index(s, f->call_id);

	if (i < 0 || f->step != s->step)
		return -1;
	return s->calls[i].stage == CALL_PLANNED || s->calls[i].stage == CALL_STALE ? i : -1;
}

static enum replay_last compare(const struct replay *r, const struct action *a, const exs_fact *f)
{
	const struct state *s = &r->state;
	int32_t call;
	bool fits;

	switch (f->kind) {
	case EXS_FACT_TURN_STARTED:
		fits = turn_fits(s, a, f);
		break;
	case EXS_FACT_CALL_STARTED:
	case EXS_FACT_CALL_ENDED:
		call = idle_call(s, f);
		if (call < 0)
			return REPLAY_INPUT;
		fits = call_fits(r, a, f, (uint32_t)call);
		break;
	case EXS_FACT_RUN_PARKED:
		fits = park_fits(r, a, f);
		break;
	case EXS_FACT_RUN_ENDED:
		fits = end_fits(s, a, f);
		break;
	default:
		return REPLAY_INPUT;
	}
	return fits ? REPLAY_DECIDED : REPLAY_OTHER;
}

/* ---- one fact ---- */

/* Nothing new goes out once the run was stopped. */
static bool stops(int32_t kind)
{
	return kind == EXS_FACT_RUN_CANCELLED || kind == EXS_FACT_BUDGET_DENIED;
}

static void note_listed(struct replay *r, const struct action *a, int32_t kind)
{
	const struct state *s = &r->state;

	if (s->step != r->listed_step || s->attempt != r->listed_attempt || stops(kind))
		r->listed = 0;
	r->listed_step = s->step;
	r->listed_attempt = s->attempt;
	if ((a->kind == ACT_CALLS || a->kind == ACT_RECONCILE) && !stops(kind))
		r->listed |= a->calls;
}

/* A person decided what becomes of the call. */
static void note_settled(struct replay *r, const exs_fact *f)
{
	int32_t i = f->kind == EXS_FACT_CALL_SETTLED ? call_index(&r->state, f->call_id) : -1;

	if (i >= 0)
		r->listed |= (uint64_t)1 << i;
}

static void diverge(struct replay *r, const struct action *a, const exs_fact *f)
{
	struct replay_found *found = &r->found;
	bool answer = f->kind == EXS_FACT_RUN_ENDED && a->kind == ACT_END &&
		      body_word_is(f->body, "status", ended_word(a->status));

	found->any = true;
	found->seq = f->seq;
	found->step = f->step;
	found->attempt = f->attempt;
	memcpy(found->planned, r->planned, sizeof found->planned);
	/* Both may read alike: then it is the answer that differs. */
	fact_words(f, answer ? " (reason or answer differ)" : "", found->recorded);
}

exs_status replay_fact(struct replay *r, const exs_fact *f)
{
	struct state *s = &r->state;
	struct action a;
	exs_status status;

	plan(s, &a);
	replay_words(s, &a, r->planned);
	note_listed(r, &a, f->kind);
	r->last = REPLAY_INPUT;
	/* A fact that is out of place is damage; fold has the words for it. */
	if (f->seq == s->seq + 1 && s->started && f->attempt == s->attempt)
		r->last = compare(r, &a, f);
	if (r->last == REPLAY_OTHER) {
		diverge(r, &a, f);
		return EXS_CANCELLED;
	}
	status = fold(s, f, &r->damage);
	if (status)
		return status;
	note_settled(r, f);
	r->facts++;
	r->decisions += r->last == REPLAY_DECIDED;
	return EXS_OK;
}
