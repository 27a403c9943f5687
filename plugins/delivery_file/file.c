/* SPDX-License-Identifier: MIT */
/*
 * file.c - delivery battery: the result as a file in a folder, replaced as a whole when it comes
 * again.
 *
 * The parcel's target, when it has one, is the file's name; else the name is made from the option.
 * Both stay below the folder. The receipt is the path. As text the file holds the answer and, for a
 * run that did not end ok, a last line with its status and what went wrong.
 */
#include <executus/helper.h>
#include <executus/port/delivery.h>

#include "name.h"
#include "place.h"

#define PIECES_MAX 6u

enum format { TEXT, JSON };

struct exs_self {
	struct place place;
	char *name;
	enum format format;
};

/* The bytes of the file, as views. Returns how many. */
static size_t contents(const exs_self *self, const exs_parcel *parcel, exs_str out[PIECES_MAX])
{
	exs_str text = self->format == JSON ? parcel->result : parcel->output;
	size_t n = 0;

	out[n++] = text;
	if (text.n > 0 && text.p[text.n - 1] != '\n')
		out[n++] = exs_cstr("\n");
	if (self->format == JSON || parcel->on == EXS_ENDED_OK)
		return n;
	out[n++] = exs_cstr(parcel->status);
	out[n++] = exs_cstr(parcel->error.n ? ": " : "");
	out[n++] = parcel->error;
	out[n++] = exs_cstr("\n");
	return n;
}

static exs_status file_name(const exs_self *self, const exs_parcel *parcel,
			    char out[NAME_MAX_BYTES], exs_err *err)
{
	if (!parcel->target || !*parcel->target)
		return name_make(exs_cstr(self->name), parcel, out, err);
	if (name_check(parcel->target, "the delivery's target", err))
		return err->status;
	memcpy(out, parcel->target, strlen(parcel->target) + 1);
	return EXS_OK;
}

static exs_status put_receipt(const exs_self *self, const char *name, exs_done receipt)
{
	exs_status s = exs_put(receipt, self->place.dir);

	if (s == EXS_OK)
		s = exs_put(receipt, "/");
	return s == EXS_OK ? exs_put(receipt, name) : s;
}

static void deliver(exs_self *self, const exs_parcel *parcel, exs_cancel *cancel, exs_done receipt)
{
	exs_str pieces[PIECES_MAX];
	exs_err err = EXS_ERR_INIT;
	char name[NAME_MAX_BYTES];
	size_t n = contents(self, parcel, pieces);

	if (file_name(self, parcel, name, &err) ||
	    place_put(&self->place, name, pieces, n, cancel, &err)) {
		exs_end_err(receipt, &err);
		return;
	}
	exs_end(receipt, put_receipt(self, name, receipt));
}

/* ---- the battery ---- */

static void file_close(exs_self *self)
{
	free(self->place.dir);
	free(self->name);
	free(self);
}

static exs_status check_settings(const exs_self *self, const exs_conf *conf, const exs_host *host,
				 exs_err *err)
{
	if (!self->place.dir || !self->name)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	if (name_check_template(exs_cstr(self->name), conf->where(conf, "name"), err))
		return err->status;
	return place_ready(&self->place, err);
}

static char *setting(const exs_conf *conf, const char *key)
{
	exs_str text = conf->text(conf, key);

	return strndup(text.n ? text.p : "", text.n);
}

static exs_status file_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	self->place.dir = setting(conf, "dir");
	self->place.sync = conf->number(conf, "sync") != 0;
	self->name = setting(conf, "name");
	self->format = exs_str_eq(conf->text(conf, "format"), exs_cstr("json")) ? JSON : TEXT;
	if (check_settings(self, conf, host, err)) {
		file_close(self);
		return err->status;
	}
	*out = self;
	return EXS_OK;
}

static const exs_delivery delivery = {
	.size = sizeof delivery,
	.flags = 0,
	.deliver = deliver,
};

static const void *file_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_DELIVERY) == 0 ? &delivery : NULL;
}

static const exs_option options[] = {
	{ "dir", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the folder; made when it is absent", NULL },
	{ "name", EXS_OPT_TEXT, 0, "{run}.md", "file name of {run} {agent} {status} {date}", NULL },
	{ "format", EXS_OPT_CHOICE, 0, "text", "the answer alone, or all of the result",
	  "text|json" },
	{ "sync", EXS_OPT_BOOL, 0, "true", "the file survives a power loss once it is delivered",
	  NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const char *const ports[] = { EXS_PORT_DELIVERY, NULL };

EXS_BATTERY("executus.delivery_file", EXECUTUS_VERSION, "writes the result to a file", "MIT",
	    options, ports, file_open, file_close, file_port)
