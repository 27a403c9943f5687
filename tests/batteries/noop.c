/* SPDX-License-Identifier: MIT */
/* noop.c - two tools that do nothing, at once: what a call costs is then the kernel's. For benchmarks. With the arguments
 * {"bytes":N} the result is N letters long, up to RESULT_MAX. */
#include <executus/helper.h>
#include <executus/port/tool.h>

#define RESULT_MAX 8192

struct exs_self {
	int64_t calls;
};

static exs_status list(exs_self *self, exs_status (*each)(void *, const exs_tool_spec *), void *arg, exs_err *err)
{
	exs_tool_spec spec = { 0 };
	exs_status status;

	(void)self;
	(void)err;
	spec.size = sizeof spec;
	spec.about = "Does nothing.";
	spec.schema = exs_cstr("{\"type\":\"object\"}");
	spec.name = "noop_pure";
	spec.effect = EXS_EFFECT_PURE;
	status = each(arg, &spec);
	spec.name = "noop_unsafe";
	spec.effect = EXS_EFFECT_UNSAFE;
	return status ? status : each(arg, &spec);
}

static void call(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	static const char bytes[] = "{\"bytes\":";
	char result[RESULT_MAX];
	long n = 0;

	(void)self;
	(void)cancel;
	if (call->args.n > sizeof bytes && memcmp(call->args.p, bytes, sizeof bytes - 1) == 0)
		n = strtol(call->args.p + sizeof bytes - 1, NULL, 10);
	if (n > 0 && n <= RESULT_MAX) {
		memset(result, 'x', (size_t)n);
		exs_write(done, result, (size_t)n);
	} else {
		exs_put(done, "nothing");
	}
	exs_end(done, EXS_OK);
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	(void)host;
	(void)conf;
	*out = (exs_self *)calloc(1, sizeof **out);
	return *out ? EXS_OK : exs_fail(err, EXS_NOMEM, 0, "no memory");
}

static void close_(exs_self *self)
{
	free(self);
}

static const exs_tool tool = { sizeof tool, 0, list, call, NULL, NULL };

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_TOOL) == 0 ? &tool : NULL;
}

static const exs_option options[] = { { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "org.executus.test.noop", "1", "tools that do nothing", "MIT",
		  options, ports, open_, close_, port)
