/* SPDX-License-Identifier: MIT */
/* cmd_check.c - executus check: what is bound, or the first mistake. */
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/live.h"

#define NAME_WIDTH 12
#define SHOWN	   4096u

/* ---- printing ---- */

static void put(struct out *out, const char *text)
{
	out_text(out, str_of(text));
}

static void print_batteries(struct cli *c)
{
	const char *const *p;
	size_t i;

	out_printf(&c->out, "\nbatteries\n");
	for (i = 0; i < c->host->instance_n; i++) {
		const struct instance *in = &c->host->instances[i];
		const struct passwd *who = getpwuid(in->loaded->owner);

		out_printf(&c->out, "  %-*s %s %s, ABI %u.%u, fills", NAME_WIDTH, in->conf->name,
			   in->battery->id, in->battery->version, in->battery->abi >> 16,
			   in->battery->abi & 0xffff);
		for (p = in->battery->ports; *p; p++)
			out_printf(&c->out, " %s", *p);
		out_printf(&c->out, "\n  %-*s ", NAME_WIDTH, "");
		put(&c->out, in->loaded->path);
		out_printf(&c->out, ", owned by %s\n", who ? who->pw_name : "an unknown user");
	}
}

static void print_port(struct cli *c, enum conf_port port)
{
	size_t i, n = 0;

	out_printf(&c->out, "  %-*s ", NAME_WIDTH, conf_port_word(port));
	for (i = 0; i < c->conf->binding_n; i++) {
		const struct conf_binding *b = &c->conf->bindings[i];

		if (b->port != port)
			continue;
		out_printf(&c->out, "%s%s%s%s", n++ ? ", " : "", b->kind ? b->kind : "",
			   b->kind ? ": " : "", b->battery->name);
	}
	out_printf(&c->out, "%s\n", n ? "" : "-");
}

static void print_tiers(struct cli *c)
{
	size_t i, j;

	out_printf(&c->out, "\ntiers\n");
	for (i = 0; i < c->conf->tier_n; i++) {
		const struct conf_tier *t = &c->conf->tiers[i];

		out_printf(&c->out, "  %-*s ", NAME_WIDTH, t->name);
		for (j = 0; j < t->model_n; j++) {
			put(&c->out, j ? ", then " : "");
			put(&c->out, t->models[j].text);
		}
		put(&c->out, "\n");
	}
}

static void print_agent(struct cli *c, const struct conf_agent *a)
{
	char limit[32];
	size_t i;

	live_time(limit, sizeof limit, a->max_runtime_ms);
	out_printf(&c->out, "  %-*s tier %s, %" PRId32 " steps, %s", NAME_WIDTH, a->name,
		   a->tier_name, a->max_steps, limit);
	for (i = 0; i < a->deliver_n; i++) {
		out_raw(&c->out, str_of(i ? ", " : ", delivers to "));
		put(&c->out, a->deliver[i].text);
	}
	out_printf(&c->out, "\n  %-*s tools:", NAME_WIDTH, "");
	for (i = 0; i < a->tool_n; i++)
		out_printf(&c->out, " %s", a->tools[i]);
	out_printf(&c->out, "%s\n", a->tool_n ? "" : " -");
}

static void print_all(struct cli *c)
{
	static const char *const durability[] = { "strict", "relaxed", "none" };
	int port;
	size_t i;

	put(&c->out, "conf          ");
	put(&c->out, c->conf->file);
	put(&c->out, "\nstate         ");
	put(&c->out, c->conf->state_dir);
	out_printf(&c->out, "\ndurability    %s%s\n", durability[c->conf->run.durability],
		   c->host->checkpoint ? "" : ", but no checkpoint is bound: nothing is stored");
	print_batteries(c);
	out_printf(&c->out, "\nports\n");
	for (port = 0; port < CONF_PORTS; port++)
		print_port(c, (enum conf_port)port);
	print_tiers(c);
	out_printf(&c->out, "\nagents\n");
	for (i = 0; i < c->conf->agent_n; i++)
		print_agent(c, &c->conf->agents[i]);
}

int cmd_check(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	int code;

	if (!cli_open_host(c, &code))
		return code;
	if (agents_check(c, NULL, &err))
		return cli_conf_mistake(c, &err);
	print_all(c);
	return EXIT_OK;
}
