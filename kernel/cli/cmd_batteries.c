/* SPDX-License-Identifier: MIT */
/* cmd_batteries.c - executus batteries: what is installed, and what its options mean. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/cli.h"

#define FILE_WIDTH 24
#define TEXT_MAX   4096u

struct listing {
	struct cli *c;
	struct loader loader;
	size_t n, bad;
	bool json;
};

static const char *const type_words[] = { "",	  "text",     "integer", "true or false",
					  "size", "duration", "path",	 "secret",
					  "list", "tree",     "choice" };

static const char *type_word(int32_t type)
{
	return type > 0 && (size_t)type < ARRAY_LEN(type_words) ? type_words[type] : "?";
}

static const exs_option *option_at(const exs_battery *b, size_t i)
{
	const char *at = (const char *)b->options + i * b->option_size;
	const exs_option *o = (const exs_option *)(const void *)at;

	return o->key ? o : NULL;
}

static const char *choices_of(const exs_battery *b, const exs_option *o)
{
	return b->option_size >= offsetof(exs_option, choices) + sizeof o->choices ? o->choices
										   : NULL;
}

/* ---- JSON ---- */

static void put_text(struct buf *b, const char *key, const char *text)
{
	buf_printf(b, "\"%s\":", key);
	if (text)
		buf_jsonz(b, text);
	else
		buf_puts(b, "null");
}

static void json_options(struct buf *b, const exs_battery *battery)
{
	const exs_option *o;
	size_t i;

	buf_puts(b, ",\"options\":[");
	for (i = 0; (o = option_at(battery, i)); i++) {
		buf_puts(b, i ? ",{" : "{");
		put_text(b, "key", o->key);
		buf_puts(b, ",");
		put_text(b, "type", type_word(o->type));
		buf_printf(b, ",\"required\":%s,\"positive\":%s,",
			   o->flags & EXS_REQUIRED ? "true" : "false",
			   o->flags & EXS_POSITIVE ? "true" : "false");
		put_text(b, "default", o->deflt);
		buf_puts(b, ",");
		put_text(b, "choices", choices_of(battery, o));
		buf_puts(b, ",");
		put_text(b, "help", o->help);
		buf_puts(b, "}");
	}
	buf_puts(b, "]");
}

static void json_row(struct listing *l, const char *file, const struct loaded *loaded,
		     const exs_err *why)
{
	struct buf b;
	size_t i;

	buf_init(&b, CLI_JSON_MAX);
	buf_puts(&b, l->n ? ",\n{" : "[{");
	put_text(&b, "file", loaded ? loaded->path : file);
	buf_puts(&b, ",");
	put_text(&b, "error", why ? why->text : NULL);
	if (loaded) {
		const exs_battery *x = loaded->battery;

		buf_puts(&b, ",");
		put_text(&b, "id", x->id);
		buf_puts(&b, ",");
		put_text(&b, "version", x->version);
		buf_printf(&b, ",\"abi\":\"%u.%u\",", x->abi >> 16, x->abi & 0xffff);
		put_text(&b, "summary", x->summary);
		buf_puts(&b, ",");
		put_text(&b, "license", x->license);
		buf_puts(&b, ",\"ports\":[");
		for (i = 0; x->ports[i]; i++) {
			buf_puts(&b, i ? "," : "");
			buf_jsonz(&b, x->ports[i]);
		}
		buf_puts(&b, "]");
		json_options(&b, x);
	}
	buf_puts(&b, "}");
	out_buf(&l->c->out, &b);
}

/* ---- text ---- */

static void text_row(struct listing *l, const char *file, const struct loaded *loaded,
		     const exs_err *why)
{
	const exs_battery *b = loaded ? loaded->battery : NULL;
	const char *const *p;

	out_printf(&l->c->out, "%-*s ", FILE_WIDTH, file);
	if (!b) {
		out_text(&l->c->out, str_of(why->text));
		out_raw(&l->c->out, str_of("\n"));
		return;
	}
	out_printf(&l->c->out, "%s %s, ABI %u.%u:", b->id, b->version, b->abi >> 16,
		   b->abi & 0xffff);
	for (p = b->ports; *p; p++)
		out_printf(&l->c->out, " %s", *p);
	out_printf(&l->c->out, "\n%*s %s\n", FILE_WIDTH, "", b->summary);
}

