/* SPDX-License-Identifier: MIT */
/* test_audit_chain.c - runs that end come into the chain once, whoever dies, and stay in it when
 * forgotten. */
#include <unistd.h>

#include "audit_kit.h"

static void head(struct fixture *f, exs_membuf *out)
{
	exs_membuf_init(out, 1024);
	if (f->port->head(f->self, &out->sink, &f->err))
		fail_msg("%s", f->err.text);
}

/* ---- sealing ---- */

static void an_ended_run_is_sealed_when_the_process_ends(void **state)
{
	struct fixture *f = *state;
	const char *entry;

	write_run(f, "run-a", "ok");
	reopen(f);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 1);
	entry = row(f, ENTRY(1))->value;
	assert_non_null(
		strstr(entry, "{\"entry\":1,\"what\":\"ended\",\"run\":\"run-a\",\"rows\":"));
	assert_non_null(strstr(entry, ",\"at_ms\":1700000000005,\"previous\":\"0000000000000000"));
	assert_string_equal(row(f, "sealed/run-a")->value, "0000000000000001");
	assert_intact(f);
}

/* Until the chain has so many entries; fails the test after 30 s. */
static void wait_entries(struct fixture *f, int n)
{
	char wanted[32];
	exs_membuf json;
	int tries = 0, done = 0;

	snprintf(wanted, sizeof wanted, "{\"entries\":%d,", n);
	while (!done && tries++ < 3000) {
		head(f, &json);
		done = strstr(json.p, wanted) != NULL;
		exs_membuf_release(&json);
		if (!done)
			usleep(10000);
	}
	assert_true(done);
}

static void an_ended_run_is_sealed_while_the_process_goes_on(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "ok");
	wait_entries(f, 1);
	write_run(f, "run-b", "ok");
	wait_entries(f, 2);
}

static void what_a_crash_left_is_sealed_when_the_first_run_begins(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-b");
	exs_trail *t;

	f->host.fail_commit = true;
	write_run(f, "run-a", "ok");
	reopen(f);
	f->host.fail_commit = false;
	t = start(f, &run);
	wait_entries(f, 1);
	finish(f, t);
}

static void a_run_that_goes_on_is_not_sealed(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", NULL);
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 0);
	assert_int_equal(rows_of(f, "tip"), 0);
}

static void what_a_crash_left_is_sealed_by_the_next_process_that_runs(void **state)
{
	struct fixture *f = *state;

	f->host.fail_commit = true;
	write_run(f, "run-a", "ok");
	reopen(f);
	f->host.fail_commit = false;
	assert_true(double_host_logged(&f->host, "wait to be sealed"));
	assert_int_equal(rows_of(f, "unsealed/"), 1);
	assert_intact(f);
	reopen(f); /* one that only looks writes nothing */
	assert_int_equal(rows_of(f, "unsealed/"), 1);
	write_run(f, "run-b", NULL);
	reopen(f);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 1);
	assert_intact(f);
}

/* Two processes on one store: what each wrote is there once, and fits. */
static void two_that_seal_at_once_do_not_break_the_chain(void **state)
{
	struct fixture *f = *state;
	exs_self *first = f->self, *second = NULL;
	char id[16];
	int i;

	open_trail(f);
	second = f->self;
	for (i = 0; i < 200; i++) {
		f->self = i % 2 ? first : second;
		snprintf(id, sizeof id, "run-%03d", i);
		write_run(f, id, "ok");
	}
	f->battery->close(first);
	f->battery->close(second);
	open_trail(f);
	write_run(f, "run-z", NULL);
	reopen(f);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 200);
	assert_int_equal(rows_of(f, "sealed/"), 200);
	assert_intact(f);
}

/* Before the first commit of the battery another process appends an entry. */
static struct {
	exs_status (*commit)(const exs_store_svc *, const exs_op *const *, uint64_t, exs_err *);
	int calls;
} rival;

#define RIVAL_TIP                                                                                  \
	"{\"entries\":1,\"hash\":"                                                                 \
	"\"00000000000000000000000000000000000000000000000000000000000000ff\"}"

static exs_status commit_behind_rival(const exs_store_svc *svc, const exs_op *const *ops,
				      uint64_t n, exs_err *err)
{
	const exs_op entry = { .size = sizeof entry,
			       .kind = EXS_OP_PUT,
			       .key = exs_cstr(ENTRY(1)),
			       .value = exs_cstr("the rival's") };
	const exs_op tip = { .size = sizeof tip,
			     .kind = EXS_OP_PUT,
			     .key = exs_cstr("tip"),
			     .value = exs_cstr(RIVAL_TIP) };
	const exs_op *const both[] = { &entry, &tip };

	if (rival.calls++ == 0)
		assert_int_equal(rival.commit(svc, both, 2, err), EXS_OK);
	return rival.commit(svc, ops, n, err);
}

