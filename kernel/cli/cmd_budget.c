/* SPDX-License-Identifier: MIT */
/* cmd_budget.c - executus budget: every limit, what is used of it, and who holds the rest. */
#include <inttypes.h>
#include <string.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"

#define TEXT_MAX   1024u
#define NUMBER_MAX 32u

/* Amounts in units that a person counts in. */
static void amount(exs_str unit, int64_t n, char out[NUMBER_MAX])
{
	if (str_is(unit, "usd"))
		snprintf(out, NUMBER_MAX, "$%" PRId64 ".%06" PRId64, n / 1000000,
			 n < 0 ? -(n % 1000000) : n % 1000000);
	else if (str_is(unit, "seconds"))
		snprintf(out, NUMBER_MAX, "%" PRId64 ".%01" PRId64 "s", n / 1000, n % 1000 / 100);
	else
		snprintf(out, NUMBER_MAX, "%" PRId64, n);
}

/* An amount that is written with its unit. */
static bool says_unit(exs_str unit)
{
	return unit.n == 0 || str_is(unit, "usd") || str_is(unit, "seconds");
}

static void put_cell(struct buf *line, exs_str unit, exs_str use, const char *key)
{
	char text[NUMBER_MAX] = "-";
	int64_t n;

	if (json_get_int(use, key, &n))
		amount(unit, n, text);
	buf_printf(line, "%14s  ", text);
}

static void put_runs(struct buf *line, exs_str use)
{
	struct json_iter it;
	exs_str runs, run;

	if (!json_get_array(use, "runs", &runs))
		return;
	for (json_iter_init(&it, runs); json_next(&it, NULL, &run);) {
		buf_puts(line, " ");
		json_text(run, line);
	}
}

static void put_use(struct out *out, exs_str unit, exs_str use)
{
	auto_free char *who = json_get_textz(use, "who", TEXT_MAX);
	char when[CLOCK_TEXT_MAX] = "";
	int64_t resets = 0;
	struct buf line, name;

	buf_init(&line, CLI_STAT_MAX);
	buf_init(&name, TEXT_MAX * 12);
	text_one_line(&name, str_of(who && who[0] ? who : "everybody"), 24);
	buf_printf(&line, "  %-24s  ", name.n ? name.p : "");
	put_cell(&line, unit, use, "used");
	put_cell(&line, unit, use, "reserved");
	put_cell(&line, unit, use, "left");
	if (json_get_int(use, "resets_ms", &resets) && resets > 0)
		clock_text(resets, when);
	buf_printf(&line, "%s", when[0] ? when : "-");
	put_runs(&line, use);
	buf_puts(&line, "\n");
	buf_release(&name);
	out_buf(out, &line);
}

static void put_limit(struct out *out, exs_str limit)
{
	auto_free char *name = json_get_textz(limit, "name", TEXT_MAX);
	auto_free char *unit = json_get_textz(limit, "unit", TEXT_MAX);
	auto_free char *scope = json_get_textz(limit, "scope", TEXT_MAX);
	auto_free char *per = json_get_textz(limit, "per", TEXT_MAX);
	char max[NUMBER_MAX] = "-";
	struct json_iter it;
	exs_str uses, use;
	int64_t n;
	bool any = false;

	if (json_get_int(limit, "max", &n))
		amount(str_of(unit), n, max);
	out_printf(out, "%s: %s%s%s for %s%s, per %s\n", name ? name : "?", max,
		   says_unit(str_of(unit)) ? "" : " ", says_unit(str_of(unit)) ? "" : unit,
		   scope && strcmp(scope, "all") == 0 ? "" : "each ", scope ? scope : "?",
		   per ? per : "?");
	if (!json_get_array(limit, "uses", &uses))
		return;
	for (json_iter_init(&it, uses); json_next(&it, NULL, &use); any = true) {
		if (!any)
			out_printf(out, "  %-24s  %14s  %14s  %14s  %s\n", "WHO", "USED",
				   "RESERVED", "LEFT", "ROOM AGAIN (UTC), RUNS");
		put_use(out, str_of(unit), use);
	}
	if (!any)
		out_raw(out, str_of("  nothing is used\n"));
}

int cmd_budget(struct cli *c)
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct json_iter it;
	struct buf text;
	exs_str limits, limit;
	int code;

	if (!cli_open_budget(c, &code))
		return code;
	buf_init(&text, CLI_JSON_MAX);
	if (call_budget_explain(c->host->budget, opts_value(&c->opts, OPT_CALLER),
				buf_sink_init(&sink, &text), &err)) {
		buf_release(&text);
		return cli_failed(c, &err);
	}
	if (opts_has(&c->opts, OPT_JSON)) {
		buf_puts(&text, "\n");
		out_buf(&c->out, &text);
		return EXIT_OK;
	}
	if (json_get_array(buf_view(&text), "limits", &limits))
		for (json_iter_init(&it, limits); json_next(&it, NULL, &limit);)
			put_limit(&c->out, limit);
	buf_release(&text);
	return EXIT_OK;
}
