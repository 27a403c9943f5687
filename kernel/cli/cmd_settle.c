/* SPDX-License-Identifier: MIT */
/* cmd_settle.c - executus settle: a person's word on a call of which nobody knows whether it happened. */
#include "base/text.h"
#include "cli/cli.h"

int cmd_settle(struct cli *c)
{
	const char *const *a = c->opts.args;
	const char *text = c->opts.arg_n > 3 ? a[3] : "";
	exs_err err = EXS_ERR_INIT;
	struct engine *e;
	exs_status status;
	int code;

	if (!cli_open_runs(c, &code))
		return code;
	if (engine_open(c->host, &e, &err))
		return cli_failed(c, &err);
	status = engine_settle(e, a[0], a[1], a[2], str_of(text), &err);
	engine_close(e);
	if (status)
		return cli_failed(c, &err);
	log_info(&c->log, "call %s: noted as %s; 'executus resume %s' goes on with it", a[1], a[2], a[0]);
	return EXIT_OK;
}
