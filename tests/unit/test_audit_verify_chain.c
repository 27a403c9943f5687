/* SPDX-License-Identifier: MIT */
/* test_audit_verify_chain.c - runs that are taken out of the trail or written anew, and every
 * change to the chain over them, are found. */
#include "audit_kit.h"

/* The end of a log cut off, and the head made to fit, as if the run had not ended. */
static void cut_end_of_run_d(struct fixture *f, const char *mark)
{
	exs_run_info run = double_run_info("run-d");
	char was[2048];
	exs_trail *t;

	write_run(f, "run-d", NULL);
	snprintf(was, sizeof was, "%s", row(f, "run/run-d")->value);
	t = start(f, &run);
	record_kind(f, t, EXS_FACT_RUN_ENDED, 5, "{\"status\":\"error\"}");
	f->host.fail_commit = strcmp(mark, "unsealed/run-d") == 0;
	commit(f);
	finish(f, t);
	reopen(f);
	f->host.fail_commit = false;
	assert_non_null(row(f, mark));
	assert_intact(f);
	lose(f, LOG("run-d", 5));
	put(f, "run/run-d", exs_cstr(was));
}

static void finds_a_cut_end_that_was_made_to_fit(void **state)
{
	struct fixture *f = *state;

	cut_end_of_run_d(f, "sealed/run-d");
	assert_found(f, "run-d",
		     "\"entry\":3,\"text\":\"its log ends otherwise than when the "
		     "chain took it up");
	lose(f, "sealed/run-d");
	assert_found(f, NULL,
		     "{\"run\":\"run-d\",\"entry\":3,\"text\":\"the chain knows the run, "
		     "which does not know its entry");
}

static void finds_a_cut_end_that_was_made_to_fit_before_it_was_sealed(void **state)
{
	struct fixture *f = *state;

	cut_end_of_run_d(f, "unsealed/run-d");
	assert_found(f, "run-d", "it was marked as ended, and its log does not end");
}

/* ---- whole runs ---- */

static void finds_that_an_ended_run_is_gone(void **state)
{
	struct fixture *f = *state;

	lose_all(f, "log/run-a/");
	lose(f, "run/run-a");
	lose(f, "sealed/run-a");
	assert_found(f, NULL,
		     "{\"run\":\"run-a\",\"entry\":1,\"text\":\"the chain knows the run, "
		     "and it is gone without having been forgotten");
}

static void finds_that_a_run_that_goes_on_lost_its_head(void **state)
{
	struct fixture *f = *state;

	lose(f, "run/run-b");
	assert_found(f, NULL,
		     "{\"run\":\"run-b\",\"text\":\"the run is gone, and 'log/run-b' is "
		     "left of it");
}

static void finds_that_an_unsealed_run_is_gone(void **state)
{
	struct fixture *f = *state;

	f->host.fail_commit = true; /* nothing is sealed */
	write_run(f, "run-d", "ok");
	reopen(f);
	f->host.fail_commit = false;
	assert_intact(f);
	lose_all(f, "log/run-d/");
	lose(f, "run/run-d");
	assert_found(f, NULL, "'unsealed/run-d' is left of it");
}

static void finds_an_ended_run_outside_the_chain(void **state)
{
	struct fixture *f = *state;

	f->host.fail_commit = true;
	write_run(f, "run-d", "ok");
	reopen(f);
	f->host.fail_commit = false;
	lose(f, "unsealed/run-d");
	assert_found(f, "run-d", "it has ended, and the chain over the runs does not know it");
}

static void finds_a_run_whose_log_was_made_anew(void **state)
{
	struct fixture *f = *state;

	/* Everything is right but for the chain, which took up another log. */
	lose_all(f, "log/run-a/");
	lose(f, "run/run-a");
	write_run(f, "run-a", "error");
	reopen(f);
	assert_int_equal(rows_of(f, "unsealed/"), 0); /* it is in the chain already */
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_found(f, "run-a",
		     "\"entry\":1,\"text\":\"its log ends otherwise than when the chain "
		     "took it up");
}

/* ---- the chain ---- */

static void finds_an_edited_entry(void **state)
{
	struct fixture *f = *state;

	edit(f, ENTRY(1), "\"at_ms\":1700000000005", "\"at_ms\":1700000000004");
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "{\"about\":\"chain\",\"entry\":1,\"text\":\"the entry is "
					"damaged: its hash is not that of what it says"));
	assert_non_null(strstr(f->said, "{\"run\":\"run-a\",\"entry\":1,"));
	assert_int_equal(f->given, 2);
}

static void finds_a_member_added_to_an_entry(void **state)
{
	struct fixture *f = *state;
	char more[2048];

	snprintf(more, sizeof more, "%s ", row(f, ENTRY(2))->value);
	put(f, ENTRY(2), exs_cstr(more));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "\"entry\":2,\"text\":\"the entry is damaged"));
}

