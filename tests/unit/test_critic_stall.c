/* SPDX-License-Identifier: MIT */
/* test_critic_stall.c - what the shipped critic says of idle runs and of runs that go in circles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <executus/port/critic.h>

#include "support/double.h"

#define SOFT 10000

struct kit {
	struct double_host host;
	const exs_battery *battery;
	exs_self *self;
	const exs_critic *critic;
	exs_watch *watch;
	exs_verdict v;
};

static void open_kit(struct kit *k, const struct double_setting *set, int32_t attempt)
{
	exs_run_info run = double_run_info("r1");
	exs_err err = EXS_ERR_INIT;

	memset(k, 0, sizeof *k);
	double_host_init(&k->host, "eye");
	k->host.mono_ms = 1000;
	k->battery = double_load(BATTERIES "/critic_stall.so");
	if (k->battery->open(&k->host.host, double_host_conf(&k->host, k->battery->options, set),
			     &k->self, &err))
		fail_msg("%s", err.text);
	k->critic = k->battery->port(k->self, EXS_PORT_CRITIC);
	assert_non_null(k->critic);
	run.attempt = attempt;
	run.parent_id = "";
	assert_int_equal(k->critic->watch(k->self, &run, SOFT, &k->watch, &err), EXS_OK);
	assert_non_null(k->watch);
}

static void close_kit(struct kit *k)
{
	k->critic->unwatch(k->watch);
	k->battery->close(k->self);
	double_host_release(&k->host);
}

static int32_t tick(struct kit *k, int64_t idle)
{
	memset(&k->v, 0, sizeof k->v);
	k->v.size = sizeof k->v;
	k->critic->tick(k->watch, idle, &k->v);
	return k->v.what;
}

static void fact(struct kit *k, int32_t kind, int32_t attempt, const char *body)
{
	exs_fact f = { .size = sizeof f, .kind = kind, .attempt = attempt };

	f.name = exs_cstr("grep");
	f.body = exs_cstr(body);
	k->critic->observe(k->watch, &f);
}

static void call(struct kit *k, int32_t attempt, const char *args)
{
	char body[128];

	snprintf(body, sizeof body, "{\"args_sha256\":\"%s\",\"try\":1}", args);
	fact(k, EXS_FACT_CALL_STARTED, attempt, body);
}

static void extends_nudges_and_kills_once_per_idle_period(void **state)
{
	struct kit k;

	(void)state;
	open_kit(&k, NULL, 1);
	assert_int_equal(k.critic->deadline_ms(k.watch), 4 * SOFT);
	k.host.mono_ms += SOFT - 1;
	assert_int_equal(tick(&k, SOFT - 1), EXS_VERDICT_WAIT);
	assert_int_equal(k.v.next_tick_ms, 1);
	k.host.mono_ms += 1;
	assert_int_equal(tick(&k, SOFT), EXS_VERDICT_EXTEND);
	assert_int_equal(k.v.extend_ms, SOFT);
	assert_int_equal(k.critic->deadline_ms(k.watch), 5 * SOFT);
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1, "{}"); /* its own: no life */
	k.host.mono_ms += 3 * SOFT;
	assert_int_equal(tick(&k, 3 * SOFT), EXS_VERDICT_WAIT);
	fact(&k, EXS_FACT_TURN_STARTED, 1, "{}");
	k.host.mono_ms += SOFT;
	assert_int_equal(tick(&k, SOFT), EXS_VERDICT_NUDGE);
	fact(&k, EXS_FACT_TURN_ENDED, 1, "{}");
	k.host.mono_ms += SOFT;
	assert_int_equal(tick(&k, SOFT), EXS_VERDICT_KILL);
	fact(&k, EXS_FACT_TURN_STARTED, 1, "{}");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_KILL); /* sticky */
	assert_non_null(strstr(k.v.words, "idle for"));
	close_kit(&k);
}

static void the_same_call_is_nudged_then_killed_when_it_forms_again(void **state)
{
	struct kit k;
	int i;

	(void)state;
	open_kit(&k, NULL, 1);
	call(&k, 1, "a");
	call(&k, 1, "a");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_WAIT);
	call(&k, 1, "a");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_NUDGE);
	assert_string_equal(k.v.tag, "same_call");
	assert_string_equal(k.v.words,
			    "same call, last of 'grep' (3 in a row): try another way or finish");
	call(&k, 1, "a");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_WAIT); /* not broken in between */
	call(&k, 1, "b");
	for (i = 0; i < 3; i++)
		call(&k, 1, "a");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_KILL);
	close_kit(&k);
}

