/* SPDX-License-Identifier: MIT */
/*
 * test_replay.c - a run that is replayed takes the same decisions; where a record says otherwise, the first such
 * fact is named with what was planned.
 */
#include "base/auto.h"
#include "history_kit.h"
#include "plan_kit.h"
#include "run/replay.h"

/* Replays the facts of a tale, whatever its own fold said of them. */
static exs_status play(const struct tale *t, struct replay *r)
{
	exs_status status = EXS_OK;
	uint32_t i;

	replay_init(r);
	for (i = 0; i < t->n && status == EXS_OK; i++)
		status = replay_fact(r, &t->facts[i]);
	return status;
}

static void is_the_same(struct tale *t, int64_t decisions)
{
	struct replay r;

	assert_int_equal(play(t, &r), EXS_OK);
	assert_false(r.found.any);
	assert_int_equal(r.facts, t->n);
	assert_int_equal(r.decisions, decisions);
	replay_release(&r);
	tale_release(t);
}

/* The last fact is the divergence. */
static void differs(struct tale *t, const char *planned, const char *recorded)
{
	struct replay r;

	assert_int_equal(play(t, &r), EXS_CANCELLED);
	assert_true(r.found.any);
	assert_int_equal(r.found.seq, t->n);
	assert_int_equal(r.facts, t->n - 1);
	assert_string_equal(r.found.planned, planned);
	assert_string_equal(r.found.recorded, recorded);
	assert_int_equal(r.damage.status, EXS_OK);
	replay_release(&r);
	tale_release(t);
}

static void tell_target(struct tale *t, const char *name, int target, int try)
{
	char body[128];

	snprintf(body, sizeof body, "{\"target\":%d,\"try\":%d,\"messages\":1,\"estimate\":9}", target,
		 try);
	tell(t, EXS_FACT_TURN_STARTED, name, NULL, NULL, body);
}

static void tell_end(struct tale *t, const char *status, const char *reason, const char *output)
{
	tellf(t, EXS_FACT_RUN_ENDED,
	      "{\"status\":\"%s\",\"output\":\"%s\",\"error\":\"e\",\"reason\":\"%s\",\"steps\":1}",
	      status, output, reason);
}

static void tell_plain_resume(struct tale *t, const char *more)
{
	tellf(t, EXS_FACT_RUN_RESUMED, "{\"owner\":\"o\",\"parked\":false%s}", more);
}

/* ---- the same ---- */

static void a_run_that_ended_well_decides_the_same(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	tell_steered(&t, "and this?");
	tell_answer(&t, "It is 42.");
	tell_end(&t, "ok", "", "It is 42.");
	is_the_same(&t, 4);
}

static void inputs_are_no_decisions(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell(&t, EXS_FACT_BUDGET_RESERVED, "purse", NULL, NULL, "{\"estimate\":{}}");
	tell_turn_started(&t);
	tell(&t, EXS_FACT_CRITIC_DECIDED, "eye", NULL, NULL, "{\"what\":\"wait\"}");
	tell(&t, EXS_FACT_QUESTION_ASKED, NULL, NULL, NULL, "{}");
	tell(&t, 250, NULL, NULL, NULL, "{}");
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"shutdown\",\"text\":\"stop\"}");
	is_the_same(&t, 2);
}

static void what_a_person_settles_is_no_decision(void **state)
{
	static const char *const words[] = { "done", "not-done", "retry" };
	char body[64];
	struct tale t;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		tell_start_parking(&t);
		tell_asks(&t, ONE);
		tell_call_started(&t, 0, "unsafe");
		tell_plain_resume(&t, "");
		tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"in_doubt\",\"text\":\"look\"}");
		tell_plain_resume(&t, "");
		snprintf(body, sizeof body, "{\"word\":\"%s\"}", words[i]);
		tell(&t, EXS_FACT_CALL_SETTLED, "read", "1.0", NULL, body);
		if (i == 2)
			tell_call_started(&t, 0, "unsafe");
		tell_call_ended(&t, 0, i == 1 ? "error" : "ok");
		assert_int_equal(t.status, EXS_OK);
		is_the_same(&t, 4);
	}
}

static void a_run_without_its_end_is_the_same_so_far(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	is_the_same(&t, 1);
}

