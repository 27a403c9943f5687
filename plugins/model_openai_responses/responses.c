/* SPDX-License-Identifier: MIT */
/* responses.c - the battery model_openai_responses: the Responses API of OpenAI and of servers that
 * speak it, without anything stored there. */
#include "../common_model/model.h"
#include "events.h"
#include "request.h"

static const exs_option options[] = { MODEL_OPTION_BASE_URL("https://api.openai.com/v1",
							    "responses"),
				      MODEL_OPTIONS,
				      { NULL, 0, 0, NULL, NULL, NULL } };

static const char *const ours[] = { "model",	    "input",	  "instructions",
				    "tools",	    "stream",	  "max_output_tokens",
				    "store",	    "include",	  "previous_response_id",
				    "conversation", "background", NULL };

static const struct dialect dialect = {
	.path = "/responses",
	.key_head = "Authorization: Bearer ",
	.ours = ours,
	.options = REQUEST_ENCRYPTED | REQUEST_ITEMS,
	.answer_own_size = sizeof(struct events),
	.answer_own_release = events_release,
	.request = request_write,
	.event = events_event,
	.whole = events_whole,
	.refused = request_refused,
};

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	return model_open(&dialect, host, conf, out, err);
}

static const char *const ports[] = { EXS_PORT_MODEL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.model_openai_responses", "0.1.0",
		  "OpenAI's Responses API, stateless, and every server that speaks it", "MIT",
		  options, ports, open_, model_close, model_port)
