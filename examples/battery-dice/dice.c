/* SPDX-License-Identifier: MIT */
/* dice.c - a tool battery: the model rolls dice instead of making numbers up. */
#include <sys/random.h>

#include <cjson/cJSON.h>
#include <executus/helper.h>
#include <executus/port/tool.h>

#define SCHEMA                                                                                     \
	"{\"type\":\"object\",\"properties\":{\"count\":{\"type\":\"integer\",\"minimum\":1,"      \
	"\"maximum\":20}},\"required\":[\"count\"],\"additionalProperties\":false}"

struct exs_self {
	uint32_t sides;
};

static const exs_tool_spec spec = {
	.size = sizeof spec,
	.effect = EXS_EFFECT_PURE,
	.name = "roll_dice",
	.about = "Rolls 1 to 20 dice and returns what each shows, separated by spaces.",
	.schema = { SCHEMA, sizeof SCHEMA - 1 },
};

static exs_status list(exs_self *self, exs_status (*each)(void *arg, const exs_tool_spec *one),
		       void *arg, exs_err *err)
{
	exs_status status = each(arg, &spec);

	(void)self;
	return status ? exs_fail(err, status, 0, "the tool '%s' was not taken", spec.name) : EXS_OK;
}

/* The number of dice, or 0. The host has held the arguments against the schema; a test has not. */
static int count_of(const exs_call *asked)
{
	cJSON *args = cJSON_ParseWithLength(asked->args.p, asked->args.n);
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(args, "count");
	double n = cJSON_IsNumber(count) ? count->valuedouble : 0;

	cJSON_Delete(args);
	return n >= 1 && n <= 20 ? (int)n : 0;
}

static void call(exs_self *self, const exs_call *asked, exs_cancel *cancel, exs_done done)
{
	int count = count_of(asked);
	uint32_t random;
	char face[16];

	(void)cancel; /* ends at once */
	if (strcmp(asked->tool, spec.name) != 0) {
		exs_end_fail(done, EXS_NOTFOUND, "there is no tool '%.64s' here", asked->tool);
		return;
	}
	if (!count) {
		exs_end_fail(done, EXS_INVALID, "'count' must be a number from 1 to 20");
		return;
	}
	for (int i = 0; i < count; i++) {
		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
			exs_end_fail(done, EXS_IO, "the system gave no random bytes");
			return;
		}
		snprintf(face, sizeof face, "%s%u", i ? " " : "", random % self->sides + 1);
		exs_put(done, face);
	}
	exs_end(done, EXS_OK);
}

static const exs_tool tool = { sizeof tool, 0, list, call, NULL, NULL };

static exs_status dice_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	int64_t sides = conf->number(conf, "sides");
	exs_self *self;

	if (sides < 2 || sides > 1000)
		return exs_fail(err, EXS_INVALID, 0, "sides: a die has 2 to 1000 sides, not %lld",
				(long long)sides);
	self = calloc(1, sizeof *self);
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for '%s'", host->name);
	self->sides = (uint32_t)sides;
	*out = self;
	return EXS_OK;
}

static void dice_close(exs_self *self)
{
	free(self);
}

static const void *dice_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_TOOL) == 0 ? &tool : NULL;
}

static const exs_option options[] = {
	{ "sides", EXS_OPT_INT, EXS_POSITIVE, "6", "sides of every die, 2 to 1000", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.example.dice", "1.0", "a tool that rolls dice", "MIT",
		  options, ports, dice_open, dice_close, dice_port)
