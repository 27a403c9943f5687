/* SPDX-License-Identifier: MIT */
/*
 * fuzz_messages.c - whatever a server sends, the message that comes out passes the kernel's strict
 * gate, and goes back as JSON with all that is left of it.
 */
#include <stdint.h>

#include "../support/answer_kit.h"

#include "../../plugins/common_model/arguments.c"
#include "../../plugins/common_model/body.c"
#include "../../plugins/common_model/cache.c"
#include "../../plugins/common_model/image.c"
#include "../../plugins/common_model/segments.c"
#include "../../plugins/common_model/tools.c"
#include "../../plugins/model_anthropic/blocks.c"
#include "../../plugins/model_anthropic/content.c"
#include "../../plugins/model_anthropic/messages.c"
#include "../../plugins/model_anthropic/request.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct messages),
	.answer_own_release = messages_release,
	.event = messages_event,
	.whole = messages_whole,
};

/* False of request_message: a call has no name, as the kernel would say before. */
static void send_back(char *message)
{
	struct text out;

	text_init(&out, CACHE_ENTRY_MAX);
	if (message && request_message(exs_cstr(message), &out) && out.mem.n &&
	    !scan_is_value(exs_bytes(out.mem.p + 1, out.mem.n - 1)))
		abort();
	text_release(&out);
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return answer_kit_fuzz(&dialect, data, size, send_back);
}
