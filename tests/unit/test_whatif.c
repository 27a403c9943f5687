/* SPDX-License-Identifier: MIT */
/*
 * test_whatif.c - a record that is shown to another critic, another budget and other limits: real batteries, made-up
 * facts, the recorded clock.
 */
#include "plan_kit.h"
#include "run/whatif.h"
#include "temp_dir.h"

#define STEP_MS 100 /* between two facts of a tale */

struct kit {
	char dir[64], text[4096];
	struct log log;
	struct conf *conf;
	struct host *host;
	struct tale t;
	struct whatif w;
	exs_status status;
};

/* `batteries` are lines two spaces deep; the store of the conf is a folder that nobody may make. */
static void open_conf(struct kit *k, const char *batteries, const char *ports, const char *agent)
{
	static const char *const folders[] = { TEST_BATTERIES, BATTERIES, NULL };
	exs_err err = EXS_ERR_INIT;

	memset(k, 0, sizeof *k);
	assert_int_equal(temp_dir_make("whatif", k->dir, sizeof k->dir), 0);
	log_init(&k->log, STDERR_FILENO, EXS_ERROR);
	snprintf(k->text, sizeof k->text,
		 "state: %s/state\n"
		 "batteries:\n  disk: { so: store_lmdb.so, path: /proc/nowhere }\n  one: { so: model_script.so }\n%s"
		 "ports: { store: disk%s }\ntiers: { fast: one/a }\nagents: { reviewer: { %s } }\n",
		 k->dir, batteries, ports, agent);
	if (conf_parse("other.yaml", str_of(k->text), &k->conf, &err) ||
	    host_open(k->conf, HOST_REHEARSAL, folders, &k->log, &k->host, &err))
		fail_msg("%s", err.text);
	whatif_init(&k->w, k->host, conf_agent(k->conf, "reviewer"), "01jabc");
	tell_start(&k->t);
}

static void close_conf(struct kit *k)
{
	whatif_release(&k->w);
	tale_release(&k->t);
	host_close(k->host);
	conf_free(k->conf);
	temp_dir_remove(k->dir);
}

static void open_critic(struct kit *k, const char *options, const char *agent)
{
	char line[1024];

	snprintf(line, sizeof line, "  eye: { so: critic.so, log: /dev/null, %s }\n", options);
	open_conf(k, line, ", critic: eye", agent);
}

static void open_purse(struct kit *k, const char *options)
{
	char line[1024];

	snprintf(line, sizeof line, "  purse: { so: budget.so, log: /dev/null%s }\n", options);
	open_conf(k, line, ", budget: purse", "");
}

static void ask(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	uint32_t i;

	must_fold(&k->t);
	for (i = 0; i < k->t.n; i++) {
		if (k->t.facts[i].run_ms == k->t.facts[i].seq * 10)
			k->t.facts[i].run_ms = k->t.facts[i].seq * STEP_MS;
		assert_int_equal(whatif_expect(&k->w, &k->t.facts[i], &err), EXS_OK);
	}
	for (i = 0; i < k->t.n && k->status == EXS_OK; i++)
		k->status = whatif_fact(&k->w, &k->t.facts[i]);
}

static void asked(struct kit *k)
{
	ask(k);
	if (k->status)
		fail_msg("%s", k->w.err.text);
}

static void fails_with(struct kit *k, const char *words)
{
	ask(k);
	assert_int_not_equal(k->status, EXS_OK);
	if (!strstr(k->w.err.text, words))
		fail_msg("'%s' is not in '%s'", words, k->w.err.text);
	close_conf(k);
}

static void would(const struct kit *k, size_t i, const char *what, int64_t seq)
{
	assert_true(i < k->w.would.n);
	assert_string_equal(k->w.would.list[i].what, what);
	assert_int_equal(k->w.would.list[i].seq, seq);
}

static void tell_done(struct tale *t)
{
	tell_answer(t, "42");
	tell(t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"ok\",\"output\":\"42\",\"steps\":1}");
}

static void tell_at(struct tale *t, int64_t run_ms)
{
	t->facts[t->n - 1].run_ms = run_ms;
}

/* n steps of four facts each. */
static void tell_steps(struct tale *t, int n)
{
	char path[16];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof path, "p%d", i);
		step_at(t, path, "ok");
	}
}

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

/* ---- the budget ---- */

static void the_other_price_is_taken_and_the_old_one_kept_where_there_is_none(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", price: 2");
	tell_done(&k.t);
	asked(&k);
	assert_int_equal(k.w.turns.n, 1);
	assert_int_equal(k.w.turns.list[0].cost_micro, 2 * 120);
	assert_int_equal(k.w.turns.list[0].recorded_micro, 7);
	assert_string_equal(k.w.turns.list[0].model, "one/a");
	assert_true(whatif_same(&k.w));
	close_conf(&k);

	open_purse(&k, "");
	tell_done(&k.t);
	asked(&k);
	assert_int_equal(k.w.cost_micro, 7);
	close_conf(&k);
}

