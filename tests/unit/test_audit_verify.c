/* SPDX-License-Identifier: MIT */
/* test_audit_verify.c - every change to the log and the head of a run is found, and nothing else. */
#include "audit_kit.h"

static void nothing_is_found_where_nothing_was_changed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rows_of(f, "chain/"), 2);
	assert_intact(f);
	assert_int_equal(verify(f, "run-a"), EXS_OK);
	assert_int_equal(verify(f, "run-b"), EXS_OK);
}

static void an_empty_trail_is_intact(void **state)
{
	assert_intact(*state);
}

static void *write_many(void *arg)
{
	struct fixture *f = arg;
	char id[16];
	int i;

	for (i = 0; i < 150; i++) {
		snprintf(id, sizeof id, "many-%03d", i);
		write_run(f, id, "ok");
	}
	return NULL;
}

static exs_status fail_with(void *arg, exs_str finding)
{
	(void)arg;
	print_error("%.*s\n", (int)finding.n, finding.p);
	return EXS_OK;
}

static void nothing_is_found_while_runs_begin_end_and_are_sealed(void **state)
{
	struct fixture *f = *state;
	exs_err err = EXS_ERR_INIT;
	pthread_t writer;
	int i;

	assert_int_equal(pthread_create(&writer, NULL, write_many, f), 0);
	for (i = 0; i < 40; i++)
		if (f->port->verify(f->self, NULL, fail_with, NULL, &err))
			break;
	pthread_join(writer, NULL);
	assert_int_equal(i, 40);
	reopen(f);
	assert_intact(f);
}

/* ---- rows of a log ---- */

static void finds_an_edited_row(void **state)
{
	struct fixture *f = *state;

	edit(f, LOG("run-a", 3), "three", "threx");
	assert_found(f, "run-a", "\"seq\":3,\"text\":\"the row is not what was written here");
}

static void finds_an_edited_row_of_a_run_that_goes_on(void **state)
{
	struct fixture *f = *state;

	edit(f, LOG("run-b", 3), "three", "threx");
	assert_found(f, "run-b", "\"seq\":3,");
}

static void finds_a_flipped_bit_wherever_it_is(void **state)
{
	struct fixture *f = *state;
	size_t i, at, n = 0;

	for (i = 0; i < f->host.n; i++) {
		struct double_row *r = &f->host.rows[i];

		for (at = 0; at < r->value_n; at++) {
			r->value[at] = (char)(r->value[at] ^ (1 << at % 8));
			if (verify(f, NULL) != EXS_CORRUPT || f->given == 0)
				fail_msg("a flipped bit at %zu of '%s' was not found", at, r->key);
			r->value[at] = (char)(r->value[at] ^ (1 << at % 8));
		}
		n += r->value_n > 0;
	}
	assert_int_equal(n, 14 + 3 + 2 + 2 + 1); /* log, heads, chain, places, tip */
	assert_intact(f);
}

static void finds_every_row_that_is_gone(void **state)
{
	struct fixture *f = *state;
	struct double_row gone;
	size_t i;

	for (i = 0; i < f->host.n; i++) {
		gone = f->host.rows[i];
		memmove(f->host.rows + i, f->host.rows + i + 1, (f->host.n - i - 1) * sizeof gone);
		f->host.n--;
		if (verify(f, NULL) != EXS_CORRUPT)
			fail_msg("that '%s' is gone was not found", gone.key);
		assert_true(f->given > 0);
		memmove(f->host.rows + i + 1, f->host.rows + i, (f->host.n - i) * sizeof gone);
		f->host.rows[i] = gone;
		f->host.n++;
	}
	assert_intact(f);
}

static void finds_a_changed_hash_of_a_row(void **state)
{
	struct fixture *f = *state;

	row(f, LOG("run-a", 2))->value[0] ^= 1;
	assert_found(f, "run-a", "\"seq\":2,");
}

