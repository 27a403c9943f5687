/* SPDX-License-Identifier: MIT */
/* test_replay_histories.c - thousands of made-up runs replay without a divergence, and with one under other limits. */
#include "base/auto.h"
#include "history_kit.h"
#include "fact/replay.h"

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
		cmocka_unit_test(every_history_replays_without_a_divergence),
		cmocka_unit_test(a_smaller_limit_is_a_divergence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
