/* SPDX-License-Identifier: MIT */
/* cmd_hold.c - executus hold and release: a run that stays whatever retention says. */
#include "base/text.h"
#include "cli/cli.h"
#include "rows/hold.h"

static int failed(struct cli *c, const exs_err *err)
{
	if (err->status == EXS_INVALID)
		return cli_usage(c, "%s", err->text);
	return cli_failed(c, err);
}

int cmd_hold(struct cli *c)
{
	const char *why = c->opts.arg_n > 1 ? c->opts.args[1] : "";
	exs_err err = EXS_ERR_INIT;
	int code;

	if (!cli_open_past(c, &code))
		return code;
	if (hold_set(c->host, c->opts.args[0], str_of(why), &err))
		return failed(c, &err);
	log_info(&c->log, "run %s is held", c->opts.args[0]);
	return EXIT_OK;
}

int cmd_release(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	int code;

	if (!cli_open_past(c, &code))
		return code;
	if (hold_lift(c->host, c->opts.args[0], &err))
		return failed(c, &err);
	log_info(&c->log, "run %s is no longer held", c->opts.args[0]);
	return EXIT_OK;
}
