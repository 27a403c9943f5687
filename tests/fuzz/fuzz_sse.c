/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sse.c - the events of a stream do not depend on where it is cut. The first byte of the input
 * says how long the pieces are.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../plugins/common_model/sse.c"
#include "../../plugins/common_json/text.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t sum;
	size_t events;
};

static exs_status on_event(void *arg, exs_str data)
{
	struct seen *seen = arg;
	size_t i;

	for (i = 0; i < data.n; i++)
		seen->sum = (seen->sum ^ (unsigned char)data.p[i]) * 0x100000001b3ull;
	seen->sum = (seen->sum ^ 0x100) * 0x100000001b3ull;
	seen->events++;
	return EXS_OK;
}

static struct seen read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	struct seen seen = { 0xcbf29ce484222325ull, 0 };
	struct sse s;
	size_t i;

	sse_init(&s, on_event, &seen);
	for (i = 0; i < size; i += piece) {
		size_t n = size - i < piece ? size - i : piece;
		char *copy = malloc(n); /* of exactly this size: a read past its end is seen */

		if (!copy)
			abort();
		memcpy(copy, data + i, n);
		if (sse_feed(&s, copy, n))
			abort();
		free(copy);
	}
	sse_release(&s);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, cut;

	if (size < 2)
		return 0;
	whole = read_in_pieces(data + 1, size - 1, size - 1);
	cut = read_in_pieces(data + 1, size - 1, (size_t)data[0] % 16 + 1);
	if (whole.events != cut.events || whole.sum != cut.sum)
		abort();
	return 0;
}
