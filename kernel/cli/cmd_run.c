/* SPDX-License-Identifier: MIT */
/* cmd_run.c - executus run: ask an agent and wait for its answer. */
#include "cli/ask.h"

int cmd_run(struct cli *c)
{
	const char *word = c->opts.arg_n ? c->opts.args[0] : NULL;
	exs_err err = EXS_ERR_INIT;
	int code = EXIT_USAGE;
	struct asked a;

	asked_init(&a);
	if (ask_images(c, &a, &err) || ask_question(c, word, &a, &err))
		cli_usage(c, "%s", err.text);
	else if (cli_open_host(c, &code))
		code = ask(c, opts_value(&c->opts, OPT_AGENT), &a);
	asked_release(&a);
	return code;
}
