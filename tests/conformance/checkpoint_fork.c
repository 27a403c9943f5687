/* SPDX-License-Identifier: MIT */
/* checkpoint_fork.c - a fork has the first facts of another run as its own, and leaves that run alone. */
#include "conformance/checkpoint_kit.h"

#include <cjson/cJSON.h>

static void forks(struct opened *o)
{
	const exs_checkpoint *port;

	subject_open(&subject, EXS_PORT_CHECKPOINT, o);
	port = o->port;
	if (EXS_CAN(port, fork))
		return;
	subject_close(o);
	skip();
}

static exs_status fork_into(struct opened *o, const char *id, const char *from, int64_t seq,
			    struct double_batch *b, exs_ckpt **out)
{
	const exs_checkpoint *port = o->port;
	exs_run_info run = double_run_info(id);
	exs_err err = EXS_ERR_INIT;
	exs_status s = port->fork(o->self, &run, from, seq, double_batch(b), out, &err);

	assert_int_equal(s, err.status);
	assert_true(s == EXS_OK || err.text[0]);
	return s;
}

/* A whole fork with facts up to `last`. */
static void write_fork(struct opened *o, const char *id, const char *from, int64_t seq,
		       int64_t last)
{
	exs_ckpt *ckpt = NULL;
	struct double_batch b;

	double_batch_init(&b);
	assert_int_equal(fork_into(o, id, from, seq, &b, &ckpt), EXS_OK);
	append_plain(o, ckpt, seq + 1, last, &b);
	end_run(o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o->host, &b);
}

static void has_the_first_facts_of_its_base_and_its_own(void **state)
{
	exs_fact facts[6];
	struct opened o;
	int i;

	(void)state;
	forks(&o);
	for (i = 0; i < 4; i++)
		facts[i] = fact_of(EXS_FACT_STEERED, i + 1, "{\"text\":\"base\"}");
	write_facts(&o, "01a", facts, 4);
	write_fork(&o, "01b", "01a", 2, 5);
	for (i = 2; i < 5; i++)
		facts[i] = fact_of(EXS_FACT_STEERED, i + 1, "{\"text\":\"on\"}");
	assert_given_back(&o, "01b", facts, 5);
	assert_seqs(&o, "01a", 4);
	subject_close(&o);
}

static void a_base_that_goes_on_changes_no_fork(void **state)
{
	struct double_batch b;
	struct opened o;
	exs_ckpt *ckpt;

	(void)state;
	forks(&o);
	double_batch_init(&b);
	ckpt = begin_run(&o, "01a", &b);
	append_plain(&o, ckpt, 1, 3, &b);
	double_batch_apply(&o.host, &b);
	write_fork(&o, "01b", "01a", 3, 4);
	double_batch_init(&b);
	append_plain(&o, ckpt, 4, 9, &b);
	end_run(&o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o.host, &b);
	assert_seqs(&o, "01a", 9);
	assert_seqs(&o, "01b", 4);
	subject_close(&o);
}

/* Also from behind what an ancestor has, and from before it. */
static void forks_of_forks_are_read_through(void **state)
{
	struct opened o;

	(void)state;
	forks(&o);
	write_run(&o, "01a", 9, EXS_CKPT_COMPLETE, "ok");
	write_fork(&o, "01b", "01a", 5, 8);
	write_fork(&o, "01c", "01b", 7, 10);
	write_fork(&o, "01d", "01b", 3, 4);
	write_fork(&o, "01e", "01d", 3, 3);
	assert_seqs(&o, "01c", 10);
	assert_seqs(&o, "01d", 4);
	assert_seqs(&o, "01e", 3);
	subject_close(&o);
}

static void a_fork_is_adopted_as_any_run(void **state)
{
	struct double_batch b;
	struct opened o;
	exs_ckpt *ckpt;

	(void)state;
	forks(&o);
	write_run(&o, "01a", 4, EXS_CKPT_COMPLETE, "ok");
	write_fork(&o, "01b", "01a", 2, 5);
	subject_shut(&o);
	subject_reopen(&subject, EXS_PORT_CHECKPOINT, &o);
	double_batch_init(&b);
	ckpt = adopt_run(&o, "01b", 2, &b);
	append_plain(&o, ckpt, 6, 8, &b);
	end_run(&o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o.host, &b);
	assert_seqs(&o, "01b", 8);
	assert_seqs(&o, "01a", 4);
	subject_close(&o);
}

