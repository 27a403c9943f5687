/* SPDX-License-Identifier: MIT */
/*
 * test_services.c - a battery may ask the host from anywhere: tests/zoo/reentry.c calls every
 * service from every callback while a real store is bound.
 */
#include "services_kit.h"

#define WAIT_MS 20000

/* What a service answered in the last callback of that name; fails the test when there was none. */
static int answer(struct box *b, const char *where, const char *service)
{
	ssize_t n = pread(b->log.fd, b->said, sizeof b->said - 1, 0);
	char mark[64];
	const char *line = NULL, *at = b->said;

	assert_true(n >= 0);
	b->said[n] = '\0';
	snprintf(mark, sizeof mark, "battery 're': in %s: ", where);
	while ((at = strstr(at, mark)))
		line = at++;
	if (!line)
		fail_msg("there was no callback %s", where);
	snprintf(mark, sizeof mark, " %s=", service);
	at = line ? strstr(line, mark) : NULL;
	if (!at || at > strchr(line, '\n'))
		fail_msg("%s did not ask %s", where, service);
	return at ? atoi(at + strlen(mark)) : -1;
}

static void answered(struct box *b, const char *where, const char *service, exs_status wanted)
{
	int status = answer(b, where, service);

	if (status != wanted)
		fail_msg("in %s: %s answered %d (%s), not %d", where, service, status,
			 status_word(status), (int)wanted);
}

enum { NO_BATCH = 0, FACTS = 1, OWN = 2 };

/* What must hold in every callback. */
static void held(struct box *b, const char *where, int batch, exs_status commit, exs_status run)
{
	static const char *const verb[] = { "tally", "steer", "extend", "raise", "kill", "cancel" };
	exs_status open = batch == NO_BATCH ? EXS_INVALID : EXS_OK;
	int get = answer(b, where, "get");
	size_t i;

	assert_true(get == EXS_OK || get == EXS_NOTFOUND);
	answered(b, where, "scan", EXS_OK);
	answered(b, where, "put", open);
	answered(b, where, "del", open);
	answered(b, where, "add", open);
	answered(b, where, "bounded", batch == OWN ? EXS_OK : EXS_INVALID);
	answered(b, where, "last", EXS_INVALID); /* an earlier call's batch is closed */
	answered(b, where, "commit", commit);
	for (i = 0; i < ARRAY_LEN(verb); i++)
		answered(b, where, verb[i], run);
	answered(b, where, "clocks", 1);
}

static void brief(struct box *b, const char *where, int batch)
{
	held(b, where, batch, EXS_UNSUPPORTED, EXS_OK);
}

/* ---- every callback ---- */

static void in_open_and_port_all_works_and_no_run_is_live(void **state)
{
	struct box *b = *state;

	held(b, "open", NO_BATCH, EXS_OK, EXS_NOTFOUND);
	held(b, "port", NO_BATCH, EXS_OK, EXS_NOTFOUND);
}

static exs_status any_head(void *arg, exs_str head)
{
	(void)head;
	++*(int *)arg;
	return EXS_OK;
}

static void from_checkpoint(void **state)
{
	struct box *b = *state;
	exs_ckpt *c = NULL;
	int heads = 0;

	assert_int_equal(call_ckpt_begin(b->in, &b->run, &b->facts, &c, &b->err), EXS_OK);
	brief(b, "checkpoint.begin", FACTS);
	assert_int_equal(b->facts.n, 3);
	assert_int_equal(call_ckpt_adopt(b->in, &b->run, &b->own, &c, &b->err), EXS_OK);
	brief(b, "checkpoint.adopt", FACTS); /* and the batch of begin is closed */
	assert_int_equal(call_ckpt_append(b->in, c, NULL, 0, &b->facts, &b->err), EXS_OK);
	brief(b, "checkpoint.append", FACTS);
	assert_int_equal(call_ckpt_end(b->in, c, EXS_CKPT_COMPLETE, S("ok"), &b->facts, &b->err),
			 EXS_OK);
	brief(b, "checkpoint.end", FACTS);
	assert_int_equal(call_ckpt_load(b->in, "run-1", NULL, NULL, &b->err), EXS_OK);
	brief(b, "checkpoint.load", NO_BATCH);
	assert_int_equal(call_ckpt_list(b->in, 0, any_head, &heads, &b->err), EXS_OK);
	brief(b, "checkpoint.list", NO_BATCH);
	assert_int_equal(heads, 1);
}

static void from_audit(void **state)
{
	struct box *b = *state;
	exs_fact fact = { .size = sizeof fact };
	exs_trail *t = NULL;

	assert_int_equal(call_audit_start(b->in, &b->run, &t, &b->err), EXS_OK);
	brief(b, "audit.start", NO_BATCH);
	assert_int_equal(call_audit_record(b->in, t, &fact, &b->facts, &b->err), EXS_OK);
	brief(b, "audit.record", FACTS);
	assert_int_equal(call_audit_record(b->in, t, &fact, NULL, &b->err), EXS_OK);
	brief(b, "audit.record", NO_BATCH);
	assert_int_equal(call_audit_finish(b->in, t, &b->err), EXS_OK);
	brief(b, "audit.finish", NO_BATCH);
}