static void a_retry_is_replayed_behind_the_end(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_failure(&t, "one/a", "denied", "permanent", 0);
	tell_end(&t, "error", "model", "");
	tell_plain_resume(&t, ",\"retry\":true");
	tell_answer(&t, "It works.");
	tell_end(&t, "ok", "", "It works.");
	is_the_same(&t, 4);
}

static void a_fork_is_replayed_with_what_it_has_in_common(void **state)
{
	struct tale t;
	exs_fact f;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	f = (exs_fact){ .size = sizeof f,
			.kind = EXS_FACT_RUN_FORKED,
			.seq = t.state.seq + 1,
			.step = t.state.step,
			.attempt = 1,
			.body = exs_cstr("{\"v\":1," TALE_LIMITS
					 ",\"from\":{\"run\":\"01jabc\",\"seq\":5,\"step\":1},\"asks\":true,"
					 "\"input\":\"And now?\"}") };
	t.facts[t.n++] = kit_fact_copy(&f);
	assert_int_equal(fold(&t.state, &f, &t.err), EXS_OK);
	tell_answer(&t, "Now it is 43.");
	tell_end(&t, "ok", "", "Now it is 43.");
	is_the_same(&t, 4);
}

static void calls_of_a_dead_attempt_go_by_their_effect(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER "," CALL_READ("c", "z"));
	tell_call_started(&t, 0, "idempotent");
	tell_call_started(&t, 1, "reconcilable");
	tell_call_started(&t, 2, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 0, "idempotent");
	tell_call_ended(&t, 0, "ok");
	tell_call_ended(&t, 1, "ok");
	tell_call_ended(&t, 2, "in_doubt");
	is_the_same(&t, 7);
}

/* Two were asked about together; that one of them runs again does not recall the question about the other. */
static void tools_that_were_asked_together_answer_in_any_order(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "reconcilable");
	tell_call_started(&t, 1, "reconcilable");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 0, "reconcilable");
	tell_call_ended(&t, 1, "ok");
	tell_call_ended(&t, 0, "ok");
	is_the_same(&t, 5);
}

static void a_tool_that_cannot_tell_parks_the_run(void **state)
{
	struct tale t;

	(void)state;
	tell_start_parking(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "reconcilable");
	tell_plain_resume(&t, "");
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"in_doubt\",\"text\":\"who knows\"}");
	is_the_same(&t, 3);
}

static void a_model_that_rests_is_passed_over(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_target(&t, "two/b", 1, 1);
	is_the_same(&t, 1);
}

static void what_could_not_be_set_up_is_no_decision(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_end(&t, "error", "setup", "");
	is_the_same(&t, 1);
}

static void the_end_closes_what_was_not_run(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "pure");
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"caller\",\"text\":\"\"}");
	tell_call_ended(&t, 0, "skipped");
	tell_call_ended(&t, 1, "skipped");
	tell_end(&t, "cancelled", "cancelled", "");
	is_the_same(&t, 4);
}

/* ---- divergences ---- */

static void a_turn_that_was_not_due(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_at(&t, "a", "ok");
	step_at(&t, "a", "ok");
	tell_asks(&t, CALL_READ("c", "a"));
	tell_call_started(&t, 0, "pure");
	differs(&t, "end: error, tool_loop", "call_started 3.0 read");
}

static void a_turn_with_another_model(void **state)
{
	struct tale t;

	(void)state;
	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_target(&t, "two/b", 0, 1);
	differs(&t, "turn with one/a, try 1", "turn_started two/b");

	tell_start_chain(&t, "[\"one/a\",\"two/b\"]");
	tell_target(&t, "one/a", 0, 1);
	tell_turn_failed(&t, "one/a", "not found", "no_model", 0);
	tell_target(&t, "one/a", 0, 1);
	differs(&t, "turn with two/b, try 1", "turn_started one/a");
}

static void a_try_too_many(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_target(&t, "one/a", 0, 1);
	tell_turn_failed(&t, "one/a", "i/o", "transient", 0);
	tell_target(&t, "one/a", 0, 3);
	differs(&t, "turn with one/a, try 2", "turn_started one/a");
}

static void a_turn_while_calls_are_left(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "pure");
	tell_call_ended(&t, 0, "ok");
	tell_turn_started(&t);
	differs(&t, "calls 1.1", "turn_started one/a");
}

static void an_unsafe_call_that_is_repeated(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 0, "unsafe");
	differs(&t, "doubt 1.0", "call_started 1.0 read");

	tell_start(&t);
	tell_asks(&t, ONE);
	tell_call_started(&t, 0, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_ended(&t, 0, "ok");
	differs(&t, "doubt 1.0", "call_ended 1.0 read: ok");
}

