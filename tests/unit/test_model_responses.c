/* SPDX-License-Identifier: MIT */
/* test_model_responses.c - the battery model_openai_responses against a server on this host. */
#define BATTERY "model_openai_responses"
#include "unit/model_kit.h"
#include "unit/temp_dir.h"

static void gives_text_live_and_whole(void **state)
{
	struct asked a;

	ask_plainly(*state, &a);
	assert_int_equal(a.done.usage.cache_read_tokens, 20);
	assert_int_equal(a.done.usage.reasoning_tokens, 3);
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
		{ "reasoning", "\"type\":\"reasoning\",\"text\":\"let me think\"" },
		{ "reasoning+turns:1", "\\\"encrypted_content\\\":\\\"c2VjcmV0\\\"}\",\"call\"]}" },
		{ "refusal", "\"stop\":\"refusal\"" },
		{ "length", "\"stop\":\"length\"" },
		{ "filter", "\"stop\":\"filter\"" },
		{ "badutf8", "a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd b" },
		{ "turns:1", "\"calls\":[{\"id\":\"call_1\",\"name\":\"list_dir\",\"arguments\":"
			     "\"{\\\"path\\\":\\\".\\\"}\"}],\"stop\":\"calls\"" },
		{ "nofinish+turns:1", "\"stop\":\"calls\"" },
		{ "nodone+turns:1", "\"arguments\":\"{\\\"path\\\":\\\".\\\"}\"" },
		{ "json+turns:1", "\"stop\":\"calls\"" },
		{ "onechunk", "{\\\"path\\\":\\\".\\\"}" },
		{ "argsobject", "{\\\"path\\\":\\\".\\\"}" },
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
		{ "window", EXS_TOOBIG, EXS_CLASS_PERMANENT, "context_tokens" },
		{ "quota", EXS_DENIED, EXS_CLASS_LIMIT, "quota" },
		{ "429far", EXS_AGAIN, EXS_CLASS_LIMIT, "slow down" },
		{ "500final", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 500" },
		{ "cut", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "cutjson", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "noend", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "failed_rate_limit_exceeded", EXS_AGAIN, EXS_CLASS_LIMIT, "rate limit" },
		{ "failed_insufficient_quota", EXS_DENIED, EXS_CLASS_LIMIT, "quota" },
		{ "failed_context_length_exceeded", EXS_TOOBIG, EXS_CLASS_PERMANENT,
		  "context_tokens" },
		{ "failed_invalid_prompt", EXS_INVALID, EXS_CLASS_PERMANENT, "it said" },
		{ "failed_model_not_found", EXS_NOTFOUND, EXS_CLASS_NO_MODEL, "it said" },
		{ "failed_slow_down", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 503" },
		{ "failed_server_is_overloaded", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 503" },
		{ "failed_server_error", EXS_IO, EXS_CLASS_TRANSIENT, "it said" },
		{ "failed", EXS_IO, EXS_CLASS_TRANSIENT, "gives no reason" },
	};

	says_refusals(*state, refusals, sizeof refusals / sizeof refusals[0]);
}

static int lines_of(const char *path)
{
	FILE *f = fopen(path, "re");
	int c, n = 0;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* How many requests two turns are, when the server refuses to encrypt. */
static int requests_of(const struct double_setting *set)
{
	char dir[256], log[300];
	const char *const more[] = { "--log", log, NULL };
	struct mock m;
	struct asked a;
	struct kit k;
	int i, n;

	assert_int_equal(temp_dir_make("responses", dir, sizeof dir), 0);
	snprintf(log, sizeof log, "%s/log", dir);
	m = mock_start(more);
	kit_open_of(&k, BATTERY, m.port, set);
	for (i = 0; i < 2; i++) {
		ask(&k, &a, "nousage");
		assert_non_null(strstr(a.done.out.p, "hello from the mock"));
		ask_release(&a);
	}
	n = lines_of(log);
	kit_close(&k);
	mock_stop(&m);
	assert_int_equal(temp_dir_remove(dir), 0);
	return n;
}

static void asks_for_encrypted_reasoning_until_that_is_refused(void **state)
{
	static const struct double_setting whole[] = { { "stream", "false" }, { NULL, NULL } };

	(void)state;
	/* The first turn is sent twice, the second once. */
	assert_int_equal(requests_of(NULL), 3);
	assert_int_equal(requests_of(whole), 3);
}

static void gets_over_a_refusal_of_the_reasoning_of_others(void **state)
{
	static const char answer[] =
		"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],"
		"\"stop\":\"end\",\"provider\":{\"openai_responses\":[\"{\\\"type\\\":"
		"\\\"reasoning\\\",\\\"summary\\\":[],\\\"encrypted_content\\\":\\\"x\\\"}\","
		"\"text\"]}}";
	static const struct double_setting whole[] = { { "stream", "false" }, { NULL, NULL } };
	struct env *e = *state;
	struct asked a;
	struct kit k;

	kit_open_of(&k, BATTERY, e->mock.port, whole);
	ask_long(&k, &a, "foreign", answer);
	if (a.done.status)
		fail_msg("%s", a.done.err.text);
	assert_non_null(strstr(a.done.out.p, "hello from the mock"));
	ask_release(&a);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_text_live_and_whole),
		cmocka_unit_test(takes_answers_in_every_shape_of_the_field),
		cmocka_unit_test(says_what_a_refusal_means),
		cmocka_unit_test(asks_for_encrypted_reasoning_until_that_is_refused),
		cmocka_unit_test(gets_over_a_refusal_of_the_reasoning_of_others),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
