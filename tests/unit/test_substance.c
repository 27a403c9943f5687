/* SPDX-License-Identifier: MIT */
/* test_substance.c - what makes two facts say the same, and in which order calls are kept. */
#include "plan_kit.h"
#include "fact/substance.h"

static exs_fact fact(int32_t kind, const char *body)
{
	exs_fact f = { .size = sizeof f, .kind = kind, .seq = 3, .step = 2, .attempt = 1 };

	f.name = exs_cstr("read");
	f.body = exs_cstr(body);
	return f;
}

static void differ(int32_t kind, const char *a, const char *b, const char *want)
{
	exs_fact x = fact(kind, a), y = fact(kind, b);
	const char *what = facts_differ(&x, &y);

	assert_string_equal(what ? what : "", want ? want : "");
	what = facts_differ(&y, &x);
	assert_string_equal(what ? what : "", want ? want : "");
}

static void columns_that_count(void **state)
{
	exs_fact a = fact(EXS_FACT_CALL_STARTED, "{}"), b = a;

	(void)state;
	b.seq = 9;
	b.at_ms = b.run_ms = 7;
	b.attempt = 4;
	assert_null(facts_differ(&a, &b));
	b.name = exs_cstr("list");
	assert_string_equal(facts_differ(&a, &b), "name");
	b.call_id = exs_cstr("2.0");
	assert_string_equal(facts_differ(&a, &b), "call");
	b.step = 3;
	assert_string_equal(facts_differ(&a, &b), "step");
	b.kind = EXS_FACT_CALL_ENDED;
	assert_string_equal(facts_differ(&a, &b), "kind");
}

static void members_that_count(void **state)
{
	(void)state;
	differ(EXS_FACT_CALL_STARTED, "{\"effect\":\"pure\",\"key\":\"1\",\"try\":1,\"args_sha256\":\"00\"}",
	       "{\"effect\":\"pure\",\"key\":\"2\",\"try\":2,\"args_sha256\":\"00\"}", NULL);
	differ(EXS_FACT_CALL_STARTED, "{\"args_sha256\":\"00\"}", "{\"args_sha256\":\"01\"}", "arguments");
	differ(EXS_FACT_CALL_ENDED, "{\"status\":\"ok\",\"content\":\"a\",\"ms\":1}",
	       "{\"status\":\"ok\",\"content\":\"\\u0061\",\"ms\":2}", NULL);
	differ(EXS_FACT_CALL_ENDED, "{\"status\":\"ok\",\"content\":\"a\"}",
	       "{\"status\":\"error\",\"content\":\"a\"}", "status");
	differ(EXS_FACT_CALL_ENDED, "{\"status\":\"ok\"}", "{\"status\":\"ok\",\"content\":\"a\"}", "content");
	differ(EXS_FACT_RUN_ENDED, "{\"status\":\"ok\",\"output\":\"a\",\"usage\":{\"in_tokens\":1}}",
	       "{\"status\":\"ok\",\"output\":\"a\",\"usage\":{\"in_tokens\":2}}", NULL);
	differ(EXS_FACT_RUN_ENDED, "{\"status\":\"ok\",\"output\":\"a\"}",
	       "{\"status\":\"ok\",\"output\":\"b\"}", "output");
	differ(EXS_FACT_LIMIT_RAISED, "{\"what\":\"steps\",\"now\":3}", "{\"what\":\"steps\",\"now\":4}",
	       "now");
	differ(EXS_FACT_BUDGET_DENIED, "{\"text\":\"$1\"}", "{\"text\":\"$2\"}", NULL);
	differ(EXS_FACT_RUN_STARTED, "{\"caller\":\"a\"}", "{\"caller\":\"b\"}", NULL);
	differ(250, "{\"x\":1}", "{\"x\":2}", "body");
	differ(250, "{\"x\":1}", "{\"x\":1}", NULL);
}

#define SAYS(text, calls) "{\"message\":{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"hm" \
	text "\"},{\"type\":\"text\",\"text\":\"" text "\"}],\"calls\":[" calls "]},\"ms\":1}"
#define HUMS(hum) "{\"message\":{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"" hum "\"}]}}"

static void answers_are_compared_by_text_and_calls(void **state)
{
	(void)state;
	differ(EXS_FACT_TURN_ENDED, HUMS("a"), HUMS("b"), NULL);
	differ(EXS_FACT_TURN_ENDED, SAYS("a", ""), SAYS("b", ""), "text");
	differ(EXS_FACT_TURN_ENDED, SAYS("a", CALL_READ("x", "p")), SAYS("a", CALL_READ("y", "p")), NULL);
	differ(EXS_FACT_TURN_ENDED, SAYS("a", CALL_READ("x", "p")), SAYS("a", CALL_READ("x", "q")), "arguments");
	differ(EXS_FACT_TURN_ENDED, SAYS("a", CALL_READ("x", "p")), SAYS("a", ""), "calls");
	differ(EXS_FACT_TURN_ENDED, SAYS("a", CALL_READ("x", "p")),
	       SAYS("a", "{\"id\":\"x\",\"name\":\"list\",\"arguments\":\"{}\"}"), "calls");
	differ(EXS_FACT_TURN_ENDED, "{}", SAYS("a", ""), "message");
}

