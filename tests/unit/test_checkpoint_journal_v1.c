/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal_v1.c - long bodies as version 1 kept them, in rows of their record. */
#include "../../plugins/checkpoint_journal/record.c"
#include "journal_kit.h"

/* What an earlier release wrote: the only fact of run-a, with n bytes. */
static void write_v1(struct fixture *f, size_t n)
{
	exs_ckpt *ckpt = begin(f, "run-a");
	char *body = malloc(n), *bytes, key[64];
	exs_fact fact;
	size_t total, at, len;
	unsigned part;

	assert_non_null(body);
	memset(body, 'x', n);
	fact = fact_of(1, exs_bytes(body, n));
	assert_int_equal(record_size(&fact, exs_cstr("run-a"), 0, &total, &f->err), EXS_OK);
	bytes = malloc(total);
	assert_non_null(bytes);
	record_encode(&fact, exs_cstr("run-a"), exs_bytes("", 0), bytes);
	for (at = 0, part = 0; at < total; at += len, part++) {
		len = total - at < RECORD_ROW_MAX ? total - at : RECORD_ROW_MAX;
		snprintf(key, sizeof key, part ? FACT_1 "/%04x" : FACT_1, part);
		put(f, key, exs_bytes(bytes + at, len));
	}
	assert_int_equal(end(f, ckpt, EXS_CKPT_COMPLETE, "ok"), EXS_OK);
	commit(f);
	free(bytes);
	free(body);
}

static void reads_a_record_of_many_rows(void **state)
{
	struct fixture *f = *state;

	write_v1(f, RECORD_BODY_MAX);
	assert_true(has_row(f, FACT_1 "/0008"));
	assert_int_equal(load(f, "run-a"), EXS_OK);
	assert_int_equal(f->given, 1);
}

static void a_row_of_exactly_the_bound_has_no_continuation(void **state)
{
	struct fixture *f = *state;

	write_v1(f, EXS_STORE_VALUE_MAX - 72 - strlen("run-a"));
	assert_int_equal(row(f, FACT_1)->value_n, EXS_STORE_VALUE_MAX);
	assert_false(has_row(f, FACT_1 "/0001"));
	assert_int_equal(load(f, "run-a"), EXS_OK);
	assert_int_equal(f->given, 1);
}

static void finds_lost_and_damaged_rows(void **state)
{
	struct fixture *f = *state;

	write_v1(f, 2u << 20);
	row(f, FACT_1 "/0001")->value[500000] ^= 1;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	row(f, FACT_1 "/0001")->value[500000] ^= 1;
	assert_int_equal(load(f, "run-a"), EXS_OK);
	row(f, FACT_1 "/0001")->value_n--;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	row(f, FACT_1 "/0001")->value_n++;
	lose(f, FACT_1 "/0002");
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "a part of it is missing"));
	lose(f, FACT_1 "/0001");
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 0);
}

static void goes_with_all_its_rows(void **state)
{
	struct fixture *f = *state;
	int32_t more = 0;

	write_v1(f, 3u << 20);
	assert_int_equal(f->port->forget(f->self, "run-a", batch(f), &more, &f->err), EXS_OK);
	commit(f);
	assert_int_equal(more, 0);
	assert_int_equal(f->host.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(reads_a_record_of_many_rows),
		CLAIM(a_row_of_exactly_the_bound_has_no_continuation),
		CLAIM(finds_lost_and_damaged_rows),
		CLAIM(goes_with_all_its_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
