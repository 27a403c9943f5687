/* SPDX-License-Identifier: MIT */
/* cmd_fsck.c - executus store fsck: what the store says of its own file. Nothing is changed. */
#include <inttypes.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "host/calls.h"

#define SAID_MAX 2048u

struct fsck {
	struct cli *c;
	int64_t damages;
	struct buf notes, found; /* JSON arrays without their brackets */
};

static exs_status said(void *arg, int32_t kind, exs_str text)
{
	struct fsck *f = arg;
	struct buf *list = kind == EXS_CHECK_DAMAGE ? &f->found : &f->notes;

	f->damages += kind == EXS_CHECK_DAMAGE;
	buf_puts(list, list->n ? ",\n" : "");
	buf_json(list, text);
	if (!opts_has(&f->c->opts, OPT_JSON)) {
		struct buf line;

		buf_init(&line, SAID_MAX);
		text_one_line(&line, text, SAID_MAX / 2);
		buf_puts(&line, "\n");
		out_buf(&f->c->out, &line);
	}
	return f->c->out.failed ? EXS_IO : EXS_OK;
}

static int over(struct fsck *f)
{
	struct out *out = &f->c->out;

	if (opts_has(&f->c->opts, OPT_JSON)) {
		out_raw(out, str_of("{\"findings\":["));
		out_raw(out, buf_view(&f->found));
		out_raw(out, str_of("],\"notes\":["));
		out_raw(out, buf_view(&f->notes));
		out_raw(out, str_of("]}\n"));
	} else {
		out_raw(out, str_of(f->damages ? "damaged\n" : "sound\n"));
	}
	if (!f->damages)
		return EXIT_OK;
	log_error(&f->c->log, "%" PRId64 " findings: restore a backup", f->damages);
	return EXIT_STORAGE;
}

int store_fsck(struct cli *c)
{
	struct fsck f = { .c = c };
	exs_err err = EXS_ERR_INIT;
	int code;

	buf_init(&f.notes, CLI_JSON_MAX);
	buf_init(&f.found, CLI_JSON_MAX);
	if (call_store_check(c->host->store, said, &f, &err))
		code = cli_failed(c, &err);
	else
		code = over(&f);
	buf_release(&f.notes);
	buf_release(&f.found);
	return code;
}