static void text_option(struct out *out, const exs_battery *b, const exs_option *o)
{
	const char *choices = choices_of(b, o);

	out_printf(out, "  %s: %s", o->key, type_word(o->type));
	if (choices)
		out_printf(out, " of %s", choices);
	if (o->flags & EXS_POSITIVE)
		out_printf(out, ", greater than 0");
	if (o->flags & EXS_REQUIRED)
		out_printf(out, ", required");
	else
		out_printf(out, ", default %s", o->deflt ? o->deflt : "none");
	out_printf(out, "\n      %s\n", o->help ? o->help : "");
}

static void text_details(struct listing *l, const struct loaded *loaded)
{
	const exs_battery *b = loaded->battery;
	struct out *out = &l->c->out;
	const exs_option *o;
	size_t i;

	out_printf(out, "%s%s\n  %s %s, ABI %u.%u, %s\n  %s\n", l->n ? "\n" : "", loaded->path,
		   b->id, b->version, b->abi >> 16, b->abi & 0xffff, b->license, b->summary);
	for (i = 0; b->ports[i]; i++)
		out_printf(out, "%s %s", i ? "," : "  fills", b->ports[i]);
	out_printf(out, "\n\n");
	for (i = 0; (o = option_at(b, i)); i++)
		text_option(out, b, o);
	if (i == 0)
		out_printf(out, "  no options\n");
}

/* ---- the command ---- */

static exs_status row(void *arg, const char *file, const struct loaded *loaded, const exs_err *why)
{
	struct listing *l = arg;

	if (l->json)
		json_row(l, file, loaded, why);
	else
		text_row(l, file, loaded, why);
	l->n++;
	l->bad += !loaded;
	return EXS_OK;
}

static exs_status list_folders(struct listing *l, exs_err *err)
{
	exs_status status = EXS_OK;
	size_t i, seen = 0;

	for (i = 0; status == EXS_OK && l->c->folders[i]; i++) {
		if (access(l->c->folders[i], F_OK))
			continue;
		seen++;
		status = loader_scan(&l->loader, l->c->folders[i], row, l, err);
	}
	if (seen == 0)
		log_info(&l->c->log, "no battery folder: neither -B names one nor is there %s",
			 EXECUTUS_BATTERY_DIR);
	return status;
}

/* A name without a slash may lie in the current folder as well as in a battery folder. */
static void show_file(struct listing *l, const char *file)
{
	const struct loaded *loaded = NULL;
	exs_err err = EXS_ERR_INIT;
	auto_free char *here = NULL, *dir = getcwd(NULL, 0);
	exs_status status = loader_open(&l->loader, file, dir ? dir : "/", &loaded, &err);

	if (status == EXS_NOTFOUND && !strchr(file, '/') && access(file, F_OK) == 0 &&
	    asprintf(&here, "./%s", file) >= 0)
		status = loader_open(&l->loader, here, dir ? dir : "/", &loaded, &err);
	if (status && !l->json)
		log_error(&l->c->log, "%s", err.text);
	else if (l->json)
		json_row(l, file, loaded, status ? &err : NULL);
	else
		text_details(l, loaded);
	l->n++;
	l->bad += status != EXS_OK;
}

int cmd_batteries(struct cli *c)
{
	struct listing l = { .c = c, .json = opts_has(&c->opts, OPT_JSON) };
	exs_err err = EXS_ERR_INIT;
	exs_status status = EXS_OK;
	struct loader_guard guard;
	uint32_t i;

	loader_init(&l.loader, c->folders);
	if (loader_guard_begin(&guard, &c->log, &err))
		return cli_failed(c, &err);
	for (i = 0; i < c->opts.arg_n; i++)
		show_file(&l, c->opts.args[i]);
	if (c->opts.arg_n == 0)
		status = list_folders(&l, &err);
	loader_guard_end(&guard);
	loader_release(&l.loader);
	if (l.json)
		out_raw(&c->out, str_of(l.n ? "]\n" : "[]\n"));
	if (status)
		return cli_conf_mistake(c, &err);
	return c->opts.arg_n && l.bad ? EXIT_CONF : EXIT_OK;
}
