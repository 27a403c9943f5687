/* SPDX-License-Identifier: MIT */
/* port_checkpoint.c - the contract of the checkpoint port, held against any battery that fills it.
 */
#include "conformance/checkpoint_kit.h"

struct subject subject;

/* ---- claims: facts ---- */

static void gives_back_every_kind_with_every_column(void **state)
{
	static const int32_t kinds[] = {
#define EXS_X(name, number, word) number,
		EXS_FACT_LIST(EXS_X)
#undef EXS_X
	};
	enum { N = sizeof kinds / sizeof *kinds };
	const exs_usage usage = { sizeof usage, 1, 1234567890123, 2, 3, 4, 5, 6 };
	struct opened o;
	exs_fact facts[N];
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	for (i = 0; i < N; i++) {
		facts[i] = fact_of(kinds[i], (int64_t)i + 1, "{\"a\":[1,2,{\"b\":null}]}");
		facts[i].phase = (int32_t)i;
		facts[i].attempt = (int32_t)i + 2;
		facts[i].call_id = exs_cstr("3.0");
		facts[i].name = exs_cstr("read_file");
		facts[i].usage = i % 2 ? &usage : NULL;
	}
	write_facts(&o, "run-a", facts, N);
	assert_given_back(&o, "run-a", facts, N);
	subject_close(&o);
}

static void gives_back_any_number_and_text(void **state)
{
	const exs_usage zero = { sizeof zero, 0, 0, 0, 0, 0, 0, 0 };
	const exs_usage most = {
		sizeof most, 1, INT64_MAX, INT64_MIN, -1, INT64_MAX, INT64_MIN, -1
	};
	struct opened o;
	exs_fact facts[3];

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	facts[0] = fact_of(EXS_FACT_RUN_STARTED, 1,
			   "{\"t\":\"gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xf0\x9f\x90\x8e "
			   "\\u0001\\ud83d\\udc0e\\\\\\\"\xef\xbf\xbf\x7f\"}");
	facts[0].call_id = exs_cstr("");
	facts[0].name = exs_cstr("\xe6\x97\xa5\n\t\"\\/\x01");
	facts[0].usage = &zero;
	facts[1] = fact_of(EXS_FACT_TURN_ENDED, 2, "{}");
	facts[1].at_ms = INT64_MIN;
	facts[1].run_ms = INT64_MAX;
	facts[1].step = INT32_MIN;
	facts[1].phase = INT32_MAX;
	facts[1].attempt = -1;
	facts[1].usage = &most;
	facts[2] = fact_of(EXS_FACT_CALL_ENDED, 3, "{\"n\":123456789012345678901234567890.50}");
	facts[2].name = exs_bytes("a\0b", 3);
	write_facts(&o, "run-a", facts, 3);
	assert_given_back(&o, "run-a", facts, 3);
	subject_close(&o);
}

static void gives_back_long_bodies_of_any_length(void **state)
{
	static const size_t sizes[] = { 16383, 16384, 16385, 20000, 65536, 1048576, 3145728 };
	enum { N = sizeof sizes / sizeof *sizes };
	struct opened o;
	exs_fact facts[N];
	char *bodies[N];
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	for (i = 0; i < N; i++) {
		bodies[i] = long_body(sizes[i]);
		facts[i] = fact_of(EXS_FACT_CALL_ENDED, (int64_t)i + 1, bodies[i]);
	}
	write_facts(&o, "run-a", facts, N);
	assert_given_back(&o, "run-a", facts, N);
	for (i = 0; i < N; i++)
		free(bodies[i]);
	subject_close(&o);
}

static void gives_back_equal_long_bodies_to_each_run(void **state)
{
	char *body = long_body(200000);
	struct opened o;
	exs_fact facts[2];

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	facts[0] = fact_of(EXS_FACT_CALL_ENDED, 1, body);
	facts[1] = fact_of(EXS_FACT_CALL_ENDED, 2, body);
	write_facts(&o, "run-a", facts, 2);
	write_facts(&o, "run-b", facts, 2);
	assert_given_back(&o, "run-a", facts, 2);
	assert_given_back(&o, "run-b", facts, 2);
	free(body);
	subject_close(&o);
}

static void gives_back_in_order_what_came_in_many_batches(void **state)
{
	struct double_batch b;
	struct opened o;
	exs_ckpt *ckpt;
	int64_t seq;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "run", 2, EXS_CKPT_COMPLETE,
		  "ok"); /* neighbours whose ids share a beginning */
	write_run(&o, "run-aa", 2, EXS_CKPT_COMPLETE, "ok");
	double_batch_init(&b);
	ckpt = begin_run(&o, "run-a", &b);
	for (seq = 1; seq <= 300; seq += 10) {
		append_plain(&o, ckpt, seq, seq + 9, &b);
		double_batch_apply(&o.host, &b);
		assert_seqs(&o, "run-a", seq + 9);
	}
	end_run(&o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o.host, &b);
	assert_seqs(&o, "run-a", 300);
	assert_seqs(&o, "run", 2);
	subject_close(&o);
}

