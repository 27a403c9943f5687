/* SPDX-License-Identifier: MIT */
/* port_critic.c - the contract of the critic port, held against any battery that fills it. */
#include "conformance/subject.h"

#include <executus/port/critic.h>

#define SOFT 1000
#define TICKS 200

static struct subject subject;

struct fixture {
	struct opened o;
	const exs_critic *port;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	subject_open(&subject, EXS_PORT_CRITIC, &f->o);
	f->o.host.mono_ms = 1000;
	f->port = f->o.port;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	subject_close(&f->o);
	free(f);
	return 0;
}

static exs_watch *watch(struct fixture *f, const char *id, int32_t attempt, int64_t soft_ms)
{
	exs_run_info run = double_run_info(id);
	exs_err err = EXS_ERR_INIT;
	exs_watch *w = NULL;

	run.attempt = attempt;
	if (f->port->watch(f->o.self, &run, soft_ms, &w, &err))
		fail_msg("watch: %s", err.text);
	return w;
}

static void observe(struct fixture *f, exs_watch *w, int32_t kind, int64_t seq, const char *body)
{
	exs_fact fact = { .size = sizeof fact, .kind = kind, .seq = seq, .attempt = 1 };

	fact.name = exs_cstr("tool");
	fact.call_id = exs_cstr("1.0");
	fact.body = exs_cstr(body);
	f->port->observe(w, &fact);
}

static int32_t tick(struct fixture *f, exs_watch *w, int64_t idle, exs_verdict *v)
{
	memset(v, 0, sizeof *v);
	v->size = sizeof *v;
	f->port->tick(w, idle, v);
	assert_int_equal(v->size, sizeof *v);
	assert_true(v->what >= EXS_VERDICT_WAIT && v->what <= EXS_VERDICT_KILL);
	assert_true(v->next_tick_ms >= 0 && v->extend_ms >= 0 && v->raise_steps >= 0);
	assert_non_null(memchr(v->words, '\0', sizeof v->words));
	if (v->what == EXS_VERDICT_NUDGE || v->what == EXS_VERDICT_KILL)
		assert_true(v->words[0] != '\0'); /* somebody reads why */
	if (v->what == EXS_VERDICT_EXTEND)
		assert_true(v->extend_ms > 0);
	if (v->what == EXS_VERDICT_RAISE)
		assert_true(v->raise_steps > 0);
	return v->what;
}

static void a_watch_that_sees_nothing_closes(void **state)
{
	struct fixture *f = *state;
	exs_watch *w = watch(f, "r1", 1, SOFT);

	if (w)
		f->port->unwatch(w);
}

static void a_run_without_a_limit_may_go_unwatched(void **state)
{
	struct fixture *f = *state;
	exs_watch *w = watch(f, "r1", 1, 0);
	exs_verdict v;

	if (!w)
		return;
	tick(f, w, 0, &v);
	f->port->unwatch(w);
}

static void the_deadline_is_none_or_not_before_the_soft_limit(void **state)
{
	static const int64_t soft[] = { 1, SOFT, 3600000, INT64_C(1) << 40, INT64_MAX };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof soft / sizeof soft[0]; i++) {
		exs_watch *w = watch(f, "r1", 1, soft[i]);
		int64_t at;

		if (!w)
			continue;
		at = f->port->deadline_ms(w);
		assert_true(at == 0 || at >= soft[i]);
		f->port->unwatch(w);
	}
}

/* Every kind, with bodies that are odd, and kinds of a newer release. */
static void no_fact_is_too_odd_to_be_seen(void **state)
{
	static const char *const bodies[] = { "{}", "{\"args_sha256\":1,\"status\":[]}", "null", "",
					      "{\"content\":null,\"status\":\"error\"}", "{\"cut" };
	struct fixture *f = *state;
	exs_watch *w = watch(f, "r1", 1, SOFT);
	exs_verdict v;
	int64_t seq = 0;
	int32_t kind;
	size_t i;

	if (!w)
		skip();
	for (kind = -1; kind <= EXS_FACT_MAX + 1; kind++)
		for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
			observe(f, w, kind, ++seq, bodies[i]);
	tick(f, w, 0, &v);
	f->port->unwatch(w);
}

/* Kill is sticky: whoever has decided it says nothing milder later. */
static void after_a_kill_nothing_milder_is_said(void **state)
{
	struct fixture *f = *state;
	exs_watch *w = watch(f, "r1", 1, SOFT);
	bool killed = false;
	exs_verdict v;
	int64_t deadline, before;
	int i;

	if (!w)
		skip();
	for (i = 0; i < TICKS; i++) {
		f->o.host.mono_ms += 2 * SOFT;
		before = f->port->deadline_ms(w);
		tick(f, w, 2 * SOFT, &v);
		deadline = f->port->deadline_ms(w);
		assert_true(deadline >= before); /* time that was given is not taken back */
		if (killed)
			assert_int_equal(v.what, EXS_VERDICT_KILL);
		killed = killed || v.what == EXS_VERDICT_KILL;
		observe(f, w, EXS_FACT_STEERED, i + 1, "{\"from\":\"caller\",\"text\":\"on\"}");
	}
	f->port->unwatch(w);
}

/* What one run does says nothing about another. */
static void watches_are_apart(void **state)
{
	struct fixture *f = *state;
	exs_watch *idle = watch(f, "r1", 1, SOFT), *busy = watch(f, "r2", 1, SOFT);
	exs_verdict v;
	char text[64];
	int i;

	if (!idle || !busy)
		skip();
	for (i = 0; i < 20; i++) {
		f->o.host.mono_ms += 2 * SOFT;
		snprintf(text, sizeof text, "{\"status\":\"ok\",\"content\":\"news %d\"}", i);
		observe(f, busy, EXS_FACT_CALL_ENDED, i + 1, text);
		assert_int_equal(tick(f, busy, 0, &v), EXS_VERDICT_WAIT);
		tick(f, idle, 2 * SOFT, &v);
	}
	f->port->unwatch(idle);
	tick(f, busy, 0, &v);
	f->port->unwatch(busy);
}

static void facts_of_an_earlier_attempt_are_history(void **state)
{
	struct fixture *f = *state;
	exs_watch *w = watch(f, "r1", 2, SOFT);
	exs_verdict v;

	if (!w)
		skip();
	observe(f, w, EXS_FACT_RUN_STARTED, 1, "{}");
	observe(f, w, EXS_FACT_CRITIC_DECIDED, 2,
		"{\"what\":\"extend\",\"extend_ms\":9223372036854775807,\"words\":\"x\"}");
	observe(f, w, EXS_FACT_CRITIC_DECIDED, 3, "{\"what\":7}");
	tick(f, w, 0, &v);
	assert_true(f->port->deadline_ms(w) >= 0);
	f->port->unwatch(w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_watch_that_sees_nothing_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_without_a_limit_may_go_unwatched, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			the_deadline_is_none_or_not_before_the_soft_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(no_fact_is_too_odd_to_be_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(after_a_kill_nothing_milder_is_said, setup,
						teardown),
		cmocka_unit_test_setup_teardown(watches_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(facts_of_an_earlier_attempt_are_history, setup,
						teardown),
	};

	if (subject_args(&subject, argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
