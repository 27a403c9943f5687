/* SPDX-License-Identifier: MIT */
/* port_audit.c - the contract of the audit port, held against any battery that fills it. */
#include "conformance/audit_kit.h"

struct subject audit_subject;

/* ---- claims ---- */

static void takes_every_kind_of_fact(void **state)
{
	static const int32_t kinds[] = {
#define EXS_X(name, number, word) number,
		EXS_FACT_LIST(EXS_X)
#undef EXS_X
	};
	const exs_usage usage = { sizeof usage, 0, 1, 2, 3, 4, 5, 6 };
	struct fixture *f = *state;
	exs_trail *trail = start(f, "run-a", 1);
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		exs_fact fact = fact_of(kinds[i], (int64_t)i + 1);

		if (kinds[i] == EXS_FACT_TURN_ENDED || kinds[i] == EXS_FACT_TURN_FAILED)
			fact.usage = &usage;
		record(f, trail, &fact);
		double_batch_apply(&f->o.host, &f->batch);
	}
	finish(f, trail);
}

static void takes_a_kind_that_is_newer(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail = start(f, "run-a", 1);
	exs_fact fact = fact_of(4711, 1);

	record(f, trail, &fact);
	finish(f, trail);
}

static void takes_facts_with_nothing_in_them(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail = start(f, "run-a", 1);
	exs_fact fact = { .size = sizeof fact, .kind = EXS_FACT_STEERED, .seq = 1 };

	record(f, trail, &fact);
	finish(f, trail);
}

static void takes_names_of_any_bytes(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail = start(f, "run-a", 1);
	exs_fact fact = fact_of(EXS_FACT_CALL_ENDED, 1);

	fact.name = exs_bytes("\"\\\n\0\xff\xed\xa0\x80\xf0\x9f\x90\x8e", 12);
	record(f, trail, &fact);
	finish(f, trail);
}

static void keeps_several_runs_and_attempts_apart(void **state)
{
	struct fixture *f = *state;
	exs_trail *a = start(f, "run-a", 1), *b = start(f, "run-b", 1), *again;
	int64_t seq;

	for (seq = 1; seq <= 20; seq++) {
		exs_fact fact = fact_of(EXS_FACT_STEERED, seq);

		record(f, seq % 2 ? a : b, &fact);
		record(f, seq % 2 ? b : a, &fact);
	}
	finish(f, a);
	again = start(f, "run-a", 2);
	finish(f, again);
	finish(f, b);
}

static void a_batch_that_fails_is_told_and_the_trail_lives_on(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	exs_fact fact = fact_of(EXS_FACT_CALL_ENDED, 1);

	if (outside(f))
		skip();
	trail = start(f, "run-a", 1);
	f->o.host.fail_batch = true;
	if (f->port->record(trail, &fact, batch(f), &f->err) == EXS_OK)
		assert_int_equal(f->batch.n, 0); /* it had nothing to put for this one */
	else
		assert_string_not_equal(f->err.text, "");
	f->o.host.fail_batch = false;
	record(f, trail, &fact);
	finish(f, trail);
}

static void a_trail_without_facts_finishes(void **state)
{
	struct fixture *f = *state;

	finish(f, start(f, "run-a", 1));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CLAIM(takes_every_kind_of_fact),
		CLAIM(takes_a_kind_that_is_newer),
		CLAIM(takes_facts_with_nothing_in_them),
		CLAIM(takes_names_of_any_bytes),
		CLAIM(keeps_several_runs_and_attempts_apart),
		CLAIM(a_batch_that_fails_is_told_and_the_trail_lives_on),
		CLAIM(a_trail_without_facts_finishes),
	};
	int bad = subject_args(&audit_subject, argc, argv);

	if (bad)
		return bad;
	bad = cmocka_run_group_tests(tests, NULL, NULL) + audit_asks();
	return bad ? 1 : 0;
}