static void finds_a_row_cut_out_of_the_middle(void **state)
{
	struct fixture *f = *state;

	lose(f, LOG("run-a", 3));
	assert_found(f, "run-a",
		     "\"seq\":4,\"text\":\"the row is not what was written here, or "
		     "the row before it is gone");
}

static void finds_a_row_cut_off_the_beginning(void **state)
{
	struct fixture *f = *state;

	lose(f, LOG("run-a", 1));
	assert_found(f, "run-a", "\"seq\":2,");
}

static void finds_a_row_cut_off_the_end(void **state)
{
	struct fixture *f = *state;

	lose(f, LOG("run-a", 5));
	assert_found(f, "run-a",
		     "\"seq\":5,\"text\":\"rows are missing at the end: 4 of 5 are there");
}

static void finds_a_row_cut_off_the_end_of_a_run_that_goes_on(void **state)
{
	struct fixture *f = *state;

	lose(f, LOG("run-b", 4));
	assert_found(f, "run-b", "\"seq\":4,\"text\":\"rows are missing at the end");
}

static void finds_that_the_whole_log_is_gone(void **state)
{
	struct fixture *f = *state;

	lose_all(f, "log/run-a/");
	assert_found(f, "run-a", "0 of 5 are there");
}

static void finds_swapped_rows(void **state)
{
	struct fixture *f = *state;

	swap(f, LOG("run-a", 2), LOG("run-a", 3));
	assert_found(f, "run-a", "\"seq\":2,");
}

