/* SPDX-License-Identifier: MIT */
/* cmd_verify.c - executus store verify: reads every row and every run, and names what is damaged.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/past.h"
#include "host/calls.h"
#include "rows/head.h"

#define FINDING_MAX 2048u
#define VERIFY_RUNS (1u << 20)
#define ROW_DEPTH   64u
#define KERNEL_ROWS "k/"

struct verify {
	struct cli *c;
	bool json;
	int64_t rows, runs, facts, findings;
	char (*ids)[ID_MAX];
	size_t n, cap;
};

static void finding(struct verify *v, const char *what, const char *why)
{
	struct buf b;

	buf_init(&b, FINDING_MAX * 6);
	if (v->json) {
		buf_puts(&b, v->findings ? ",\n{\"what\":" : "{\"what\":");
		buf_jsonz(&b, what);
		buf_puts(&b, ",\"why\":");
		buf_jsonz(&b, why);
		buf_puts(&b, "}");
	} else {
		text_one_line(&b, str_of(what), FINDING_MAX);
		buf_puts(&b, ": ");
		text_one_line(&b, str_of(why), FINDING_MAX);
		buf_puts(&b, "\n");
	}
	v->findings++;
	out_buf(&v->c->out, &b);
}

/* ---- rows ---- */

static void check_kernel_row(struct verify *v, exs_str key, exs_str value)
{
	auto_free char *name = str_dup(key);
	exs_err why = EXS_ERR_INIT;
	struct head head;
	int64_t version = 0;

	if (str_starts(key, "k/head/")) {
		head_parse(value, &head, &why);
	} else if (json_check_object(value, ROW_DEPTH, &why) == EXS_OK) {
		json_get_int(value, "v", &version);
		if (version != 1)
			err_set(&why, EXS_CORRUPT, 0, "its version is %lld; this release reads 1",
				(long long)version);
	}
	if (why.status)
		finding(v, name ? name : "a row", why.text);
}

static exs_status each_row(void *arg, exs_str key, exs_str value)
{
	struct verify *v = arg;

	v->rows++;
	if (str_starts(key, KERNEL_ROWS))
		check_kernel_row(v, key, value);
	return v->c->out.failed ? EXS_IO : EXS_OK;
}

/* A row that fails its check ends the scan: what is behind it is found when it is mended. */
static exs_status check_rows(struct verify *v, exs_err *err)
{
	exs_status status =
		call_store_scan(v->c->host->store, str_of(NULL), str_of(NULL), 0, each_row, v, err);

	if (status != EXS_CORRUPT)
		return status;
	finding(v, "store", err->text);
	return EXS_OK;
}

/* ---- runs ---- */

static exs_status keep_id(void *arg, exs_str head)
{
	auto_free char *id = json_get_textz(head, "run", ID_MAX - 1);
	struct verify *v = arg;
	size_t cap = v->cap ? v->cap * 2 : 256;
	void *grown;

	if (!id || !id_ok(id))
		return EXS_OK;
	if (v->n == v->cap) {
		grown = v->n < VERIFY_RUNS ? realloc(v->ids, cap * sizeof *v->ids) : NULL;
		if (!grown)
			return EXS_NOMEM;
		v->ids = grown;
		v->cap = cap;
	}
	memset(v->ids[v->n], 0, ID_MAX);
	memcpy(v->ids[v->n++], id, strlen(id));
	return EXS_OK;
}

/* The facts stand between what the head said before they were read and what it says after. */
static void check_head(struct verify *v, const char *id, const struct head *before,
		       const struct past *past)
{
	exs_err err = EXS_ERR_INIT;
	struct head after;
	char why[FINDING_MAX];

	if (head_read(v->c->host, id, &after, &err))
		return; /* it was found among the rows */
	if (past->facts >= before->seq && past->facts <= after.seq)
		return;
	snprintf(why, sizeof why, "its head counts %" PRId64 " facts, and %" PRId64 " are there",
		 after.seq, past->facts);
	finding(v, id, why);
}

static void check_run(struct verify *v, const char *id)
{
	exs_err err = EXS_ERR_INIT, no_head = EXS_ERR_INIT;
	struct head before = { 0 };
	exs_status head = head_read(v->c->host, id, &before, &no_head);
	struct past past;

	past_init(&past, id);
	if (past_load(&past, v->c, &err)) {
		if (err.status != EXS_NOTFOUND) /* pruned meanwhile */
			finding(v, id, err.text);
	} else if (past.damage.status) {
		finding(v, id, past.damage.text);
	} else if (head == EXS_OK) {
		check_head(v, id, &before, &past);
	} else if (head == EXS_NOTFOUND) {
		finding(v, id, "it has facts and no head, so nobody can carry it on");
	}
	v->runs++;
	v->facts += past.facts;
	past_release(&past);
}

static exs_status check_runs(struct verify *v, exs_err *err)
{
	exs_status status = call_ckpt_list(v->c->host->checkpoint, 0, keep_id, v, err);
	size_t i;

	for (i = 0; i < v->n && status == EXS_OK; i++)
		check_run(v, v->ids[i]);
	return status;
}

/* ---- what the checkpoint knows ---- */

static exs_status checkpoint_finding(void *arg, exs_str text)
{
	auto_free char *why = str_dup(text);
	struct verify *v = arg;

	finding(v, v->c->host->checkpoint->conf->name, why ? why : "no memory to say what");
	return v->c->out.failed ? EXS_IO : EXS_OK;
}

/* A row that fails its check was found among the rows, and ends this. */
static exs_status check_checkpoint(struct verify *v, exs_err *err)
{
	exs_status status =
		call_ckpt_verify(v->c->host->checkpoint, checkpoint_finding, v, err);

	return status == EXS_UNSUPPORTED || status == EXS_CORRUPT ? EXS_OK : status;
}

/* ---- the command ---- */

static int over(struct verify *v)
{
	if (v->json)
		out_printf(&v->c->out,
			   "],\"rows\":%" PRId64 ",\"runs\":%" PRId64 ",\"facts\":%" PRId64 "}\n",
			   v->rows, v->runs, v->facts);
	else
		out_printf(&v->c->out,
			   "%" PRId64 " rows, %" PRId64 " runs, %" PRId64 " facts: %s\n", v->rows,
			   v->runs, v->facts, v->findings ? "damaged" : "sound");
	if (!v->findings)
		return EXIT_OK;
	log_error(&v->c->log,
		  "%" PRId64 " findings: restore a backup, or ask a person who knows the rows",
		  v->findings);
	return EXIT_STORAGE;
}

int store_verify(struct cli *c)
{
	struct verify v = { .c = c, .json = opts_has(&c->opts, OPT_JSON) };
	exs_err err = EXS_ERR_INIT;
	int code;

	if (v.json)
		out_raw(&c->out, str_of("{\"findings\":["));
	if (check_rows(&v, &err) || check_runs(&v, &err) || check_checkpoint(&v, &err))
		code = cli_failed(c, &err);
	else
		code = over(&v);
	free(v.ids);
	return code;
}
