/* SPDX-License-Identifier: MIT */
/*
 * fuzz_chat.c - whatever a server sends, the message that comes out passes the kernel's strict
 * gate.
 */
#include <stdint.h>

#include "../support/answer_kit.h"

#include "../../plugins/model_openai/chat.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct chat),
	.event = chat_event,
	.whole = chat_whole,
};

static void discard(char *message)
{
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return answer_kit_fuzz(&dialect, data, size, discard);
}
