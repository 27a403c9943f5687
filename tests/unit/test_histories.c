/* SPDX-License-Identifier: MIT */
/*
 * test_histories.c - thousands of made-up runs: at every prefix of each the folded state plans what
 * was done next, a resume plans what the recovery table says, and damaged logs are refused without
 * harm.
 *
 * A failure prints its seed; TEST_SEED=N in the environment plays that one alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "history_oracle.h"

#define HISTORIES 3000u

/* ---- saying what is wrong ---- */

static void show(const struct history *h, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		print_error("%3u %-16s %.*s %.*s\n", i + 1, fact_word(h->t.facts[i].kind),
			    (int)h->t.facts[i].call_id.n, h->t.facts[i].call_id.p,
			    (int)h->t.facts[i].body.n, h->t.facts[i].body.p);
}

static void must(const struct history *h, uint32_t n, bool held, const char *what)
{
	if (held)
		return;
	show(h, n);
	fail_msg("TEST_SEED=%llu, behind %u facts: %s", (unsigned long long)h->seed, n, what);
}

static void must_be(const struct history *h, uint32_t n, const struct action *a,
		    const struct outcome *o, const char *who)
{
	if (a->kind == o->kind && a->calls == o->calls && a->delay_ms == o->delay_ms &&
	    a->status == o->status && strcmp(a->reason, o->reason) == 0)
		return;
	show(h, n);
	fail_msg("TEST_SEED=%llu, behind %u facts%s: planned %s calls %llx delay %lld %s '%s', the "
		 "oracle says %s "
		 "calls %llx delay %lld %s '%s'",
		 (unsigned long long)h->seed, n, who, action_word(a->kind),
		 (unsigned long long)a->calls, (long long)a->delay_ms, ended_word(a->status),
		 a->reason, action_word(o->kind), (unsigned long long)o->calls,
		 (long long)o->delay_ms, ended_word(o->status), o->reason);
}

static bool same_action(const struct action *a, const struct action *b)
{
	return a->kind == b->kind && a->calls == b->calls && a->delay_ms == b->delay_ms &&
	       a->status == b->status && strcmp(a->reason, b->reason) == 0 &&
	       strcmp(a->why, b->why) == 0;
}

/* ---- each history ---- */

typedef void (*check_fn)(struct history *h);

static void for_each_history(check_fn check)
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
static exs_status fold_copy(struct state *s, const exs_fact *f, exs_err *err)
{
	exs_fact copy = kit_fact_copy(f);
	exs_status status = fold(s, &copy, err);

	kit_fact_free(&copy);
	return status;
}

static void fold_prefix(const struct history *h, uint32_t n, struct state *s)
{
	exs_err err = EXS_ERR_INIT;
	uint32_t i;

	state_init(s);
	for (i = 0; i < n; i++)
		must(h, n, fold_copy(s, &h->t.facts[i], &err) == EXS_OK, err.text);
}

/* ---- transcripts ---- */

static uint32_t count_in(exs_str message, const char *list)
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

static bool role_is(exs_str message, const char *role)
{
	exs_str v;

	return json_get(message, "role", &v) == EXS_OK && str_is(v, role);
}

static exs_str segment(const struct state *s, size_t i)
{
	return i < s->segment_count ? str_n(s->segments[i].p, s->segments[i].n) : str_of("{}");
}

/* What may be sent to a model: every call has its result, and the last word is not the model's. */
static bool may_be_sent(const struct state *s)
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
static bool plan_is_sane(const struct state *s, const struct action *a)
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

/* ---- properties of what happened ---- */

static void check_prefixes(struct history *h)
{
	struct outcome o;
	struct action a;
	struct state s;
	char *print;
	uint32_t n;

	for (n = 0; n <= h->t.n; n++) {
		fold_prefix(h, n, &s);
		plan(&s, &a);
		must(h, n, same_action(&a, &h->acts[n]),
		     "the folded state plans otherwise than was done");
		print = history_print(&s);
		must(h, n, strcmp(print, h->prints[n]) == 0,
		     "the folded state differs from the lived one");
		must(h, n, plan_is_sane(&s, &a), "the plan cannot be performed");
		o = oracle_says(h, n, false);
		must_be(h, n, &a, &o, "");
		free(print);
		state_release(&s);
	}
}

static void every_prefix_plans_what_was_done_next(void **state)
{
	(void)state;
	for_each_history(check_prefixes);
}

static exs_fact resumed_fact(const struct state *s)
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

static void check_resumes(struct history *h)
{
	exs_err err = EXS_ERR_INIT;
	struct outcome o;
	struct action a;
	struct state s;
	exs_status status;
	exs_fact f;
	uint32_t n;

	for (n = 1; n <= h->t.n; n++) {
		fold_prefix(h, n, &s);
		f = resumed_fact(&s);
		status = fold_copy(&s, &f, &err);
		must(h, n, status == (s.ended ? EXS_CORRUPT : EXS_OK),
		     "a resume does not fold as it should");
		if (status == EXS_OK) {
			plan(&s, &a);
			o = oracle_says(h, n, true);
			must_be(h, n, &a, &o, " and a resume");
			must(h, n, plan_is_sane(&s, &a),
			     "the plan behind a resume cannot be performed");
			must(h, n, a.kind != ACT_NOTHING && a.kind != ACT_WAIT,
			     "a resumed run has nothing out and must have something to do");
		}
		state_release(&s);
	}
}

