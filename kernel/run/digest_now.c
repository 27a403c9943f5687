/* SPDX-License-Identifier: MIT */
/* digest_now.c - see digest_now.h. */
#include "run/digest_now.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

/* With its length, so that two texts side by side are not two others. */
static void add_text(struct sha256 *h, const char *text)
{
	char n[24];

	snprintf(n, sizeof n, "%zu:", text ? strlen(text) : (size_t)0);
	sha256_add(h, n, strlen(n));
	if (text)
		sha256_add(h, text, strlen(text));
}

static void add_int(struct sha256 *h, int64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, n);
	add_text(h, text);
}

static void end(struct sha256 *h, char out[DIGEST_MAX])
{
	unsigned char bytes[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];

	sha256_end(h, bytes);
	sha256_hex(bytes, hex);
	memcpy(out, hex, DIGEST_MAX - 1);
	out[DIGEST_MAX - 1] = '\0';
}

static void of_agent(const struct conf_agent *a, char out[DIGEST_MAX])
{
	struct sha256 h;
	size_t i;

	sha256_init(&h);
	add_text(&h, a ? a->name : "gone");
	for (i = 0; a && i < a->tool_n; i++)
		add_text(&h, a->tools[i]);
	for (i = 0; a && a->tier && i < a->tier->model_n; i++)
		add_text(&h, a->tier->models[i].text);
	if (a) {
		add_text(&h, a->prompt);
		add_text(&h, a->tier_name);
		add_int(&h, a->max_steps);
		add_int(&h, a->max_runtime_ms);
		add_int(&h, a->max_same_calls);
		add_int(&h, a->max_failed_steps);
		add_int(&h, a->max_tokens);
		add_int(&h, a->in_doubt);
	}
	end(&h, out);
}

static void of_tools(const struct toolbox *t, const char *const *names, size_t n,
		     char out[DIGEST_MAX])
{
	struct sha256 h;
	size_t i;

	sha256_init(&h);
	for (i = 0; i < n; i++) {
		const struct tool *tool = toolbox_find(t, names[i]);

		add_text(&h, names[i]);
		add_text(&h, tool ? tool->about : "gone");
		add_text(&h, tool ? tool->schema : NULL);
		add_int(&h, tool ? tool->effect : 0);
		add_int(&h, tool ? tool->flags : 0);
	}
	end(&h, out);
}

/* Names are unique, so no two cancel each other out. */
static void of_batteries(const struct host *host, char out[DIGEST_MAX])
{
	unsigned char all[SHA256_BYTES] = { 0 }, one[SHA256_BYTES];
	struct sha256 h;
	size_t i, j;

	for (i = 0; i < host->instance_n; i++) {
		const struct instance *in = &host->instances[i];

		sha256_init(&h);
		add_text(&h, in->conf->name);
		add_text(&h, in->battery->id);
		add_text(&h, in->battery->version);
		sha256_end(&h, one);
		for (j = 0; j < sizeof all; j++)
			all[j] ^= one[j];
	}
	sha256_init(&h);
	sha256_add(&h, all, sizeof all);
	end(&h, out);
}

void digests_now(const struct host *h, const struct toolbox *t, const struct conf_agent *agent,
		 const char *const *tools, size_t tool_n, struct digests *out)
{
	of_agent(agent, out->hex[DIGEST_AGENT]);
	of_tools(t, tools, tool_n, out->hex[DIGEST_TOOLS]);
	of_batteries(h, out->hex[DIGEST_BATTERIES]);
}
