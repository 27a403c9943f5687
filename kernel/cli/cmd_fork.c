/* SPDX-License-Identifier: MIT */
/* cmd_fork.c - executus fork: go on from the middle of another run, as a run of its own. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/ask.h"
#include "cli/past.h"

#define STEP_DIGITS_MAX 9u /* more than any run has */

/* "RUN" or "RUN@STEP". */
static exs_status read_place(const char *text, char id[ID_MAX], int32_t *step, exs_err *err)
{
	const char *at = strchr(text, '@');
	size_t n = at ? (size_t)(at - text) : strlen(text);

	*step = FORK_LAST;
	if (at && (!at[1] || strlen(at + 1) > STEP_DIGITS_MAX || at[1 + strspn(at + 1, "0123456789")]))
		return err_set(err, EXS_INVALID, 0,
			       "'%.60s': behind the @ stands the number of a step, as in RUN@2", text);
	if (at)
		*step = (int32_t)strtol(at + 1, NULL, 10);
	if (n < ID_MAX) {
		memcpy(id, text, n);
		id[n] = '\0';
	}
	if (n >= ID_MAX || !id_ok(id))
		return err_set(err, EXS_NOTFOUND, 0, "'%.*s' is not the id of a run",
			       n > 60 ? 60 : (int)n, text);
	return EXS_OK;
}

/* Without --agent it is the one that the run had. */
static int fork_it(struct cli *c, struct asked *a)
{
	const char *agent = opts_value(&c->opts, OPT_AGENT);
	exs_err err = EXS_ERR_INIT;
	struct past past;
	int code;

	if (agent)
		return ask(c, agent, a);
	past_init(&past, a->from);
	if (past_load(&past, c, &err))
		code = cli_failed(c, &err);
	else
		code = ask(c, past.state.agent, a);
	past_release(&past);
	return code;
}

int cmd_fork(struct cli *c)
{
	const char *word = c->opts.arg_n > 1 ? c->opts.args[1] : NULL;
	exs_err err = EXS_ERR_INIT;
	int code = EXIT_USAGE;
	char id[ID_MAX];
	struct asked a;

	asked_init(&a);
	if (read_place(c->opts.args[0], id, &a.step, &err))
		code = err.status == EXS_NOTFOUND ? cli_failed(c, &err) : cli_usage(c, "%s", err.text);
	else if (ask_images(c, &a, &err) || (asks(c, word) && ask_question(c, word, &a, &err)))
		cli_usage(c, "%s", err.text);
	else if (cli_open_runs(c, &code)) {
		a.from = id;
		code = fork_it(c, &a);
	}
	asked_release(&a);
	return code;
}
