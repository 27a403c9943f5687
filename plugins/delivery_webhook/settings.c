/* SPDX-License-Identifier: MIT */
/* settings.c - see settings.h. */
#include "settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <executus/helper.h>

#define BODY_MIN 1024

const exs_option webhook_options[] = {
	{ "secret", EXS_OPT_SECRET, EXS_REQUIRED, NULL,
	  "what signs: whsec_BASE64, or 16 to 64 bytes", NULL },
	{ "old_secret", EXS_OPT_SECRET, 0, NULL, "signs too, while receivers change to the new one",
	  NULL },
	{ "allow", EXS_OPT_LIST, 0, NULL,
	  "hosts and address blocks that may be private: 127.0.0.1, 10.0.0.0/8, hook.lan", NULL },
	{ "allow_private", EXS_OPT_BOOL, 0, "false", "any private address", NULL },
	{ "timeout", EXS_OPT_DURATION, EXS_POSITIVE, "8s", "for one try", NULL },
	{ "connect_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "4s", "of it, to connect", NULL },
	{ "max_body", EXS_OPT_SIZE, EXS_POSITIVE, "20k", "bytes that are posted; the output is cut",
	  NULL },
	{ "link", EXS_OPT_TEXT, 0, NULL, "where the rest can be read; {run} is the run's id",
	  NULL },
	{ "gone_for", EXS_OPT_DURATION, EXS_POSITIVE, "30d",
	  "a receiver that answered 410 is left alone that long", NULL },
	{ "ca", EXS_OPT_PATH, 0, NULL, "file of certificates to trust instead of the system's",
	  NULL },
	{ "proxy", EXS_OPT_TEXT, 0, NULL,
	  "http://host:port; without it the environment's is not used", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};

static exs_status with_place(const exs_conf *conf, const char *key, exs_err *err)
{
	exs_err why = *err;

	return exs_fail(err, why.status, 0, "%s: %s", conf->where(conf, key).p, why.text);
}

static exs_status read_keys(const exs_conf *conf, struct settings *s, exs_err *err)
{
	static const char *const names[] = { "secret", "old_secret" };
	int i;

	for (i = 0; i < 2; i++)
		if ((i == 0 || conf->given(conf, names[i])) &&
		    key_read(conf->text(conf, names[i]), names[i], &s->keys[i], err))
			return with_place(conf, names[i], err);
	return EXS_OK;
}

static bool host_ok(const char *text)
{
	const char *p;

	for (p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-._:", *p))
			return false;
	return p > text && (size_t)(p - text) < HOST_MAX;
}

static exs_status read_allowed(const exs_conf *conf, struct settings *s, exs_err *err)
{
	int64_t i, n = conf->count(conf, "allow");
	size_t j;

	if (n > ALLOW_MAX)
		return exs_fail(err, EXS_INVALID, 0, "%s: 'allow' takes at most %d",
				conf->where(conf, "allow").p, ALLOW_MAX);
	s->hosts = calloc((size_t)n + 1, sizeof *s->hosts);
	if (!s->hosts)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings of a webhook");
	for (i = 0; i < n; i++) {
		const char *text = conf->item(conf, "allow", i).p;

		if (block_parse(text, &s->blocks[s->block_n])) {
			s->block_n++;
			continue;
		}
		if (!host_ok(text))
			return exs_fail(err, EXS_INVALID, 0,
					"%s: 'allow': '%.60s' is no host, address or block of them",
					conf->where(conf, "allow").p, text);
		for (j = 0; text[j]; j++)
			s->hosts[s->host_n][j] = (char)tolower((unsigned char)text[j]);
		s->host_n++;
	}
	return EXS_OK;
}

static char *copy(exs_str text)
{
	return text.n ? strndup(text.p, text.n) : strdup("");
}

static exs_status read_texts(const exs_host *host, const exs_conf *conf, struct settings *s,
			     exs_err *err)
{
	char agent[64];

	snprintf(agent, sizeof agent, "executus/%s", host->version);
	s->agent = strdup(agent);
	s->link = copy(conf->text(conf, "link"));
	s->ca = copy(conf->text(conf, "ca"));
	s->proxy = copy(conf->text(conf, "proxy"));
	if (!s->agent || !s->link || !s->ca || !s->proxy)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings of a webhook");
	return EXS_OK;
}

exs_status settings_read(const exs_host *host, const exs_conf *conf, struct settings *out,
			 exs_err *err)
{
	memset(out, 0, sizeof *out);
	out->timeout_ms = conf->number(conf, "timeout");
	out->connect_ms = conf->number(conf, "connect_timeout");
	out->max_body = conf->number(conf, "max_body");
	out->gone_ms = conf->number(conf, "gone_for");
	out->any = conf->number(conf, "allow_private") != 0;
	if (out->max_body < BODY_MIN)
		exs_fail(err, EXS_INVALID, 0, "%s: 'max_body' is at least %d bytes",
			 conf->where(conf, "max_body").p, BODY_MIN);
	else if (read_keys(conf, out, err) == EXS_OK && read_allowed(conf, out, err) == EXS_OK &&
		 read_texts(host, conf, out, err) == EXS_OK)
		return EXS_OK;
	settings_release(out);
	return err->status;
}

void settings_release(struct settings *s)
{
	free(s->hosts);
	free(s->link);
	free(s->ca);
	free(s->proxy);
	free(s->agent);
	memset(s, 0, sizeof *s);
}

bool settings_allow_host(const struct settings *s, const char *host)
{
	size_t i;

	for (i = 0; i < s->host_n; i++)
		if (strcasecmp(s->hosts[i], host) == 0)
			return true;
	return false;
}

bool settings_allow_address(const struct settings *s, const struct sockaddr *sa)
{
	size_t i;

	if (s->any)
		return true;
	for (i = 0; i < s->block_n; i++)
		if (block_has(&s->blocks[i], sa))
			return true;
	return false;
}
