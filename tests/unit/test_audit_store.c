/* SPDX-License-Identifier: MIT */
/* test_audit_store.c - the trail in the store: its rows, and what can be asked of them. */
#include "audit_kit.h"

/* ---- writing ---- */

static void a_fact_is_a_row_and_the_head_follows_in_the_same_batch(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = start(f, &run);

	record_kind(f, t, EXS_FACT_RUN_STARTED, 1, "{\"v\":1}");
	assert_int_equal(rows_of(f, "log/"), 0); /* nothing but what the batch carries */
	commit(f);
	assert_non_null(row(f, LOG("run-a", 1)));
	assert_non_null(strstr(row(f, "run/run-a")->value, "\"rows\":1,"));
	finish(f, t);
}

static void a_batch_that_is_not_durable_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = start(f, &run);

	record_kind(f, t, EXS_FACT_RUN_STARTED, 1, "{}");
	double_batch_drop(&f->batch);
	finish(f, t);
	assert_int_equal(f->host.n, 0);
}

static size_t bytes_of(struct fixture *f, const char *prefix)
{
	size_t i, n = 0;

	for (i = 0; i < f->host.n; i++)
		if (strncmp(f->host.rows[i].key, prefix, strlen(prefix)) == 0)
			n += f->host.rows[i].value_n;
	return n;
}

static void the_head_sums_up_what_the_log_says(void **state)
{
	struct fixture *f = *state;
	char bytes[64];

	write_run(f, "run-a", "ok");
	reopen(f);
	assert_int_equal(list(f, NULL), EXS_OK);
	assert_int_equal(f->given, 1);
	assert_non_null(strstr(f->said, "{\"run\":\"run-a\",\"agent\":\"tester\",\"caller\":"
					"\"someone\",\"channel\":\"test\",\"parent\":\"\",\"root\":"
					"\"run-a\",\"tier\":\"fast\",\"input\":\"what is there?\","
					"\"started_ms\":1700000000000,\"status\":\"ok\","
					"\"ended_ms\":1700000000005,\"attempt\":1,\"steps\":2,"
					"\"calls\":1,\"run_ms\":5,\"usage\":{\"in_tokens\":10,"));
	assert_non_null(strstr(f->said, "\"cost_micro\":7,"));
	assert_non_null(strstr(f->said, "\"rows\":5,"));
	assert_non_null(strstr(f->said, ",\"last\":5,\"hash\":\""));
	snprintf(bytes, sizeof bytes, "\"bytes\":%zu,", bytes_of(f, "log/run-a/"));
	assert_non_null(strstr(f->said, bytes));
}

static void the_log_is_read_in_order(void **state)
{
	struct fixture *f = *state;
	const char *one, *three, *five;

	write_run(f, "run-a", "ok");
	write_run(f, "run-ab", "ok");
	assert_int_equal(read_run(f, "run-a"), EXS_OK);
	assert_int_equal(f->given, 5);
	one = strstr(f->said, "\"seq\":1,\"at\":\"2023-11-14T22:13:20.001Z\","
			      "\"kind\":\"run_started\"");
	three = strstr(f->said, "\"seq\":3,");
	five = strstr(f->said, "\"kind\":\"run_ended\"");
	assert_true(one && three && five && one < three && three < five);
	assert_null(strstr(f->said, "run-ab"));
	assert_int_equal(strncmp(f->said, "{\"at_ms\":1700000000001,\"run_ms\":1,\"run\":\"run-a\"",
				 strlen("{\"at_ms\":1700000000001,\"run_ms\":1,\"run\":\"run-a\"")),
			 0);
}

static void a_run_that_is_not_there_is_not_read(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "ok");
	assert_int_equal(read_run(f, "run-b"), EXS_NOTFOUND);
	assert_non_null(strstr(f->err.text, "there is no run 'run-b' in the trail"));
	assert_int_equal(read_run(f, "../run"), EXS_NOTFOUND);
	assert_int_equal(verify(f, "run-b"), EXS_NOTFOUND);
}