static void from_budget(void **state)
{
	struct box *b = *state;
	exs_usage usage = { .size = sizeof usage };
	exs_tally tally = { .size = sizeof tally };
	exs_spend spend = { sizeof spend, 1, "m/m", &usage, &tally };
	exs_allowance allowed = { .size = sizeof allowed };
	exs_purse *p = NULL;

	assert_int_equal(call_budget_check(b->in, &b->run, &b->err), EXS_OK);
	brief(b, "budget.check", NO_BATCH);
	assert_int_equal(call_budget_start(b->in, &b->run, false, &b->facts, &p, &b->err), EXS_OK);
	brief(b, "budget.start", FACTS);
	assert_int_equal(call_budget_price(b->in, "m/m", &usage, &b->err), EXS_OK);
	brief(b, "budget.price", NO_BATCH);
	assert_int_equal(call_budget_reserve(b->in, p, &spend, &b->own, &allowed, &b->err), EXS_OK);
	brief(b, "budget.reserve", OWN);
	assert_int_equal(call_budget_settle(b->in, p, &usage, &tally, &b->facts, &b->err), EXS_OK);
	brief(b, "budget.settle", FACTS);
	assert_int_equal(
		call_budget_finish(b->in, p, EXS_PURSE_ENDED, &tally, &b->facts, &b->err), EXS_OK);
	brief(b, "budget.finish", FACTS);
	assert_int_equal(call_budget_finish(b->in, p, EXS_PURSE_LEFT, &tally, NULL, &b->err),
			 EXS_OK);
	brief(b, "budget.finish", NO_BATCH);
}

static void from_critic(void **state)
{
	struct box *b = *state;
	exs_fact fact = { .size = sizeof fact };
	exs_watch *w = NULL;
	exs_verdict v;
	int64_t deadline;

	assert_int_equal(call_critic_watch(b->in, &b->run, 1000, &w, &b->err), EXS_OK);
	brief(b, "critic.watch", NO_BATCH);
	assert_int_equal(call_critic_observe(b->in, w, &fact, &b->err), EXS_OK);
	brief(b, "critic.observe", NO_BATCH);
	assert_int_equal(call_critic_tick(b->in, w, 0, &v, &deadline, &b->err), EXS_OK);
	brief(b, "critic.tick", NO_BATCH);
	brief(b, "critic.deadline_ms", NO_BATCH);
	call_critic_unwatch(b->in, w);
	brief(b, "critic.unwatch", NO_BATCH);
}

static exs_status any_spec(void *arg, const exs_tool_spec *spec)
{
	(void)arg;
	(void)spec;
	return EXS_OK;
}

static void from_the_short_calls_of_model_and_tool(void **state)
{
	struct box *b = *state;
	exs_model_info info;

	assert_int_equal(call_budget_check(b->in, &b->run, &b->err),
			 EXS_OK); /* now it knows the run */
	assert_int_equal(call_model_describe(b->in, "m", &info, &b->err), EXS_OK);
	brief(b, "model.describe", NO_BATCH);
	assert_int_equal(call_tool_list(b->in, any_spec, NULL, &b->err), EXS_OK);
	brief(b, "tool.list", NO_BATCH);
	call_tool_run_ended(b->in, "run-1");
	brief(b, "tool.run_ended", NO_BATCH);
}

/* ---- long calls ---- */

struct job_of {
	struct work work;
	struct box *b;
	exs_turn turn;
	exs_call call;
	exs_parcel parcel;
	_Atomic int ended, freed, shown;
};

static void start_turn(struct work *w, exs_done done)
{
	call_model_turn(w, &container_of(w, struct job_of, work)->turn, done);
}

static void start_call(struct work *w, exs_done done)
{
	call_tool_call(w, &container_of(w, struct job_of, work)->call, done);
}

static void start_reconcile(struct work *w, exs_done done)
{
	call_tool_reconcile(w, &container_of(w, struct job_of, work)->call, done);
}

static void start_delivery(struct work *w, exs_done done)
{
	call_delivery(w, &container_of(w, struct job_of, work)->parcel, done);
}

static void on_ended(struct work *w)
{
	container_of(w, struct job_of, work)->ended++;
}

static void on_freed(struct work *w)
{
	buf_release(&w->pending.out);
	container_of(w, struct job_of, work)->freed++;
}

static void on_progress(struct work *w, exs_str delta)
{
	if (str_is(delta, "half"))
		container_of(w, struct job_of, work)->shown++;
}

