/* SPDX-License-Identifier: MIT */
/* flaky_kit.h - runs on the flaky store, and what its log must say of every one of them. */
#ifndef TEST_FLAKY_KIT_H
#define TEST_FLAKY_KIT_H

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
#include "run/engine_priv.h"
#include "support/run_kit.h"

#define HELD_MS	  150 /* long enough to do what must not be done */
#define BATCHES	  256
#define RELAXED	  "run: { durability: relaxed }\n"
#define TOOL_THEN "turns:\n  - calls: [{ tool: %s, args: { text: it } }]\n  - say: done\n"

/* ---- the log of the store ---- */

struct line {
	bool submit; /* else an answer */
	long number;
	char what[16], ops[80], print[32], before[160], after[160];
	int status;
	long long before_seq, after_seq;
};

static inline long long seq_of(const char *head)
{
	const char *p = strstr(head, "\"seq\":");

	return p ? atoll(p + 6) : 0;
}

/* Lines of the log in their order, tools' lines left out; their number. */
static inline int read_log(struct kit *k, struct line out[BATCHES])
{
	char path[128], text[1024];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof path, "%s/effects.log", k->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	while (n < BATCHES && fgets(text, sizeof text, f)) {
		struct line *l = &out[n];

		memset(l, 0, sizeof *l);
		if (sscanf(text, "submit %ld %15s %79s %31s %159s %159s", &l->number, l->what,
			   l->ops, l->print, l->before, l->after) == 6) {
			l->submit = true;
			l->before_seq = seq_of(l->before);
			l->after_seq = seq_of(l->after);
			n++;
		} else if (sscanf(text, "answer %ld %d", &l->number, &l->status) == 2) {
			n++;
		}
	}
	fclose(f);
	return n;
}

/* The answer to the batch of a line, or -1. A store that was opened again counts from 1. */
static inline int answered(const struct line *log, int n, int line)
{
	int i;

	for (i = line + 1; i < n && !(log[i].submit && log[i].number <= log[line].number); i++)
		if (!log[i].submit && log[i].number == log[line].number)
			return log[i].status;
	return -1;
}

/* Every facts batch begins with the one check there is in it and follows the one before; what is in
 * is in once. */
static inline void assert_no_hole(struct kit *k)
{
	static struct line log[BATCHES];
	int n = read_log(k, log), i;
	char head[160] = "-";
	long long seq = 0;

	for (i = 0; i < n; i++) {
		const struct line *l = &log[i];

		if (!l->submit || strcmp(l->what, "facts") != 0)
			continue;
		assert_int_equal(l->ops[0], 'C');
		assert_null(strchr(l->ops + 1, 'C'));
		assert_true(l->after_seq > l->before_seq);
		if (answered(log, n, i) != EXS_OK)
			continue;
		assert_string_equal(l->before, head);
		assert_int_equal(l->before_seq, seq);
		snprintf(head, sizeof head, "%s", l->after);
		seq = l->after_seq;
	}
	assert_true(seq > 0);
}

static inline int facts_batches(struct kit *k)
{
	static struct line log[BATCHES];
	int n = read_log(k, log), i, count = 0;

	for (i = 0; i < n; i++)
		count += log[i].submit && strcmp(log[i].what, "facts") == 0;
	return count;
}

/* ---- helpers ---- */

static inline void open_flaky(struct kit *k, const char *script, const char *order,
			      const char *more)
{
	kit_open(k, script, KIT_FLAKY, NULL, more);
	kit_control(k, order);
}

static inline void open_tool(struct kit *k, const char *tool, const char *order, const char *more)
{
	char script[256];

	snprintf(script, sizeof script, TOOL_THEN, tool);
	open_flaky(k, script, order, more);
}

static inline void assert_held(struct kit *k)
{
	assert_false(engine_wait(k->run, HELD_MS));
}

static inline void assert_ends_ok(struct kit *k, const char *output)
{
	kit_wait(k);
	if (k->result->status != EXS_ENDED_OK)
		fail_msg("%d %s: %s", (int)k->result->status, k->result->reason, k->result->error);
	assert_string_equal(k->result->output, output);
	assert_no_hole(k);
}

static inline void assert_parked(struct kit *k)
{
	kit_wait(k);
	assert_int_equal(k->result->status, EXS_ENDED_PARKED);
	assert_string_equal(k->result->reason, "storage");
	assert_int_equal(kit_count(k, EXS_FACT_RUN_ENDED), 0);
}

static inline void resume_after_restart(struct kit *k, const char *order)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];

	snprintf(id, sizeof id, "%s", run_info(k->run)->run_id);
	kit_control(k, order);
	kit_shut(k);
	kit_reopen(k);
	if (kit_resume(k, id, &err))
		fail_msg("%s", err.text);
}

#endif