static void bookkeeping_does_not_count(void **state)
{
	static const int32_t out[] = { EXS_FACT_BUDGET_RESERVED, EXS_FACT_BUDGET_SETTLED,
				       EXS_FACT_DELIVERY_QUEUED, EXS_FACT_DELIVERY_ENDED,
				       EXS_FACT_PORT_FAILED, EXS_FACT_RUN_FORKED };
	exs_fact f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof out / sizeof *out; i++) {
		f = fact(out[i], "{\"asks\":false}");
		assert_false(fact_counts(&f));
	}
	f = fact(EXS_FACT_RUN_FORKED, "{\"asks\":true,\"input\":\"a\"}");
	assert_true(fact_counts(&f));
	f = fact(EXS_FACT_STEERED, "{}");
	assert_true(fact_counts(&f));
	differ(EXS_FACT_RUN_FORKED, "{\"asks\":true,\"input\":\"a\"}", "{\"asks\":true,\"input\":\"b\"}", "input");
}

static void calls_of_a_step_are_kept_in_their_order(void **state)
{
	static const struct {
		int32_t kind;
		const char *id;
	} told[] = { { EXS_FACT_TURN_ENDED, NULL },	{ EXS_FACT_CALL_STARTED, "2.1" },
		     { EXS_FACT_CALL_STARTED, "2.0" },	{ EXS_FACT_BUDGET_SETTLED, NULL },
		     { EXS_FACT_CALL_ENDED, "2.10" },	{ EXS_FACT_CALL_ENDED, "2.1" },
		     { EXS_FACT_STEERED, NULL },	{ EXS_FACT_CALL_ENDED, "2.0" } };
	static const char *const kept[] = { "", "2.0", "2.1", "2.1", "2.10", "", "2.0" };
	struct facts l = { NULL, 0, 0, 0 };
	exs_err err = EXS_ERR_INIT;
	exs_fact f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof told / sizeof *told; i++) {
		f = fact(told[i].kind, "{}");
		f.call_id = exs_cstr(told[i].id);
		assert_int_equal(substance_add(&l, &f, &err), EXS_OK);
	}
	assert_int_equal(l.n, sizeof kept / sizeof *kept);
	for (i = 0; i < l.n; i++)
		assert_true(str_is(facts_at(&l, i)->call_id, kept[i]));
	assert_int_equal(facts_at(&l, 2)->kind, EXS_FACT_CALL_STARTED);
	assert_null(facts_at(&l, l.n));
	facts_release(&l);
}

static void kept_facts_have_their_own_bytes_and_a_bound(void **state)
{
	const exs_usage usage = { .size = sizeof usage, .in_tokens = 5 };
	struct facts l = { NULL, 0, 0, 0 };
	exs_err err = EXS_ERR_INIT;
	exs_fact f = fact(EXS_FACT_TURN_ENDED, "{\"a\":1}"), copy;

	(void)state;
	f.usage = &usage;
	copy = kit_fact_copy(&f);
	assert_int_equal(facts_add(&l, &copy, &err), EXS_OK);
	kit_fact_free(&copy);
	assert_true(str_is(facts_at(&l, 0)->body, "{\"a\":1}"));
	assert_int_equal(facts_at(&l, 0)->usage->in_tokens, 5);
	l.bytes = FACTS_BYTES_MAX - 1;
	assert_int_equal(facts_add(&l, &f, &err), EXS_TOOBIG);
	assert_non_null(strstr(err.text, "more facts than are kept"));
	facts_release(&l);
}

static void beginnings_are_compared_by_what_the_model_gets(void **state)
{
	struct tale a, b;
	struct buf words;

	(void)state;
	tell_start(&a);
	tell_start(&b);
	buf_init(&words, 256);
	begins_differ(&a.state, &b.state, &words);
	assert_string_equal(words.p, "");
	tale_release(&b);
	tale_init(&b);
	tellf(&b, EXS_FACT_RUN_STARTED,
	      "{\"v\":1,\"agent\":\"other\",\"input\":\"x\",\"system\":\"y\",\"models\":[\"two/b\"],"
	      "\"tools\":[],%s,\"in_doubt\":\"park\"}",
	      TALE_LIMITS);
	begins_differ(&a.state, &b.state, &words);
	assert_string_equal(words.p, "agent, input, system, models, tools, in_doubt");
	buf_release(&words);
	tale_release(&a);
	tale_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_that_count),
		cmocka_unit_test(members_that_count),
		cmocka_unit_test(answers_are_compared_by_text_and_calls),
		cmocka_unit_test(bookkeeping_does_not_count),
		cmocka_unit_test(calls_of_a_step_are_kept_in_their_order),
		cmocka_unit_test(kept_facts_have_their_own_bytes_and_a_bound),
		cmocka_unit_test(beginnings_are_compared_by_what_the_model_gets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