static void counts_and_levels_survive_a_resume(void **state)
{
	struct kit k;

	(void)state;
	open_kit(&k, NULL, 2);
	call(&k, 1, "a");
	call(&k, 1, "a");
	call(&k, 1, "a");
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1,
	     "{\"what\":\"nudge\",\"extend_ms\":0,\"words\":\"x\",\"tag\":\"same_call\"}");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_WAIT);
	call(&k, 1, "b");
	call(&k, 1, "a");
	call(&k, 1, "a");
	call(&k, 2, "a");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_KILL);
	close_kit(&k);
}

static void two_calls_in_turn_fire_at_the_third_pair(void **state)
{
	struct kit k;
	int i;

	(void)state;
	open_kit(&k, NULL, 1);
	for (i = 0; i < 5; i++)
		call(&k, 1, i % 2 ? "b" : "a");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_WAIT);
	call(&k, 1, "b");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_NUDGE);
	assert_non_null(strstr(k.v.words, "two calls in turn"));
	close_kit(&k);
}

static void errors_of_one_class_fire(void **state)
{
	struct kit k;
	char body[80];
	int i;

	(void)state;
	open_kit(&k, NULL, 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(tick(&k, 0), EXS_VERDICT_WAIT);
		snprintf(body, sizeof body, "{\"status\":\"error\",\"content\":\"no line %d\"}", i);
		fact(&k, EXS_FACT_CALL_ENDED, 1, body);
	}
	assert_int_equal(tick(&k, 0), EXS_VERDICT_NUDGE);
	assert_non_null(strstr(k.v.words, "same error"));
	close_kit(&k);
}

static void results_that_are_known_fire_and_a_new_one_does_not(void **state)
{
	struct kit k;
	int i;

	(void)state;
	open_kit(&k, NULL, 1);
	for (i = 0; i < 4; i++)
		fact(&k, EXS_FACT_CALL_ENDED, 1, "{\"status\":\"ok\",\"content\":\"x\"}");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_WAIT);
	fact(&k, EXS_FACT_CALL_ENDED, 1, "{\"status\":\"ok\",\"content\":\"x\"}");
	assert_int_equal(tick(&k, 0), EXS_VERDICT_NUDGE);
	assert_non_null(strstr(k.v.words, "nothing new"));
	close_kit(&k);
}

static void a_child_keeps_its_parent_awake(void **state)
{
	exs_run_info run = double_run_info("c1");
	exs_err err = EXS_ERR_INIT;
	exs_watch *parent, *child = NULL;
	struct kit k;

	(void)state;
	open_kit(&k, NULL, 1);
	run.parent_id = "r1";
	assert_int_equal(k.critic->watch(k.self, &run, SOFT, &child, &err), EXS_OK);
	parent = k.watch;
	k.host.mono_ms += SOFT;
	k.watch = child;
	fact(&k, EXS_FACT_TURN_STARTED, 1, "{}");
	k.watch = parent;
	assert_int_equal(tick(&k, SOFT), EXS_VERDICT_WAIT);
	k.critic->unwatch(child);
	k.host.mono_ms += SOFT;
	assert_int_equal(tick(&k, 2 * SOFT), EXS_VERDICT_EXTEND);
	close_kit(&k);
}

/* One idle period after the other, each with the verdict that is due. */
static void idle_says(struct kit *k, int32_t what)
{
	fact(k, EXS_FACT_TURN_STARTED, 2, "{}");
	k->host.mono_ms += SOFT;
	assert_int_equal(tick(k, SOFT), what);
	assert_string_equal(k->v.tag, "idle");
}

static void to_wait_is_a_decision_and_its_level_survives_a_resume(void **state)
{
	static const struct double_setting set[] = { { "on_idle", "wait|raise|kill" }, { 0 } };
	struct kit k;

	(void)state;
	open_kit(&k, set, 2);
	idle_says(&k, EXS_VERDICT_WAIT);
	assert_non_null(strstr(k.v.words, "idle for"));
	idle_says(&k, EXS_VERDICT_RAISE);
	assert_int_equal(k.v.raise_steps, 5);
	close_kit(&k);

	open_kit(&k, set, 2);
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1,
	     "{\"what\":\"wait\",\"extend_ms\":0,\"tag\":\"idle\"}");
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1, "{\"what\":\"kill\",\"tag\":\"of another critic\"}");
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1, "{\"what\":\"kill\"}");
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1, "no object");
	idle_says(&k, EXS_VERDICT_RAISE);
	idle_says(&k, EXS_VERDICT_KILL);
	close_kit(&k);
}