static void a_resume_behind_every_prefix_follows_the_recovery_table(void **state)
{
	(void)state;
	for_each_history(check_resumes);
}

static void check_end(struct history *h)
{
	uint32_t i, ends = 0, finals = 0;
	int32_t cause = EXS_CAUSE_NONE;

	for (i = 0; i < h->t.n; i++) {
		const struct deed *d = &h->deeds[i];
		const struct action *before = &h->acts[i], *after = &h->acts[i + 1];

		if (d->kind == EXS_FACT_RUN_CANCELLED && !cause && !ends)
			cause = d->cause;
		if (d->kind == EXS_FACT_RUN_ENDED)
			must(h, i, ++ends == 1 && before->kind == ACT_END,
			     "it ends twice, or unplanned");
		if (ends)
			must(h, i + 1, after->kind == ACT_NOTHING,
			     "something is planned behind the end");
		if (finals && !ends)
			must(h, i + 1,
			     (after->kind == ACT_END && after->status == EXS_ENDED_OK) ||
				     is_parked(&(struct oracle){ h, i + 1, false, 0, 0 }, i + 1),
			     "a final answer was relabelled");
		finals += after->kind == ACT_END && after->status == EXS_ENDED_OK;
		/* Closing what is open changes nothing of the end. */
		if (before->kind == ACT_END && d->kind == EXS_FACT_CALL_ENDED)
			must(h, i + 1, same_action(before, after),
			     "closing a call changed the end");
	}
	if (ends && cause && h->t.state.status == EXS_ENDED_TIMEOUT)
		must(h, h->t.n, cause == EXS_CAUSE_TIMEOUT, "not the first cause");
	if (ends && cause && h->t.state.status == EXS_ENDED_KILLED)
		must(h, h->t.n, cause == EXS_CAUSE_KILL, "not the first cause");
}

static void a_history_ends_once_by_its_first_cause_and_stays_so(void **state)
{
	(void)state;
	for_each_history(check_end);
}

/* The generator must reach every action and every end, or the properties above say little. */
static uint32_t seen_action[ACT_END + 1], seen_end[EXS_ENDED_COUNT], seen_resume[ACT_END + 1];

static void count_history(struct history *h)
{
	uint32_t i;

	for (i = 0; i <= h->t.n; i++) {
		seen_action[h->acts[i].kind]++;
		if (i > 0)
			seen_resume[oracle_says(h, i, true).kind]++;
	}
	if (h->t.state.ended)
		seen_end[h->t.state.status]++;
}

static void the_histories_reach_every_action_and_every_end(void **state)
{
	int i;

	(void)state;
	if (getenv("TEST_SEED"))
		return;
	for_each_history(count_history);
	for (i = ACT_NOTHING; i <= ACT_END; i++)
		assert_true(seen_action[i] > 20);
	for (i = ACT_TURN; i <= ACT_END; i++)
		assert_true(seen_resume[i] > 20);
	for (i = EXS_ENDED_OK; i <= EXS_ENDED_DENIED; i++)
		assert_true(seen_end[i] > 20);
}

/* ---- damaged logs ---- */

static const int32_t bad_kinds[] = { -2147483647, -1, 0,  2,  3,  4,  5,  6,  10,  11,
				     12,	  20, 21, 22, 30, 71, 82, 99, 100, 2147483647 };
static const char *const bad_ids[] = { "",     "1.0",  "2.1",  "1.3",	       "1.4",
				       "1.00", "1.-1", "01.0", "1.0 ",	       "1.0\n",
				       "\xff", ".",    "1.",   "1.4294967296", "0" };

static void damage_column(struct history *h, exs_fact *f)
{
	static const int32_t steps[] = { -2147483647 - 1, -1, 0, 1, 2, 2147483647 };
	const char *id;

	switch (roll(h, 4)) {
	case 0:
		f->step = chance(h, 50) ? f->step + 1 : steps[roll(h, 6)];
		return;
	case 1:
		f->kind = bad_kinds[roll(h, 20)];
		return;
	case 2:
		id = bad_ids[roll(h, 15)];
		free((char *)(uintptr_t)f->call_id.p);
		f->call_id = exs_cstr(id);
		f->call_id.p = kit_copy(f->call_id);
		return;
	default: /* two columns at once */
		f->kind = bad_kinds[roll(h, 20)];
		f->step = steps[roll(h, 6)];
		return;
	}
}