/* Others of the step may be made again, this one may not. */
static void a_call_that_was_not_listed_with_the_others(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE "," OTHER);
	tell_call_started(&t, 0, "idempotent");
	tell_call_started(&t, 1, "unsafe");
	tell_plain_resume(&t, "");
	tell_call_started(&t, 1, "unsafe");
	differs(&t, "calls 1.0", "call_started 1.1 read");
}

static void a_call_behind_a_cancel(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_asks(&t, ONE);
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"caller\",\"text\":\"\"}");
	tell_call_started(&t, 0, "pure");
	differs(&t, "end: cancelled, cancelled", "call_started 1.0 read");

	tell_start(&t);
	tell_asks(&t, ONE);
	tellf(&t, EXS_FACT_RUN_CANCELLED, "{\"cause\":\"caller\",\"text\":\"\"}");
	tell_call_ended(&t, 0, "ok");
	differs(&t, "end: cancelled, cancelled", "call_ended 1.0 read: ok");
}

static void another_end(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	step_with(&t, ONE, "ok");
	tell_end(&t, "error", "step_limit", "");
	differs(&t, "turn with one/a, try 1", "run_ended: error, step_limit");

	tell_start(&t);
	tell_answer(&t, "42");
	tell_end(&t, "error", "model", "42");
	differs(&t, "end: ok", "run_ended: error, model");

	tell_start(&t);
	tell_failure(&t, "one/a", "denied", "permanent", 0);
	tell_end(&t, "error", "tool_loop", "");
	differs(&t, "end: error, model", "run_ended: error, tool_loop (reason or answer differ)");

	tell_start(&t);
	tell_answer(&t, "42");
	tell_end(&t, "ok", "", "43");
	differs(&t, "end: ok", "run_ended: ok (reason or answer differ)");
}

static void a_park_that_was_not_needed(void **state)
{
	struct tale t;

	(void)state;
	tell_start(&t);
	tellf(&t, EXS_FACT_RUN_PARKED, "{\"why\":\"in_doubt\",\"text\":\"who knows\"}");
	differs(&t, "turn with one/a, try 1", "run_parked: in_doubt");
}

/* A sentence of any length is cut and never overflows. */
static void long_names_are_cut(void **state)
{
	char model[REPLAY_TEXT_MAX], list[REPLAY_TEXT_MAX * 2];
	struct replay r;
	struct tale t;

	(void)state;
	memset(model, 'm', sizeof model);
	memcpy(model, "one/", 4);
	model[250] = '\0';
	snprintf(list, sizeof list, "[\"%s\"]", model);
	tell_start_chain(&t, list);
	memset(model, 'n', sizeof model - 1);
	model[sizeof model - 1] = '\0';
	tell_target(&t, model, 0, 1);
	assert_int_equal(play(&t, &r), EXS_CANCELLED);
	assert_true(strlen(r.found.recorded) < REPLAY_TEXT_MAX);
	assert_true(strlen(r.found.planned) > 250);
	replay_release(&r);
	tale_release(&t);
}

/* ---- damage ---- */

static void damage_ends_it_with_what_could_be_read(void **state)
{
	struct replay r;
	struct tale t;

	(void)state;
	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_ended(&t, "42", NULL);
	t.facts[2].seq = 9;
	assert_int_equal(play(&t, &r), EXS_CORRUPT);
	assert_false(r.found.any);
	assert_int_equal(r.facts, 2);
	assert_non_null(strstr(r.damage.text, "the log has a hole"));
	replay_release(&r);
	tale_release(&t);

	tell_start(&t);
	tell_turn_started(&t);
	tell_turn_started(&t);
	assert_int_equal(play(&t, &r), EXS_CANCELLED); /* plan would have waited */
	assert_string_equal(r.found.planned, "wait for the turn");
	replay_release(&r);
	tale_release(&t);
}

/* ---- made-up runs ---- */

