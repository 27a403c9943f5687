/* SPDX-License-Identifier: MIT */
/* cmd_store.c - executus store: its verbs, and those of them that are one call of the store. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"

/* ---- stat ---- */

/* "pid 17, behind 200" */
static void members_line(exs_str object, struct buf *out)
{
	struct json_iter it;
	const char *between = "";
	exs_str k, v;

	for (json_iter_init(&it, object); json_next(&it, &k, &v); between = ", ") {
		buf_puts(out, between);
		json_text(k, out);
		buf_puts(out, " ");
		if (json_type(v) == JSON_STRING)
			json_text(v, out);
		else
			buf_str(out, v);
	}
}

/* One line for each of a list of objects. */
static void print_list(struct out *out, exs_str name, exs_str list)
{
	struct json_iter it;
	struct buf line;
	exs_str item;

	for (json_iter_init(&it, list); json_next(&it, NULL, &item);) {
		buf_init(&line, CLI_STAT_MAX);
		members_line(item, &line);
		out_printf(out, "%-20.*s", (int)name.n, name.p);
		out_text(out, buf_view(&line));
		out_raw(out, str_of("\n"));
		buf_release(&line);
	}
}

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
		if (json_type(v) == JSON_ARRAY) {
			print_list(out, buf_view(&key), v);
		} else {
			out_printf(out, "%-20s", key.p);
			out_text(out, buf_view(&value));
			out_raw(out, str_of("\n"));
		}
		buf_release(&value);
		buf_release(&key);
	}
}

static int store_stat(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct buf stat;

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

/* ---- backup and compact ---- */

static int store_backup(struct cli *c)
{
	const char *path = c->opts.args[1];
	exs_err err = EXS_ERR_INIT;
	struct stat st;

	if (call_store_copy(c->host->store, path, &err)) {
		int code = cli_failed(c, &err);

		/* The file that is there will be there next time as well. */
		return err.status == EXS_CONFLICT ? EXIT_STORAGE : code;
	}
	if (stat(path, &st))
		st.st_size = 0;
	out_text(&c->out, str_of(path));
	out_printf(&c->out, ": %" PRId64 " bytes\n", (int64_t)st.st_size);
	return EXIT_OK;
}

static int64_t file_bytes(struct cli *c)
{
	exs_err ignored = EXS_ERR_INIT;
	struct buf_sink sink;
	int64_t bytes = 0;
	struct buf stat;

	buf_init(&stat, CLI_STAT_MAX);
	if (call_store_stat(c->host->store, buf_sink_init(&sink, &stat), &ignored) == EXS_OK)
		json_get_int(buf_view(&stat), "file_bytes", &bytes);
	buf_release(&stat);
	return bytes;
}

static int store_compact(struct cli *c)
{
	int64_t before = file_bytes(c);
	exs_err err = EXS_ERR_INIT;

	if (call_store_compact(c->host->store, &err))
		return cli_failed(c, &err);
	out_printf(&c->out, "%" PRId64 " bytes, before %" PRId64 "\n", file_bytes(c), before);
	return EXIT_OK;
}

/* ---- the verbs ---- */

#define PRUNE_OPTIONS                                                                              \
	(OPT_BIT(OPT_DRY_RUN) | OPT_BIT(OPT_OLDER_THAN) | OPT_BIT(OPT_KEEP) |                      \
	 OPT_BIT(OPT_MAX_BYTES) | OPT_BIT(OPT_STATUS) | OPT_BIT(OPT_AGENT) | OPT_BIT(OPT_JSON))

static const struct verb {
	const char *name;
	int (*run)(struct cli *c);
	bool file;	  /* takes one */
	uint64_t options; /* beside those of every command: what else is given would do nothing */
} verbs[] = {
	{ "stat", store_stat, false, OPT_BIT(OPT_JSON) },
	{ "verify", store_verify, false, OPT_BIT(OPT_JSON) },
	{ "fsck", store_fsck, false, OPT_BIT(OPT_JSON) },
	{ "backup", store_backup, true, 0 },
	{ "restore", store_restore, true, OPT_BIT(OPT_FORCE) },
	{ "compact", store_compact, false, 0 },
	{ "prune", store_prune, false, PRUNE_OPTIONS },
	{ NULL, NULL, false, 0 },
};

int cmd_store(struct cli *c)
{
	const struct verb *v = verbs;
	const char *option;
	int code;

	while (v->name && strcmp(v->name, c->opts.args[0]) != 0)
		v++;
	if (!v->name)
		return cli_usage(c,
				 "'store' knows stat, verify, fsck, backup, restore, compact and prune, "
				 "not '%.40s'",
				 c->opts.args[0]);
	if (v->file != (c->opts.arg_n > 1))
		return cli_usage(c,
				 v->file ? "'store %s' needs a file" : "'store %s' takes no file",
				 v->name);
	option = opts_foreign(&c->opts, v->options);
	if (option)
		return cli_usage(c, "'store %s' has no option --%s", v->name, option);
	return cli_open_past(c, &code) ? v->run(c) : code;
}
