/* SPDX-License-Identifier: MIT */
/* run_budget_kit.h - runs that spend from the budget of the tests, and what it says of them. */
#ifndef TEST_RUN_BUDGET_KIT_H
#define TEST_RUN_BUDGET_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/calls.h"
#include "run/run.h"
#include "support/run_kit.h"

#define SAYS "purse.log"

static const char two_turns[] = "turns:\n"
				"  - say: half an answer of some length\n"
				"    calls: [{ tool: pure, args: { text: one } }]\n"
				"  - say: done\n";

static inline void open_with_purse(struct kit *k, const char *script, enum kit_store store,
				   const char *agents, const char *options)
{
	char batteries[512];
	struct kit_extra extra = { batteries, "  budget: purse\n" };

	snprintf(batteries, sizeof batteries, "  purse: { so: budget.so, log: purse.log%s }\n",
		 options);
	kit_open_with(k, script, store, agents, NULL, &extra);
}

static inline int64_t stored_sum(struct kit *k, const char *key)
{
	unsigned char bytes[8] = { 0 };
	int64_t sum = 0;
	struct buf_sink sink;
	struct buf value;
	exs_err err = EXS_ERR_INIT;
	int i;

	buf_init(&value, 64);
	if (call_store_get(k->host->store, str_of(key), buf_sink_init(&sink, &value), &err) ==
	    EXS_OK) {
		assert_int_equal(value.n, sizeof bytes);
		memcpy(bytes, value.p, sizeof bytes);
	}
	buf_release(&value);
	for (i = 7; i >= 0; i--)
		sum = (int64_t)((uint64_t)sum << 8 | bytes[i]);
	return sum;
}

/* The n-th settle line must end like that. */
static inline void assert_settled(struct kit *k, int nth, const char *how)
{
	char line[512];
	size_t n, m = strlen(how);

	assert_true(kit_line(k, SAYS, "settle", nth, line));
	n = strlen(line);
	if (n < m || strcmp(line + n - m, how) != 0)
		fail_msg("'%s' is not settled as '%s'", line, how);
}

static inline void assert_committed_once(struct kit *k)
{
	char line[512];
	const char *ms;

	assert_int_equal(kit_lines(k, SAYS, "commit"), 1);
	assert_true(kit_line(k, SAYS, "commit", 0, line));
	ms = strrchr(line, ' ');
	assert_true(atoll(ms + 1) >= 0);
	assert_int_not_equal(ms[1], '-');
}

#endif
