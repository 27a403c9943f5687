/* SPDX-License-Identifier: MIT */
/* cmd_restore.c - executus store restore: takes a backup back. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"
#include "rows/owner.h"

static exs_status any_row(void *arg, exs_str key, exs_str value)
{
	(void)key;
	(void)value;
	*(bool *)arg = true;
	return EXS_TOOBIG;
}

static exs_status is_empty(struct cli *c, bool *out, exs_err *err)
{
	bool found = false;
	exs_status status = call_store_scan(c->host->store, str_of(NULL), str_of(NULL),
					    EXS_SCAN_KEYS, any_row, &found, err);

	*out = !found;
	return found ? EXS_OK : status;
}

/* Beside the store: its path, and when. */
static exs_status name_of_old(struct cli *c, char **out, exs_err *err)
{
	struct buf stat, name;
	struct buf_sink sink;
	exs_status status;

	buf_init(&stat, CLI_STAT_MAX);
	buf_init(&name, CLI_PATH_MAX);
	status = call_store_stat(c->host->store, buf_sink_init(&sink, &stat), err);
	if (status == EXS_OK && (!json_get_text(buf_view(&stat), "path", &name) || !name.n))
		status = err_set(err, EXS_UNSUPPORTED, 0,
				 "this store tells no path beside which its copy could be kept");
	buf_printf(&name, ".before-%" PRId64 ".mdb", clock_wall_ms());
	if (status == EXS_OK) {
		*out = buf_take(&name);
		if (!*out)
			status = err_set(err, EXS_NOMEM, 0, "no memory for a path");
	}
	buf_release(&name);
	buf_release(&stat);
	return status;
}

/* What is replaced is kept, unless there is nothing. */
static exs_status keep_old(struct cli *c, char **out, exs_err *err)
{
	bool empty;
	exs_status status = is_empty(c, &empty, err);

	if (status || empty)
		return status;
	if (!opts_has(&c->opts, OPT_FORCE))
		return err_set(
			err, EXS_CONFLICT, 0,
			"the store is not empty: --force replaces what is in it, and keeps a "
			"copy beside it");
	status = name_of_old(c, out, err);
	return status ? status : call_store_copy(c->host->store, *out, err);
}

int store_restore(struct cli *c)
{
	const char *path = c->opts.args[1];
	exs_err err = EXS_ERR_INIT;
	auto_free char *old = NULL;

	if (owner_none_alive(c->host, &err))
		return cli_failed(c, &err);
	if (keep_old(c, &old, &err)) {
		int code = cli_failed(c, &err);

		return err.status == EXS_CONFLICT ? EXIT_STORAGE : code;
	}
	if (call_store_restore(c->host->store, path, &err)) {
		if (old)
			unlink(old); /* the store has it all still */
		return cli_failed(c, &err);
	}
	/* The copy names processes that carried runs when it was made: they carry nothing here. */
	if (owner_depose_all(c->host, &err))
		log_warn(&c->log, "who carried runs in the copy is still named: %s", err.text);
	out_text(&c->out, str_of(path));
	out_raw(&c->out, str_of(": restored\n"));
	if (old)
		log_info(&c->log, "what was in the store before is in %s", old);
	return EXIT_OK;
}
