/* SPDX-License-Identifier: MIT */
/* run_delivery_kit.h - runs whose result goes to the delivery of the tests, and the outbox behind
 * them. */
#ifndef TEST_RUN_DELIVERY_KIT_H
#define TEST_RUN_DELIVERY_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "rows/outbox_row.h"
#include "support/run_kit.h"

#define SAYS "post.log"

static const char says_done[] = "turns:\n  - say: done\n";

static inline void open_with_post(struct kit *k, const char *script, enum kit_store store,
				  const char *options, const char *more)
{
	char batteries[512];
	struct kit_extra extra = { batteries, "  delivery: { post: post }\n" };

	snprintf(batteries, sizeof batteries, "  post: { so: delivery.so, log: post.log%s }\n",
		 options);
	kit_open_with(k, script, store,
		      "agents:\n  t: { tools: [pure], deliver: ['post:there'] }\n", more, &extra);
}

static inline int outbox_rows(struct kit *k)
{
	return kit_rows(k, "k/outbox/");
}

/* The row goes with a batch that nobody waits for. */
static inline void assert_outbox_becomes(struct kit *k, int n)
{
	int i;

	for (i = 0; i < 2000 && outbox_rows(k) != n; i++)
		usleep(1000);
	assert_int_equal(outbox_rows(k), n);
}

static inline int sent_rows(struct kit *k)
{
	return kit_rows(k, "k/sent/");
}

/* The rows of the run that began last as `show` gets them, one a line. */
static inline void add_line(void *arg, exs_str json)
{
	char *out = arg;
	size_t n = strlen(out);

	snprintf(out + n, 4096 - n, "%.*s\n", (int)json.n, json.p);
}

static inline const char *deliveries(struct kit *k, char out[4096])
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];

	kit_newest(k, id);
	out[0] = '\0';
	if (outbox_each(k->host, id, add_line, out, &err))
		fail_msg("%s", err.text);
	return out;
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}

#endif
