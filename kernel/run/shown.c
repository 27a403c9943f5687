/* SPDX-License-Identifier: MIT */
/* shown.c - see shown.h. */
#include "run/shown.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/engine_priv.h"

static exs_status add_secrets(struct engine *e, exs_err *err)
{
	const exs_str *list;
	size_t i, j, n;

	for (i = 0; i < e->host->instance_n; i++) {
		if (!e->host->instances[i].settings)
			continue;
		n = settings_secrets(e->host->instances[i].settings, &list);
		for (j = 0; j < n; j++)
			if (redact_add_secret(&e->redact, list[j], err))
				return err->status;
	}
	return EXS_OK;
}

exs_status shown_open(struct engine *e, exs_err *err)
{
	const struct conf_run *run = &e->host->conf->run;
	uint32_t t;

	for (t = 0; t < e->tools.n; t++)
		if (e->tools.tools[t].flags & EXS_TOOL_SECRET_ARGS)
			e->secret_args = true;
	if (redact_add_patterns(&e->redact, run->redact, run->redact_n, err))
		return err->status;
	return add_secrets(e, err);
}

void shown_close(struct engine *e)
{
	redact_release(&e->redact);
}

static bool has_secret_args(const void *arg, const char *name)
{
	const struct tool *t = toolbox_find(arg, name);

	return t && (t->flags & EXS_TOOL_SECRET_ARGS) != 0;
}

/* Without room for the copy nothing of the body is shown. */
const exs_fact *fact_shown(const struct run *run, struct fact_rec *f)
{
	const struct engine *e = run->e;
	exs_status status;
	bool changed = false;
	struct buf out;

	if (f->shown_made ||
	    (!e->redact.pattern_n && !e->secret_args && !redact_has_images(&f->pub)))
		return f->shown_made ? &f->shown : &f->pub;
	f->shown = f->pub;
	f->shown_made = true;
	buf_init(&out, REDACT_BODY_MAX);
	status = redact_shown(&e->redact, &f->pub, e->secret_args ? has_secret_args : NULL,
			      &e->tools, &out, &changed);
	if (status) {
		log_warn(run->host->log, "run %s: fact %lld is shown without its body: %s", run->id,
			 (long long)f->pub.seq, "it cannot be redacted");
		f->shown.body = str_of("{}");
	} else if (changed) {
		f->shown.body.n = out.n;
		f->shown_text = buf_take(&out);
		f->shown.body.p = f->shown_text;
	}
	buf_release(&out);
	return &f->shown;
}
