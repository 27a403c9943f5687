/* SPDX-License-Identifier: MIT */
/* test_histories_damage.c - the logs of thousands of made-up runs, damaged: refused with a reason,
 * or borne without harm. */
#include "history_kit.h"

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
		cmocka_unit_test(any_damage_is_borne_or_refused_with_a_reason),
		cmocka_unit_test(a_log_with_a_hole_a_double_or_a_swap_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
