/* SPDX-License-Identifier: MIT */
/*
 * fuzz_journal.c - the journal's readers on any bytes: a record and a run's head. What a record
 * decodes to must encode to the same bytes again.
 */
#include <assert.h>
#include <stdint.h>

#include <executus/helper.h>

#include "../../plugins/checkpoint_journal/record.c"
#include "../../plugins/checkpoint_journal/rows.c"
#include "../../plugins/common_row/key.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(exs_str bytes)
{
	exs_err err = EXS_ERR_INIT;
	struct record rec;
	char *again;
	size_t n;

	if (record_decode(bytes, &rec, &err))
		return;
	assert(record_size(&rec.fact, rec.run, rec.fact.body, rec.blob.n, &n, &err) == EXS_OK);
	assert(n == bytes.n);
	again = malloc(n);
	assert(again);
	record_encode(&rec.fact, rec.run, rec.fact.body, &rec.blob, again);
	assert(memcmp(again, bytes.p, n) == 0);
	free(again);
}

/* The fuzzer cannot guess a sum: give it the right one, so that it gets past it. */
static void check_record_with_its_sum(exs_str bytes)
{
	char *copy = malloc(bytes.n);

	assert(copy);
	memcpy(copy, bytes.p, bytes.n);
	put_u64(copy + 8, record_sum(record_sum(0, copy, 8), copy + 16, bytes.n - 16));
	check_record(exs_bytes(copy, bytes.n));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	exs_str bytes = exs_bytes((const char *)data, size);
	exs_err err = EXS_ERR_INIT;
	struct head head;

	check_record(bytes);
	if (size >= 16)
		check_record_with_its_sum(bytes);
	(void)head_open(bytes, "run-a", &head, &err);
	return 0;
}
