/* SPDX-License-Identifier: MIT */
/* tool_status.c - a tool with which an agent sees how far its own run is and what is left of it. */
#include <inttypes.h>

#include <executus/helper.h>
#include <executus/port/tool.h>
#include <executus/svc/run.h>

#define NAME	 "self_status"
#define TEXT_MAX 512 /* eleven members with numbers of 64 bits */

struct exs_self {
	const exs_run_svc *svc;
};

static const exs_tool_spec spec = {
	.size = sizeof spec,
	.effect = EXS_EFFECT_PURE,
	.name = NAME,
	.about = "How far this run is: model turns used and allowed, tool calls so far, tokens "
		 "used, seconds "
		 "elapsed and left (null: no deadline), and which attempt this is. Use it to plan "
		 "what still fits.",
	.schema = { "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}",
		    sizeof "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":"
			   "false}" -
			    1 },
};

static exs_status list(exs_self *self, exs_status (*each)(void *arg, const exs_tool_spec *one),
		       void *arg, exs_err *err)
{
	exs_status s = each(arg, &spec);

	(void)self;
	return s ? exs_fail(err, s, 0, "the tool '" NAME "' was not taken") : EXS_OK;
}

/* Seconds with one decimal, in integers: printf's decimal point belongs to the process's locale. */
static void seconds(char *out, size_t size, int64_t ms)
{
	int64_t left = ms < 0 ? 0 : ms;

	snprintf(out, size, "%" PRId64 ".%d", left / 1000, (int)(left % 1000 / 100));
}

static void write_tally(const exs_tally *t, char *out, size_t size)
{
	char elapsed[32], left[32] = "null";

	seconds(elapsed, sizeof elapsed, t->run_ms);
	if (t->left_ms != INT64_MAX)
		seconds(left, sizeof left, t->left_ms);
	snprintf(out, size,
		 "{\"step\":%" PRId32 ",\"max_steps\":%" PRId32 ",\"calls\":%" PRId64
		 ",\"tokens_in\":%" PRId64 ",\"tokens_out\":%" PRId64
		 ",\"tokens_reasoning\":%" PRId64
		 ",\"elapsed_seconds\":%s,\"left_seconds\":%s,\"attempt\":%" PRId32 "}",
		 t->step, t->max_steps, t->calls, t->usage.in_tokens, t->usage.out_tokens,
		 t->usage.reasoning_tokens, elapsed, left, t->attempt);
}

static void call(exs_self *self, const exs_call *asked, exs_cancel *cancel, exs_done done)
{
	exs_tally tally = { .size = sizeof tally };
	char text[TEXT_MAX];
	exs_status s;

	(void)cancel; /* ends at once */
	tally.usage.size = sizeof tally.usage;
	if (strcmp(asked->tool, NAME) != 0) {
		exs_end_fail(done, EXS_NOTFOUND, "there is no tool '%.64s' here", asked->tool);
		return;
	}
	s = asked->run ? self->svc->tally(self->svc, asked->run->run, &tally) : EXS_NOTFOUND;
	if (s) {
		exs_end_fail(done, EXS_UNSUPPORTED,
			     "the state of this run is not known here: go on without it");
		return;
	}
	write_tally(&tally, text, sizeof text);
	s = exs_put(done, text);
	if (s)
		exs_end_fail(done, s, "the answer was not taken");
	else
		exs_end(done, EXS_OK);
}

static const exs_tool table = { sizeof table, 0, list, call, NULL, NULL };

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_TOOL) == 0 ? &table : NULL;
}

static exs_status self_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	const exs_run_svc *svc = host->service(host, EXS_SVC_RUN);
	exs_self *self;

	(void)conf;
	if (!svc || !EXS_CAN(svc, tally))
		return exs_fail(err, EXS_UNSUPPORTED, 0,
				"this host does not tell about its runs (" EXS_SVC_RUN
				" is missing): take tool_status out of the conf");
	self = calloc(1, sizeof *self);
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for an instance");
	self->svc = svc;
	*out = self;
	return EXS_OK;
}

static void self_close(exs_self *self)
{
	free(self);
}

static const exs_option options[] = { { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.tool_status", EXECUTUS_VERSION,
		  "an agent sees how far its run is", "MIT", options, ports, self_open, self_close,
		  port)
