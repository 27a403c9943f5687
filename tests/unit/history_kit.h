/* SPDX-License-Identifier: MIT */
/*
 * history_kit.h - thousands of made-up runs: one check for each of them, and what must hold of any
 * plan.
 *
 * A failure prints its seed; TEST_SEED=N in the environment plays that one alone.
 */
#ifndef TEST_HISTORY_KIT_H
#define TEST_HISTORY_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "history_oracle.h"

#define HISTORIES 3000u

/* ---- saying what is wrong ---- */

static EXS_UNUSED void show(const struct history *h, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		print_error("%3u %-16s %.*s %.*s\n", i + 1, fact_word(h->t.facts[i].kind),
			    (int)h->t.facts[i].call_id.n, h->t.facts[i].call_id.p,
			    (int)h->t.facts[i].body.n, h->t.facts[i].body.p);
}

static EXS_UNUSED void must(const struct history *h, uint32_t n, bool held, const char *what)
{
	if (held)
		return;
	show(h, n);
	fail_msg("TEST_SEED=%llu, behind %u facts: %s", (unsigned long long)h->seed, n, what);
}

/* ---- each history ---- */

typedef void (*check_fn)(struct history *h);

static EXS_UNUSED void for_each_history(check_fn check)
{
	static struct history h;
	const char *one = getenv("TEST_SEED");
	uint64_t seed, first = one ? strtoull(one, NULL, 10) : 1, n = one ? 1 : HISTORIES;

	for (seed = first; seed < first + n; seed++) {
		history_play(&h, seed);
		check(&h);
		history_release(&h);
	}
}

/* Copies of a fact's bytes are folded and gone again: a state that borrows from a fact is found. */
static EXS_UNUSED exs_status fold_copy(struct state *s, const exs_fact *f, exs_err *err)
{
	exs_fact copy = kit_fact_copy(f);
	exs_status status = fold(s, &copy, err);

	kit_fact_free(&copy);
	return status;
}

static EXS_UNUSED void fold_prefix(const struct history *h, uint32_t n, struct state *s)
{
	exs_err err = EXS_ERR_INIT;
	uint32_t i;

	state_init(s);
	for (i = 0; i < n; i++)
		must(h, n, fold_copy(s, &h->t.facts[i], &err) == EXS_OK, err.text);
}

/* ---- transcripts ---- */

static EXS_UNUSED uint32_t count_in(exs_str message, const char *list)
{
	struct json_iter it;
	exs_str items;
	uint32_t n = 0;

	if (!json_get_array(message, list, &items))
		return 0;
	for (json_iter_init(&it, items); json_next(&it, NULL, NULL);)
		n++;
	return n;
}

static EXS_UNUSED bool role_is(exs_str message, const char *role)
{
	exs_str v;

	return json_get(message, "role", &v) == EXS_OK && str_is(v, role);
}

static EXS_UNUSED exs_str segment(const struct state *s, size_t i)
{
	return i < s->segment_count ? str_n(s->segments[i].p, s->segments[i].n) : str_of("{}");
}

/* What may be sent to a model: every call has its result, and the last word is not the model's. */
static EXS_UNUSED bool may_be_sent(const struct state *s)
{
	uint32_t calls;
	size_t i;

	for (i = 0; i < s->segment_count; i++) {
		if (json_check_object(segment(s, i), JSON_DEPTH_MAX, NULL))
			return false;
		calls = role_is(segment(s, i), "\"assistant\"") ? count_in(segment(s, i), "calls")
								: 0;
		if (calls > 0 && (!role_is(segment(s, i + 1), "\"tool\"") ||
				  count_in(segment(s, i + 1), "results") != calls))
			return false;
	}
	return s->segment_count > 0 && role_is(segment(s, 0), "\"user\"") &&
	       !role_is(segment(s, s->segment_count - 1), "\"assistant\"");
}

/* What must hold of any plan, whatever the facts were. */
static EXS_UNUSED bool plan_is_sane(const struct state *s, const struct action *a)
{
	bool lists = a->kind == ACT_CALLS || a->kind == ACT_RECONCILE || a->kind == ACT_DOUBT;

	if (lists != (a->calls != 0) || (s->call_count < 64 && a->calls >> s->call_count))
		return false;
	if (a->kind == ACT_TURN)
		return may_be_sent(s) && s->target < s->model_count && s->steer_count == 0 &&
		       a->delay_ms >= 0;
	if (a->kind == ACT_END)
		return a->status > EXS_ENDED_NONE && a->reason &&
		       (a->status == EXS_ENDED_OK || a->why[0]);
	return true;
}

static EXS_UNUSED exs_fact resumed_fact(const struct state *s)
{
	exs_fact f = { 0 };

	f.size = sizeof f;
	f.kind = EXS_FACT_RUN_RESUMED;
	f.seq = s->seq + 1;
	f.step = s->step;
	f.attempt = s->attempt + 1;
	f.body = exs_cstr("{\"owner\":\"other\",\"parked\":false}");
	return f;
}

#endif
