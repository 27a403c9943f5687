/* SPDX-License-Identifier: MIT */
/* cmd_help.c - executus help: help, man page, completions. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/help.h"

int cmd_help(struct cli *c)
{
	struct buf text;
	int command;

	buf_init(&text, HELP_MAX);
	if (opts_has(&c->opts, OPT_MAN)) {
		help_man(&text);
	} else if (opts_has(&c->opts, OPT_BASH)) {
		help_bash(&text);
	} else if (c->opts.arg_n == 0) {
		help_all(&text);
	} else {
		command = opts_command(c->opts.args[0]);
		if (command < 0) {
			buf_release(&text);
			return cli_usage(c, "no command '%.40s': 'executus help' lists them",
					 c->opts.args[0]);
		}
		help_command(&text, command);
	}
	out_buf(&c->out, &text);
	return EXIT_OK;
}
