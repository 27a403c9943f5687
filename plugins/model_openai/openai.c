/* SPDX-License-Identifier: MIT */
/* openai.c - the battery model_openai: chat completions of any server that speaks OpenAI's
 * dialect. */
#include "../common_model/model.h"
#include "chat.h"
#include "request.h"

static const exs_option options[] = {
	MODEL_OPTION_BASE_URL("https://api.openai.com/v1", "chat/completions"),
	{ "max_tokens_field", EXS_OPT_CHOICE, 0, "max_completion_tokens",
	  "how the server names the cap of an answer", "max_completion_tokens|max_tokens" },
	MODEL_OPTIONS,
	{ NULL, 0, 0, NULL, NULL, NULL }
};

static exs_status configure(struct settings *s, const exs_conf *conf, exs_err *err)
{
	struct openai *own = calloc(1, sizeof *own);

	if (!own)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	own->max_field = strcmp(conf->text(conf, "max_tokens_field").p, "max_tokens") == 0
				 ? "max_tokens"
				 : "max_completion_tokens";
	s->own = own;
	return EXS_OK;
}

/* A server that does not know the option which asks for the usage says so. */
static uint32_t refused(long http, exs_str body)
{
	static const char option[] = "stream_options";

	return http == 400 && memmem(body.p, body.n, option, strlen(option)) ? REQUEST_USAGE : 0;
}

static const char *const ours[] = {
	"model", "messages",   "tools",		 "stream",
	"n",	 "max_tokens", "stream_options", "max_completion_tokens",
	NULL
};

static const struct dialect dialect = {
	.path = "/chat/completions",
	.key_head = "Authorization: Bearer ",
	.ours = ours,
	.options = REQUEST_USAGE,
	.answer_own_size = sizeof(struct chat),
	.configure = configure,
	.request = request_write,
	.event = chat_event,
	.whole = chat_whole,
	.refused = refused,
};

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	return model_open(&dialect, host, conf, out, err);
}

static const char *const ports[] = { EXS_PORT_MODEL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.model_openai", "0.1.0",
		  "chat completions of OpenAI and every server that speaks its dialect", "MIT",
		  options, ports, open_, model_close, model_port)
