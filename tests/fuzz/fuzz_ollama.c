/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ollama.c - whatever a server sends, the message that comes out passes the kernel's strict
 * gate, and what is sent back of it is JSON again.
 */
#include <stdint.h>

#include "../support/answer_kit.h"

#include "../../plugins/common_model/arguments.c"
#include "../../plugins/common_model/body.c"
#include "../../plugins/common_model/cache.c"
#include "../../plugins/common_model/image.c"
#include "../../plugins/common_model/messages.c"
#include "../../plugins/common_model/segments.c"
#include "../../plugins/common_model/tools.c"
#include "../../plugins/model_ollama/chat.c"
#include "../../plugins/model_ollama/request.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dialect dialect = {
	.lines = true,
	.event = chat_line,
};

static void send_back(char *message)
{
	answer_kit_send_back(message, request_message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return answer_kit_fuzz(&dialect, data, size, send_back);
}
