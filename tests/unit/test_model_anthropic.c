/* SPDX-License-Identifier: MIT */
/* test_model_anthropic.c - the battery model_anthropic against a server on this host. */
#define BATTERY "model_anthropic"
#include "unit/model_kit.h"
#include "unit/settings_kit.h"
#include "unit/temp_dir.h"

static void gives_text_live_and_whole(void **state)
{
	struct asked a;

	ask_plainly(*state, &a);
	assert_int_equal(a.done.usage.cache_read_tokens, 20);
	assert_int_equal(a.done.usage.cache_write_tokens, 30);
	assert_int_equal(a.done.usage.reasoning_tokens, 3);
	ask_release(&a);
}

static void takes_answers_in_every_shape_of_the_field(void **state)
{
	static const struct shape shapes[] = {
		{ "nofinish", "hello from the mock" },
		{ "textplain", "hello from the mock" },
		{ "json", "hello from the mock" },
		{ "comments", "hello from the mock" },
		{ "drip", "hello from the mock" },
		{ "reasoning", "\"type\":\"reasoning\",\"text\":\"let me think\"" },
		{ "reasoning+turns:1", "\"provider\":{\"anthropic\":[{\"type\":\"thinking\","
				       "\"thinking\":\"let me think\",\"signature\":\"c2ln\"},"
				       "{\"type\":\"tool_use\"}]}" },
		{ "refusal", "\"stop\":\"refusal\"" },
		{ "length", "\"stop\":\"length\"" },
		{ "badutf8", "a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd b" },
		{ "turns:1", "\"calls\":[{\"id\":\"call_1\",\"name\":\"list_dir\",\"arguments\":"
			     "\"{\\\"path\\\":\\\".\\\"}\"}],\"stop\":\"calls\"" },
		{ "json+turns:1", "\"arguments\":\"{\\\"path\\\":\\\".\\\"}\"" },
		{ "stopcalls", "\"stop\":\"calls\"" },
		{ "onechunk", "{\\\"path\\\":\\\".\\\"}" },
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
		{ "404", EXS_NOTFOUND, EXS_CLASS_NO_MODEL, "check the model's name" },
		{ "413", EXS_TOOBIG, EXS_CLASS_PERMANENT, "too big" },
		{ "429far", EXS_AGAIN, EXS_CLASS_LIMIT, "slow down" },
		{ "529", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 529" },
		{ "overloaded", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 529" },
		{ "toolong", EXS_TOOBIG, EXS_CLASS_PERMANENT, "context_tokens" },
		{ "nocredit", EXS_DENIED, EXS_CLASS_LIMIT, "check the account" },
		{ "paused", EXS_INVALID, EXS_CLASS_PERMANENT, "pause_turn" },
		{ "cut", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "cutjson", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "noend", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
		{ "garbage", EXS_IO, EXS_CLASS_TRUNCATED, "not JSON" },
	};

	says_refusals(*state, refusals, sizeof refusals / sizeof refusals[0]);
}

static void ends_well_after_faults_that_pass(void **state)
{
	static const char *const models[] = { "529:1", "overloaded:1", "streamerror:1", "empty:1",
					      "close:1" };
	struct env *e = *state;

	gets_over(&e->kit, models, sizeof models / sizeof models[0]);
}

static void the_key_goes_only_into_its_header(void **state)
{
	struct env *e = *state;
	struct asked a;

	/* The mock's complaint repeats the header: the key was there, and it is blotted out. */
	ask(&e->kit, &a, "401");
	assert_says(&a, "bad key: *");
	assert_false(double_host_logged(&e->kit.host, KEY));
	ask_release(&a);
}

static void the_key_goes_into_the_header_that_is_named(void **state)
{
	puts_key_behind(*state, "Authorization: Bearer", "Bearer *");
}

static void a_broken_answer_has_an_estimated_usage(void **state)
{
	struct env *e = *state;
	struct asked a;

	ask(&e->kit, &a, "cut");
	assert_true(a.done.has_usage);
	assert_int_equal(a.done.usage.estimated, 1);
	assert_true(a.done.usage.in_tokens > 20);
	assert_int_equal(a.done.usage.cache_read_tokens, 0);
	ask_release(&a);
}

/* ---- what a server refuses is never sent to it again ---- */

static const char results[] = "{\"role\":\"tool\",\"results\":[{\"id\":\"call_1\",\"name\":\"list_"
			      "dir\",\"status\":\"ok\","
			      "\"content\":\"a\\n\"}]}";

/* The turn behind an answer with thinking and a call. */
static void ask_on(struct kit *k, const char *model, struct asked *out)
{
	struct asked first;
	exs_str messages[3];

	ask(k, &first, "reasoning+turns:1");
	assert_int_equal(first.done.status, EXS_OK);
	ask_prepare(out, model);
	messages[0] = out->message;
	messages[1] = exs_bytes(first.done.out.p, first.done.out.n);
	messages[2] = exs_cstr(results);
	out->turn.messages = messages;
	out->turn.message_count = 3;
	ask_send(k, out);
	ask_wait(out);
	ask_release(&first);
}

/* A server that writes down what it is asked. */
struct noted {
	struct mock mock;
	struct kit kit;
	char dir[256], log[300];
};

static void noted_open(struct noted *n, const struct double_setting *set)
{
	const char *more[] = { "--log", n->log, NULL };

	assert_int_equal(temp_dir_make("messages", n->dir, sizeof n->dir), 0);
	snprintf(n->log, sizeof n->log, "%s/log", n->dir);
	n->mock = mock_start(more);
	kit_open_of(&n->kit, BATTERY, n->mock.port, set);
}

/* How many requests there were for this model. */
static int noted_close(struct noted *n, const char *model)
{
	char line[512], want[64];
	FILE *f = fopen(n->log, "re");
	int found = 0;

	assert_non_null(f);
	snprintf(want, sizeof want, "\"model\":\"%s\"", model);
	while (fgets(line, sizeof line, f))
		found += strstr(line, want) != NULL;
	fclose(f);
	kit_close(&n->kit);
	mock_stop(&n->mock);
	assert_int_equal(temp_dir_remove(n->dir), 0);
	return found;
}

static void sends_back_thinking_and_drops_what_another_server_signed(void **state)
{
	struct noted n;
	struct asked a;
	int i;

	(void)state;
	noted_open(&n, fast);
	for (i = 0; i < 2; i++) {
		ask_on(&n.kit, "foreign+turns:1", &a);
		if (a.done.status)
			fail_msg("%s", a.done.err.text);
		ask_release(&a);
	}
	assert_int_equal(noted_close(&n, "foreign+turns:1"), 3); /* the first one twice */
}

static void drops_marks_that_the_server_does_not_know(void **state)
{
	static const struct double_setting off[] = { { "cache", "false" }, { NULL, NULL } };
	struct noted n;
	struct asked a;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		noted_open(&n, i ? off : fast);
		ask(&n.kit, &a, "nousage");
		assert_int_equal(a.done.status, EXS_OK);
		ask_release(&a);
		assert_int_equal(noted_close(&n, "nousage"), i ? 1 : 2);
	}
}

/* ---- settings ---- */

static void refuses(const char *key, const char *value, const char *says)
{
	refuses_setting(BATTERIES "/" BATTERY ".so", key, value, says);
}

static void refuses_settings_that_cannot_work(void **state)
{
	(void)state;
	refuses("version", "2023-06-01\r\nX: y", "one word such as 2023-06-01");
	refuses("version",
		"a-version-of-more-than-sixty-four-bytes-which-nobody-has-ever-seen-anywhere",
		"one word");
	refuses("body", "{\"max_tokens\":\"9\"}", "'max_tokens'");
	refuses("body", "{\"system\":\"x\"}", "'system'");
	refuses("base_url", "http://example.org/v1", "in the clear");
}

static void sends_no_version_when_told_so(void **state)
{
	static const struct double_setting none[] = { { "version", "" }, { NULL, NULL } };
	struct env *e = *state;
	struct kit k;
	struct asked a;

	kit_open_of(&k, BATTERY, e->mock.port, none);
	ask(&k, &a, "x");
	assert_int_equal(a.done.status, EXS_INVALID);
	assert_says(&a, "anthropic-version");
	ask_release(&a);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_text_live_and_whole),
		cmocka_unit_test(takes_answers_in_every_shape_of_the_field),
		cmocka_unit_test(says_what_a_refusal_means),
		cmocka_unit_test(ends_well_after_faults_that_pass),
		cmocka_unit_test(the_key_goes_only_into_its_header),
		cmocka_unit_test(the_key_goes_into_the_header_that_is_named),
		cmocka_unit_test(a_broken_answer_has_an_estimated_usage),
		cmocka_unit_test(sends_back_thinking_and_drops_what_another_server_signed),
		cmocka_unit_test(drops_marks_that_the_server_does_not_know),
		cmocka_unit_test(refuses_settings_that_cannot_work),
		cmocka_unit_test(sends_no_version_when_told_so),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