static void long_call(struct box *b, const char *where, void (*start)(struct work *, exs_done),
		      exs_status commit)
{
	struct job_of j = { .b = b };
	int64_t end = clock_mono_ms() + WAIT_MS;

	j.turn = (exs_turn){ .size = sizeof j.turn, .run = &b->run };
	j.call = (exs_call){ .size = sizeof j.call, .run = &b->run };
	j.parcel = (exs_parcel){ .size = sizeof j.parcel, .run = &b->run };
	j.work = (struct work){ .in = b->in, .what = where, .cap = 64, .start = start };
	j.work.ended = on_ended;
	j.work.freed = on_freed;
	j.work.progress = on_progress;
	j.work.token = cancel_new(NULL);
	work_start(&j.work);
	while (!j.freed) {
		assert_true(clock_mono_ms() < end);
		usleep(500);
	}
	assert_int_equal(j.ended, 1);
	assert_int_equal(j.shown, 1);
	assert_int_equal(j.work.pending.status, EXS_OK);
	held(b, where, NO_BATCH, commit, EXS_OK);
	if (start == start_call) {
		cancel_fire(j.work.token, EXS_CAUSE_CALLER);
		held(b, "cancel.notify", NO_BATCH, EXS_OK,
		     EXS_OK); /* on this thread, which may wait */
	}
	cancel_unref(j.work.token);
}

static void from_long_calls_on_a_call_worker_a_commit_may_wait(void **state)
{
	struct box *b = *state;

	long_call(b, "model.turn", start_turn, EXS_OK);
	long_call(b, "tool.call", start_call, EXS_OK);
	long_call(b, "tool.reconcile", start_reconcile, EXS_OK);
	long_call(b, "delivery.deliver", start_delivery, EXS_OK);
}

static void from_long_calls_that_return_at_once_it_may_not(void **state)
{
	struct box *b = *state;

	long_call(b, "model.turn", start_turn, EXS_UNSUPPORTED);
	long_call(b, "tool.call", start_call, EXS_UNSUPPORTED);
	long_call(b, "tool.reconcile", start_reconcile, EXS_UNSUPPORTED);
	long_call(b, "delivery.deliver", start_delivery, EXS_UNSUPPORTED);
}

static void in_close_all_works_still(void **state)
{
	struct box *b = *state;

	host_set_run(b->host, NULL, NULL);
	host_close(b->host);
	b->host = NULL;
	held(b, "close", NO_BATCH, EXS_OK, EXS_NOTFOUND);
}

/* ---- executus.svc.run/1 ---- */

struct asker {
	const exs_run_svc *svc;
	_Atomic int stop;
	int odd;
};

static void *ask_on(void *arg)
{
	struct asker *a = arg;
	exs_tally tally = { .size = sizeof tally };

	while (!atomic_load(&a->stop)) {
		exs_status s = a->svc->tally(a->svc, LIVE_RUN, &tally);

		a->odd += s != EXS_OK && s != EXS_NOTFOUND;
		s = a->svc->kill(a->svc, LIVE_RUN, S("why"));
		a->odd += s != EXS_OK && s != EXS_NOTFOUND;
	}
	return NULL;
}

static void the_run_service_outlives_its_engine(void **state)
{
	struct box *b = *state;
	struct asker a = { .svc = b->other->pub.service(&b->other->pub, EXS_SVC_RUN) };
	exs_tally tally = { .size = sizeof tally };
	pthread_t t;
	int i;

	assert_int_equal(a.svc->tally(a.svc, LIVE_RUN, &tally), EXS_OK);
	assert_int_equal(tally.step, 3);
	assert_int_equal(a.svc->tally(a.svc, LIVE_RUN + 1, &tally), EXS_NOTFOUND);
	assert_int_equal(pthread_create(&t, NULL, ask_on, &a), 0);
	for (i = 0; i < 200; i++) {
		host_set_run(b->host, NULL, NULL);
		host_set_run(b->host, &verbs, b);
	}
	host_set_run(b->host, NULL, NULL);
	assert_null(b->host->engine);
	a.stop = 1;
	pthread_join(t, NULL);
	assert_int_equal(a.odd, 0);
	assert_int_equal(a.svc->steer(a.svc, LIVE_RUN, S("x")), EXS_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(in_open_and_port_all_works_and_no_run_is_live),
		CASE(from_checkpoint),
		CASE(from_audit),
		CASE(from_budget),
		CASE(from_critic),
		CASE(from_the_short_calls_of_model_and_tool),
		AT_ONCE(from_the_short_calls_of_model_and_tool),
		CASE(from_long_calls_on_a_call_worker_a_commit_may_wait),
		AT_ONCE(from_long_calls_that_return_at_once_it_may_not),
		CASE(in_close_all_works_still),
		CASE(the_run_service_outlives_its_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
