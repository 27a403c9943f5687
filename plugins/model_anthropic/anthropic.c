/* SPDX-License-Identifier: MIT */
/* anthropic.c - the battery model_anthropic: the Messages API of Anthropic and of every server that
 * speaks it. */
#include "../common_model/model.h"
#include "messages.h"
#include "request.h"

#define VERSION_MAX 64u /* bytes of the API's version */

static const exs_option options[] = {
	MODEL_OPTION_BASE_URL("https://api.anthropic.com/v1", "messages"),
	{ "version", EXS_OPT_TEXT, 0, "2023-06-01", "the API's version, sent as anthropic-version",
	  NULL },
	{ "max_tokens", EXS_OPT_INT, EXS_POSITIVE, "4096",
	  "the most that an answer may have when its agent sets no cap: the API wants a number",
	  NULL },
	{ "cache", EXS_OPT_BOOL, 0, "true",
	  "mark prompt and transcript, so that the server reads them from its cache in the next "
	  "turn",
	  NULL },
	MODEL_OPTIONS,
	{ NULL, 0, 0, NULL, NULL, NULL }
};

static exs_status add_version(struct settings *s, const exs_conf *conf, exs_err *err)
{
	exs_str version = conf->text(conf, "version");
	char line[VERSION_MAX + 32];
	size_t i;

	for (i = 0; i < version.n; i++)
		if (version.p[i] <= ' ' || version.p[i] > '~' || version.n > VERSION_MAX)
			return exs_fail(err, EXS_INVALID, 0,
					"%s: version must be one word such as 2023-06-01",
					conf->where(conf, "version").p);
	snprintf(line, sizeof line, "anthropic-version: %s", version.p);
	return version.n ? settings_header(s, line, err) : EXS_OK;
}

static exs_status configure(struct settings *s, const exs_conf *conf, exs_err *err)
{
	struct anthropic *own = calloc(1, sizeof *own);

	if (!own)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	own->max_tokens = conf->number(conf, "max_tokens");
	own->cache = conf->number(conf, "cache");
	s->own = own;
	return add_version(s, conf, err);
}

/*
 * Servers that keep no cache may not know its mark, and thinking that another server signed is not
 * taken by this one.
 */
static uint32_t refused(long http, exs_str body)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} words[] = { { "cache_control", REQUEST_CACHE },
		      { "signature", REQUEST_THINKING },
		      { "redacted_thinking", REQUEST_THINKING } };
	uint32_t flags = 0;
	size_t i;

	for (i = 0; http == 400 && i < sizeof words / sizeof words[0]; i++)
		if (memmem(body.p, body.n, words[i].word, strlen(words[i].word)))
			flags |= words[i].flag;
	return flags;
}

static const char *const ours[] = { "model",  "messages",   "tools", "system",
				    "stream", "max_tokens", NULL };

static const struct dialect dialect = {
	.path = "/messages",
	.key_head = "x-api-key: ",
	.ours = ours,
	.options = REQUEST_CACHE | REQUEST_THINKING,
	.answer_own_size = sizeof(struct messages),
	.answer_own_release = messages_release,
	.configure = configure,
	.request = request_write,
	.event = messages_event,
	.whole = messages_whole,
	.refused = refused,
};

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	return model_open(&dialect, host, conf, out, err);
}

static const char *const ports[] = { EXS_PORT_MODEL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.model_anthropic", "0.1.0",
		  "the Messages API of Anthropic and every server that speaks it", "MIT", options,
		  ports, open_, model_close, model_port)