static void a_refusal_ends_it_before_the_turn(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", deny_at: 2");
	tell_steps(&k.t, 3);
	asked(&k);
	assert_true(k.w.over);
	would(&k, 0, "denied", 5);
	assert_int_equal(k.w.turns.n, 1);
	close_conf(&k);

	open_purse(&k, ", fail: price"); /* it refuses a model without a price */
	tell_steps(&k.t, 1);
	asked(&k);
	would(&k, 0, "denied", 1);
	assert_string_equal(k.w.would.list[0].words, "nobody knows what that costs");
	close_conf(&k);

	open_purse(&k, ", deny_check: true");
	tell_steps(&k.t, 1);
	asked(&k);
	would(&k, 0, "denied", 1);
	assert_int_equal(k.w.turns.n, 0);
	close_conf(&k);
}

/* Rows of its own, in memory: the bound of the sum is held there. */
static void its_ledger_is_in_memory_and_bounded(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", bound: 2");
	tell_steps(&k.t, 4);
	asked(&k);
	assert_true(k.w.over);
	assert_int_equal(k.w.turns.n, 2);
	would(&k, 0, "denied", 9);
	assert_string_equal(k.w.would.list[0].words, "the limit would be passed");
	close_conf(&k);

	open_purse(&k, ", bound: 1, give_back: true");
	tell_steps(&k.t, 4);
	asked(&k);
	assert_true(whatif_same(&k.w));
	close_conf(&k);
}

static void a_soft_limit_is_told_once(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", soft_at: 2");
	tell_steps(&k.t, 4);
	asked(&k);
	assert_int_equal(k.w.would.n, 1);
	would(&k, 0, "soft", 5);
	assert_int_equal(k.w.r.state.soft_count, 1);
	assert_false(whatif_same(&k.w));
	close_conf(&k);
}

static void a_recorded_refusal_is_asked_for_again(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", deny_at: 2");
	tell_steps(&k.t, 1);
	tell(&k.t, EXS_FACT_BUDGET_DENIED, "old", NULL, NULL, "{\"text\":\"no\"}");
	tell(&k.t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"denied\",\"reason\":\"budget\",\"output\":\"\",\"error\":\"no\"}");
	asked(&k);
	assert_true(whatif_same(&k.w));
	assert_true(k.w.over);
	close_conf(&k);

	open_purse(&k, "");
	tell_steps(&k.t, 1);
	tell(&k.t, EXS_FACT_BUDGET_DENIED, "old", NULL, NULL, "{\"text\":\"no\"}");
	tell(&k.t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"denied\",\"reason\":\"budget\",\"output\":\"\",\"error\":\"no\"}");
	asked(&k);
	assert_string_equal(k.w.r.found.planned, "turn with one/a, try 1");
	assert_int_equal(k.w.would.n, 0);
	close_conf(&k);
}

static void a_run_in_several_attempts_has_a_purse_for_each(void **state)
{
	struct kit k;

	(void)state;
	open_purse(&k, ", bound: 9");
	tell_turn_started(&k.t);
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false}");
	tell_steps(&k.t, 1);
	tellf(&k.t, EXS_FACT_RUN_PARKED, "{\"why\":\"shutdown\",\"text\":\"\"}");
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":true}");
	tell_failure(&k.t, "one/a", "denied", "permanent", 0);
	tell_ended(&k.t, "error");
	tellf(&k.t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false,\"retry\":true}");
	tell_turn_started(&k.t);
	ask(&k);
	assert_int_equal(k.status, EXS_OK);
	assert_int_equal(k.w.would.n, 0);
	close_conf(&k);
}

static void a_budget_that_fails_is_named(void **state)
{
	static const char *const verbs[] = { "check", "start", "reserve", "settle", "commit" };
	char options[64];
	struct kit k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		snprintf(options, sizeof options, ", price: 1, fail: %s", verbs[i]);
		open_purse(&k, options);
		tell_done(&k.t);
		ask(&k);
		assert_non_null(strstr(k.w.err.text, "budget 'purse' cannot be asked"));
		close_conf(&k);
	}
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
		cmocka_unit_test(the_other_price_is_taken_and_the_old_one_kept_where_there_is_none),
		cmocka_unit_test(a_refusal_ends_it_before_the_turn),
		cmocka_unit_test(its_ledger_is_in_memory_and_bounded),
		cmocka_unit_test(a_soft_limit_is_told_once),
		cmocka_unit_test(a_recorded_refusal_is_asked_for_again),
		cmocka_unit_test(a_run_in_several_attempts_has_a_purse_for_each),
		cmocka_unit_test(a_budget_that_fails_is_named),
		cmocka_unit_test(batteries_see_the_recorded_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
