/* SPDX-License-Identifier: MIT */
/* test_whatif.c - a record that is shown to another critic and to other limits. */
#include "whatif_kit.h"

/* ---- the critic ---- */

static void without_anybody_to_ask_all_is_the_same(void **state)
{
	struct kit k;

	(void)state;
	open_conf(&k, "", "", "");
	tell_steps(&k.t, 3);
	tell_done(&k.t);
	asked(&k);
	assert_true(whatif_same(&k.w));
	assert_false(k.w.over);
	assert_int_equal(k.w.turns.n, 4);
	close_conf(&k);
}

static void a_kill_ends_it_behind_the_last_fact_before(void **state)
{
	struct kit k;

	(void)state;
	open_critic(&k, "script: wait; kill enough, every: 500ms", "");
	tell_steps(&k.t, 6);
	tell_done(&k.t);
	asked(&k);
	assert_true(k.w.over);
	assert_int_equal(k.w.would.n, 1);
	would(&k, 0, "kill", 15);
	assert_int_equal(k.w.would.list[0].run_ms, 100 + 1000 + 500);
	assert_string_equal(k.w.would.list[0].words, "enough");
	assert_false(whatif_same(&k.w));
	close_conf(&k);
}

/* It reaches the model, so the answer that was the last is not the last. */
static void a_nudge_that_waits_makes_the_run_go_on(void **state)
{
	struct kit k;

	(void)state;
	open_critic(&k, "script: nudge hurry; wait, every: 1h", "");
	tell_turn_started(&k.t);
	tell_turn_ended(&k.t, "42", NULL);
	tell_at(&k.t, 5000);
	tell(&k.t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL, "{\"status\":\"ok\",\"output\":\"42\"}");
	tell_at(&k.t, 5001);
	asked(&k);
	would(&k, 0, "nudge", 2);
	assert_true(k.w.r.found.any);
	assert_int_equal(k.w.r.found.seq, 4);
	assert_string_equal(k.w.r.found.planned, "turn with one/a, try 1");
	close_conf(&k);
}

static void tell_decided(struct tale *t, int64_t run_ms, const char *what, const char *tag)
{
	char body[256];

	snprintf(body, sizeof body,
		 "{\"what\":\"%s\",\"extend_ms\":0,\"raise_steps\":5,\"words\":\"w\",\"tag\":\"%s\"}", what,
		 tag);
	tell(t, EXS_FACT_CRITIC_DECIDED, "old", NULL, NULL, body);
	tell_at(t, run_ms);
}

/* The one that made the record, asked again. A process ticks a little late, and that is seen in the record. */
static void the_same_critic_says_the_same(void **state)
{
	struct kit k;

	(void)state;
	open_critic(&k, "script: raise 5; kill w, every: 1s", "");
	tell_steps(&k.t, 2);
	tell_turn_started(&k.t);
	tell_decided(&k.t, 1130, "raise", "tick-0");
	tellf(&k.t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"steps\",\"now\":17}");
	tell_at(&k.t, 1130);
	tell_decided(&k.t, 2190, "kill", "tick-1");
	tellf(&k.t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"kill\",\"text\":\"w\"}");
	tell_at(&k.t, 2190);
	tell_turn_failed(&k.t, "one/a", "cancelled", "none", 0);
	tell_at(&k.t, 2200);
	asked(&k);
	assert_int_equal(k.w.would.n, 2);
	assert_int_equal(k.w.would.list[0].run_ms, 1130);
	assert_int_equal(k.w.would.list[1].run_ms, 2190);
	assert_int_equal(k.w.r.state.limits.steps, 17);
	assert_true(whatif_same(&k.w));
	assert_true(k.w.over);
	close_conf(&k);
}