static void finds_swapped_entries(void **state)
{
	struct fixture *f = *state;

	swap(f, ENTRY(1), ENTRY(2));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "it is entry 2 in another place"));
	assert_non_null(strstr(f->said, "it is entry 1 in another place"));
}

static void finds_an_entry_cut_out_of_the_middle(void **state)
{
	struct fixture *f = *state;

	lose(f, ENTRY(1));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "\"entry\":1,\"text\":\"the entry is gone"));
}

static void finds_an_entry_cut_off_the_end(void **state)
{
	struct fixture *f = *state;

	lose(f, ENTRY(2));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "\"entry\":2,\"text\":\"the entries up to 2, the last one, "
					"are gone"));
	assert_non_null(strstr(f->said, "its entry of the chain over the runs is gone"));
}

static void a_trail_made_anew_is_found_by_a_head_that_was_kept(void **state)
{
	struct fixture *f = *state;
	char hash[65] = "";

	memcpy(hash, strstr(row(f, "tip")->value, "\"hash\":\"") + strlen("\"hash\":\""), 64);
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 2, &f->err), EXS_OK);
	lose_all(f, "chain/");
	lose_all(f, "sealed/");
	lose(f, "tip");
	lose_all(f, "log/run-c/");
	lose(f, "run/run-c");
	put(f, "unsealed/run-a", exs_cstr(""));
	write_run(f, "run-d", "ok");
	reopen(f);
	/* What is left fits together as if run-c had never been. */
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_intact(f);
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 2, &f->err), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "entry 2 of the chain is not the one that was kept"));
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 0, &f->err), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "no entry of the chain has the hash that was kept"));
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 3, &f->err), EXS_CORRUPT);
}

static void finds_that_the_end_of_the_chain_was_moved_back(void **state)
{
	struct fixture *f = *state;
	char tip[128], hash[65] = "";
	const char *at = strstr(row(f, ENTRY(1))->value, ",\"hash\":\"");

	memcpy(hash, at + strlen(",\"hash\":\""), 64);
	snprintf(tip, sizeof tip, "{\"entries\":1,\"hash\":\"%s\"}", hash);
	put(f, "tip", exs_cstr(tip));
	assert_found(f, NULL,
		     "\"entry\":2,\"text\":\"the entry stands behind the end of the chain: "
		     "it was cut");
}

static void finds_that_the_end_names_another_entry(void **state)
{
	struct fixture *f = *state;
	struct double_row *r = row(f, "tip");
	char *hash = strstr(r->value, "\"hash\":\"") + strlen("\"hash\":\"");

	*hash = *hash == '0' ? '1' : '0';
	assert_found(f, NULL, "the entry is not the one that the end of the chain names");
}

static void an_end_far_away_costs_no_more_than_what_is_there(void **state)
{
	struct fixture *f = *state;

	edit(f, "tip", "{\"entries\":2,\"hash\":\"", "{\"entries\":9,\"hash\":\"");
	assert_found(f, NULL, "the entries up to 9, the last one, are gone");
	put(f, "tip", exs_cstr("no end"));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "the end of the chain cannot be read"));
	put(f, "chain/7fffffffffffffff", exs_cstr("far away"));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
}

static void seal_only(struct fixture *f, const char *mark)
{
	exs_run_info run = double_run_info("run-b");

	put(f, mark, exs_cstr(""));
	finish(f, start(f, &run));
	reopen(f);
}

static void finds_an_entry_that_does_not_follow(void **state)
{
	struct fixture *f = *state;
	char kept[2048];

	/* A first entry that is whole, and a second one of a chain that began with another run. */
	snprintf(kept, sizeof kept, "%s", row(f, ENTRY(1))->value);
	lose_all(f, "chain/");
	lose_all(f, "sealed/");
	lose(f, "tip");
	seal_only(f, "unsealed/run-c");
	seal_only(f, "unsealed/run-a");
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_intact(f);
	put(f, ENTRY(1), exs_cstr(kept));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(
		strstr(f->said, "\"entry\":2,\"text\":\"the entry does not follow the one before"));
}