/* The histories say less of a turn and of an end than the kernel does: that is put right here. */
static void as_recorded(const struct replay *r, const exs_fact *f, exs_fact *out, char *body, size_t size)
{
	const struct state *s = &r->state;
	const char *output = s->final ? s->output : s->last_text;
	int64_t target = 0;
	struct buf b;

	*out = *f;
	if (f->kind == EXS_FACT_TURN_STARTED) {
		json_get_int(f->body, "target", &target);
		if (target < s->target)
			target = s->target;
		snprintf(body, size, "{\"target\":%d,\"try\":%d}", (int)target,
			 target == s->target ? (int)s->tries + 1 : 1);
		out->body = str_of(body);
		if (target < s->model_count)
			out->name = str_of(s->models[target]);
	} else if (f->kind == EXS_FACT_RUN_ENDED) {
		auto_free char *status = json_get_textz(f->body, "status", 64);
		auto_free char *reason = json_get_textz(f->body, "reason", 64);

		buf_init(&b, size - 1);
		buf_printf(&b, "{\"status\":\"%s\",\"reason\":\"%s\",\"output\":", status, reason);
		buf_jsonz(&b, output ? output : "");
		buf_puts(&b, "}");
		assert_true(buf_ok(&b));
		memcpy(body, b.p, b.n + 1);
		out->body = str_n(body, b.n);
		buf_release(&b);
	}
}

static void check_replay(struct history *h)
{
	static char body[4096];
	struct replay r;
	exs_fact f;
	uint32_t i;

	replay_init(&r);
	for (i = 0; i < h->t.n; i++) {
		as_recorded(&r, &h->t.facts[i], &f, body, sizeof body);
		if (replay_fact(&r, &f) == EXS_OK)
			continue;
		must(h, i + 1, !r.found.any, r.found.planned);
		must(h, i + 1, false, r.damage.text);
	}
	must(h, h->t.n, r.facts == h->t.n, "not all facts were replayed");
	replay_release(&r);
}

static void every_history_replays_without_a_divergence(void **state)
{
	(void)state;
	for_each_history(check_replay);
}

/* The same histories under another limit: replay must notice, or it says little. */
static uint32_t dropped, noticed;

static void check_other_limits(struct history *h)
{
	static char body[4096];
	struct replay r;
	exs_fact f;
	uint32_t i;
	bool ended = false;

	replay_init(&r);
	for (i = 0; i < h->t.n; i++) {
		as_recorded(&r, &h->t.facts[i], &f, body, sizeof body);
		if (replay_fact(&r, &f))
			break;
		r.state.limits.steps = 1;
		ended |= r.state.step >= 1 && f.kind == EXS_FACT_TURN_STARTED && f.step > 1;
	}
	must(h, i, !ended, "a run of two steps was let through with a limit of one");
	dropped++;
	noticed += r.found.any;
	replay_release(&r);
}

static void a_smaller_limit_is_a_divergence(void **state)
{
	(void)state;
	if (getenv("TEST_SEED"))
		return;
	for_each_history(check_other_limits);
	assert_true(dropped == HISTORIES && noticed > HISTORIES / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_ended_well_decides_the_same),
		cmocka_unit_test(inputs_are_no_decisions),
		cmocka_unit_test(what_a_person_settles_is_no_decision),
		cmocka_unit_test(a_run_without_its_end_is_the_same_so_far),
		cmocka_unit_test(a_retry_is_replayed_behind_the_end),
		cmocka_unit_test(a_fork_is_replayed_with_what_it_has_in_common),
		cmocka_unit_test(calls_of_a_dead_attempt_go_by_their_effect),
		cmocka_unit_test(tools_that_were_asked_together_answer_in_any_order),
		cmocka_unit_test(a_tool_that_cannot_tell_parks_the_run),
		cmocka_unit_test(a_model_that_rests_is_passed_over),
		cmocka_unit_test(what_could_not_be_set_up_is_no_decision),
		cmocka_unit_test(the_end_closes_what_was_not_run),
		cmocka_unit_test(a_turn_that_was_not_due),
		cmocka_unit_test(a_turn_with_another_model),
		cmocka_unit_test(a_try_too_many),
		cmocka_unit_test(a_turn_while_calls_are_left),
		cmocka_unit_test(an_unsafe_call_that_is_repeated),
		cmocka_unit_test(a_call_that_was_not_listed_with_the_others),
		cmocka_unit_test(a_call_behind_a_cancel),
		cmocka_unit_test(another_end),
		cmocka_unit_test(a_park_that_was_not_needed),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(damage_ends_it_with_what_could_be_read),
		cmocka_unit_test(every_history_replays_without_a_divergence),
		cmocka_unit_test(a_smaller_limit_is_a_divergence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