static exs_status find_base(void *arg, exs_str head)
{
	char *out = arg;
	cJSON *json = cJSON_ParseWithLength(head.p, head.n);
	const char *run = cJSON_GetStringValue(cJSON_GetObjectItem(json, "run"));
	const char *from = cJSON_GetStringValue(cJSON_GetObjectItem(json, "forked_from"));
	const cJSON *seq = cJSON_GetObjectItem(json, "forked_seq");

	assert_non_null(run);
	assert_true(!from == !seq);
	snprintf(out + strlen(out), 200 - strlen(out), "%s:%s:%d ", run, from ? from : "-",
		 seq ? seq->valueint : 0);
	cJSON_Delete(json);
	return EXS_OK;
}

static void the_list_says_what_a_fork_is_from(void **state)
{
	const exs_checkpoint *port;
	exs_err err = EXS_ERR_INIT;
	char seen[200] = "";
	struct opened o;

	(void)state;
	forks(&o);
	port = o.port;
	write_run(&o, "01a", 4, EXS_CKPT_COMPLETE, "ok");
	write_fork(&o, "01b", "01a", 2, 5);
	assert_int_equal(port->list(o.self, 0, find_base, seen, &err), EXS_OK);
	assert_string_equal(seen, "01b:01a:2 01a:-:0 ");
	subject_close(&o);
}

static void refuses_what_is_not_there_and_what_is(void **state)
{
	exs_ckpt *ckpt = NULL;
	struct double_batch b;
	struct opened o;

	(void)state;
	forks(&o);
	write_run(&o, "01a", 4, EXS_CKPT_COMPLETE, "ok");
	write_run(&o, "01b", 1, EXS_CKPT_COMPLETE, "ok");
	double_batch_own(&b);
	assert_int_equal(fork_into(&o, "01c", "01x", 1, &b, &ckpt), EXS_NOTFOUND);
	assert_int_equal(fork_into(&o, "01c", "01c", 1, &b, &ckpt), EXS_NOTFOUND);
	assert_int_equal(fork_into(&o, "01b", "01a", 1, &b, &ckpt), EXS_CONFLICT);
	assert_int_equal(fork_into(&o, "01c", "01a", 0, &b, &ckpt), EXS_INVALID);
	assert_null(ckpt);
	double_batch_drop(&b);
	assert_seqs(&o, "01b", 1);
	subject_close(&o);
}

/* Each is one more run to read from: there is a last one, and it can be read. */
static void a_chain_has_an_end_that_is_told(void **state)
{
	char id[16] = "01base", next[16];
	exs_ckpt *ckpt = NULL;
	struct double_batch b;
	exs_status s = EXS_OK;
	struct opened o;
	int n;

	(void)state;
	forks(&o);
	write_run(&o, id, 1, EXS_CKPT_COMPLETE, "ok");
	for (n = 1; n <= 1000; n++) {
		snprintf(next, sizeof next, "01f%04d", n);
		double_batch_own(&b);
		s = fork_into(&o, next, id, n, &b, &ckpt);
		if (s)
			break;
		append_plain(&o, ckpt, n + 1, n + 1, &b);
		end_run(&o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
		double_batch_apply(&o.host, &b);
		memcpy(id, next, sizeof id);
	}
	if (s) {
		assert_int_equal(s, EXS_TOOBIG);
		double_batch_drop(&b);
	}
	assert_true(n > 16);
	assert_seqs(&o, id, n);
	subject_close(&o);
}

static void a_dropped_fork_leaves_nothing(void **state)
{
	const exs_checkpoint *port;
	exs_err err = EXS_ERR_INIT;
	struct reading r = { 0 };
	exs_ckpt *ckpt = NULL;
	struct double_batch b;
	struct opened o;

	(void)state;
	forks(&o);
	port = o.port;
	write_run(&o, "01a", 4, EXS_CKPT_COMPLETE, "ok");
	double_batch_own(&b);
	assert_int_equal(fork_into(&o, "01b", "01a", 2, &b, &ckpt), EXS_OK);
	append_plain(&o, ckpt, 3, 3, &b);
	port->end(ckpt, EXS_CKPT_LEAVE, exs_cstr("parked"), double_batch(&b), &err);
	double_batch_drop(&b);
	assert_int_equal(load_run(&o, "01b", &r, &err), EXS_NOTFOUND);
	forget(&r);
	write_fork(&o, "01b", "01a", 4, 5);
	assert_seqs(&o, "01b", 5);
	subject_close(&o);
}

int checkpoint_fork(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_first_facts_of_its_base_and_its_own),
		cmocka_unit_test(a_base_that_goes_on_changes_no_fork),
		cmocka_unit_test(forks_of_forks_are_read_through),
		cmocka_unit_test(a_fork_is_adopted_as_any_run),
		cmocka_unit_test(the_list_says_what_a_fork_is_from),
		cmocka_unit_test(refuses_what_is_not_there_and_what_is),
		cmocka_unit_test(a_chain_has_an_end_that_is_told),
		cmocka_unit_test(a_dropped_fork_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