static void stops_loading_when_the_reader_says_so(void **state)
{
	struct reading r = { .stop_after = 2 };
	exs_err err = EXS_ERR_INIT;
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "run-a", 5, EXS_CKPT_COMPLETE, "ok");
	assert_int_equal(load_run(&o, "run-a", &r, &err), EXS_DENIED);
	assert_int_equal(r.n, 2);
	forget(&r);
	subject_close(&o);
}

/* ---- claims: life of a run ---- */

static void refuses_to_begin_a_run_that_exists(void **state)
{
	exs_run_info run = double_run_info("run-a");
	exs_ckpt *ckpt = (exs_ckpt *)(void *)&run;
	exs_err err = EXS_ERR_INIT;
	struct double_batch b;
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "run-a", 1, EXS_CKPT_LEAVE, "parked");
	double_batch_init(&b);
	assert_int_equal(((const exs_checkpoint *)o.port)
				 ->begin(o.self, &run, double_batch(&b), &ckpt, &err),
			 EXS_CONFLICT);
	assert_ptr_equal(ckpt, &run);
	assert_string_not_equal(err.text, "");
	double_batch_drop(&b);
	subject_close(&o);
}

static void knows_nothing_of_an_unknown_run(void **state)
{
	exs_run_info run = double_run_info("run-b");
	exs_err err = EXS_ERR_INIT, other = EXS_ERR_INIT;
	struct reading r = { 0 };
	struct double_batch b;
	struct opened o;
	exs_ckpt *ckpt = NULL;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "run-a", 1, EXS_CKPT_LEAVE, "parked");
	double_batch_init(&b);
	assert_int_equal(load_run(&o, "run-b", &r, &err), EXS_NOTFOUND);
	assert_string_not_equal(err.text, "");
	assert_int_equal(r.n, 0);
	assert_int_equal(((const exs_checkpoint *)o.port)
				 ->adopt(o.self, &run, double_batch(&b), &ckpt, &other),
			 EXS_NOTFOUND);
	assert_string_not_equal(other.text, "");
	assert_null(ckpt);
	forget(&r);
	double_batch_drop(&b);
	subject_close(&o);
}

static void adopt_goes_on_in_a_new_instance(void **state)
{
	struct double_batch b;
	struct opened o;
	exs_ckpt *ckpt;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "run-a", 3, EXS_CKPT_LEAVE, "interrupted");
	subject_shut(&o);
	subject_reopen(&subject, EXS_PORT_CHECKPOINT, &o);
	assert_seqs(&o, "run-a", 3);
	double_batch_init(&b);
	ckpt = adopt_run(&o, "run-a", 2, &b);
	append_plain(&o, ckpt, 4, 6, &b);
	double_batch_apply(&o.host, &b);
	assert_seqs(&o, "run-a", 6);
	end_run(&o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o.host, &b);
	assert_seqs(&o, "run-a", 6);
	subject_close(&o);
}

static void adopts_a_run_whose_owner_died(void **state)
{
	struct double_batch b, lost;
	exs_err err = EXS_ERR_INIT;
	struct opened o;
	exs_ckpt *dead, *ckpt;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	double_batch_init(&b);
	double_batch_init(&lost);
	dead = begin_run(&o, "run-a", &b);
	append_plain(&o, dead, 1, 2, &b);
	double_batch_apply(&o.host, &b);
	ckpt = adopt_run(&o, "run-a", 2, &b);
	append_plain(&o, ckpt, 3, 4, &b);
	end_run(&o, ckpt, EXS_CKPT_FAIL, "error", &b);
	double_batch_apply(&o.host, &b);
	assert_seqs(&o, "run-a", 4);
	(void)((const exs_checkpoint *)o.port)
		->end(dead, EXS_CKPT_LEAVE, exs_cstr("parked"), double_batch(&lost), &err);
	double_batch_drop(&lost);
	subject_close(&o);
}

/* A battery that writes by its own means leaves the batch empty. */
static void pass_over_when_unused(struct opened *o, exs_ckpt *ckpt, struct double_batch *b)
{
	if (b->n)
		return;
	end_run(o, ckpt, EXS_CKPT_FAIL, "error", b);
	subject_close(o);
	skip();
}

static void a_dropped_batch_leaves_nothing(void **state)
{
	struct double_batch b;
	struct opened o;
	exs_ckpt *ckpt;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	double_batch_init(&b);
	ckpt = begin_run(&o, "run-a", &b);
	append_plain(&o, ckpt, 1, 3, &b);
	pass_over_when_unused(&o, ckpt, &b);
	double_batch_drop(&b);
	assert_int_equal(o.host.n, 0);
	end_run(&o, ckpt, EXS_CKPT_FAIL, "error", &b);
	double_batch_drop(&b);
	write_run(&o, "run-a", 2, EXS_CKPT_COMPLETE, "ok");
	assert_seqs(&o, "run-a", 2);
	subject_close(&o);
}

