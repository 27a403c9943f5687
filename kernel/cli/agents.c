/* SPDX-License-Identifier: MIT */
/* agents.c - does every tool that an agent names exist? See cli.h. */
#include "cli/cli.h"
#include "run/toolbox.h"

static exs_status check_one(struct toolbox *tools, const struct conf_agent *a, exs_err *err)
{
	const struct offer *offer;
	exs_err why = EXS_ERR_INIT;

	if (toolbox_offer(tools, a->tools, a->tool_n, &offer, &why) == EXS_OK)
		return EXS_OK;
	if (a->tools_place)
		return node_fail(err, a->tools_place, "agent '%s': %s", a->name, why.text);
	*err = why;
	return err->status;
}

exs_status agents_check(struct cli *c, const struct conf_agent *only, exs_err *err)
{
	struct toolbox tools;
	exs_status status = toolbox_init(&tools, c->host, err);
	size_t i;

	if (status)
		return status;
	for (i = 0; status == EXS_OK && i < c->conf->agent_n; i++)
		if (!only || only == &c->conf->agents[i])
			status = check_one(&tools, &c->conf->agents[i], err);
	toolbox_release(&tools);
	return status;
}
