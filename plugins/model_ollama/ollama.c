/* SPDX-License-Identifier: MIT */
/* ollama.c - the battery model_ollama: Ollama's own chat API, which alone can say how long the
 * model's window is. */
#include "../common_model/extra.h"
#include "../common_model/model.h"
#include "chat.h"
#include "request.h"

static const exs_option options[] = {
	MODEL_OPTION_BASE_URL("http://127.0.0.1:11434/api", "chat"),
	{ "options", EXS_OPT_TREE, 0, NULL,
	  "more members of `options`, such as temperature; num_ctx is context_tokens", NULL },
	MODEL_OPTIONS,
	{ NULL, 0, 0, NULL, NULL, NULL }
};

static exs_status configure(struct settings *s, const exs_conf *conf, exs_err *err)
{
	static const char *const set_by_us[] = { "num_ctx", "num_predict", NULL };
	exs_err why = EXS_ERR_INIT;
	struct ollama *own = NULL;
	struct text members;

	text_init(&members, EXTRA_MAX);
	if (extra_write("options", conf->json(conf, "options"), set_by_us, &members, &why)) {
		(void)exs_fail(err, why.status, 0, "%s: %.150s", conf->where(conf, "options").p,
			       why.text);
	} else {
		own = calloc(1, sizeof *own + members.mem.n + 1);
		if (!own)
			(void)exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	}
	if (own) {
		own->options = (char *)(own + 1);
		if (members.mem.n)
			memcpy(own->options, members.mem.p, members.mem.n);
	}
	s->own = own;
	text_release(&members);
	return own ? EXS_OK : err->status;
}

static const char *const ours[] = { "model", "messages", "tools", "stream", "options", NULL };

static const struct dialect dialect = {
	.path = "/chat",
	.key_head = "Authorization: Bearer ",
	.ours = ours,
	.lines = true,
	.configure = configure,
	.request = request_write,
	.event = chat_line,
};

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	return model_open(&dialect, host, conf, out, err);
}

static const char *const ports[] = { EXS_PORT_MODEL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.model_ollama", "0.1.0",
		  "Ollama's own chat API, with the window that the conf says", "MIT", options,
		  ports, open_, model_close, model_port)
