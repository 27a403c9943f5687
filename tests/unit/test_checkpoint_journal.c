/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal.c - what the journal promises beyond its port; the port's suite holds the
 * rest. */
#include "journal_kit.h"

static void does_not_open_without_a_store(void **state)
{
	struct double_host host;
	const exs_battery *battery = journal();
	exs_err err = EXS_ERR_INIT;
	exs_self *self = NULL;

	(void)state;
	double_host_init(&host, "journal");
	host.no_store = true;
	assert_int_equal(battery->open(&host.host, double_host_conf(&host, battery->options, NULL),
				       &self, &err),
			 EXS_INVALID);
	assert_null(self);
	assert_non_null(strstr(err.text, "ports.store"));
	double_host_release(&host);
}

static void a_fact_is_one_small_row_and_is_never_written_again(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	int64_t seq;

	commit(f);
	for (seq = 1; seq <= 50; seq++) {
		assert_int_equal(append(f, ckpt, seq, "{\"text\":\"go on\"}"), EXS_OK);
		assert_int_equal(f->batch.n, 1);
		assert_true(f->batch.ops[0].value.n < 100);
		commit(f);
	}
	end(f, ckpt, EXS_CKPT_COMPLETE, "ok");
	assert_int_equal(f->batch.n, 2); /* head and open index */
	commit(f);
}

static void refuses_a_fact_out_of_order(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");

	assert_int_equal(append(f, ckpt, 2, "{}"), EXS_INVALID);
	assert_int_equal(append(f, ckpt, 1, "{}"), EXS_OK);
	assert_int_equal(append(f, ckpt, 1, "{}"), EXS_INVALID);
	assert_int_equal(append(f, ckpt, 3, "{}"), EXS_INVALID);
	assert_int_equal(append(f, ckpt, 2, "{}"), EXS_OK);
	end(f, ckpt, EXS_CKPT_LEAVE, "parked");
}

static void refuses_an_id_that_could_be_another_key(void **state)
{
	static const char *const bad[] = { "", "a/b", "a b", "\xc3\xbc", "..%", NULL };
	struct fixture *f = *state;
	exs_run_info run = double_run_info("x");
	exs_ckpt *ckpt = NULL;
	char longest[130];
	int i;

	for (i = 0; bad[i]; i++) {
		run.run_id = bad[i];
		assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err),
				 EXS_INVALID);
		assert_int_equal(f->port->adopt(f->self, &run, batch(f), &ckpt, &f->err),
				 EXS_INVALID);
		assert_int_equal(load(f, bad[i]), EXS_NOTFOUND);
	}
	memset(longest, 'a', 129);
	longest[129] = '\0';
	run.run_id = longest;
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_INVALID);
	longest[128] = '\0';
	write_run(f, longest, 2);
	assert_int_equal(load(f, longest), EXS_OK);
	assert_int_equal(f->given, 2);
}

static void the_head_is_valid_json_for_any_text(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	char out[4096] = "", input[300];
	exs_ckpt *ckpt = NULL;

	memset(input, 'a', sizeof input);
	memcpy(input + 198, "\xe6\x97\xa5", 3); /* the cut would fall into this character */
	run.input = exs_bytes(input, sizeof input);
	run.caller = "a\"b\\c\n\x01\xff\xed\xa0\x80\xc3\xbc";
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_OK);
	assert_int_equal(end(f, ckpt, EXS_CKPT_LEAVE, "parked"), EXS_OK);
	commit(f);
	assert_int_equal(f->port->list(f->self, 0, join, out, &f->err), EXS_OK);
	assert_non_null(strstr(out, "\"caller\":\"a\\u0022b\\u005cc\\u000a\\u0001"
				    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xbc\""));
	assert_non_null(strstr(out, "aaa\",\"started_ms\":1700000000000,\"attempt\":1,"
				    "\"status\":\"parked\"}\n"));
}

static exs_status list_again(void *arg, exs_str head)
{
	struct fixture *f = arg;
	char out[65536] = "";

	(void)head;
	f->given++;
	return f->given > 1 ? EXS_OK : f->port->list(f->self, EXS_LIST_OPEN, join, out, &f->err);
}

static void lists_more_runs_than_a_page_and_may_be_asked_meanwhile(void **state)
{
	struct fixture *f = *state;
	char id[16];
	int i;

	for (i = 0; i < 600; i++) {
		snprintf(id, sizeof id, "run-%04d", i);
		write_run(f, id, 0);
	}
	f->given = 0;
	assert_int_equal(f->port->list(f->self, 0, list_again, f, &f->err), EXS_OK);
	assert_int_equal(f->given, 600);
}

static void refuses_an_unknown_way_to_end_and_a_missing_batch(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-b");
	exs_ckpt *none = NULL;

	assert_int_equal(end(f, begin(f, "run-a"), 9, "ok"), EXS_INVALID);
	assert_int_equal(f->port->begin(f->self, &run, NULL, &none, &f->err), EXS_INVALID);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_not_open_without_a_store),
		CLAIM(a_fact_is_one_small_row_and_is_never_written_again),
		CLAIM(refuses_a_fact_out_of_order),
		CLAIM(refuses_an_id_that_could_be_another_key),
		CLAIM(the_head_is_valid_json_for_any_text),
		CLAIM(lists_more_runs_than_a_page_and_may_be_asked_meanwhile),
		CLAIM(refuses_an_unknown_way_to_end_and_a_missing_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