static void a_later_attempt_goes_on_from_the_last_row(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t;

	write_run(f, "run-a", NULL);
	reopen(f);
	run.attempt = 2;
	t = start(f, &run);
	record_kind(f, t, EXS_FACT_RUN_RESUMED, 5, "{}");
	record_kind(f, t, EXS_FACT_RUN_ENDED, 6, "{\"status\":\"error\"}");
	commit(f);
	finish(f, t);
	assert_intact(f);
	assert_int_equal(list(f, NULL), EXS_OK);
	assert_non_null(strstr(f->said, "\"rows\":6,"));
	assert_non_null(strstr(f->said, "\"cost_micro\":7,")); /* of the first attempt */
	assert_non_null(strstr(f->said, "\"status\":\"error\""));
}

static void a_later_attempt_without_a_trail_begins_one(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t;

	run.attempt = 3;
	t = start(f, &run);
	record_kind(f, t, EXS_FACT_RUN_RESUMED, 41, "{}");
	commit(f);
	finish(f, t);
	assert_intact(f);
}

static void does_not_go_on_from_what_was_changed(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = NULL;

	write_run(f, "run-a", NULL);
	lose(f, LOG("run-a", 4));
	assert_int_equal(f->port->start(f->self, &run, &t, &f->err), EXS_CORRUPT);
	assert_null(t);
	assert_non_null(strstr(f->err.text, "see 'executus audit verify run-a'"));
	put(f, "run/run-a", exs_cstr("{}"));
	assert_int_equal(f->port->start(f->self, &run, &t, &f->err), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "cannot be read"));
}

static void a_record_that_fails_can_be_made_again(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	const exs_fact fact = fact_of(EXS_FACT_RUN_STARTED, 1, "{}");
	exs_trail *t = start(f, &run);

	f->host.fail_batch = true;
	assert_int_equal(f->port->record(t, &fact, double_batch(&f->batch), &f->err), EXS_IO);
	f->host.fail_batch = false;
	record(f, t, &fact);
	commit(f);
	finish(f, t);
	assert_intact(f);
}

static void refuses_a_run_that_is_not_durable(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	const exs_fact fact = fact_of(EXS_FACT_RUN_STARTED, 1, "{}");
	exs_trail *t = start(f, &run);

	assert_int_equal(f->port->record(t, &fact, NULL, &f->err), EXS_UNSUPPORTED);
	assert_non_null(strstr(f->err.text, "bind a checkpoint"));
	finish(f, t);
}

static void refuses_an_id_that_would_not_be_a_key(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("a/b");
	exs_trail *t = NULL;

	assert_int_equal(f->port->start(f->self, &run, &t, &f->err), EXS_INVALID);
	assert_null(t);
}

static void refuses_to_open_without_a_store(void **state)
{
	struct fixture *f = *state;
	exs_self *self = NULL;

	f->host.no_store = true;
	assert_int_equal(f->battery->open(&f->host.host,
					  double_host_conf(&f->host, f->battery->options, NULL),
					  &self, &f->err),
			 EXS_INVALID);
	assert_non_null(strstr(f->err.text, "set ports.store"));
	f->host.no_store = false;
}

/* ---- bounds ---- */

static void a_long_body_is_cut_and_its_length_and_hash_are_kept(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = start(f, &run);
	size_t n = 100000;
	char *body = malloc(n + 1);

	assert_non_null(body);
	memset(body, 'x', n);
	memcpy(body, "{\"status\":\"ok\",\"output\":\"", 25);
	memcpy(body + n - 2, "\"}", 3);
	record_kind(f, t, EXS_FACT_RUN_ENDED, 1, body);
	commit(f);
	finish(f, t);
	assert_int_equal(read_run(f, "run-a"), EXS_OK);
	assert_non_null(strstr(f->said, "\"body\":{\"cut\":true,\"bytes\":100000,\"sha256\":"
					"\"4b92e3b8393e61bb013fe18ad1d4800b"
					"e8e8c14a6693f8b675384606b1e090c4\","));
	assert_non_null(strstr(f->said, "\"begins\":\"{\\u0022status\\u0022"));
	assert_true(strlen(f->said) < 4096);
	assert_int_equal(list(f, NULL), EXS_OK);
	assert_non_null(strstr(f->said, "\"status\":\"ok\"")); /* the head has it all the same */
	assert_intact(f);
	free(body);
}

