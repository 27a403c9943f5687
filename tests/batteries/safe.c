/* SPDX-License-Identifier: MIT */
/*
 * safe.c - tools that have to do with secrets.
 *
 * "unlock" takes {"pin": P}, says so of its arguments, and writes "unlock PIN" to the option `log`.
 * "leak" takes {"text": T} and prints the option `key` and its arguments.
 */
#include <executus/port/tool.h>

#include "note.h"

struct exs_self {
	char log[512], key[256];
};

static exs_status list(exs_self *self, exs_status (*each)(void *, const exs_tool_spec *), void *arg,
		       exs_err *err)
{
	exs_tool_spec unlock = {
		.size = sizeof unlock,
		.name = "unlock",
		.about = "Opens.",
		.schema = exs_cstr("{\"type\":\"object\",\"properties\":{\"pin\":{\"type\":\"string\"}}}"),
		.effect = EXS_EFFECT_PURE,
		.flags = EXS_TOOL_SECRET_ARGS,
	};
	exs_tool_spec leak = {
		.size = sizeof leak,
		.name = "leak",
		.about = "Prints.",
		.schema = exs_cstr("{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}}"),
		.effect = EXS_EFFECT_PURE,
	};
	exs_status status = each(arg, &unlock);

	(void)self;
	(void)err;
	return status ? status : each(arg, &leak);
}

static void call(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	char text[1024];

	(void)cancel;
	if (strcmp(call->tool, "unlock") == 0) {
		note(self->log, "unlock %.*s", (int)call->args.n, call->args.p);
		exs_put(done, "open");
		exs_end(done, EXS_OK);
		return;
	}
	snprintf(text, sizeof text, "key %s\nasked %.*s", self->key, (int)call->args.n, call->args.p);
	exs_put(done, text);
	exs_end(done, EXS_OK);
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for '%s'", host->name);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	snprintf(self->key, sizeof self->key, "%s", conf->text(conf, "key").p);
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	free(self);
}

static const exs_tool tool = { .size = sizeof tool, .list = list, .call = call };

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_TOOL) == 0 ? &tool : NULL;
}

static const exs_option options[] = {
	{ "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the file of what was opened", NULL },
	{ "key", EXS_OPT_SECRET, EXS_REQUIRED, NULL, "what it leaks", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.safe", "1", "tools around secrets", "MIT",
		  options, ports, open_, close_, port)
