/* SPDX-License-Identifier: MIT */
/* test_conf.c - the whole configuration: what a file means and which defaults hold. */
#include <stdlib.h>
#include <sys/stat.h>

#include <executus/port/store.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf_kit.h"

/* A home that is known, for the defaults that lie there. */
static int make_home(void **state)
{
	setenv("HOME", "/home/anna", 1);
	unsetenv("XDG_STATE_HOME");
	return make_folder(state);
}

static struct conf *parse(const char *text)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;

	if (conf_parse("c.yaml", str_of(text), &c, &err))
		fail_msg("%s", err.text);
	return c;
}

/* Four lines that the sections below can lean on; what follows begins in line 5. */
#define BASE                                                                                       \
	"batteries: { store: {so: s.so}, local: {so: m.so}, out: {so: o.so},\n"                    \
	"             trail: {so: t.so} }\n"                                                       \
	"tiers: { fast: local/a, strong: [local/b, local/a] }\n"                                   \
	"ports: { store: store, delivery: { stdout: out } }\n"

/* ---- what it means ---- */

static const char example[] =
	"batteries:\n"
	"  store:   { so: store_lmdb.so }                # state directory by default\n"
	"  journal: { so: checkpoint_journal.so }\n"
	"  trail:   { so: audit_jsonl.so, path: runs.jsonl }\n"
	"  purse:   { so: budget_ledger.so, limits: [ { scope: caller, unit: seconds, "
	"max: 600, per: 7d } ] }\n"
	"  stall:   { so: critic_stall.so, idle: 90s }\n"
	"  local:   { so: model_openai.so, base_url: http://127.0.0.1:8080/v1 }\n"
	"  fs:      { so: tool_fs.so, root: . }\n"
	"  console: { so: delivery_stdout.so }\n"
	"\n"
	"ports:\n"
	"  store: store\n"
	"  checkpoint: journal\n"
	"  audit: [trail]\n"
	"  budget: purse\n"
	"  critic: stall\n"
	"  delivery: { stdout: console }\n"
	"\n"
	"tiers:\n"
	"  fast: local/qwen3-4b\n"
	"  strong: [local/qwen3-30b, local/qwen3-4b]      # fail-over, head to tail\n"
	"\n"
	"agents:\n"
	"  reviewer:\n"
	"    tier: strong\n"
	"    tools: [read_file, list_dir, grep]\n"
	"    max_runtime: 10m\n"
	"    prompt: |\n"
	"      You review C code. ...\n";

static void reads_the_example(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;
	const struct conf_agent *a;
	char where[WHERE_MAX];

	(void)state;
	if (conf_load(put("executus.yaml", example), &c, &err))
		fail_msg("%s", err.text);
	assert_int_equal(c->battery_n, 8);
	assert_string_equal(c->batteries[2].name, "trail");
	assert_string_equal(c->batteries[2].so, "audit_jsonl.so");
	assert_false(c->batteries[2].so_is_path);
	assert_int_equal(c->batteries[2].options->count, 1);
	assert_null(node_get(c->batteries[2].options, "so"));
	assert_string_equal(node_get(c->batteries[2].options, "path")->value, "runs.jsonl");
	assert_string_equal(node_get(conf_battery(c, "local")->options, "base_url")->value,
			    "http://127.0.0.1:8080/v1");
	node_where_key(c->batteries[2].place, where);
	assert_non_null(strstr(where, "executus.yaml:4:3"));
	assert_int_equal(c->binding_n, 6);
	assert_ptr_equal(conf_bound(c, CONF_CRITIC), conf_battery(c, "stall"));
	assert_ptr_equal(conf_delivery(c, "stdout")->battery, conf_battery(c, "console"));
	assert_null(conf_delivery(c, "file"));
	assert_string_equal(c->bindings[0].port_id, EXS_PORT_STORE);
	assert_int_equal(conf_tier(c, "strong")->model_n, 2);
	assert_string_equal(conf_tier(c, "strong")->models[1].model, "qwen3-4b");
	assert_int_equal(c->agent_n, 1);
	a = c->run.agent;
	assert_string_equal(a->name, "reviewer");
	assert_ptr_equal(a->tier, conf_tier(c, "strong"));
	assert_int_equal(a->tool_n, 3);
	assert_string_equal(a->tools[2], "grep");
	assert_int_equal(a->max_runtime_ms, 600000);
	assert_string_equal(a->prompt, "You review C code. ...\n");
	conf_free(c);
}

