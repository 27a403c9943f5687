/* SPDX-License-Identifier: MIT */
/* test_run_redact.c - secrets in whole runs: what is stored, what the model reads, what watchers
 * see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/calls.h"
#include "support/run_kit.h"

#define KEY	  "sk-live-0123456789"
#define TEXT_ROOM (1u << 20)

static const char agents[] = "agents:\n  tester:\n    tools: [unlock, leak, unsafe]\n"
			     "    max_runtime: 20s\n";
static const struct kit_extra extra = {
	"  safe: { so: safe.so, log: safe.log, key: $env:EXECUTUS_TEST_KEY }\n"
	"  trail: { so: audit_jsonl.so, path: trail.jsonl }\n",
	"  audit: [trail]\n"
};
static const char leaks[] = "turns:\n"
			    "  - calls: [{ tool: leak, args: { text: order 12-34 } }]\n"
			    "  - say: the key is " KEY " and the order 12-34\n";
static const char unlocks[] = "turns:\n"
			      "  - calls: [{ tool: unlock, args: { pin: 'four711' } }]\n"
			      "  - say: done\n";

static exs_status add_body(void *arg, const exs_fact *fact)
{
	buf_str(arg, fact->body);
	buf_puts(arg, "\n");
	return EXS_OK;
}

/* Every body that the checkpoint holds. */
static void stored(struct kit *k, struct buf *out)
{
	exs_err err = EXS_ERR_INIT;

	buf_init(out, TEXT_ROOM);
	assert_int_equal(
		call_ckpt_load(k->host->checkpoint, run_info(k->run)->run_id, add_body, out, &err),
		EXS_OK);
	assert_true(buf_ok(out));
}

static void trail(struct kit *k, struct buf *out)
{
	char path[128];
	int c;
	FILE *f;

	snprintf(path, sizeof path, "%s/trail.jsonl", k->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	buf_init(out, TEXT_ROOM);
	while ((c = fgetc(f)) != EOF) {
		char one = (char)c;

		buf_put(out, &one, 1);
	}
	fclose(f);
	assert_true(out->n > 0 && buf_ok(out));
}

static bool heard(const struct kit *k, const char *text)
{
	int i;

	for (i = 0; i < k->fact_n; i++)
		if (kit_body_has(&k->facts[i], text))
			return true;
	return false;
}

static void a_key_that_a_tool_prints_is_stored_nowhere(void **state)
{
	struct buf facts, lines;
	struct kit k;

	(void)state;
	kit_open_with(&k, leaks, KIT_LMDB, agents, NULL, &extra);
	kit_run(&k, "what is " KEY "?");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "the key is [secret] and the order 12-34");
	stored(&k, &facts);
	trail(&k, &lines);
	assert_null(strstr(facts.p, KEY));
	assert_null(strstr(lines.p, KEY));
	assert_false(heard(&k, KEY));
	assert_non_null(strstr(facts.p, "key [secret]\\nasked"));
	assert_non_null(strstr(facts.p, "what is [secret]?"));
	assert_non_null(strstr(facts.p, "12-34"));
	buf_release(&facts);
	buf_release(&lines);
	kit_close(&k);
}

static void a_run_that_stores_nothing_tells_no_key_either(void **state)
{
	struct kit k;

	(void)state;
	kit_open_with(&k, leaks, KIT_NONE, agents, NULL, &extra);
	kit_run(&k, "hi");
	assert_string_equal(k.result->output, "the key is [secret] and the order 12-34");
	assert_true(heard(&k, "key [secret]"));
	assert_false(heard(&k, KEY));
	kit_close(&k);
}

static void patterns_are_gone_for_watchers_and_kept_for_the_run(void **state)
{
	struct buf facts, lines;
	struct kit k;

	(void)state;
	kit_open_with(&k, leaks, KIT_LMDB, agents, "run:\n  redact: ['[0-9]+-[0-9]+']\n", &extra);
	kit_run(&k, "hi");
	assert_string_equal(k.result->output, "the key is [secret] and the order 12-34");
	stored(&k, &facts);
	trail(&k, &lines);
	assert_non_null(strstr(facts.p, "order 12-34"));
	assert_null(strstr(lines.p, "12-34"));
	assert_false(heard(&k, "12-34"));
	assert_true(heard(&k, "order [redacted]"));
	assert_non_null(strstr(lines.p, "order [redacted]"));
	buf_release(&facts);
	buf_release(&lines);
	kit_close(&k);
}

static void arguments_of_a_marked_tool_reach_the_tool_and_no_watcher(void **state)
{
	struct buf facts, lines;
	struct kit k;

	(void)state;
	kit_open_with(&k, unlocks, KIT_LMDB, agents, NULL, &extra);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, "safe.log", "unlock {\"pin\":\"four711\"}"), 1);
	stored(&k, &facts);
	trail(&k, &lines);
	assert_non_null(strstr(facts.p, "four711"));
	assert_null(strstr(lines.p, "four711"));
	assert_false(heard(&k, "four711"));
	assert_true(heard(&k, "\"arguments\":\"[secret]\""));
	assert_true(heard(&k, "\"args_sha256\":\"[secret]\""));
	buf_release(&facts);
	buf_release(&lines);
	kit_close(&k);
}

static void a_resumed_run_sees_what_was_stored(void **state)
{
	static const char script[] =
		"turns:\n"
		"  - calls: [{ tool: leak, args: { text: one } }]\n"
		"  - calls: [{ tool: unlock, args: { pin: 'four711' } }]\n"
		"  - calls: [{ tool: unsafe, args: { text: two, how: kill_before } }]\n"
		"  - say: done\n";
	exs_err err = EXS_ERR_INIT;
	struct buf facts;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	kit_open_with(&k, script, KIT_LMDB, agents, NULL, &extra);
	kit_run_dies(&k, "hi");
	kit_reopen(&k);
	kit_newest(&k, id);
	assert_int_equal(kit_resume(&k, id, &err), EXS_OK);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	stored(&k, &facts);
	assert_null(strstr(facts.p, KEY));
	assert_non_null(strstr(facts.p, "key [secret]"));
	assert_non_null(strstr(facts.p, "four711"));
	assert_false(heard(&k, "four711"));
	buf_release(&facts);
	kit_close(&k);
}

static void a_full_trail_is_seen_in_the_run_which_goes_on(void **state)
{
	static const struct kit_extra full = {
		"  safe: { so: safe.so, log: safe.log, key: $env:EXECUTUS_TEST_KEY }\n"
		"  trail: { so: audit_jsonl.so, path: /dev/full }\n",
		"  audit: [trail]\n"
	};
	struct kit k;
	int i;

	(void)state;
	kit_open_with(&k, unlocks, KIT_LMDB, agents, NULL, &full);
	for (i = 0; i < 2; i++) { /* the next run tries again */
		kit_run(&k, "hi");
		assert_int_equal(k.result->status, EXS_ENDED_OK);
		assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
		assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "make room"));
		kit_drop(&k);
	}
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_a_tool_prints_is_stored_nowhere),
		cmocka_unit_test(a_run_that_stores_nothing_tells_no_key_either),
		cmocka_unit_test(patterns_are_gone_for_watchers_and_kept_for_the_run),
		cmocka_unit_test(arguments_of_a_marked_tool_reach_the_tool_and_no_watcher),
		cmocka_unit_test(a_resumed_run_sees_what_was_stored),
		cmocka_unit_test(a_full_trail_is_seen_in_the_run_which_goes_on),
	};

	setenv("EXECUTUS_TEST_KEY", KEY, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
