/* SPDX-License-Identifier: MIT */
/* port_audit.c - the contract of the audit port, held against any battery that fills it. */
#include "conformance/subject.h"

#include <executus/port/audit.h>

static struct subject subject;

struct fixture {
	struct opened o;
	const exs_audit *port;
	struct double_batch batch;
	exs_err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->err.size = sizeof f->err;
	subject_open(&subject, EXS_PORT_AUDIT, &f->o);
	f->port = f->o.port;
	double_batch_init(&f->batch);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	double_batch_drop(&f->batch);
	subject_close(&f->o);
	free(f);
	return 0;
}

static bool outside(const struct fixture *f)
{
	return f->port->flags & EXS_AUDIT_OUTSIDE;
}

/* The batch as the kernel would hand it over: none to a trail outside of the store. */
static exs_batch *batch(struct fixture *f)
{
	return outside(f) ? NULL : double_batch(&f->batch);
}

static exs_trail *start(struct fixture *f, const char *id, int32_t attempt)
{
	exs_run_info run = double_run_info(id);
	exs_trail *trail = NULL;

	run.attempt = attempt;
	if (f->port->start(f->o.self, &run, &trail, &f->err))
		fail_msg("start: %s", f->err.text);
	return trail;
}

static exs_fact fact_of(int32_t kind, int64_t seq)
{
	exs_fact fact = { 0 };

	fact.size = sizeof fact;
	fact.kind = kind;
	fact.seq = seq;
	fact.at_ms = 1700000000000;
	fact.step = 1;
	fact.attempt = 1;
	fact.call_id = exs_cstr("1.0");
	fact.name = exs_cstr("read_file");
	fact.body = exs_cstr("{\"status\":\"ok\",\"content\":\"gr\xc3\xbc\xc3\x9f\"}");
	return fact;
}

static void record(struct fixture *f, exs_trail *trail, const exs_fact *fact)
{
	if (trail && f->port->record(trail, fact, batch(f), &f->err))
		fail_msg("record of kind %d: %s", (int)fact->kind, f->err.text);
}

static void finish(struct fixture *f, exs_trail *trail)
{
	if (trail && f->port->finish(trail, &f->err))
		fail_msg("finish: %s", f->err.text);
}

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
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CLAIM(takes_every_kind_of_fact),
		CLAIM(takes_a_kind_that_is_newer),
		CLAIM(takes_facts_with_nothing_in_them),
		CLAIM(takes_names_of_any_bytes),
		CLAIM(keeps_several_runs_and_attempts_apart),
		CLAIM(a_batch_that_fails_is_told_and_the_trail_lives_on),
		CLAIM(a_trail_without_facts_finishes),
	};
	int bad = subject_args(&subject, argc, argv);

	return bad ? bad : cmocka_run_group_tests(tests, NULL, NULL);
}
