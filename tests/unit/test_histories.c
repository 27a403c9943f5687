/* SPDX-License-Identifier: MIT */
/*
 * test_histories.c - thousands of made-up runs: at every prefix of each the folded state plans what
 * was done next, and a resume plans what the recovery table says.
 */
#include "history_kit.h"

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

/* Until it is retried, or the same facts are the beginning of a fork. */
static bool begins_anew(const struct deed *d)
{
	return d->retry || d->kind == EXS_FACT_RUN_FORKED;
}

static void check_end(struct history *h)
{
	uint32_t i, ends = 0, finals = 0;
	int32_t cause = EXS_CAUSE_NONE;

	for (i = 0; i < h->t.n; i++) {
		const struct deed *d = &h->deeds[i];
		const struct action *before = &h->acts[i], *after = &h->acts[i + 1];

		if (begins_anew(d)) {
			ends = finals = 0;
			cause = EXS_CAUSE_NONE;
		}
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
				     is_parked(&(struct oracle){ .h = h, .n = i + 1 }, i + 1),
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
static uint32_t seen_retries, seen_forks, seen_passed;

static void count_history(struct history *h)
{
	uint32_t i;

	for (i = 0; i <= h->t.n; i++) {
		seen_action[h->acts[i].kind]++;
		if (i > 0)
			seen_resume[oracle_says(h, i, true).kind]++;
		if (i == h->t.n)
			break;
		seen_retries += h->deeds[i].retry;
		seen_forks += h->deeds[i].kind == EXS_FACT_RUN_FORKED;
		seen_passed += h->deeds[i].target > 0;
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
	assert_true(seen_retries > 100 && seen_forks > 100 && seen_passed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_prefix_plans_what_was_done_next),
		cmocka_unit_test(a_resume_behind_every_prefix_follows_the_recovery_table),
		cmocka_unit_test(a_history_ends_once_by_its_first_cause_and_stays_so),
		cmocka_unit_test(the_histories_reach_every_action_and_every_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
