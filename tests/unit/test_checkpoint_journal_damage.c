/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal_damage.c - rows that are lost, altered, swapped or of a newer release are
 * found, and nothing behind them is given. */
#include "journal_kit.h"

static void finds_the_last_fact_of_an_ended_run_missing(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", 3);
	lose(f, FACT_3);
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 2);
	assert_non_null(strstr(f->err.text, "fact 3"));
}

static void finds_a_row_of_another_run_or_place(void **state)
{
	struct fixture *f = *state;
	struct double_row *two;

	write_run(f, "run-a", 3);
	write_run(f, "run-b", 3);
	two = row(f, FACT_2);
	put(f, "fact/run-b/0000000000000002", exs_bytes(two->value, two->value_n));
	assert_int_equal(load(f, "run-b"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "another run"));
	assert_int_equal(f->given, 1);
	two = row(f, FACT_2);
	put(f, FACT_3, exs_bytes(two->value, two->value_n));
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "another fact"));
	put(f, "fact/run-a/0000000000000002/0001", exs_cstr("stray"));
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 2);
}

static void names_the_version_of_a_newer_record(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", 2);
	row(f, FACT_2)->value[0] = 7;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "version 7 was found"));
	assert_non_null(strstr(f->err.text, "up to 2 is supported"));
	row(f, "run/run-a")->value[0] = 9;
	row(f, FACT_2)->value[0] = 1;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "version 9 was found"));
	assert_int_equal(f->given, 2);
}

static void survives_garbage_in_the_place_of_a_record(void **state)
{
	struct fixture *f = *state;
	unsigned char garbage[256];
	uint32_t seed = 1;
	size_t round, i;

	write_run(f, "run-a", 2);
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < sizeof garbage; i++) {
			seed = seed * 1664525u + 1013904223u;
			garbage[i] = (unsigned char)(seed >> 24);
		}
		if (round % 2) {
			memcpy(garbage, "\1\0\0\0\1\0\0\0", 8);
			for (i = 58; i < 72; i += 4)
				garbage[i] = garbage[i + 1] = 0;
		}
		put(f, FACT_2, exs_bytes((char *)garbage, round % sizeof garbage));
		assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
		assert_int_equal(f->given, 1);
	}
}

static void a_damaged_head_is_listed_as_corrupt_beside_the_others(void **state)
{
	struct fixture *f = *state;
	char out[4096] = "";
	exs_run_info run = double_run_info("run-b");
	exs_ckpt *ckpt = NULL;

	write_run(f, "run-a", 1);
	write_run(f, "run-b", 1);
	row(f, "run/run-b")->value[40] ^= 1;
	assert_int_equal(f->port->list(f->self, 0, join, out, &f->err), EXS_OK);
	assert_non_null(strstr(out, "{\"run\":\"run-b\",\"agent\":\"\",\"caller\":\"\","
				    "\"status\":\"corrupt\""));
	assert_non_null(strstr(out, "{\"run\":\"run-a\",\"agent\":\"tester\""));
	assert_true(double_host_logged(&f->host, "'run-b': its head is damaged"));
	assert_int_equal(f->port->adopt(f->self, &run, batch(f), &ckpt, &f->err), EXS_CORRUPT);
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_CONFLICT);
	assert_null(ckpt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(finds_the_last_fact_of_an_ended_run_missing),
		CLAIM(finds_a_row_of_another_run_or_place),
		CLAIM(names_the_version_of_a_newer_record),
		CLAIM(survives_garbage_in_the_place_of_a_record),
		CLAIM(a_damaged_head_is_listed_as_corrupt_beside_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
