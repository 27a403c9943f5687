/* SPDX-License-Identifier: MIT */
/* test_model_ollama.c - the battery model_ollama against a server on this host. */
#define BATTERY "model_ollama"
#include "unit/model_kit.h"
#include "unit/settings_kit.h"

static void gives_text_live_and_whole(void **state)
{
	struct asked a;

	ask_plainly(*state, &a);
	ask_release(&a);
}

static void takes_answers_in_every_shape_of_the_field(void **state)
{
	static const struct shape shapes[] = {
		{ "nofinish", "hello from the mock" },
		{ "nodone", "hello from the mock" },
		{ "textplain", "hello from the mock" },
		{ "json", "hello from the mock" },
		{ "comments", "hello from the mock" },
		{ "drip", "hello from the mock" },
		{ "nousage", "hello from the mock" },
		{ "reasoning", "\"type\":\"reasoning\",\"text\":\"let me think\"" },
		{ "length", "\"stop\":\"length\"" },
		{ "badutf8", "a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd b" },
		{ "turns:1", "\"calls\":[{\"id\":\"call_1\",\"name\":\"list_dir\",\"arguments\":"
			     "\"{\\\"path\\\":\\\".\\\"}\"}],\"stop\":\"calls\"" },
		{ "json+turns:1", "\"stop\":\"calls\"" },
		{ "nodone+turns:1", "\"stop\":\"calls\"" },
		{ "argsbad", "\"arguments\":\"[1,2]\"" },
		{ "noargs", "\"arguments\":\"{}\"" },
		{ "noids", "\"id\":\"call_1_2\"" },
		{ "dupids", "\"id\":\"call_1_2\"" },
		{ "twocalls", "\"id\":\"call_1_b\"" },
	};
	struct env *e = *state;

	takes_shapes(&e->kit, shapes, sizeof shapes / sizeof shapes[0]);
}

static void says_what_a_refusal_means(void **state)
{
	static const struct refusal refusals[] = {
		{ "401", EXS_DENIED, EXS_CLASS_PERMANENT, "check 'key'" },
		{ "404", EXS_NOTFOUND, EXS_CLASS_NO_MODEL, "The model does not exist" },
		{ "400", EXS_INVALID, EXS_CLASS_PERMANENT, "no such member" },
		{ "429far", EXS_AGAIN, EXS_CLASS_LIMIT, "slow down" },
		{ "500final", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 500" },
		{ "html", EXS_INVALID, EXS_CLASS_PERMANENT, "web page" },
		{ "garbage", EXS_IO, EXS_CLASS_TRUNCATED, "not JSON" },
		{ "empty", EXS_IO, EXS_CLASS_TRANSIENT, "empty body" },
		{ "huge", EXS_TOOBIG, EXS_CLASS_PERMANENT, "more than an answer may hold" },
		{ "cut", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "cutjson", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "noend", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "midway", EXS_IO, EXS_CLASS_TRANSIENT, "the runner died" },
	};

	says_refusals(*state, refusals, sizeof refusals / sizeof refusals[0]);
}

static void ends_well_after_faults_that_pass(void **state)
{
	static const char *const models[] = { "500:1", "503:1", "529:1", "close:1" };
	struct env *e = *state;

	gets_over(&e->kit, models, sizeof models / sizeof models[0]);
}

static void a_count_that_is_left_out_makes_an_estimate(void **state)
{
	struct env *e = *state;
	struct asked a;

	ask(&e->kit, &a, "nousage");
	assert_int_equal(a.done.usage.estimated, 1);
	assert_true(a.done.usage.in_tokens > 10);
	assert_true(a.done.usage.out_tokens > 0);
	ask_release(&a);
}

static void answers_at_once_when_told_so(void **state)
{
	static const struct double_setting whole[] = { { "stream", "false" }, { NULL, NULL } };
	struct env *e = *state;
	struct asked a;
	struct kit k;

	kit_open_of(&k, BATTERY, e->mock.port, whole);
	ask(&k, &a, "turns:1");
	assert_int_equal(a.done.status, EXS_OK);
	assert_non_null(strstr(a.done.out.p, "\"stop\":\"calls\""));
	assert_int_equal(a.done.usage.in_tokens, 120);
	ask_release(&a);
	kit_close(&k);
}

static void refuses(const char *key, const char *value, const char *says)
{
	refuses_setting(BATTERIES "/" BATTERY ".so", key, value, says);
}

static void refuses_settings_that_cannot_work(void **state)
{
	(void)state;
	refuses("options", "{\"num_ctx\":\"1\"}", "options must not hold 'num_ctx'");
	refuses("options", "[\"1\"]", "options must be a map");
	refuses("body", "{\"options\":{}}", "body must not hold 'options'");
	refuses("base_url", "http://example.org/api", "in the clear");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_text_live_and_whole),
		cmocka_unit_test(takes_answers_in_every_shape_of_the_field),
		cmocka_unit_test(says_what_a_refusal_means),
		cmocka_unit_test(ends_well_after_faults_that_pass),
		cmocka_unit_test(a_count_that_is_left_out_makes_an_estimate),
		cmocka_unit_test(answers_at_once_when_told_so),
		cmocka_unit_test(refuses_settings_that_cannot_work),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