static void what_the_old_critic_did_is_left_out(void **state)
{
	struct kit k;

	(void)state;
	open_critic(&k, "script: wait", "");
	tell_turn_started(&k.t);
	tell_decided(&k.t, 1130, "raise", "tick-0");
	tellf(&k.t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"steps\",\"now\":17}");
	tell_at(&k.t, 1130);
	tell_decided(&k.t, 1140, "kill", "tick-0");
	tellf(&k.t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"kill\",\"text\":\"w\"}");
	tell_at(&k.t, 1140);
	tell_turn_failed(&k.t, "one/a", "cancelled", "none", 0);
	tell(&k.t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"killed\",\"reason\":\"killed\",\"output\":\"\",\"error\":\"w\"}");
	asked(&k);
	assert_int_equal(k.w.would.n, 0);
	assert_int_equal(k.w.was.n, 2);
	assert_int_equal(k.w.r.state.limits.steps, 12);
	assert_string_equal(k.w.r.found.recorded, "run_ended: killed, killed");
	close_conf(&k);
}

/* A tool may raise a limit too: that is an input, and moves the other limit by as much. */
static void what_others_raise_moves_the_other_limit(void **state)
{
	struct kit k;

	(void)state;
	open_conf(&k, "", "", "max_steps: 3, max_runtime: 10s");
	tellf(&k.t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"steps\",\"now\":14}");
	tellf(&k.t, EXS_FACT_LIMIT_RAISED, "{\"what\":\"runtime_ms\",\"now\":61000}");
	asked(&k);
	assert_int_equal(k.w.r.state.limits.steps, 5);
	assert_int_equal(k.w.r.state.limits.runtime_ms, 11000);
	close_conf(&k);
}

static void time_is_over_by_its_deadline_or_by_max_runtime(void **state)
{
	struct kit k;

	(void)state;
	open_critic(&k, "script: extend 300; wait, every: 200ms, deadline: 1500ms", "max_runtime: 1s");
	tell_steps(&k.t, 6);
	asked(&k);
	assert_int_equal(k.w.would.n, 2);
	would(&k, 0, "extend", 10);
	would(&k, 1, "timeout", 17); /* it moved its own deadline to 1800 */
	assert_true(k.w.over);
	close_conf(&k);

	open_critic(&k, "blind: true", "max_runtime: 1s");
	tell_steps(&k.t, 6);
	asked(&k);
	assert_int_equal(k.w.would.n, 1);
	would(&k, 0, "timeout", 10);
	close_conf(&k);

	open_critic(&k, "script: kill now", "max_runtime: 1s, critic: false");
	tell_steps(&k.t, 6);
	asked(&k);
	would(&k, 0, "timeout", 10);
	close_conf(&k);
}

static void limits_of_the_other_agent_end_it(void **state)
{
	struct kit k;

	(void)state;
	open_conf(&k, "", "", "max_steps: 2");
	tell_steps(&k.t, 3);
	asked(&k);
	assert_string_equal(k.w.r.found.planned, "end: error, step_limit");
	assert_int_equal(k.w.r.found.seq, 10);
	assert_false(whatif_same(&k.w));
	close_conf(&k);
}

static size_t lines_of(const struct kit *k, const char *begin)
{
	char path[128], line[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/eye.log", k->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		n += strncmp(line, begin, strlen(begin)) == 0;
	fclose(f);
	return n;
}

static void open_noting(struct kit *k)
{
	char dir[64], line[256];

	assert_int_equal(temp_dir_make("whatif", dir, sizeof dir), 0);
	snprintf(line, sizeof line, "  eye: { so: critic.so, log: %s/eye.log }\n", dir);
	open_conf(k, line, ", critic: eye", "");
	temp_dir_remove(k->dir);
	memcpy(k->dir, dir, sizeof k->dir);
}

static void each_attempt_has_a_watch_that_hears_of_the_earlier_ones(void **state)
{
	struct kit k;

	(void)state;
	open_noting(&k);
	tell_turn_started(&k.t);
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false}");
	tell_done(&k.t);
	asked(&k);
	assert_int_equal(lines_of(&k, "watch 01jabc"), 2);
	assert_int_equal(lines_of(&k, "observe 01jabc 1 "), 2);
	assert_int_equal(lines_of(&k, "observe 01jabc 4 "), 1);
	close_conf(&k);
}