static void a_batch_that_fails_is_told_and_leaks_nothing(void **state)
{
	exs_run_info run = double_run_info("run-b");
	exs_err err = EXS_ERR_INIT;
	struct double_batch b;
	struct opened o;
	exs_fact f = fact_of(EXS_FACT_STEERED, 1, "{}");
	const exs_fact *list[] = { &f };
	const exs_checkpoint *port;
	exs_ckpt *ckpt, *none = NULL;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	port = o.port;
	double_batch_init(&b);
	ckpt = begin_run(&o, "run-a", &b);
	pass_over_when_unused(&o, ckpt, &b);
	o.host.fail_batch = true;
	assert_int_equal(port->append(ckpt, list, 1, double_batch(&b), &err), EXS_IO);
	assert_int_equal(port->begin(o.self, &run, double_batch(&b), &none, &err), EXS_IO);
	assert_null(none);
	assert_int_equal(port->end(ckpt, EXS_CKPT_COMPLETE, exs_cstr("ok"), double_batch(&b), &err),
			 EXS_IO);
	double_batch_drop(&b);
	subject_close(&o);
}

/* ---- claims: the list ---- */

static void lists_the_newest_first_and_open_ones_alone(void **state)
{
	struct double_batch b;
	struct listing l;
	struct opened o;
	exs_ckpt *live;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "01a", 1, EXS_CKPT_COMPLETE, "ok");
	write_run(&o, "01b", 1, EXS_CKPT_LEAVE, "parked");
	write_run(&o, "01c", 1, EXS_CKPT_FAIL, "error");
	double_batch_init(&b);
	live = begin_run(&o, "01d", &b);
	double_batch_apply(&o.host, &b);
	list_runs(&o, 0, &l);
	assert_int_equal(l.n, 4);
	assert_string_equal(l.run[0], "01d");
	assert_string_equal(l.status[0], "running");
	assert_false(l.ended[0]);
	assert_string_equal(l.run[1], "01c");
	assert_string_equal(l.status[1], "error");
	assert_true(l.ended[1]);
	assert_string_equal(l.status[2], "parked");
	assert_false(l.ended[2]);
	assert_string_equal(l.status[3], "ok");
	assert_true(l.ended[3]);
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.run[0], "01d");
	assert_string_equal(l.run[1], "01b");
	end_run(&o, live, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o.host, &b);
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 1);
	subject_close(&o);
}

/* A run that failed is retried: it has ended, and is adopted all the same. */
static void adopts_a_run_that_has_ended(void **state)
{
	struct double_batch b;
	struct listing l;
	struct opened o;
	exs_ckpt *ckpt;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	write_run(&o, "01a", 1, EXS_CKPT_FAIL, "error");
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 0);
	double_batch_init(&b);
	ckpt = adopt_run(&o, "01a", 2, &b);
	append_plain(&o, ckpt, 2, 3, &b);
	double_batch_apply(&o.host, &b);
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.status[0], "running");
	assert_seqs(&o, "01a", 3);
	end_run(&o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o.host, &b);
	list_runs(&o, 0, &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.status[0], "ok");
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 0);
	subject_close(&o);
}

static void lists_an_adopted_run_as_running(void **state)
{
	struct double_batch b;
	struct listing l;
	struct opened o;
	exs_ckpt *ckpt;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	list_runs(&o, 0, &l);
	assert_int_equal(l.n, 0);
	write_run(&o, "01a", 1, EXS_CKPT_LEAVE, "parked");
	double_batch_init(&b);
	ckpt = adopt_run(&o, "01a", 2, &b);
	double_batch_apply(&o.host, &b);
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.status[0], "running");
	end_run(&o, ckpt, EXS_CKPT_FAIL, "killed", &b);
	double_batch_apply(&o.host, &b);
	list_runs(&o, EXS_LIST_OPEN, &l);
	assert_int_equal(l.n, 0);
	subject_close(&o);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_every_kind_with_every_column),
		cmocka_unit_test(gives_back_any_number_and_text),
		cmocka_unit_test(gives_back_long_bodies_of_any_length),
		cmocka_unit_test(gives_back_equal_long_bodies_to_each_run),
		cmocka_unit_test(gives_back_in_order_what_came_in_many_batches),
		cmocka_unit_test(stops_loading_when_the_reader_says_so),
		cmocka_unit_test(refuses_to_begin_a_run_that_exists),
		cmocka_unit_test(knows_nothing_of_an_unknown_run),
		cmocka_unit_test(adopt_goes_on_in_a_new_instance),
		cmocka_unit_test(adopts_a_run_whose_owner_died),
		cmocka_unit_test(adopts_a_run_that_has_ended),
		cmocka_unit_test(a_dropped_batch_leaves_nothing),
		cmocka_unit_test(a_batch_that_fails_is_told_and_leaks_nothing),
		cmocka_unit_test(lists_the_newest_first_and_open_ones_alone),
		cmocka_unit_test(lists_an_adopted_run_as_running),
	};
	int bad = subject_args(&subject, argc, argv);

	if (bad)
		return bad;
	return cmocka_run_group_tests(tests, NULL, NULL) + checkpoint_forget() +
	       checkpoint_fork() + checkpoint_damage();
}