static void extensions_that_are_used_up_pass_on_to_the_next_word(void **state)
{
	static const struct double_setting two[] = { { "on_idle",
						       "extend|extend|extend|nudge|raise" },
						     { "extends", "2" },
						     { 0 } },
					   last[] = { { "on_idle", "extend" }, { 0 } };
	struct kit k;

	(void)state;
	open_kit(&k, two, 2);
	idle_says(&k, EXS_VERDICT_EXTEND);
	idle_says(&k, EXS_VERDICT_EXTEND);
	assert_int_equal(k.critic->deadline_ms(k.watch), 6 * SOFT);
	idle_says(&k, EXS_VERDICT_NUDGE);
	idle_says(&k, EXS_VERDICT_RAISE);
	idle_says(&k, EXS_VERDICT_RAISE); /* the last one repeats */
	close_kit(&k);

	open_kit(&k, last, 2); /* the extension of the attempt before counts */
	fact(&k, EXS_FACT_CRITIC_DECIDED, 1,
	     "{\"what\":\"extend\",\"extend_ms\":7000,\"tag\":\"idle\"}");
	assert_int_equal(k.critic->deadline_ms(k.watch), 4 * SOFT + 7000);
	idle_says(&k, EXS_VERDICT_WAIT);
	assert_int_equal(k.critic->deadline_ms(k.watch), 4 * SOFT + 7000);
	close_kit(&k);
}

static void runs_that_are_each_others_parents_wake_each_other_and_end(void **state)
{
	exs_run_info run = double_run_info("c1");
	exs_err err = EXS_ERR_INIT;
	exs_watch *first, *child = NULL, *self = NULL;
	struct kit k;

	(void)state;
	open_kit(&k, NULL, 1);
	first = k.watch;
	run.parent_id = "c2";
	assert_int_equal(k.critic->watch(k.self, &run, SOFT, &child, &err), EXS_OK);
	run.run_id = "c2";
	run.parent_id = "c1";
	assert_int_equal(k.critic->watch(k.self, &run, SOFT, &self, &err), EXS_OK);
	k.host.mono_ms += SOFT;
	k.watch = self;
	fact(&k, EXS_FACT_TURN_STARTED, 1, "{}");
	k.watch = child;
	assert_int_equal(tick(&k, SOFT), EXS_VERDICT_WAIT);
	assert_string_equal(k.v.words, ""); /* awake */
	k.critic->unwatch(self);
	k.critic->unwatch(child);
	k.watch = first;
	close_kit(&k);
}

static void refuses_a_word_that_it_does_not_know(void **state)
{
	static const struct double_setting sets[][2] = { { { "on_idle", "wait|dance" }, { 0 } },
							 { { "on_loop", "extend" }, { 0 } },
							 { { "backstop", "1" }, { 0 } },
							 { { "error_rate", "101" }, { 0 } } };
	const exs_battery *b = double_load(BATTERIES "/critic_stall.so");
	struct double_host host;
	exs_self *self = NULL;
	size_t i;

	(void)state;
	double_host_init(&host, "eye");
	for (i = 0; i < 4; i++) {
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(b->open(&host.host, double_host_conf(&host, b->options, sets[i]),
					 &self, &err),
				 EXS_INVALID);
		assert_non_null(strstr(err.text, sets[i][0].key));
		assert_null(self);
	}
	double_host_release(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extends_nudges_and_kills_once_per_idle_period),
		cmocka_unit_test(the_same_call_is_nudged_then_killed_when_it_forms_again),
		cmocka_unit_test(counts_and_levels_survive_a_resume),
		cmocka_unit_test(two_calls_in_turn_fire_at_the_third_pair),
		cmocka_unit_test(errors_of_one_class_fire),
		cmocka_unit_test(results_that_are_known_fire_and_a_new_one_does_not),
		cmocka_unit_test(a_child_keeps_its_parent_awake),
		cmocka_unit_test(to_wait_is_a_decision_and_its_level_survives_a_resume),
		cmocka_unit_test(extensions_that_are_used_up_pass_on_to_the_next_word),
		cmocka_unit_test(runs_that_are_each_others_parents_wake_each_other_and_end),
		cmocka_unit_test(refuses_a_word_that_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
