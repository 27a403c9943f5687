/* SPDX-License-Identifier: MIT */
/*
 * toolbox_kit.h - a host of tool batteries that are only tables: nothing is loaded.
 *
 * Each battery tells the specs of its self, a list that ends with a NULL; `stubborn` ones go on
 * after a refusal.
 */
#ifndef TEST_TOOLBOX_KIT_H
#define TEST_TOOLBOX_KIT_H

#include <stdlib.h>
#include <string.h>

#include <executus/helper.h>

#include "run/toolbox.h"

#define KIT_MAX 3u

struct exs_self {
	const exs_tool_spec *const *specs;
	bool stubborn;
	exs_status answer; /* of list, when every spec was taken */
	exs_tool table;
};

struct kit {
	struct host *host;
	struct conf_battery conf[KIT_MAX];
	struct loaded loaded[KIT_MAX];
	exs_self self[KIT_MAX];
};

static const exs_battery kit_battery = { .flags = EXS_CONCURRENT };

static exs_status kit_list(exs_self *self, exs_status (*each)(void *arg, const exs_tool_spec *spec),
			   void *arg, exs_err *err)
{
	exs_status status;

	for (const exs_tool_spec *const *s = self->specs; *s; s++) {
		status = each(arg, *s);
		if (status && !self->stubborn)
			return exs_fail(err, status, 0, "a tool was not taken");
	}
	if (self->answer)
		return exs_fail(err, self->answer, 0, "the list is torn");
	return EXS_OK;
}

static void kit_call(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	(void)self;
	(void)call;
	(void)cancel;
	exs_end(done, EXS_OK);
}

/* The specs of each battery; the first NULL list ends them. */
static void kit_init(struct kit *k, const exs_tool_spec *const *a, const exs_tool_spec *const *b,
		     const exs_tool_spec *const *c)
{
	static const char *const names[KIT_MAX] = { "fs", "web", "more" };
	static const char *const files[KIT_MAX] = { "tool_fs.so", "tool_web.so", "tool_more.so" };
	const exs_tool_spec *const *const lists[KIT_MAX] = { a, b, c };

	memset(k, 0, sizeof *k);
	k->host = calloc(1, sizeof *k->host);
	if (k->host)
		k->host->instances = calloc(KIT_MAX, sizeof *k->host->instances);
	if (!k->host || !k->host->instances)
		abort();
	k->host->stall_ms = STALL_MS;
	for (size_t i = 0; i < KIT_MAX && lists[i]; i++) {
		struct instance *in = &k->host->instances[k->host->instance_n++];

		k->conf[i].name = names[i];
		k->loaded[i].file = files[i];
		k->self[i].specs = lists[i];
		k->self[i].table =
			(exs_tool){ .size = sizeof(exs_tool), .list = kit_list, .call = kit_call };
		in->host = k->host;
		in->conf = &k->conf[i];
		in->loaded = &k->loaded[i];
		in->battery = &kit_battery;
		in->self = &k->self[i];
		in->tool = &k->self[i].table;
	}
}

static void kit_release(struct kit *k)
{
	free(k->host->instances);
	free(k->host);
}

#define KIT_SPEC(name_, effect_, schema_)                                                          \
	{                                                                                          \
		sizeof(exs_tool_spec), (effect_), (name_), "does " name_,                          \
			{ schema_, sizeof(schema_) - 1 }, 0, 0, 0                                  \
	}

static const exs_tool_spec kit_grep =
	KIT_SPEC("grep", EXS_EFFECT_PURE,
		 " {\"type\":\"object\", \"properties\":{\"pattern\":{\"type\":\"string\"}},"
		 "\"required\":[\"pattern\"],\"additionalProperties\":false}\n");
static const exs_tool_spec kit_read =
	KIT_SPEC("read_file", EXS_EFFECT_PURE, "{\"type\":\"object\"}");
static const exs_tool_spec kit_post = KIT_SPEC("post", EXS_EFFECT_UNSAFE, "{}");

#endif
