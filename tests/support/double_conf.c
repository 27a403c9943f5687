/* SPDX-License-Identifier: MIT */
/* double_conf.c - settings of a battery from a table of texts. See double.h. */
#include "support/double_priv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct double_setting *setting(const exs_conf *conf, const char *key)
{
	const struct double_conf *c = container_of(conf, struct double_conf, conf);
	const struct double_setting *s;

	for (s = c->set; s && s->key; s++)
		if (strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

static const exs_option *option(const exs_conf *conf, const char *key)
{
	const struct double_conf *c = container_of(conf, struct double_conf, conf);
	const exs_option *o;

	for (o = c->options; o && o->key; o++)
		if (strcmp(o->key, key) == 0)
			return o;
	fprintf(stderr, "battery asks for the undeclared option '%s'\n", key);
	abort();
}

static int32_t conf_given(const exs_conf *conf, const char *key)
{
	(void)option(conf, key);
	return setting(conf, key) != NULL;
}

static const char *conf_raw(const exs_conf *conf, const char *key)
{
	const struct double_setting *s = setting(conf, key);
	const exs_option *o = option(conf, key);

	return s ? s->value : o->deflt;
}

static exs_str conf_text(const exs_conf *conf, const char *key)
{
	const char *raw = conf_raw(conf, key);

	return exs_cstr(raw ? raw : "");
}

static int64_t conf_number(const exs_conf *conf, const char *key)
{
	const exs_option *o = option(conf, key);
	const char *raw = conf_raw(conf, key);
	char *end;
	int64_t v;

	if (!raw)
		return 0;
	if (o->type == EXS_OPT_BOOL)
		return strcmp(raw, "true") == 0;
	v = strtoll(raw, &end, 10);
	if (o->type == EXS_OPT_SIZE)
		v *= *end == 'k' ? 1 << 10 : *end == 'm' ? 1 << 20 : *end == 'g' ? 1 << 30 : 1;
	if (o->type == EXS_OPT_DURATION)
		v *= strcmp(end, "s") == 0   ? 1000
		     : strcmp(end, "m") == 0 ? 60000
		     : strcmp(end, "h") == 0 ? 3600000
		     : strcmp(end, "d") == 0 ? 86400000
					     : 1;
	return v;
}

static int64_t conf_count(const exs_conf *conf, const char *key)
{
	const char *raw = conf_raw(conf, key);
	int64_t n = raw && *raw ? 1 : 0;

	for (; raw && *raw; raw++)
		n += *raw == '|';
	return n;
}

static exs_str conf_item(const exs_conf *conf, const char *key, int64_t index)
{
	struct double_conf *c = container_of(conf, struct double_conf, conf);
	const char *raw = conf_raw(conf, key);
	char *slot = c->items[index % 16];
	size_t n;

	if (index < 0 || index >= conf_count(conf, key))
		return exs_cstr("");
	while (index-- > 0)
		raw = strchr(raw, '|') + 1;
	n = strcspn(raw, "|");
	assert(n < sizeof c->items[0]);
	memcpy(slot, raw, n);
	slot[n] = '\0';
	return exs_bytes(slot, n);
}

static exs_str conf_json(const exs_conf *conf, const char *key)
{
	const char *raw = conf_raw(conf, key);

	return exs_cstr(raw ? raw : "null");
}

static exs_str conf_where(const exs_conf *conf, const char *key)
{
	(void)conf;
	(void)key;
	return exs_cstr("test.yaml:1:1");
}

const exs_conf double_conf_table = { sizeof double_conf_table, 0, conf_given, conf_text, conf_number,
				     conf_count, conf_item, conf_json, conf_where };