static void who_comes_second_appends_behind_the_first(void **state)
{
	struct fixture *f = *state;

	rival.commit = f->host.store.commit;
	rival.calls = 0;
	f->host.store.commit = commit_behind_rival;
	write_run(f, "run-a", "ok");
	reopen(f);
	assert_int_equal(rival.calls, 2);
	assert_string_equal(row(f, ENTRY(1))->value, "the rival's");
	assert_non_null(strstr(row(f, ENTRY(2))->value, "\"run\":\"run-a\""));
	assert_non_null(strstr(row(f, ENTRY(2))->value, "00ff\",\"hash\":"));
	assert_int_equal(rows_of(f, "unsealed/"), 0);
}

static exs_status never(const exs_store_svc *svc, const exs_op *const *ops, uint64_t n,
			exs_err *err)
{
	(void)svc;
	(void)ops;
	(void)n;
	rival.calls++;
	return exs_fail(err, EXS_CONFLICT, 0, "somebody else was first");
}

static void who_never_comes_first_gives_up_after_a_while(void **state)
{
	struct fixture *f = *state;

	f->host.fail_commit = true;
	write_run(f, "run-a", "ok");
	reopen(f);
	f->host.fail_commit = false;
	rival.commit = f->host.store.commit;
	rival.calls = 0;
	f->host.store.commit = never;
	write_run(f, "run-b", NULL);
	reopen(f);
	f->host.store.commit = rival.commit;
	assert_true(rival.calls >= 8 && rival.calls <= 3 * 8);
	assert_true(double_host_logged(&f->host, "somebody else was first"));
	assert_int_equal(rows_of(f, "unsealed/"), 1);
}

static void a_mark_without_a_run_stays_for_verify_and_holds_nobody_up(void **state)
{
	struct fixture *f = *state;

	put(f, "unsealed/run-0", exs_cstr(""));
	put(f, "unsealed/run 1", exs_cstr(""));
	write_run(f, "run-a", "ok");
	reopen(f);
	assert_int_equal(rows_of(f, "unsealed/"), 2);
	assert_int_equal(rows_of(f, "chain/"), 1);
}

static void a_mark_of_a_sealed_run_is_taken_away(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "ok");
	reopen(f);
	put(f, "unsealed/run-a", exs_cstr(""));
	write_run(f, "run-b", "ok");
	reopen(f);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_intact(f);
}

/* ---- runs that are retried ---- */

/* The next attempt of run-a, from fact `seq` on; ends with `status` unless that is NULL. */
static void retry_run(struct fixture *f, int64_t seq, int32_t attempt, const char *status)
{
	exs_run_info run = double_run_info("run-a");
	exs_trail *t;
	exs_fact fact;
	char body[64];

	run.attempt = attempt;
	t = start(f, &run);
	fact = fact_of(EXS_FACT_RUN_RESUMED, seq, "{\"retry\":true}");
	fact.attempt = attempt;
	record(f, t, &fact);
	snprintf(body, sizeof body, "{\"status\":\"%s\"}", status ? status : "");
	fact = fact_of(EXS_FACT_RUN_ENDED, seq + 1, body);
	fact.attempt = attempt;
	if (status)
		record(f, t, &fact);
	commit(f);
	finish(f, t);
}

static void each_end_of_a_run_that_was_retried_is_in_the_chain(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "error");
	reopen(f);
	retry_run(f, 6, 2, NULL); /* it goes on: the chain knows an end that was not the last */
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 1);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_intact(f);
	retry_run(f, 7, 3, "ok");
	assert_intact(f);
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_string_equal(row(f, "sealed/run-a")->value, "0000000000000002");
	assert_intact(f);
	assert_non_null(strstr(row(f, "run/run-a")->value, "\"status\":\"ok\""));
}

static void an_end_that_was_retried_before_it_was_sealed_has_no_entry(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	exs_fact again = fact_of(EXS_FACT_RUN_RESUMED, 3, "{\"retry\":true}");
	exs_trail *t = start(f, &run);

	record_kind(f, t, EXS_FACT_RUN_STARTED, 1, "{\"v\":1}");
	record_kind(f, t, EXS_FACT_RUN_ENDED, 2, "{\"status\":\"error\"}");
	commit(f);
	assert_string_equal(row(f, "unsealed/run-a")->value, "0000000000000002");
	again.attempt = 2;
	record(f, t, &again);
	commit(f);
	finish(f, t);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 0);
	assert_intact(f);
}

static void an_end_that_was_taken_out_of_the_log_is_found(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", "error");
	reopen(f);
	retry_run(f, 6, 2, "ok");
	reopen(f);
	lose_all(f, "log/run-a/");
	lose(f, "run/run-a");
	write_run(f, "run-a", "ok"); /* as if it had never failed */
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_non_null(strstr(f->said, "{\"run\":\"run-a\",\"entry\":1,"));
}

