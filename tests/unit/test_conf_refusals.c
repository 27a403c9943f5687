/* SPDX-License-Identifier: MIT */
/* test_conf_refusals.c - every sentence that refuses a configuration, with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/conf.h"

static void refuse(const char *text, const char *place, const char *words)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;
	char head[64];

	assert_int_not_equal(conf_parse("c.yaml", str_of(text), &c, &err), EXS_OK);
	assert_null(c);
	snprintf(head, sizeof head, "c.yaml:%s: ", place);
	if (strncmp(err.text, head, strlen(head)) != 0 || !strstr(err.text, words))
		fail_msg("expected \"%s...%s\" in \"%s\"", head, words, err.text);
}

/* Four lines that the sections below can lean on; what follows begins in line 5. */
#define BASE                                                                                       \
	"batteries: { store: {so: s.so}, local: {so: m.so}, out: {so: o.so},\n"                    \
	"             trail: {so: t.so} }\n"                                                       \
	"tiers: { fast: local/a, strong: [local/b, local/a] }\n"                                   \
	"ports: { store: store, delivery: { stdout: out } }\n"

static void refuses_too_many_patterns_and_long_ones(void **state)
{
	char text[512];
	struct buf many;
	int i;

	(void)state;
	buf_init(&many, 4096);
	buf_puts(&many, "run: { redact: [a");
	for (i = 0; i < 32; i++)
		buf_puts(&many, ",a");
	buf_puts(&many, "] }\n");
	refuse(many.p, "1:16", "too many patterns: at most 32");
	buf_release(&many);
	snprintf(text, sizeof text, "run: { redact: [%0257d] }\n", 1);
	refuse(text, "1:17", "too long: at most 256 bytes");
}

static void refuses_unknown_sections(void **state)
{
	(void)state;
	refuse("batterys: {}\n", "1:1", "unknown key 'batterys': did you mean 'batteries'?");
	refuse("qqqqqqqqqq: {}\n", "1:1", "unknown key 'qqqqqqqqqq': known are include, state");
	refuse("include: x\n", "1:1", "'include' needs a file");
	refuse("- a\n", "1:1", "expected sections such as 'batteries:', found a list");
	refuse("state: [a]\n", "1:8", "'state' is the path of a folder");
	refuse("state:\n", "1:7", "'state' is the path of a folder");
	refuse("state: ''\n", "1:8", "the path is empty");
}

static void refuses_sections_that_are_no_maps(void **state)
{
	const char *const names[] = { "batteries", "ports", "tiers", "agents" };
	char text[64];
	char words[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(text, sizeof text, "\n%s:\n  - a\n", names[i]);
		snprintf(words, sizeof words, "'%s' is a map of names, found a list", names[i]);
		refuse(text, "3:3", words);
	}
	refuse("run: [a]\n", "1:6", "run: expected its options, found a list");
}

static void refuses_batteries_without_a_file(void **state)
{
	(void)state;
	refuse("batteries:\n  a: { path: x }\n", "2:3", "battery 'a' needs 'so'");
	refuse("batteries:\n  a: x.so\n", "2:6", "write it as a: { so: FILE.so }");
	refuse("batteries:\n  a: { so: [x] }\n", "2:12",
	       "battery 'a': 'so': expected a file, found a list");
	refuse("batteries:\n  a: { so: '' }\n", "2:12", "names no file");
	refuse("batteries:\n  a: { so: x, so: y }\n", "2:15", "duplicate key 'so'");
	refuse("batteries:\n  a b: { so: x }\n", "2:3", "'a b' is no name for a battery");
	refuse("batteries:\n  abcdefghijklmnopqrstuvwxyz1234567: { so: x }\n", "2:3", "at most 32");
}

static void refuses_ports_that_cannot_be_bound(void **state)
{
	const char *const single[] = { "store", "checkpoint", "budget", "critic" };
	char text[256];
	char words[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		snprintf(text, sizeof text, "batteries: {a: {so: x}}\nports: { %s: [a] }\n",
			 single[i]);
		snprintf(words, sizeof words, "port '%s' takes one battery", single[i]);
		refuse(text, i == 1 ? "2:22" : i == 0 ? "2:17" : "2:18", words);
	}
	refuse("batteries: {trail: {so: x}}\nports: { store: trial }\n", "2:17",
	       "port 'store': there is no battery 'trial': did you mean 'trail'?");
	refuse("ports: { audit: [x] }\n", "1:18", "port 'audit': there is no battery 'x'");
	refuse("batteries: {a: {so: x}}\nports: { audit: [a, a] }\n", "2:21", "'a' is bound twice");
	refuse("ports: { stor: a }\n", "1:10", "there is no port 'stor': did you mean 'store'?");
	refuse("ports: { qqqqqq: a }\n", "1:10", "known are store");
	refuse("ports:\n  store:\n", "2:9", "port 'store' names no battery");
	refuse("ports: { delivery: x }\n", "1:20", "names a battery for each kind");
	refuse("ports: { delivery: { stdout: x } }\n", "1:30",
	       "port 'delivery.stdout': there is no battery");
	refuse("ports: { delivery: { 'a b': x } }\n", "1:22", "no name for a kind of delivery");
	refuse("ports: { model: x }\n", "1:10", "model and tool batteries are bound by themselves");
	refuse("ports: { tool: x }\n", "1:10", "port 'tool' has no line here");
}