static void defaults_hold_for_an_agent_that_says_nothing(void **state)
{
	struct conf *c = parse(BASE "agents:\n  plain:\n  zero: { max_steps: 0, max_runtime: 0, "
				    "max_same_calls: -1 }\n");
	const struct conf_agent *zero = conf_agent(c, "zero");
	const struct conf_agent *a = conf_agent(c, "plain");

	(void)state;
	assert_ptr_equal(c->run.agent, a);
	assert_string_equal(a->tier_name, "fast");
	assert_ptr_equal(a->tier, conf_tier(c, "fast"));
	assert_string_equal(a->prompt, "");
	assert_string_equal(a->about, "");
	assert_int_equal(a->tool_n + a->deliver_n, 0);
	assert_null(a->tools_place);
	assert_int_equal(a->max_steps, 12);
	assert_int_equal(a->max_same_calls, 3);
	assert_int_equal(a->max_failed_steps, 3);
	assert_int_equal(a->max_runtime_ms, 60000);
	assert_int_equal(a->max_tokens, 0);
	assert_int_equal(a->in_doubt, CONF_TELL);
	assert_true(a->critic);
	assert_int_equal(zero->max_steps, 12);
	assert_int_equal(zero->max_runtime_ms, 60000);
	assert_int_equal(zero->max_same_calls, 3);
	conf_free(c);
}

static void an_empty_file_has_one_default_agent(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;

	(void)state;
	assert_int_equal(conf_load(put("empty.yaml", "# nothing\n"), &c, &err), EXS_OK);
	assert_int_equal(c->agent_n, 1);
	assert_string_equal(c->run.agent->name, "default");
	assert_string_equal(c->run.agent->tier_name, "fast");
	assert_null(c->run.agent->tier);
	assert_null(c->run.agent->place);
	assert_int_equal(c->run.durability, CONF_STRICT);
	assert_int_equal(c->run.attempts, 3);
	assert_int_equal(c->run.lease_ms, 30000);
	assert_int_equal(c->run.storage_wait_ms, 60000);
	assert_int_equal(c->run.call_timeout_ms, 120000);
	assert_string_equal(c->state_dir, "/home/anna/.local/state/executus");
	assert_null(conf_bound(c, CONF_STORE));
	conf_free(c);
	c = parse("batteries: {l: {so: x}}\ntiers: {fast: l/m}\nagents: {}\nports:\nrun:\n");
	assert_ptr_equal(c->run.agent->tier, conf_tier(c, "fast"));
	conf_free(c);
}

static void every_setting_of_an_agent_arrives(void **state)
{
	struct conf *c = parse(
		BASE
		"agents:\n"
		"  a: {}\n"
		"  b: { tier: strong, about: who, prompt: $env:EXECUTUS_TEST_PROMPT, tools: [],\n"
		"       max_steps: 5, max_runtime: 2m, max_same_calls: 6, max_failed_steps: 7,\n"
		"       max_tokens: 800, in_doubt: park, critic: false,\n"
		"       deliver: [stdout, 'stdout:', \"stdout:a:b\"] }\n"
		"run: { durability: relaxed, agent: b, attempts: 0, lease: 5s, call_timeout: 1h,\n"
		"       storage_wait: 2h }\n");
	const struct conf_agent *b = c->run.agent;

	(void)state;
	assert_string_equal(b->name, "b");
	assert_string_equal(b->about, "who");
	assert_string_equal(b->prompt, "be kind");
	assert_non_null(b->tools_place);
	assert_int_equal(b->max_steps, 5);
	assert_int_equal(b->max_runtime_ms, 120000);
	assert_int_equal(b->max_same_calls, 6);
	assert_int_equal(b->max_failed_steps, 7);
	assert_int_equal(b->max_tokens, 800);
	assert_int_equal(b->in_doubt, CONF_PARK);
	assert_false(b->critic);
	assert_int_equal(b->deliver_n, 3);
	assert_string_equal(b->deliver[0].target, "");
	assert_string_equal(b->deliver[2].kind, "stdout");
	assert_string_equal(b->deliver[2].target, "a:b");
	assert_ptr_equal(b->deliver[1].delivery, conf_delivery(c, "stdout"));
	assert_int_equal(c->run.durability, CONF_RELAXED);
	assert_int_equal(c->run.attempts, 0);
	assert_int_equal(c->run.lease_ms, 5000);
	assert_int_equal(c->run.call_timeout_ms, 3600000);
	assert_int_equal(c->run.storage_wait_ms, 7200000);
	conf_free(c);
}

static void the_header_and_a_blank_line_precede_the_prompt(void **state)
{
	struct conf *c = parse(BASE "run:\n  header: |\n    Be exact.\n\n"
				    "agents: { a: { prompt: \"\\nYou review.\\n\" }, b: {} }\n");

	(void)state;
	assert_string_equal(c->agents[0].prompt, "Be exact.\n\nYou review.\n");
	assert_string_equal(c->agents[1].prompt, "Be exact.\n");
	conf_free(c);
}