static void damage_body(struct history *h, exs_fact *f)
{
	static const char bytes[] = "{}[]\",:\\0-9.eau \x01\x80\xff";
	char *p = (char *)(uintptr_t)f->body.p;
	const exs_fact *other;
	uint32_t k;

	if (chance(h, 25)) { /* the body of another one */
		other = &h->t.facts[roll(h, h->t.n)];
		free(p);
		f->body = other->body;
		f->body.p = kit_copy(other->body);
		return;
	}
	if (f->body.n == 0)
		return;
	if (chance(h, 20)) { /* cut: in memory of its size */
		f->body.n = roll(h, (uint32_t)f->body.n);
		f->body.p = kit_copy(f->body);
		free(p);
		return;
	}
	for (k = 1 + roll(h, 3); k > 0; k--)
		p[roll(h, (uint32_t)f->body.n)] =
			chance(h, 50) ? bytes[roll(h, sizeof bytes - 1)] : (char)roll(h, 256);
}

/* As the kernel does when a fact does not fit: what there is gets an end. */
static void fold_an_end(struct state *s)
{
	exs_err err = EXS_ERR_INIT;
	struct action a;
	exs_fact f = resumed_fact(s);

	f.kind = EXS_FACT_RUN_ENDED;
	f.attempt = s->attempt;
	f.body = exs_cstr("{\"status\":\"error\",\"output\":\"\",\"error\":\"it "
			  "broke\",\"reason\":\"internal\"}");
	if (fold(s, &f, &err) == EXS_OK) {
		plan(s, &a);
		assert_int_equal(a.kind, ACT_NOTHING);
	}
}

/* Folds one fact of a damaged log; whatever it is, the answer is one of four and says why. */
static exs_status fold_damaged(struct history *h, uint32_t n, struct state *s, const exs_fact *f)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status = fold(s, f, &err);
	struct action a;

	must(h, n,
	     status == EXS_OK || status == EXS_CORRUPT || status == EXS_NOMEM ||
		     status == EXS_TOOBIG,
	     "fold answers with a status that it does not have");
	if (status) {
		must(h, n, err.status == status && err.text[0] && utf8_ok(exs_cstr(err.text)),
		     "fold does not say what is wrong");
		fold_an_end(s);
		return status;
	}
	plan(s, &a);
	must(h, n, plan_is_sane(s, &a), "a damaged log leads to a plan that cannot be performed");
	return EXS_OK;
}

static void check_damage(struct history *h)
{
	struct state s;
	exs_fact f;
	uint32_t i, n;

	for (n = 0; n < h->t.n; n++) {
		fold_prefix(h, n, &s);
		f = kit_fact_copy(&h->t.facts[n]);
		if (chance(h, 40))
			damage_column(h, &f);
		else
			damage_body(h, &f);
		for (i = n + 1; fold_damaged(h, n, &s, &f) == EXS_OK && i < h->t.n; i++) {
			kit_fact_free(&f);
			f = kit_fact_copy(&h->t.facts[i]);
		}
		kit_fact_free(&f);
		state_release(&s);
	}
}

static void any_damage_is_borne_or_refused_with_a_reason(void **state)
{
	(void)state;
	for_each_history(check_damage);
}

static void must_refuse(struct history *h, uint32_t n, const exs_fact *f, const char *what)
{
	struct state s;

	fold_prefix(h, n, &s);
	must(h, n, fold_damaged(h, n, &s, f) == EXS_CORRUPT, what);
	state_release(&s);
}

static void check_order(struct history *h)
{
	static const int64_t seqs[] = { INT64_MIN, -1, 0, 1, INT64_MAX };
	exs_fact f;
	uint32_t n = roll(h, h->t.n), tries;

	for (tries = 0; tries < 6; tries++, n = roll(h, h->t.n)) {
		if (n + 1 < h->t.n) /* dropped, and swapped: the next one comes too early */
			must_refuse(h, n, &h->t.facts[n + 1], "a fact is missing, and nobody saw");
		if (n > 0)
			must_refuse(h, n, &h->t.facts[n - 1], "a fact came twice, and nobody saw");
		f = h->t.facts[n];
		f.seq = seqs[roll(h, 5)];
		if (f.seq != h->t.facts[n].seq)
			must_refuse(h, n, &f, "a fact has another number, and nobody saw");
		f = h->t.facts[n];
		f.attempt += chance(h, 50) ? 1 : -1;
		must_refuse(h, n, &f, "a fact is of another attempt, and nobody saw");
	}
}

static void a_log_with_a_hole_a_double_or_a_swap_is_corrupt(void **state)
{
	(void)state;
	for_each_history(check_order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_prefix_plans_what_was_done_next),
		cmocka_unit_test(a_resume_behind_every_prefix_follows_the_recovery_table),
		cmocka_unit_test(a_history_ends_once_by_its_first_cause_and_stays_so),
		cmocka_unit_test(the_histories_reach_every_action_and_every_end),
		cmocka_unit_test(any_damage_is_borne_or_refused_with_a_reason),
		cmocka_unit_test(a_log_with_a_hole_a_double_or_a_swap_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
