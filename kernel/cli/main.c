/* SPDX-License-Identifier: MIT */
/* main.c - the `executus` command: reads the command line and calls the sub-command. */
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/help.h"

static int (*const commands[COMMANDS])(struct cli *c) = {
	[CMD_RUN] = cmd_run,	 [CMD_RESUME] = cmd_resume,
	[CMD_FORK] = cmd_fork,	 [CMD_SETTLE] = cmd_settle,
	[CMD_REPLAY] = cmd_replay, [CMD_DIFF] = cmd_diff,
	[CMD_RUNS] = cmd_runs,
	[CMD_SHOW] = cmd_show,	 [CMD_CANCEL] = cmd_cancel,	  [CMD_STEER] = cmd_steer,
	[CMD_CHECK] = cmd_check, [CMD_BATTERIES] = cmd_batteries, [CMD_STORE] = cmd_store,
	[CMD_BUDGET] = cmd_budget, [CMD_AUDIT] = cmd_audit,	  [CMD_HOLD] = cmd_hold,
	[CMD_RELEASE] = cmd_release, [CMD_HELP] = cmd_help,
};

static void print_help(struct out *out, int command)
{
	struct buf text;

	buf_init(&text, HELP_MAX);
	if (command < 0)
		help_all(&text);
	else
		help_command(&text, command);
	out_buf(out, &text);
}

static int dispatch(struct cli *c)
{
	int code;

	if (opts_has(&c->opts, OPT_VERSION)) {
		out_printf(&c->out, "executus %s, battery ABI %u.%u\n", EXECUTUS_VERSION,
			   EXS_ABI_MAJOR, EXS_ABI_MINOR);
		return EXIT_OK;
	}
	if (opts_has(&c->opts, OPT_HELP)) {
		print_help(&c->out, c->opts.command);
		return EXIT_OK;
	}
	if (c->opts.command < 0)
		return cli_usage(c, "no command: 'executus help' lists them");
	if (!cli_init(c, &code))
		return code;
	return commands[c->opts.command](c);
}

int main(int argc, char **argv)
{
	struct cli c = { .host = NULL };
	exs_err err = EXS_ERR_INIT;
	int code;

	/* A reader that goes away is a write that fails, in our code as in a battery's. */
	signal(SIGPIPE, SIG_IGN);
	log_init(&c.log, STDERR_FILENO, EXS_INFO);
	out_init(&c.out);
	code = opts_parse(argc, argv, &c.opts, &err) ? cli_usage(&c, "%s", err.text) : dispatch(&c);
	cli_release(&c);
	if (!c.out.failed || code != EXIT_OK)
		return code;
	log_error(&c.log, "the standard output does not take what was to be printed");
	return EXIT_STORAGE;
}
