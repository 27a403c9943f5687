/* SPDX-License-Identifier: MIT */
/* cmd_prune.c - executus store prune: takes out what the rules let go, and says what stays. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/rule.h"
#include "fact/words.h"
#include "rows/prune.h"

#define LINE_MAX_BYTES (64u << 10)
#define AGENT_SHOWN    40u

struct rules {
	struct retain_rule list[CONF_RETENTION_MAX];
	size_t n;
};

struct pruning {
	struct cli *c;
	struct prune p;
	struct rules rules;
	bool json, dry;
	size_t n;      /* lines of JSON so far */
	exs_err worst; /* of a run that could not be taken out */
};

/* ---- the rules ---- */

static void rules_of_conf(struct rules *r, const struct conf *conf)
{
	for (; r->n < conf->retention_n; r->n++) {
		const struct conf_retain *from = &conf->retention[r->n];

		r->list[r->n] = (struct retain_rule){ .max_age_ms = from->older_than_ms,
						      .max_count = from->keep,
						      .max_bytes = from->max_bytes,
						      .statuses = from->statuses,
						      .agent = from->agent };
	}
}

static exs_status rules_of_options(struct rules *r, const struct opts *o, exs_err *err)
{
	bool given;

	if (rule_read(o, &r->list[0], &given, err))
		return err->status;
	r->n = given; /* the options are one rule of their own */
	return EXS_OK;
}

static exs_status find_rules(struct rules *r, struct cli *c, exs_err *err)
{
	if (rules_of_options(r, &c->opts, err))
		return err->status;
	if (!r->n)
		rules_of_conf(r, c->conf);
	if (r->n)
		return EXS_OK;
	return err_set(
		err, EXS_INVALID, 0,
		"nothing says which runs may go: give --older-than, --keep or --max-bytes, or "
		"a section 'retention' in %.100s",
		c->conf->file);
}

static uint32_t flags_of(const struct rules *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->list[i].max_bytes)
			return PRUNE_BYTES;
	return 0;
}

/* ---- what is said ---- */

static void say_json(struct pruning *j, const struct retain_item *it, bool gone, const char *why)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	buf_printf(&b,
		   "%s{\"run\":\"%s\",\"gone\":%s,\"status\":\"%s\",\"ended_ms\":%" PRId64
		   ",\"agent\":",
		   j->n++ ? ",\n" : "[", it->run, gone ? "true" : "false", ended_word(it->status),
		   it->ended_ms);
	buf_jsonz(&b, it->agent ? it->agent : "");
	buf_puts(&b, ",\"why\":");
	buf_jsonz(&b, why);
	buf_puts(&b, "}");
	out_buf(&j->c->out, &b);
}

static void say(struct pruning *j, const struct retain_item *it, bool gone, const char *why)
{
	char ended[CLOCK_TEXT_MAX];
	struct buf b;

	if (j->json) {
		say_json(j, it, gone, why);
		return;
	}
	clock_text(it->ended_ms, ended);
	buf_init(&b, LINE_MAX_BYTES);
	buf_printf(&b, "%s  %-26s  %-11s  %s  ",
		   !gone    ? "stays"
		   : j->dry ? "would go"
			    : "gone",
		   it->run, ended_word(it->status), ended);
	text_one_line(&b, str_of(it->agent), AGENT_SHOWN);
	buf_printf(&b, "  %s\n", why);
	out_buf(&j->c->out, &b);
}

/* The first rule that lets it go by itself; a person wants one reason, not all. */
static const char *reason(const struct pruning *j, size_t i, int64_t now_ms)
{
	size_t k;

	for (k = 0; k < j->rules.n; k++) {
		const struct retain_rule *r = &j->rules.list[k];
		const struct retain_rule age = { .max_age_ms = r->max_age_ms,
						 .statuses = r->statuses,
						 .agent = r->agent };
		struct retain_item it = j->p.items[i];
		bool gone = false;

		it.held = it.owed = it.needed = false;
		if (retain_pick(&age, &it, 1, now_ms, &gone))
			return "it is older than the rule keeps";
	}
	return "newer ones fill what the rule keeps";
}

/* ---- the work ---- */

static void take_out(struct pruning *j, size_t i, int64_t now_ms)
{
	const struct retain_item *it = &j->p.items[i];
	exs_err err = EXS_ERR_INIT;
	exs_status status = j->dry ? EXS_OK : prune_run(j->c->host, it->run, &err);

	if (status == EXS_OK) {
		say(j, it, true, reason(j, i, now_ms));
		return;
	}
	say(j, it, false, err.text);
	/* One that was held meanwhile, or that another prune was faster with, is no failure. */
	if (status != EXS_CONFLICT && status != EXS_NOTFOUND)
		j->worst = err;
}

static void take_all(struct pruning *j)
{
	int64_t now_ms = clock_wall_ms();
	size_t i;

	prune_pick(&j->p, j->rules.list, j->rules.n, now_ms);
	/* Newest first, so that children go before their parents. */
	for (i = 0; i < j->p.n && !j->worst.status; i++) {
		if (j->p.gone[i])
			take_out(j, i, now_ms);
		else if (j->p.wanted[i])
			say(j, &j->p.items[i], false, retain_why_kept(&j->p.items[i]));
	}
	if (j->json)
		out_raw(&j->c->out, str_of(j->n ? "]\n" : "[]\n"));
}

int store_prune(struct cli *c)
{
	struct pruning j = { .c = c,
			     .json = opts_has(&c->opts, OPT_JSON),
			     .dry = opts_has(&c->opts, OPT_DRY_RUN),
			     .worst = EXS_ERR_INIT };
	exs_err err = EXS_ERR_INIT;
	bool left = false;

	if (find_rules(&j.rules, c, &err))
		return cli_usage(c, "%s", err.text);
	if (!j.dry && prune_finish(c->host, &left, &err))
		return cli_failed(c, &err);
	if (left)
		log_info(&c->log, "what an interrupted prune had left is gone");
	if (prune_read(&j.p, c->host, flags_of(&j.rules), &err))
		return cli_failed(c, &err);
	take_all(&j);
	prune_release(&j.p);
	return j.worst.status ? cli_failed(c, &j.worst) : EXIT_OK;
}
