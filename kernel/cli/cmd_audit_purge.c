/* SPDX-License-Identifier: MIT */
/*
 * cmd_audit_purge.c - executus audit purge: takes ended runs out of the trail.
 *
 * Which ones is for run/retain.h to say. A run that is held stays: the batch that forgets it checks
 * that nobody holds it, so a hold that comes meanwhile wins.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/rule.h"
#include "fact/words.h"
#include "host/calls.h"
#include "rows/hold.h"
#include "rows/retain.h"

#define RUNS_MAX     1000000u /* runs of one purge; the next one sees the rest */
#define WORD_MAX     256u
#define FORGET_TRIES 8 /* for one batch that others come before */

struct purge {
	struct cli *c;
	struct instance *audit;
	struct retain_rule rule;
	struct retain_item *items; /* newest first; their texts are ours */
	bool *gone;
	size_t n, cap;
	bool dry, json;
	size_t told;
	int64_t runs, bytes; /* that went */
};

/* ---- options ---- */

static exs_status read_rule(struct purge *p, exs_err *err)
{
	bool given;

	if (rule_read(&p->c->opts, &p->rule, &given, err))
		return err->status;
	p->dry = opts_has(&p->c->opts, OPT_DRY_RUN);
	p->json = opts_has(&p->c->opts, OPT_JSON);
	return given ? EXS_OK
		     : err_set(err, EXS_INVALID, 0,
			       "what may go? Say '--older-than 90d', '--keep 1000' or '--max-bytes "
			       "1g'");
}

/* ---- what there is ---- */

static exs_status room(struct purge *p)
{
	size_t cap = p->cap ? p->cap * 2 : 256;
	struct retain_item *items;

	if (p->n < p->cap)
		return EXS_OK;
	items = realloc(p->items, cap * sizeof *items);
	if (!items)
		return EXS_NOMEM;
	p->items = items;
	p->cap = cap;
	return EXS_OK;
}

static exs_status take_head(void *arg, exs_str head)
{
	struct purge *p = arg;
	auto_free char *run = json_get_textz(head, "run", WORD_MAX);
	auto_free char *status = json_get_textz(head, "status", WORD_MAX);
	struct retain_item *it;

	if (!run || p->n == RUNS_MAX)
		return EXS_OK;
	if (room(p))
		return EXS_NOMEM;
	it = &p->items[p->n++];
	*it = (struct retain_item){ .run = take(run), .status = ended_of(str_of(status)) };
	it->agent = json_get_textz(head, "agent", WORD_MAX);
	it->ended = json_get_int(head, "ended_ms", &it->ended_ms);
	json_get_int(head, "bytes", &it->bytes);
	return EXS_OK;
}

static exs_status see_all(struct purge *p, exs_err *err)
{
	exs_status status = call_audit_list(p->audit, NULL, take_head, p, err);
	struct holds holds;
	size_t i;

	if (status || holds_read(p->c->host, &holds, err))
		return err->status;
	for (i = 0; i < p->n; i++)
		p->items[i].held = holds_has(&holds, p->items[i].run);
	holds_release(&holds);
	p->gone = calloc(p->n + 1, sizeof *p->gone);
	if (!p->gone)
		return err_set(err, EXS_NOMEM, 0, "no memory to purge runs");
	retain_pick(&p->rule, p->items, p->n, clock_wall_ms(), p->gone);
	return EXS_OK;
}

/* ---- what goes ---- */

static void tell(struct purge *p, const struct retain_item *it)
{
	char when[CLOCK_TEXT_MAX] = "";
	struct buf line;

	p->runs++;
	p->bytes += it->bytes;
	buf_init(&line, WORD_MAX * 16);
	if (p->json) {
		buf_puts(&line, p->told ? ",\n{\"run\":" : "[{\"run\":");
		buf_jsonz(&line, it->run);
		buf_printf(&line,
			   ",\"status\":\"%s\",\"ended_ms\":%" PRId64 ",\"bytes\":%" PRId64
			   ",\"gone\":%s}",
			   ended_word(it->status), it->ended_ms, it->bytes,
			   p->dry ? "false" : "true");
	} else {
		clock_text(it->ended_ms, when);
		buf_printf(&line, "%-26s  %-11s  %-20s  %10" PRId64 " bytes\n", it->run,
			   ended_word(it->status), when, it->bytes);
	}
	p->told++;
	out_buf(&p->c->out, &line);
}

/* One batch. CONFLICT: something came between; at 0: somebody holds the run now. */
static exs_status forget_some(struct purge *p, const char *run, bool *more, exs_err *err)
{
	char key[HOLD_KEY_MAX];
	struct batch b;
	exs_status status;

	hold_key(run, key);
	batch_init(&b);
	b.ends = true;
	status = batch_check(&b, str_of(key), str_of(NULL), err);
	if (status == EXS_OK)
		status = call_audit_forget(p->audit, run, &b, more, err);
	if (status == EXS_OK)
		status = call_store_commit(p->c->host->store, &b, err);
	batch_release(&b);
	return status;
}

/* NOTFOUND: another process was first, or it is held now. */
static exs_status forget(struct purge *p, const char *run, exs_err *err)
{
	bool more = true;
	int tries = 0;

	while (more) {
		exs_status status = forget_some(p, run, &more, err);

		if (status == EXS_CONFLICT && err->at == 0)
			return err_set(err, EXS_NOTFOUND, 0, "run %s stays: it is held", run);
		if (status == EXS_CONFLICT && ++tries < FORGET_TRIES) {
			more = true;
			continue;
		}
		if (status)
			return status;
		tries = 0;
	}
	return EXS_OK;
}

/* A run that cannot be believed stays and holds nobody up; other failures end the purge. */
static int forget_all(struct purge *p)
{
	int code = EXIT_OK;
	size_t i;

	for (i = p->n; i-- > 0;) { /* the oldest first */
		exs_err err = EXS_ERR_INIT;
		exs_status status;

		if (!p->gone[i])
			continue;
		status = p->dry ? EXS_OK : forget(p, p->items[i].run, &err);
		if (status == EXS_OK)
			tell(p, &p->items[i]);
		else if (status == EXS_NOTFOUND)
			log_info(&p->c->log, "%s", err.text);
		else
			code = cli_failed(p->c, &err);
		if (status && status != EXS_NOTFOUND && status != EXS_CORRUPT)
			return code;
	}
	return code;
}

static void release(struct purge *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free((char *)(uintptr_t)p->items[i].run);
		free((char *)(uintptr_t)p->items[i].agent);
	}
	free(p->items);
	free(p->gone);
}

int cmd_audit_purge(struct cli *c)
{
	struct purge p = { .c = c };
	exs_err err = EXS_ERR_INIT;
	int code;

	if (read_rule(&p, &err))
		return cli_usage(c, "%s", err.text);
	if (!cli_open_audit(c, &p.audit, &code))
		return code;
	if (see_all(&p, &err)) {
		release(&p);
		return cli_failed(c, &err);
	}
	code = forget_all(&p);
	if (p.json)
		out_raw(&c->out, str_of(p.told ? "]\n" : "[]\n"));
	log_info(&c->log, "%" PRId64 " run%s %s, %" PRId64 " bytes", p.runs, p.runs == 1 ? "" : "s",
		 p.dry ? "would go" : "went", p.bytes);
	release(&p);
	return code;
}
