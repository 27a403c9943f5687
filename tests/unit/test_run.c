/* SPDX-License-Identifier: MIT */
/* test_run.c - whole runs with the real batteries: what happens when all goes well, and when the model does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "support/run_kit.h"

static void answers_without_any_port_but_a_model(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: hello\n", KIT_NONE, NULL, NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "hello");
	assert_string_equal(k.result->error, "");
	assert_int_equal(k.result->steps, 1);
	assert_int_equal(kit_count(&k, EXS_FACT_RUN_STARTED), 1);
	assert_int_equal(kit_count(&k, EXS_FACT_RUN_ENDED), 1);
	kit_close(&k);
}

static const char two_steps[] = "turns:\n"
				"  - say: I look.\n"
				"    calls: [{ tool: pure, args: { text: one } }, { tool: unsafe, args: { text: two } }]\n"
				"  - say: 'It said: ${result:0} and ${result:1}'\n"
				"    capture: [{ from: last, pattern: 'wrote one', as: seen }]\n";

static void runs_tools_and_answers_from_their_results(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	kit_open(&k, two_steps, store, NULL, NULL);
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "It said: wrote one and wrote two");
	assert_int_equal(k.result->calls, 2);
	assert_int_equal(kit_effects(&k, "pure"), 1);
	assert_int_equal(kit_effects(&k, "unsafe"), 1);
	assert_int_equal(kit_count(&k, EXS_FACT_CALL_STARTED), 2);
	assert_int_equal(kit_count(&k, EXS_FACT_CALL_ENDED), 2);
	kit_close(&k);
}

static void an_unknown_tool_is_told_to_the_model(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pur, args: {} }]\n"
		 "  - expect: ['no tool .pur.', 'pure']\n"
		 "    say: sorry\n",
		 KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_string_equal(k.result->output, "sorry");
	kit_close(&k);
}

static void arguments_that_do_not_fit_never_reach_the_tool(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args_raw: '{\"text\": 1}' }, { tool: pure, args_raw: '[1]' }, { tool: pure, "
		 "args_raw: '{\"text\"' }, { tool: pure, args_raw: '{\"txt\":\"x\"}' }]\n"
		 "  - say: '${result}'\n",
		 KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_non_null(strstr(k.result->output, "text"));
	assert_int_equal(kit_effects(&k, "pure"), 0);
	assert_int_equal(kit_count(&k, EXS_FACT_CALL_STARTED), 0);
	assert_int_equal(kit_count(&k, EXS_FACT_CALL_ENDED), 4);
	kit_close(&k);
}

static void garbage_from_the_model_is_tried_again_then_an_error(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - put_raw: '<html>'\n    repeat: true\n", KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_string_equal(k.result->reason, "model");
	assert_non_null(strstr(k.result->error, "script/x"));
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_FAILED), 2);
	kit_close(&k);
}

static void a_missing_model_is_a_clean_error(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "scripts:\n  y:\n    - say: hello\n", KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_string_equal(k.result->reason, "model");
	assert_int_equal(k.fact_n, 0);
	kit_close(&k);
}

static void three_equal_calls_end_the_run(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - calls: [{ tool: pure, args: { text: same } }]\n    repeat: true\n", KIT_MEMORY, NULL,
		 NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_string_equal(k.result->reason, "tool_loop");
	assert_int_equal(kit_effects(&k, "pure"), 2);
	kit_close(&k);
}

static void three_failed_steps_end_the_run(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: a, how: fail } }]\n"
		 "  - calls: [{ tool: pure, args: { text: b, how: fail } }]\n"
		 "  - calls: [{ tool: pure, args: { text: c, how: fail } }]\n"
		 "  - say: never\n",
		 KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_string_equal(k.result->reason, "tool_loop");
	assert_int_equal(k.result->steps, 3);
	kit_close(&k);
}

static void the_step_limit_keeps_the_partial_answer(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - say: half an answer of some length\n"
		 "    calls: [{ tool: pure, args: { text: a } }]\n"
		 "  - calls: [{ tool: pure, args: { text: b } }]\n"
		 "  - say: never\n",
		 KIT_MEMORY, "agents:\n  t: { tools: [pure], max_steps: 2 }\n", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_string_equal(k.result->reason, "step_limit");
	assert_string_equal(k.result->output, "half an answer of some length");
	kit_close(&k);
}

static void max_runtime_is_a_timeout(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	kit_open(&k, "turns:\n  - stall: forever\n", store, "agents:\n  t: { max_runtime: 200ms }\n", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_TIMEOUT);
	kit_close(&k);
}

static void a_cancel_ends_a_waiting_turn_at_once(void **state)
{
	struct kit k;
	int64_t begun;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_MEMORY, NULL, NULL);
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	begun = clock_mono_ms();
	assert_true(run_cancel(k.run, EXS_CAUSE_CALLER, "enough"));
	assert_false(run_cancel(k.run, EXS_CAUSE_KILL, "later"));
	kit_wait(&k);
	assert_true(clock_mono_ms() - begun < 5000);
	assert_int_equal(k.result->status, EXS_ENDED_CANCELLED);
	assert_string_equal(k.result->error, "enough");
	assert_false(run_cancel(k.run, EXS_CAUSE_CALLER, "too late"));
	kit_close(&k);
}

static void a_transient_failure_is_tried_again(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - fail: { class: transient, text: hiccup, times: 1 }\n    say: fine now\n", KIT_MEMORY,
		 NULL, NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "fine now");
	assert_int_equal(kit_count(&k, EXS_FACT_TURN_FAILED), 1);
	kit_close(&k);
}

static void a_tool_in_time_out_is_told_and_the_run_goes_on(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: a, how: wait } }, { tool: unsafe, args: { text: b, how: wait } }]\n"
		 "  - say: '${result:0} / ${result:1}'\n",
		 KIT_LMDB, NULL, "run: { call_timeout: 100ms }\n");
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_CALL_ENDED, 0), "in_doubt") !=
		    kit_body_has(kit_fact(&k, EXS_FACT_CALL_ENDED, 1), "in_doubt"));
	kit_close(&k);
}

static void live_text_reaches_the_listener(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: a long answer in pieces\n    stream: { chunk: 4, every: 1ms }\n", KIT_MEMORY, NULL,
		 NULL);
	kit_run(&k, "hi");
	assert_string_equal(k.result->output, "a long answer in pieces");
	assert_string_equal(k.delta, "a long answer in pieces");
	kit_close(&k);
}

static void many_runs_share_one_engine(void **state)
{
	struct run *runs[200];
	struct kit k;
	size_t i;

	(void)state;
	kit_open(&k, two_steps, KIT_LMDB, NULL, NULL);
	for (i = 0; i < 200; i++) {
		struct run_spec spec = { .agent = k.conf->run.agent, .caller = "someone",
					 .channel = "test", .input = str_of("hi"),
					 .durability = CONF_STRICT };
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(engine_start(k.engine, &spec, NULL, &runs[i], &err), EXS_OK);
	}
	for (i = 0; i < 200; i++) {
		assert_true(engine_wait(runs[i], 30000));
		assert_int_equal(run_result(runs[i])->status, EXS_ENDED_OK);
		run_drop(runs[i]);
	}
	assert_int_equal(kit_effects(&k, "unsafe"), 200);
	kit_close(&k);
}

int main(void)
{
	static enum kit_store none = KIT_NONE, memory = KIT_MEMORY, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_without_any_port_but_a_model),
		cmocka_unit_test_prestate(runs_tools_and_answers_from_their_results, &none),
		cmocka_unit_test_prestate(runs_tools_and_answers_from_their_results, &memory),
		cmocka_unit_test_prestate(runs_tools_and_answers_from_their_results, &lmdb),
		cmocka_unit_test(an_unknown_tool_is_told_to_the_model),
		cmocka_unit_test(arguments_that_do_not_fit_never_reach_the_tool),
		cmocka_unit_test(garbage_from_the_model_is_tried_again_then_an_error),
		cmocka_unit_test(a_missing_model_is_a_clean_error),
		cmocka_unit_test(three_equal_calls_end_the_run),
		cmocka_unit_test(three_failed_steps_end_the_run),
		cmocka_unit_test(the_step_limit_keeps_the_partial_answer),
		cmocka_unit_test_prestate(max_runtime_is_a_timeout, &none),
		cmocka_unit_test_prestate(max_runtime_is_a_timeout, &lmdb),
		cmocka_unit_test(a_cancel_ends_a_waiting_turn_at_once),
		cmocka_unit_test(a_transient_failure_is_tried_again),
		cmocka_unit_test(a_tool_in_time_out_is_told_and_the_run_goes_on),
		cmocka_unit_test(live_text_reaches_the_listener),
		cmocka_unit_test(many_runs_share_one_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