static void models_keep_everything_behind_the_first_slash(void **state)
{
	struct conf *c = parse(BASE "agents: {}\n");
	struct conf *d = parse("batteries: { hub: {so: x} }\n"
			       "tiers: { fast: [ 'hub/org/m:cloud', hub/org/m:cloud, hub/b, "
			       "'hub/org/m:cloud' ] }\n");
	const struct conf_tier *t = conf_tier(d, "fast");

	(void)state;
	assert_int_equal(t->model_n, 2);
	assert_string_equal(t->models[0].model, "org/m:cloud");
	assert_string_equal(t->models[0].text, "hub/org/m:cloud");
	assert_ptr_equal(t->models[0].battery, conf_battery(d, "hub"));
	assert_string_equal(t->models[1].model, "b");
	assert_int_equal(conf_tier(c, "fast")->model_n, 1);
	conf_free(c);
	conf_free(d);
}

static void paths_start_at_the_file_in_which_they_stand(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;
	char want[512];
	char dir[512];

	(void)state;
	snprintf(dir, sizeof dir, "%s/sub", folder);
	mkdir(dir, 0700);
	put("sub/b.yaml", "batteries: { b: { so: ./b.so } }\nstate: here\n");
	if (conf_load(put("a.yaml", "include: sub/b.yaml\nbatteries: { a: { so: x/a.so } }\n"), &c,
		      &err))
		fail_msg("%s", err.text);
	snprintf(want, sizeof want, "%s/x/a.so", folder);
	assert_string_equal(conf_battery(c, "a")->so, want);
	assert_true(conf_battery(c, "a")->so_is_path);
	snprintf(want, sizeof want, "%s/sub/b.so", folder);
	assert_string_equal(conf_battery(c, "b")->so, want);
	snprintf(want, sizeof want, "%s/sub/here", folder);
	assert_string_equal(c->state_dir, want);
	conf_free(c);
}

static void state_follows_xdg(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c;

	(void)state;
	setenv("XDG_STATE_HOME", "/var/x", 1);
	c = parse("{}");
	assert_string_equal(c->state_dir, "/var/x/executus");
	conf_free(c);
	setenv("XDG_STATE_HOME", "relative", 1);
	c = parse("{}");
	assert_string_equal(c->state_dir, "/home/anna/.local/state/executus");
	conf_free(c);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	c = NULL;
	assert_int_equal(conf_parse("c.yaml", str_of("{}"), &c, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "c.yaml: no 'state' is given"));
	assert_non_null(strstr(err.text, "HOME"));
	c = parse("state: /s\n");
	assert_string_equal(c->state_dir, "/s");
	conf_free(c);
	setenv("HOME", "/home/anna", 1);
}

static void one_battery_may_fill_several_ports(void **state)
{
	struct conf *c =
		parse("batteries: { x: {so: x}, y: {so: y} }\n"
		      "ports: { store: x, audit: [x, y], critic: x, delivery: { a: x, b: x } }\n");

	(void)state;
	assert_int_equal(c->binding_n, 6);
	assert_ptr_equal(conf_delivery(c, "b")->battery, conf_battery(c, "x"));
	conf_free(c);
	c = parse("batteries: { x: {so: x} }\nports: { audit: x }\n");
	assert_string_equal(conf_port_word(c->bindings[0].port), "audit");
	conf_free(c);
}

static void a_prompt_may_come_from_a_file(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;

	(void)state;
	put("p.md", "You help.\n");
	put("p.yaml", BASE "agents:\n  a:\n    prompt: $file:p.md\n");
	if (conf_load(put("q.yaml", "include: p.yaml\n"), &c, &err))
		fail_msg("%s", err.text);
	assert_string_equal(c->run.agent->prompt, "You help.");
	conf_free(c);
}

static void the_kernels_own_tables_are_right(void **state)
{
	exs_err err = EXS_ERR_INIT;

	(void)state;
	if (options_check(conf_agent_options, sizeof(exs_option), &err) ||
	    options_check(conf_run_options, sizeof(exs_option), &err))
		fail_msg("%s", err.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_example),
		cmocka_unit_test(defaults_hold_for_an_agent_that_says_nothing),
		cmocka_unit_test(an_empty_file_has_one_default_agent),
		cmocka_unit_test(every_setting_of_an_agent_arrives),
		cmocka_unit_test(the_header_and_a_blank_line_precede_the_prompt),
		cmocka_unit_test(models_keep_everything_behind_the_first_slash),
		cmocka_unit_test(paths_start_at_the_file_in_which_they_stand),
		cmocka_unit_test(state_follows_xdg),
		cmocka_unit_test(one_battery_may_fill_several_ports),
		cmocka_unit_test(a_prompt_may_come_from_a_file),
		cmocka_unit_test(the_kernels_own_tables_are_right),
	};

	setenv("EXECUTUS_TEST_PROMPT", "be kind", 1);
	return cmocka_run_group_tests(tests, make_home, remove_folder);
}
