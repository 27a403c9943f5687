/* SPDX-License-Identifier: MIT */
/* checkpoint_forget.c - a run that is forgotten is gone as a whole, or not at all. */
#include "conformance/checkpoint_kit.h"

static const exs_checkpoint *forgets(struct opened *o)
{
	const exs_checkpoint *port = o->port;

	if (EXS_CAN(port, forget))
		return port;
	subject_close(o);
	skip();
	return NULL;
}

/* One call and its commit; what it says. */
static exs_status forget_once(struct opened *o, const char *id, int32_t *more)
{
	const exs_checkpoint *port = o->port;
	exs_err err = EXS_ERR_INIT;
	struct double_batch b;
	exs_status s;

	*more = 0;
	double_batch_own(&b);
	s = port->forget(o->self, id, double_batch(&b), more, &err);
	if (s == EXS_OK)
		double_batch_apply(&o->host, &b);
	else
		double_batch_drop(&b);
	return s;
}

static void a_forgotten_run_is_gone_and_others_are_not(void **state)
{
	struct listing l;
	struct opened o;
	int32_t more;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	forgets(&o);
	write_run(&o, "01a", 3, EXS_CKPT_COMPLETE, "ok");
	write_run(&o, "01aa", 3, EXS_CKPT_COMPLETE, "ok");
	assert_int_equal(forget_once(&o, "01a", &more), EXS_OK);
	list_runs(&o, 0, &l);
	assert_int_equal(l.n, 1);
	assert_seqs(&o, "01aa", 3);
	while (more)
		assert_int_equal(forget_once(&o, "01a", &more), EXS_OK);
	assert_int_equal(forget_once(&o, "01a", &more), EXS_NOTFOUND);
	assert_int_equal(forget_once(&o, NULL, &more), EXS_NOTFOUND);
	subject_close(&o);
}

/* Whatever two runs share, neither takes it from the other, at whichever batch one stops. */
static void long_bodies_of_other_runs_stay(void **state)
{
	char *body = long_body(200000);
	exs_fact facts[2];
	struct opened o;
	int32_t more;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	forgets(&o);
	facts[0] = fact_of(EXS_FACT_CALL_ENDED, 1, body);
	facts[1] = fact_of(EXS_FACT_CALL_ENDED, 2, body);
	write_facts(&o, "01a", facts, 2);
	write_facts(&o, "01b", facts, 2);
	assert_int_equal(forget_once(&o, "01a", &more), EXS_OK);
	assert_given_back(&o, "01b", facts, 2);
	while (more) {
		assert_int_equal(forget_once(&o, NULL, &more), EXS_OK);
		assert_given_back(&o, "01b", facts, 2);
	}
	assert_int_equal(forget_once(&o, "01b", &more), EXS_OK);
	while (more)
		assert_int_equal(forget_once(&o, "01b", &more), EXS_OK);
	assert_int_equal(o.host.n, 0);
	write_facts(&o, "01c", facts, 2);
	assert_given_back(&o, "01c", facts, 2);
	free(body);
	subject_close(&o);
}

static void an_interrupted_forget_shows_nothing_and_is_finished(void **state)
{
	struct reading r = { 0 };
	exs_err err = EXS_ERR_INIT;
	struct listing l;
	struct opened o;
	int32_t more;
	int rounds = 0;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	forgets(&o);
	write_run(&o, "01a", 3000, EXS_CKPT_COMPLETE, "ok");
	assert_int_equal(forget_once(&o, "01a", &more), EXS_OK);
	list_runs(&o, 0, &l);
	assert_int_equal(l.n, 0);
	assert_int_equal(load_run(&o, "01a", &r, &err), EXS_NOTFOUND);
	forget(&r);
	while (more && rounds++ < 100)
		assert_int_equal(forget_once(&o, NULL, &more), EXS_OK);
	assert_int_equal(more, 0);
	assert_int_equal(forget_once(&o, NULL, &more), EXS_NOTFOUND);
	subject_close(&o);
}

static void a_dropped_forget_changes_nothing(void **state)
{
	const exs_checkpoint *port;
	exs_err err = EXS_ERR_INIT;
	struct double_batch b;
	struct opened o;
	int32_t more = 0;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	port = forgets(&o);
	write_run(&o, "01a", 3, EXS_CKPT_COMPLETE, "ok");
	double_batch_init(&b);
	assert_int_equal(port->forget(o.self, "01a", double_batch(&b), &more, &err), EXS_OK);
	double_batch_drop(&b);
	assert_seqs(&o, "01a", 3);
	subject_close(&o);
}

int checkpoint_forget(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forgotten_run_is_gone_and_others_are_not),
		cmocka_unit_test(long_bodies_of_other_runs_stay),
		cmocka_unit_test(an_interrupted_forget_shows_nothing_and_is_finished),
		cmocka_unit_test(a_dropped_forget_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
