/* SPDX-License-Identifier: MIT */
/*
 * fuzz_messages.c - whatever a server sends, the message that comes out passes the kernel's strict
 * gate.
 */
#include <stdint.h>

#include "../support/answer_kit.h"

#include "../../plugins/model_anthropic/blocks.c"
#include "../../plugins/model_anthropic/messages.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct messages),
	.answer_own_release = messages_release,
	.event = messages_event,
	.whole = messages_whole,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size: a read past its end is seen. */
	char *copy = malloc(size ? size : 1);
	struct text live;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	text_init(&live, EXS_TURN_ANSWER_MAX);
	free(answer_kit_stream(&dialect, copy, size, &live));
	free(answer_kit_whole(&dialect, copy, size));
	text_release(&live);
	free(copy);
	return 0;
}
