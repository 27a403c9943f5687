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
#include "conf/units.h"
#include "host/calls.h"
#include "run/retain.h"
#include "run/words.h"

#define RUNS_MAX     1000000u /* runs of one purge; the next one sees the rest */
#define WORD_MAX     256u
#define KEY_MAX	     64u
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

/* "ok,error" */
static exs_status read_statuses(const char *text, uint32_t *out, exs_err *err)
{
	size_t n;

	for (*out = 0; text && *text; text += n + (text[n] == ',')) {
		int32_t status;

		n = strcspn(text, ",");
		status = ended_of(str_n(text, n));
		if (status <= EXS_ENDED_NONE || status >= EXS_ENDED_COUNT)
			return err_set(
				err, EXS_INVALID, 0,
				"no run ends as '%.*s': write ok, error, cancelled, timeout, "
				"killed or denied, several with commas",
				n > 40 ? 40 : (int)n, text);
		*out |= RETAIN_STATUS(status);
	}
	return EXS_OK;
}

static exs_status read_rule(struct purge *p, exs_err *err)
{
	const struct opts *o = &p->c->opts;
	const char *age = opts_value(o, OPT_OLDER_THAN), *keep = opts_value(o, OPT_KEEP);
	const char *bytes = opts_value(o, OPT_MAX_BYTES);
	struct retain_rule *r = &p->rule;

	if (!age && !keep && !bytes)
		return err_set(err, EXS_INVALID, 0,
			       "what may go? Say '--older-than 90d', '--keep 1000' or '--max-bytes "
			       "1g'");
	if ((age && units_duration(age, &r->max_age_ms, err)) ||
	    (bytes && units_size(bytes, &r->max_bytes, err)) ||
	    read_statuses(opts_value(o, OPT_STATUS), &r->statuses, err))
		return err->status;
	if ((age && r->max_age_ms <= 0) || (bytes && r->max_bytes <= 0))
		return err_set(err, EXS_INVALID, 0,
			       "'--older-than' and '--max-bytes' are greater than 0");
	r->agent = opts_value(o, OPT_AGENT);
	r->max_count = keep ? strtol(keep, NULL, 10) : 0;
	p->dry = opts_has(o, OPT_DRY_RUN);
	p->json = opts_has(o, OPT_JSON);
	return EXS_OK;
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

static void hold_key(const char *run, char out[KEY_MAX])
{
	snprintf(out, KEY_MAX, "k/hold/%s", run);
}

static exs_status see_hold(struct purge *p, struct retain_item *it, exs_err *err)
{
	struct buf_sink sink;
	char key[KEY_MAX];
	struct buf row;
	exs_status status;

	hold_key(it->run, key);
	buf_init(&row, EXS_STORE_VALUE_MAX);
	status = call_store_get(p->c->host->store, str_of(key), buf_sink_init(&sink, &row), err);
	buf_release(&row);
	it->held = status != EXS_NOTFOUND;
	return status == EXS_NOTFOUND || status == EXS_CORRUPT ? EXS_OK : status;
}

static exs_status see_all(struct purge *p, exs_err *err)
{
	exs_status status = call_audit_list(p->audit, NULL, take_head, p, err);
	size_t i;

	for (i = 0; status == EXS_OK && i < p->n; i++)
		if (p->items[i].ended)
			status = see_hold(p, &p->items[i], err);
	if (status)
		return status;
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
	char key[KEY_MAX];
	struct batch b;
	exs_status status;

	hold_key(run, key);
	batch_init(&b);
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