static void finds_a_row_of_another_run(void **state)
{
	struct fixture *f = *state;

	swap(f, LOG("run-a", 1), LOG("run-c", 1));
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	assert_int_equal(f->given, 2);
	assert_int_equal(verify(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(verify(f, "run-c"), EXS_CORRUPT);
	assert_int_equal(verify(f, "run-b"), EXS_OK);
}

static void finds_a_row_added_behind_the_end(void **state)
{
	struct fixture *f = *state;
	struct double_row *last = row(f, LOG("run-a", 5));

	put(f, LOG("run-a", 6), exs_bytes(last->value, last->value_n));
	assert_found(f, "run-a",
		     "\"seq\":6,\"text\":\"there are rows behind the one that its head "
		     "names as the last");
}

static void finds_a_row_that_is_cut_off(void **state)
{
	struct fixture *f = *state;

	put(f, LOG("run-a", 4), exs_cstr("short"));
	assert_found(f, "run-a", "\"seq\":4,\"text\":\"the row is cut off");
}

static void finds_a_row_under_a_key_that_nobody_writes(void **state)
{
	struct fixture *f = *state;

	put(f, "log/run-a/00x", exs_cstr("something"));
	assert_found(f, "run-a", "a key that nobody writes");
}

/* A row whose hash is right, as somebody makes it who knows how. */
static void forge_row_4(struct fixture *f, const char *json)
{
	const struct double_row *before = row(f, LOG("run-b", 3));
	char text[256], forged[32 + 256];

	assert_non_null(before);
	memcpy(text, before->value, 32);
	memcpy(text + 32, json, strlen(json));
	hash_of(text, 32 + strlen(json), (unsigned char *)forged);
	memcpy(forged + 32, json, strlen(json));
	put(f, LOG("run-b", 4), exs_bytes(forged, 32 + strlen(json)));
}

static void finds_a_forged_row_in_the_place_of_another(void **state)
{
	struct fixture *f = *state;

	forge_row_4(f, "{\"run\":\"run-b\",\"seq\":5,\"kind\":\"steered\"}");
	assert_found(f, "run-b", "\"seq\":4,\"text\":\"the row stands in the place of another one");
}

static void finds_a_forged_row_of_another_run(void **state)
{
	struct fixture *f = *state;

	forge_row_4(f, "{\"run\":\"run-x\",\"seq\":4,\"kind\":\"steered\"}");
	assert_found(f, "run-b",
		     "\"seq\":4,\"text\":\"the row cannot be read, or speaks of another");
	forge_row_4(f, "{\"run\":\"run-b\",\"seq\":4,");
	assert_found(f, "run-b", "\"seq\":4,\"text\":\"the row cannot be read");
}

static void finds_a_forged_row_by_the_head(void **state)
{
	struct fixture *f = *state;

	forge_row_4(f, "{\"run\":\"run-b\",\"seq\":4,\"kind\":\"steered\"}");
	assert_found(f, "run-b", "its head is not what its log says");
}

/* ---- heads ---- */

static void finds_who_asked_changed(void **state)
{
	struct fixture *f = *state;

	edit(f, "run/run-a", "\"caller\":\"someone\"", "\"caller\":\"anybody\"");
	assert_found(f, "run-a", "\"seq\":1,");
}

static void finds_changed_sums(void **state)
{
	struct fixture *f = *state;

	edit(f, "run/run-a", "\"cost_micro\":7", "\"cost_micro\":1");
	assert_found(f, "run-a", "its head is not what its log says");
}

static void finds_a_changed_outcome(void **state)
{
	struct fixture *f = *state;

	edit(f, "run/run-c", "\"status\":\"error\"", "\"status\":\"okay!\"");
	assert_found(f, "run-c", "its head is not what its log says");
}

static void finds_a_changed_hash_in_the_head(void **state)
{
	struct fixture *f = *state;
	struct double_row *r = row(f, "run/run-b");
	char *hash = r->value + r->value_n - 5;

	*hash = *hash == '0' ? '1' : '0';
	assert_found(f, "run-b", "its head is not what its log says");
}

static void finds_a_head_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;

	put(f, "run/run-b", exs_cstr("{}"));
	assert_found(f, "run-b", "its head cannot be read");
}

static void finds_a_head_that_hides_the_end_of_its_log(void **state)
{
	struct fixture *f = *state;
	char was[2048];

	snprintf(was, sizeof was, "%s", row(f, "run/run-b")->value);
	{
		exs_run_info run = double_run_info("run-b");
		exs_trail *t = start(f, &run);

		record_kind(f, t, EXS_FACT_STEERED, 5, "{}");
		commit(f);
		finish(f, t);
	}
	assert_intact(f);
	put(f, "run/run-b", exs_cstr(was));
	assert_found(f, "run-b", "\"seq\":5,\"text\":\"there are rows behind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNS(nothing_is_found_where_nothing_was_changed),
		CLAIM(an_empty_trail_is_intact),
		RUNS(nothing_is_found_while_runs_begin_end_and_are_sealed),
		RUNS(finds_an_edited_row),
		RUNS(finds_an_edited_row_of_a_run_that_goes_on),
		RUNS(finds_a_flipped_bit_wherever_it_is),
		RUNS(finds_every_row_that_is_gone),
		RUNS(finds_a_changed_hash_of_a_row),
		RUNS(finds_a_row_cut_out_of_the_middle),
		RUNS(finds_a_row_cut_off_the_beginning),
		RUNS(finds_a_row_cut_off_the_end),
		RUNS(finds_a_row_cut_off_the_end_of_a_run_that_goes_on),
		RUNS(finds_that_the_whole_log_is_gone),
		RUNS(finds_swapped_rows),
		RUNS(finds_a_row_of_another_run),
		RUNS(finds_a_row_added_behind_the_end),
		RUNS(finds_a_row_that_is_cut_off),
		RUNS(finds_a_row_under_a_key_that_nobody_writes),
		RUNS(finds_a_forged_row_in_the_place_of_another),
		RUNS(finds_a_forged_row_of_another_run),
		RUNS(finds_a_forged_row_by_the_head),
		RUNS(finds_who_asked_changed),
		RUNS(finds_changed_sums),
		RUNS(finds_a_changed_outcome),
		RUNS(finds_a_changed_hash_in_the_head),
		RUNS(finds_a_head_that_cannot_be_read),
		RUNS(finds_a_head_that_hides_the_end_of_its_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