/* The chain says so, and the run, whose finding has that. */
static void assert_place(struct fixture *f, const char *place, const char *part)
{
	put(f, "sealed/run-a", exs_cstr(place));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_int_equal(f->given, 2);
	assert_non_null(strstr(f->said, "{\"run\":\"run-a\",\"entry\":1,\"text\":\"the chain knows "
					"the run, which does not know its entry"));
	assert_non_null(strstr(f->said, part));
	assert_int_equal(verify(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 1);
	assert_non_null(strstr(f->said, part));
}

static void finds_a_place_that_was_changed(void **state)
{
	struct fixture *f = *state;

	assert_place(f, "0000000000000002", "\"entry\":2,\"text\":\"its log ends otherwise");
	assert_place(f, "nowhere", "the place of run 'run-a' in the chain cannot be read");
	assert_place(f, "0000000000000007",
		     "\"entry\":7,\"text\":\"its entry of the chain over the runs is gone");
}

static void finds_a_place_of_a_run_that_is_not_there(void **state)
{
	struct fixture *f = *state;

	put(f, "sealed/run-x", exs_cstr("0000000000000001"));
	assert_found(f, NULL,
		     "{\"run\":\"run-x\",\"text\":\"the run is gone, and 'sealed/run-x' is "
		     "left of it");
}

static void finds_a_run_marked_as_ended_that_goes_on(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-b");

	put(f, "unsealed/run-b", exs_cstr(""));
	finish(f, start(f, &run));
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 2); /* nobody sealed it */
	assert_found(f, "run-b", "it was marked as ended, and its log does not end");
}

/* An entry that says it was forgotten, with a hash that is right and another log. */
static void finds_a_forged_entry_of_a_forgotten_run(void **state)
{
	struct fixture *f = *state;
	char text[1024], hex[65], tip[256];
	unsigned char hash[32];
	const char *last = strstr(row(f, "tip")->value, "\"hash\":\"") + strlen("\"hash\":\"");
	int i, n;

	n = snprintf(text, sizeof text,
		     "{\"entry\":3,\"what\":\"forgotten\",\"run\":\"run-a\",\"rows\":\"%064d\","
		     "\"at_ms\":"
		     "5,\"previous\":\"%.64s\"",
		     0, last);
	hash_of(text, (size_t)n, hash);
	for (i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	snprintf(text + n, sizeof text - (size_t)n, ",\"hash\":\"%s\"}", hex);
	snprintf(tip, sizeof tip, "{\"entries\":3,\"hash\":\"%s\"}", hex);
	put(f, ENTRY(3), exs_cstr(text));
	put(f, "tip", exs_cstr(tip));
	put(f, "sealed/run-a", exs_cstr("0000000000000003"));
	lose_all(f, "log/run-a/");
	lose(f, "run/run-a");
	assert_found(f, NULL,
		     "{\"run\":\"run-a\",\"entry\":1,\"text\":\"the chain knows the run, and "
		     "it is gone without having been forgotten");
}

static void finds_rows_that_nobody_writes(void **state)
{
	struct fixture *f = *state;

	put(f, "chain/one", exs_cstr("x"));
	assert_found(f, NULL, "there is a row 'chain/one' that nobody writes");
	lose(f, "chain/one");
	put(f, "unsealed/a b", exs_cstr(""));
	assert_found(f, NULL, "there is a row 'unsealed/a b' that nobody writes");
}

static exs_status stop(void *arg, exs_str finding)
{
	struct fixture *f = arg;

	(void)finding;
	f->given++;
	return EXS_CANCELLED;
}

static void a_row_function_that_stops_is_obeyed(void **state)
{
	struct fixture *f = *state;

	edit(f, LOG("run-a", 3), "three", "threx");
	edit(f, LOG("run-b", 3), "three", "threx");
	f->given = 0;
	assert_int_equal(f->port->verify(f->self, NULL, stop, f, &f->err), EXS_CANCELLED);
	assert_int_equal(f->given, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNS(finds_a_cut_end_that_was_made_to_fit),
		RUNS(finds_a_cut_end_that_was_made_to_fit_before_it_was_sealed),
		RUNS(finds_that_an_ended_run_is_gone),
		RUNS(finds_that_a_run_that_goes_on_lost_its_head),
		RUNS(finds_that_an_unsealed_run_is_gone),
		RUNS(finds_an_ended_run_outside_the_chain),
		RUNS(finds_a_run_whose_log_was_made_anew),
		RUNS(finds_an_edited_entry),
		RUNS(finds_a_member_added_to_an_entry),
		RUNS(finds_swapped_entries),
		RUNS(finds_an_entry_cut_out_of_the_middle),
		RUNS(finds_an_entry_cut_off_the_end),
		RUNS(a_trail_made_anew_is_found_by_a_head_that_was_kept),
		RUNS(finds_that_the_end_of_the_chain_was_moved_back),
		RUNS(finds_that_the_end_names_another_entry),
		RUNS(an_end_far_away_costs_no_more_than_what_is_there),
		RUNS(finds_an_entry_that_does_not_follow),
		RUNS(finds_a_place_that_was_changed),
		RUNS(finds_a_place_of_a_run_that_is_not_there),
		RUNS(finds_a_run_marked_as_ended_that_goes_on),
		RUNS(finds_a_forged_entry_of_a_forgotten_run),
		RUNS(finds_rows_that_nobody_writes),
		RUNS(a_row_function_that_stops_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
