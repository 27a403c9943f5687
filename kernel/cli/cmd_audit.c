/* SPDX-License-Identifier: MIT */
/* cmd_audit.c - executus audit: what the trail says, and whether it is what was written. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/run_list.h"
#include "conf/file.h"
#include "host/calls.h"

#define WORD_MAX      (64u << 10)
#define KEPT_MAX      4096u /* bytes of a file with a kept head */
#define HASH_DIGITS   64u
#define LINE_SHOW_MAX 4096u
#define BODY_SHOW     100u
#define BODY_COLUMN   58u

/* ---- list ---- */

static int audit_list(struct cli *c)
{
	struct run_list l;
	exs_err err = EXS_ERR_INIT;
	struct instance *audit;
	bool none;
	int code;

	if (run_list_init(&l, c, &err))
		return cli_usage(c, "%s", err.text);
	if (!cli_open_audit(c, &audit, &code)) {
		filter_release(&l.filter);
		return code;
	}
	code = run_list_end(&l, run_list_ask(&l, audit, &err), &err, &none);
	if (none)
		log_info(&c->log, "no runs");
	return code;
}

/* ---- show ---- */

struct rows {
	struct cli *c;
	bool json;
	int64_t n;
};

static void put_text(struct buf *line, exs_str row, const char *key, unsigned width)
{
	auto_free char *text = json_get_textz(row, key, WORD_MAX);
	size_t at = line->n;

	text_one_line(line, str_of(text), width);
	while (line->n < at + width)
		buf_puts(line, " ");
	buf_puts(line, "  ");
}

static void put_row(struct rows *r, exs_str row)
{
	unsigned width = out_width(r->c->out.fd, BODY_COLUMN + BODY_SHOW);
	int64_t seq = 0, step = 0, at_ms = 0;
	char when[CLOCK_TEXT_MAX] = "";
	struct buf line;
	exs_str body = str_of("");

	buf_init(&line, LINE_SHOW_MAX);
	json_get_int(row, "seq", &seq);
	json_get_int(row, "step", &step);
	json_get_int(row, "at_ms", &at_ms);
	clock_text(at_ms, when);
	json_get_object(row, "body", &body);
	buf_printf(&line, "%5" PRId64 "  %-20s  step %-3" PRId64 "  ", seq, when, step);
	put_text(&line, row, "kind", 15);
	put_text(&line, row, "name", 10);
	text_one_line(&line, body, width > line.n + 20 ? width - line.n : BODY_SHOW);
	buf_puts(&line, "\n");
	out_buf(&r->c->out, &line);
}

static exs_status show_row(void *arg, exs_str row)
{
	struct rows *r = arg;

	if (r->json) {
		out_raw(&r->c->out, str_of(r->n ? ",\n" : "["));
		out_raw(&r->c->out, row);
	} else {
		put_row(r, row);
	}
	r->n++;
	return r->c->out.failed ? EXS_IO : EXS_OK;
}

static int audit_show(struct cli *c)
{
	struct rows r = { .c = c, .json = opts_has(&c->opts, OPT_JSON) };
	exs_err err = EXS_ERR_INIT;
	struct instance *audit;
	exs_status status;
	int code;

	if (c->opts.arg_n < 2)
		return cli_usage(c, "'audit show' needs the id of a run: 'executus audit list' "
				    "shows them");
	if (!cli_open_audit(c, &audit, &code))
		return code;
	status = call_audit_read(audit, c->opts.args[1], show_row, &r, &err);
	if (status)
		return cli_failed(c, &err);
	if (r.json)
		out_raw(&c->out, str_of(r.n ? "]\n" : "[]\n"));
	return EXIT_OK;
}

/* ---- verify ---- */

static exs_status finding(void *arg, exs_str json)
{
	struct rows *r = arg;
	auto_free char *run = json_get_textz(json, "run", WORD_MAX);
	auto_free char *text = json_get_textz(json, "text", WORD_MAX);
	struct buf line;
	int64_t n = 0;

	if (r->json)
		return show_row(r, json);
	r->n++;
	buf_init(&line, WORD_MAX * 12);
	buf_puts(&line, run ? "run " : "the chain over the runs");
	text_one_line(&line, str_of(run), WORD_MAX);
	if (json_get_int(json, "seq", &n))
		buf_printf(&line, ", row %" PRId64, n);
	else if (json_get_int(json, "entry", &n))
		buf_printf(&line, ", entry %" PRId64, n);
	buf_puts(&line, ": ");
	text_one_line(&line, str_of(text), WORD_MAX);
	buf_puts(&line, "\n");
	out_buf(&r->c->out, &line);
	return r->c->out.failed ? EXS_IO : EXS_OK;
}

/* What 'audit head' once printed: its hash, and its place in the chain or 0. */
struct kept {
	char hash[HASH_DIGITS + 1]; /* empty: none was given */
	int64_t entries;
};

static bool is_hash(const char *text)
{
	return strlen(text) == HASH_DIGITS && strspn(text, "0123456789abcdef") == HASH_DIGITS;
}