static void a_run_that_was_retried_is_forgotten_with_all_its_ends(void **state)
{
	struct fixture *f = *state;
	int32_t more = 1;

	write_run(f, "run-a", "error");
	reopen(f);
	retry_run(f, 6, 2, "error");
	reopen(f);
	while (more) {
		double_batch_own(&f->batch);
		if (f->port->forget(f->self, "run-a", double_batch(&f->batch), &more, &f->err))
			fail_msg("%s", f->err.text);
		double_batch_apply(&f->host, &f->batch);
		double_batch_init(&f->batch);
	}
	reopen(f);
	assert_int_equal(rows_of(f, "log/"), 0);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_int_equal(rows_of(f, "chain/"), 3);
	assert_intact(f);
	/* Retried after that, its trail begins anew and is looked at again. */
	retry_run(f, 8, 3, "ok");
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 4);
	assert_intact(f);
	f->err.text[0] = '\0';
	assert_int_equal(verify(f, "run-a"), EXS_OK);
}

static void nothing_is_sealed_onto_an_end_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;

	put(f, "tip", exs_cstr("no end"));
	write_run(f, "run-a", "ok");
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 0);
	assert_true(double_host_logged(&f->host, "the end of the chain cannot be read"));
}

/* ---- the head that is kept ---- */

static void the_head_of_an_empty_trail_is_zeros_and_held_for_ever(void **state)
{
	struct fixture *f = *state;
	exs_membuf json;
	char zeros[65];

	memset(zeros, '0', 64);
	zeros[64] = '\0';
	head(f, &json);
	assert_non_null(strstr(json.p, "{\"entries\":0,\"hash\":\"0000"));
	exs_membuf_release(&json);
	write_run(f, "run-a", "ok");
	assert_int_equal(f->port->holds(f->self, exs_cstr(zeros), 0, &f->err), EXS_OK);
}

static void the_head_names_the_last_entry(void **state)
{
	struct fixture *f = *state;
	exs_membuf json;
	char hash[65] = "";

	write_run(f, "run-a", "ok");
	reopen(f);
	head(f, &json);
	memcpy(hash, json.p + strlen("{\"entries\":1,\"hash\":\""), 64);
	assert_non_null(strstr(row(f, ENTRY(1))->value, hash));
	exs_membuf_release(&json);
	write_run(f, "run-b", "ok");
	reopen(f);
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 1, &f->err), EXS_OK);
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 0, &f->err), EXS_OK);
	assert_int_equal(f->port->holds(f->self, exs_cstr(hash), 2, &f->err), EXS_CORRUPT);
}

static void a_kept_head_is_64_digits(void **state)
{
	static const char *const bad[] = {
		"", "abc", "G000000000000000000000000000000000000000000000000000000000000000",
		"A000000000000000000000000000000000000000000000000000000000000000"
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(f->port->holds(f->self, exs_cstr(bad[i]), 0, &f->err),
				 EXS_INVALID);
	assert_non_null(strstr(f->err.text, "64 hex digits"));
}

static void a_sink_without_room_is_told(void **state)
{
	struct fixture *f = *state;
	exs_membuf small;

	exs_membuf_init(&small, 10);
	assert_int_equal(f->port->head(f->self, &small.sink, &f->err), EXS_TOOBIG);
	exs_membuf_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_ended_run_is_sealed_when_the_process_ends),
		CLAIM(an_ended_run_is_sealed_while_the_process_goes_on),
		CLAIM(what_a_crash_left_is_sealed_when_the_first_run_begins),
		CLAIM(a_run_that_goes_on_is_not_sealed),
		CLAIM(what_a_crash_left_is_sealed_by_the_next_process_that_runs),
		CLAIM(two_that_seal_at_once_do_not_break_the_chain),
		CLAIM(who_comes_second_appends_behind_the_first),
		CLAIM(who_never_comes_first_gives_up_after_a_while),
		CLAIM(a_mark_without_a_run_stays_for_verify_and_holds_nobody_up),
		CLAIM(a_mark_of_a_sealed_run_is_taken_away),
		CLAIM(each_end_of_a_run_that_was_retried_is_in_the_chain),
		CLAIM(an_end_that_was_retried_before_it_was_sealed_has_no_entry),
		CLAIM(an_end_that_was_taken_out_of_the_log_is_found),
		CLAIM(a_run_that_was_retried_is_forgotten_with_all_its_ends),
		CLAIM(nothing_is_sealed_onto_an_end_that_cannot_be_read),
		CLAIM(the_head_of_an_empty_trail_is_zeros_and_held_for_ever),
		CLAIM(the_head_names_the_last_entry),
		CLAIM(a_kept_head_is_64_digits),
		CLAIM(a_sink_without_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
