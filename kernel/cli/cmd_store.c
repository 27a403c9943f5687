/* SPDX-License-Identifier: MIT */
/* cmd_store.c - executus store stat: figures of the store. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"

static void print_lines(struct out *out, exs_str stat)
{
	struct buf key, value;
	struct json_iter it;
	exs_str k, v;

	for (json_iter_init(&it, stat); json_next(&it, &k, &v);) {
		buf_init(&key, CLI_STAT_MAX);
		buf_init(&value, CLI_STAT_MAX);
		json_text(k, &key);
		if (json_type(v) == JSON_STRING)
			json_text(v, &value);
		else
			buf_str(&value, v);
		out_printf(out, "%-20s", key.p);
		out_text(out, buf_view(&value));
		out_raw(out, str_of("\n"));
		buf_release(&value);
		buf_release(&key);
	}
}

int cmd_store(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct buf stat;
	int code;

	if (strcmp(c->opts.args[0], "stat") != 0)
		return cli_usage(c, "'store' knows 'stat', not '%.40s'", c->opts.args[0]);
	if (!cli_open_past(c, &code))
		return code;
	buf_init(&stat, CLI_STAT_MAX);
	if (call_store_stat(c->host->store, buf_sink_init(&sink, &stat), &err)) {
		buf_release(&stat);
		return cli_failed(c, &err);
	}
	if (opts_has(&c->opts, OPT_JSON)) {
		buf_puts(&stat, "\n");
		out_buf(&c->out, &stat);
		return EXIT_OK;
	}
	print_lines(&c->out, buf_view(&stat));
	buf_release(&stat);
	return EXIT_OK;
}