static void what_a_fork_has_in_common_is_shown_to_nobody(void **state)
{
	struct kit k;
	exs_fact f;

	(void)state;
	open_noting(&k);
	tell_steps(&k.t, 1);
	f = (exs_fact){ .size = sizeof f,
			.kind = EXS_FACT_RUN_FORKED,
			.seq = k.t.state.seq + 1,
			.run_ms = 0,
			.step = k.t.state.step,
			.attempt = 1,
			.body = exs_cstr("{\"v\":1," TALE_LIMITS
					 ",\"from\":{\"run\":\"01jxyz\",\"seq\":5,\"step\":1},\"asks\":false}") };
	k.t.facts[k.t.n++] = kit_fact_copy(&f);
	assert_int_equal(fold(&k.t.state, &f, &k.t.err), EXS_OK);
	tell_done(&k.t);
	asked(&k);
	assert_int_equal(k.w.begin_seq, 6);
	assert_int_equal(lines_of(&k, "observe"), 4);
	assert_int_equal(k.w.turns.n, 1);
	assert_int_equal(k.w.r.state.limits.steps, 13);
	close_conf(&k);
}

static void a_critic_that_fails_is_named(void **state)
{
	struct kit k;

	(void)state;
	open_critic(&k, "fail_from: 1", "");
	fails_with(&k, "critic 'eye' cannot be asked: the critic has lost its glasses");

	open_critic(&k, "script: say 9", "");
	tell_steps(&k.t, 6);
	fails_with(&k, "critic 'eye' cannot be asked");
}

static void it_is_asked_a_bounded_number_of_times(void **state)
{
	struct kit k;

	(void)state;
	open_conf(&k, "  eye: { so: critic_stall.so, on_idle: [wait] }\n", ", critic: eye",
		  "max_runtime: 36500d");
	tell_turn_started(&k.t);
	tell_turn_ended(&k.t, "42", NULL);
	tell_at(&k.t, INT64_C(1) << 50);
	fails_with(&k, "more than 1048576 times");

	open_conf(&k, "", "", "");
	tell_turn_started(&k.t);
	tell_at(&k.t, INT64_MAX);
	fails_with(&k, "fact 2 has a time that no run has");

	open_critic(&k, "script: wait w, every: 10ms", "max_runtime: 10h");
	tell_turn_started(&k.t);
	tell_turn_ended(&k.t, "42", NULL);
	tell_at(&k.t, 3600000);
	fails_with(&k, "more than 4096 decisions");
}

/* ---- the host ---- */

static void batteries_see_the_recorded_time(void **state)
{
	const exs_host *h;
	struct kit k;

	(void)state;
	open_critic(&k, "script: wait", "");
	tell_turn_started(&k.t);
	asked(&k);
	h = &host_instance(k.host, "eye")->pub;
	assert_int_equal(h->mono_ms(h), WHATIF_BASE_MS + 2 * STEP_MS);
	assert_int_equal(h->wall_ms(h), k.t.facts[1].at_ms);
	assert_null(host_instance(k.host, "one"));
	assert_string_equal(host_instance(k.host, "disk")->loaded->file, "store_memory.so");
	close_conf(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_anybody_to_ask_all_is_the_same),
		cmocka_unit_test(a_kill_ends_it_behind_the_last_fact_before),
		cmocka_unit_test(a_nudge_that_waits_makes_the_run_go_on),
		cmocka_unit_test(the_same_critic_says_the_same),
		cmocka_unit_test(what_the_old_critic_did_is_left_out),
		cmocka_unit_test(what_others_raise_moves_the_other_limit),
		cmocka_unit_test(time_is_over_by_its_deadline_or_by_max_runtime),
		cmocka_unit_test(limits_of_the_other_agent_end_it),
		cmocka_unit_test(each_attempt_has_a_watch_that_hears_of_the_earlier_ones),
		cmocka_unit_test(what_a_fork_has_in_common_is_shown_to_nobody),
		cmocka_unit_test(a_critic_that_fails_is_named),
		cmocka_unit_test(it_is_asked_a_bounded_number_of_times),
		cmocka_unit_test(batteries_see_the_recorded_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