static void a_body_of_just_the_bound_is_kept_whole(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = start(f, &run);
	size_t n = 64u << 10;
	char *body = malloc(n + 1);

	assert_non_null(body);
	memset(body, ' ', n);
	body[0] = '{';
	body[n - 1] = '}';
	body[n] = '\0';
	record_kind(f, t, EXS_FACT_STEERED, 1, body);
	commit(f);
	finish(f, t);
	assert_true(row(f, LOG("run-a", 1))->value_n > n);
	assert_intact(f);
	free(body);
}

static void the_input_in_the_head_is_cut_at_a_character(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	char input[301] = "", wanted[256] = "\"input\":\"x";
	int i;

	input[0] = 'x';
	for (i = 1; i + 1 < 300; i += 2)
		memcpy(input + i, "\xc3\xa4", 2);
	run.input = exs_cstr(input);
	write_run_of(f, &run, "ok", 0);
	assert_int_equal(list(f, NULL), EXS_OK);
	for (i = 0; i < 99; i++)
		memcpy(wanted + strlen(wanted), "\xc3\xa4", 3);
	memcpy(wanted + strlen(wanted), "\",", 3);
	assert_non_null(strstr(f->said, wanted));
}

static void sums_stop_where_json_readers_round(void **state)
{
	const exs_usage usage = { .size = sizeof usage, .in_tokens = -1, .cost_micro = INT64_MAX };
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_fact turn = fact_of(EXS_FACT_TURN_ENDED, 5, "{}");
	exs_trail *t;

	write_run_of(f, &run, NULL, INT64_MAX);
	t = start(f, &run);
	turn.usage = &usage;
	record(f, t, &turn);
	commit(f);
	finish(f, t);
	assert_int_equal(list(f, NULL), EXS_OK);
	assert_non_null(strstr(f->said, "\"cost_micro\":9007199254740992,"));
	assert_non_null(strstr(f->said, "\"in_tokens\":10,")); /* and none goes down */
	assert_intact(f);
}

static void parked_and_interrupted_runs_say_so_until_they_go_on(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_trail *t = start(f, &run);

	record_kind(f, t, EXS_FACT_RUN_PARKED, 1, "{\"why\":\"shutdown\"}");
	commit(f);
	list(f, NULL);
	assert_non_null(strstr(f->said, "\"status\":\"interrupted\""));
	record_kind(f, t, EXS_FACT_RUN_RESUMED, 2, "{}");
	commit(f);
	list(f, NULL);
	assert_non_null(strstr(f->said, "\"status\":\"running\""));
	record_kind(f, t, EXS_FACT_RUN_PARKED, 3, "{\"why\":\"in_doubt\"}");
	commit(f);
	list(f, NULL);
	assert_non_null(strstr(f->said, "\"status\":\"parked\""));
	finish(f, t);
	assert_intact(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_fact_is_a_row_and_the_head_follows_in_the_same_batch),
		CLAIM(a_batch_that_is_not_durable_leaves_nothing),
		CLAIM(the_head_sums_up_what_the_log_says),
		CLAIM(the_log_is_read_in_order),
		CLAIM(a_run_that_is_not_there_is_not_read),
		CLAIM(a_later_attempt_goes_on_from_the_last_row),
		CLAIM(a_later_attempt_without_a_trail_begins_one),
		CLAIM(does_not_go_on_from_what_was_changed),
		CLAIM(a_record_that_fails_can_be_made_again),
		CLAIM(refuses_a_run_that_is_not_durable),
		CLAIM(refuses_an_id_that_would_not_be_a_key),
		CLAIM(refuses_to_open_without_a_store),
		CLAIM(a_long_body_is_cut_and_its_length_and_hash_are_kept),
		CLAIM(a_body_of_just_the_bound_is_kept_whole),
		CLAIM(the_input_in_the_head_is_cut_at_a_character),
		CLAIM(sums_stop_where_json_readers_round),
		CLAIM(parked_and_interrupted_runs_say_so_until_they_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
