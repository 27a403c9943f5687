/* SPDX-License-Identifier: MIT */
/* cmd_cancel.c - executus cancel and steer: a message to a run that another process carries. */
#include "base/text.h"
#include "cli/past.h"
#include "fact/words.h"

/* A message to a run that is over would lie in its box for ever. */
static exs_status check_alive(struct cli *c, const char *id, exs_err *err)
{
	struct past past;
	exs_status status;

	past_init(&past, id);
	status = past_load(&past, c, err);
	if (status == EXS_OK && past.state.ended)
		status = err_set(err, EXS_NOTFOUND, 0, "run %s has ended: %s", id,
				 ended_word(past.state.status));
	past_release(&past);
	return status;
}

static int send(struct cli *c, const char *kind, const char *text)
{
	const char *id = c->opts.args[0];
	exs_err err = EXS_ERR_INIT;
	struct engine *e;
	exs_status status;
	int code;

	if (!cli_open_runs(c, &code))
		return code;
	if (check_alive(c, id, &err) || engine_open(c->host, &e, &err))
		return cli_failed(c, &err);
	status = engine_inbox(e, id, kind, str_of(text), &err);
	engine_close(e);
	if (status == EXS_INVALID)
		return cli_usage(c, "%s", err.text);
	if (status)
		return cli_failed(c, &err);
	log_info(&c->log,
		 "run %s: noted; whoever carries it reads it within seconds, or when it is resumed",
		 id);
	return EXIT_OK;
}

int cmd_cancel(struct cli *c)
{
	return send(c, "cancel", c->opts.arg_n > 1 ? c->opts.args[1] : "");
}

int cmd_steer(struct cli *c)
{
	if (!str_trim(str_of(c->opts.args[1])).n)
		return cli_usage(c, "the text is empty: say what the run should hear");
	return send(c, "steer", c->opts.args[1]);
}