static void refuses_tiers_that_name_no_model(void **state)
{
	(void)state;
#define L "batteries: {local: {so: x}}\n"
	refuse(L "tiers: { a: local/x, b: a }\n", "2:25", "'a' is a tier, and tiers do not nest");
	refuse(L "tiers: { a: [local/x, a] }\n", "2:23", "tiers do not nest");
	refuse(L "tiers: { a: qwen }\n", "2:13",
	       "tier 'a': 'qwen' has no slash: write it as BATTERY/MODEL");
	refuse(L "tiers: { a: local }\n", "2:13", "write it as local/MODEL");
	refuse(L "tiers: { a: lokal/x }\n", "2:13",
	       "there is no battery 'lokal': did you mean 'local'?");
	refuse(L "tiers: { a: local/ }\n", "2:13", "is not complete");
	refuse(L "tiers: { a: /x }\n", "2:13", "is not complete");
	refuse(L "tiers: { a: [] }\n", "2:13", "tier 'a' has no model");
	refuse(L "tiers: { a: '' }\n", "2:13", "a model is missing");
	refuse(L "tiers: { a: {b: c} }\n", "2:13", "expected BATTERY/MODEL, found a map");
	refuse(L "tiers: { a: [[b]] }\n", "2:14", "expected BATTERY/MODEL, found a list");
	refuse(L "tiers: { a/b: local/x }\n", "2:10", "no name for a tier");
	refuse(L "tiers:\n  a: [local/1, local/2, local/3, local/4, local/5, local/6, local/7, "
		 "local/8,\n"
		 "      local/9]\n",
	       "4:7", "too many models: at most 8");
}

static void refuses_agents_that_cannot_run(void **state)
{
	(void)state;
	refuse(BASE "agents: { a: { tier: fasst } }\n", "5:22",
	       "agent 'a': there is no tier 'fasst': did you mean 'fast'?");
	refuse(BASE "agents: { a: { tier: local/x } }\n", "5:22", "give this model a name there");
	refuse("agents:\n  a: {}\n", "2:6", "agent 'a' (by default): there is no tier 'fast'");
	refuse(BASE "agents: { a: { tool: [x] } }\n", "5:16",
	       "agent 'a' has no option 'tool': did you mean 'tools'?");
	refuse(BASE "agents: { a: { tools: x } }\n", "5:23", "write it as [a, b]");
	refuse(BASE "agents: { a: { tools: [x, x] } }\n", "5:27", "the tool 'x' is listed twice");
	refuse(BASE "agents: { a: { tools: [''] } }\n", "5:24", "a tool without a name");
	refuse(BASE "agents: { a: { max_steps: many } }\n", "5:27", "'many' is not a whole number");
	refuse(BASE "agents: { a: { max_steps: 1000001 } }\n", "5:27", "at most 1000000");
	refuse(BASE "agents: { a: { max_runtime: 60 } }\n", "5:29", "'60' has no unit: write 60s");
	refuse(BASE "agents: { a: { max_tokens: -1 } }\n", "5:28", "negative");
	refuse(BASE "agents: { a: { in_doubt: ask } }\n", "5:26", "'ask' is not one of tell|park");
	refuse(BASE "agents: { a: { critic: no } }\n", "5:24", "write false");
	refuse(BASE "agents: { a: { deliver: [file:x] } }\n", "5:26",
	       "no battery delivers 'file': bind one under ports.delivery");
	refuse(BASE "agents: { a: { deliver: [':x'] } }\n", "5:26", "names no kind");
	refuse(BASE "agents: { a: [x] }\n", "5:14",
	       "agent 'a': expected its options, found a list");
	refuse(BASE "agents: { a.b: {} }\n", "5:11", "no name for an agent");
}

static void refuses_run_settings_out_of_range(void **state)
{
	(void)state;
	refuse("run: { durability: loose }\n", "1:20", "'loose' is not one of strict|relaxed|none");
	refuse("run: { attempts: -1 }\n", "1:18", "0 to 100");
	refuse("run: { attempts: 101 }\n", "1:18", "0 to 100");
	refuse("run: { lease: 0 }\n", "1:15", "greater than 0");
	refuse("run: { call_timeout: 9 }\n", "1:22", "write 9s");
	refuse("run: { redact: a }\n", "1:16", "write it as [a, b]");
	refuse("run: { redact: [a, '(b'] }\n", "1:20", "'(b' is no extended regular expression");
	refuse("run: { redact: ['x*'] }\n", "1:17", "'x*' fits the empty text");
	refuse("run: { redact: [a, $env:HOME] }\n", "1:20", "references are for options");
	refuse("run: { agnet: x }\n", "1:8", "run has no option 'agnet': did you mean 'agent'?");
	refuse(BASE "agents: { reviewer: {} }\nrun: { agent: reviwer }\n", "6:15",
	       "run: 'agent': there is no agent 'reviwer': did you mean 'reviewer'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_too_many_patterns_and_long_ones),
		cmocka_unit_test(refuses_unknown_sections),
		cmocka_unit_test(refuses_sections_that_are_no_maps),
		cmocka_unit_test(refuses_batteries_without_a_file),
		cmocka_unit_test(refuses_ports_that_cannot_be_bound),
		cmocka_unit_test(refuses_tiers_that_name_no_model),
		cmocka_unit_test(refuses_agents_that_cannot_run),
		cmocka_unit_test(refuses_run_settings_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