/* A hash, or a file that nobody else may write. */
static exs_status read_kept(const char *given, struct kept *out, exs_err *err)
{
	auto_free char *hash = NULL;
	char text[KEPT_MAX];
	size_t n = 0;

	*out = (struct kept){ .entries = 0 };
	if (!given)
		return EXS_OK;
	if (is_hash(given)) {
		memcpy(out->hash, given, sizeof out->hash);
		return EXS_OK;
	}
	if (file_read(given, 0, text, sizeof text, &n, NULL, err))
		return err->status;
	json_get_int(str_n(text, n), "entries", &out->entries);
	hash = json_get_textz(str_n(text, n), "hash", HASH_DIGITS);
	if (!hash || !is_hash(hash) || out->entries < 0)
		return err_set(err, EXS_INVALID, 0,
			       "'%.100s' is not what 'executus audit head' prints", given);
	memcpy(out->hash, hash, sizeof out->hash);
	return EXS_OK;
}

/* The trail itself, and whether it still holds what was kept. */
static int verify_both(struct cli *c, struct instance *audit, const struct kept *kept)
{
	const char *run = c->opts.arg_n > 1 ? c->opts.args[1] : NULL;
	struct rows r = { .c = c, .json = opts_has(&c->opts, OPT_JSON) };
	exs_err err = EXS_ERR_INIT;
	exs_status status = call_audit_verify(audit, run, finding, &r, &err);
	int code = EXIT_OK;

	if (r.json && (status == EXS_OK || status == EXS_CORRUPT))
		out_raw(&c->out, str_of(r.n ? "]\n" : "[]\n"));
	if (status)
		code = cli_failed(c, &err);
	if (kept->hash[0] && call_audit_holds(audit, str_of(kept->hash), kept->entries, &err))
		code = exit_worse(code, cli_failed(c, &err));
	if (code == EXIT_OK && !r.json)
		out_raw(&c->out, str_of("intact\n"));
	return code;
}

static int audit_verify(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	struct instance *audit;
	struct kept kept;
	int code;

	if (read_kept(opts_value(&c->opts, OPT_HEAD), &kept, &err))
		return cli_usage(c, "%s", err.text);
	return cli_open_audit(c, &audit, &code) ? verify_both(c, audit, &kept) : code;
}

/* ---- head ---- */

static int audit_head(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	struct instance *audit;
	struct buf_sink sink;
	struct buf json;
	int code;

	if (!cli_open_audit(c, &audit, &code))
		return code;
	buf_init(&json, KEPT_MAX);
	if (call_audit_head(audit, buf_sink_init(&sink, &json), &err)) {
		buf_release(&json);
		return cli_failed(c, &err);
	}
	buf_puts(&json, "\n");
	out_buf(&c->out, &json);
	return EXIT_OK;
}

/* ---- which of them ---- */

#define FILTERS                                                                                    \
	(OPT_BIT(OPT_AGENT) | OPT_BIT(OPT_CALLER) | OPT_BIT(OPT_OPEN) | OPT_BIT(OPT_LIMIT) |       \
	 OPT_BIT(OPT_STATUS) | OPT_BIT(OPT_PARENT) | OPT_BIT(OPT_ANCESTORS) | OPT_BIT(OPT_TOP) |   \
	 OPT_BIT(OPT_SINCE) | OPT_BIT(OPT_UNTIL) | OPT_BIT(OPT_MIN_COST) | OPT_BIT(OPT_LAST))

static const struct verb {
	const char *name;
	uint32_t words; /* at most, its own included */
	uint64_t takes; /* of the options that not every command has */
	int (*run)(struct cli *c);
} verbs[] = {
	{ "list", 1, FILTERS, audit_list },
	{ "show", 2, 0, audit_show },
	{ "verify", 2, OPT_BIT(OPT_HEAD), audit_verify },
	{ "head", 1, 0, audit_head },
	{ "purge", 1,
	  OPT_BIT(OPT_OLDER_THAN) | OPT_BIT(OPT_KEEP) | OPT_BIT(OPT_MAX_BYTES) |
		  OPT_BIT(OPT_STATUS) | OPT_BIT(OPT_AGENT) | OPT_BIT(OPT_DRY_RUN),
	  cmd_audit_purge },
};

int cmd_audit(struct cli *c)
{
	const struct verb *v = NULL;
	const char *option;
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, c->opts.args[0]) == 0)
			v = &verbs[i];
	if (!v)
		return cli_usage(c, "'audit' knows list, show, verify, head and purge, not '%.40s'",
				 c->opts.args[0]);
	if (c->opts.arg_n > v->words)
		return cli_usage(c, "'audit %s' takes no '%.40s'", v->name, c->opts.args[v->words]);
	option = opts_foreign(&c->opts, v->takes | OPT_BIT(OPT_JSON));
	if (option)
		return cli_usage(c, "'audit %s' has no option '--%s'", v->name, option);
	return v->run(c);
}
