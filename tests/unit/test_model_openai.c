/* SPDX-License-Identifier: MIT */
/* test_model_openai.c - the battery against a server on this host that answers well, badly, or not
 * at all. */
#define BATTERY "model_openai"
#include "unit/model_kit.h"

#include "base/clock.h"

#define CROWD	      200
#define MESSAGE_BYTES (200u << 10)

static void gives_text_live_and_whole(void **state)
{
	struct asked a;

	ask_plainly(*state, &a);
	assert_true(a.done.has_usage);
	assert_int_equal(a.done.usage.cache_read_tokens, 20);
	assert_int_equal(a.done.usage.reasoning_tokens, 3);
	ask_release(&a);
}

static const struct refusal refusals[] = {
	{ "401", EXS_DENIED, EXS_CLASS_PERMANENT, "check 'key'" },
	{ "403", EXS_DENIED, EXS_CLASS_PERMANENT, "check 'key'" },
	{ "402", EXS_DENIED, EXS_CLASS_LIMIT, "no credit" },
	{ "404", EXS_NOTFOUND, EXS_CLASS_NO_MODEL, "The model does not exist" },
	{ "400", EXS_INVALID, EXS_CLASS_PERMANENT, "no such member" },
	{ "413", EXS_TOOBIG, EXS_CLASS_PERMANENT, "too big" },
	{ "window", EXS_TOOBIG, EXS_CLASS_PERMANENT, "context_tokens" },
	{ "302", EXS_INVALID, EXS_CLASS_PERMANENT, "base_url" },
	{ "quota", EXS_DENIED, EXS_CLASS_LIMIT, "quota" },
	{ "429far", EXS_AGAIN, EXS_CLASS_LIMIT, "slow down" },
	{ "500final", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 500" },
	{ "503", EXS_IO, EXS_CLASS_TRANSIENT, "Loading model" },
	{ "529", EXS_IO, EXS_CLASS_TRANSIENT, "HTTP 529" },
	{ "html", EXS_INVALID, EXS_CLASS_PERMANENT, "web page" },
	{ "garbage", EXS_IO, EXS_CLASS_TRUNCATED, "not JSON" },
	{ "cut", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
	{ "cutjson", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
	{ "noend", EXS_IO, EXS_CLASS_TRUNCATED, "broke off" },
	{ "huge", EXS_TOOBIG, EXS_CLASS_PERMANENT, "more than an answer may hold" },
};

static void says_what_a_refusal_means(void **state)
{
	struct env *e = *state;
	struct asked a;
	size_t i;

	for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		ask_refused(&e->kit, &a, &refusals[i]);
		assert_says(&a, "127.0.0.1:");
		assert_says(&a, refusals[i].model);
		if (strcmp(refusals[i].model, "429far") == 0)
			assert_int_equal(a.done.err.retry_after_ms, 3600000);
		ask_release(&a);
	}
}

static void ends_well_after_faults_that_pass(void **state)
{
	static const char *const models[] = { "503:2", "streamerror:1", "empty:1", "close:1",
					      "never:1" };
	struct env *e = *state;

	gets_over(&e->kit, models, sizeof models / sizeof models[0]);
	assert_true(double_host_logged(&e->kit.host, "asking again in 10 ms"));
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
		{ "refusal", "\"stop\":\"refusal\"" },
		{ "length", "\"stop\":\"length\"" },
		{ "filter", "\"stop\":\"filter\"" },
		{ "badutf8", "a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd b" },
		{ "turns:1", "\"calls\":[{\"id\":\"call_1\",\"name\":\"list_dir\",\"arguments\":"
			     "\"{\\\"path\\\":\\\".\\\"}\"}],\"stop\":\"calls\"" },
		{ "json+turns:1", "\"stop\":\"calls\"" },
		{ "stopcalls", "\"stop\":\"calls\"" },
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

static void the_key_goes_only_into_its_header(void **state)
{
	struct env *e = *state;
	struct asked a;

	/* The mock's complaint repeats the header: the key was there, and it is blotted out. */
	ask(&e->kit, &a, "401");
	assert_says(&a, "Bearer *");
	assert_false(double_host_logged(&e->kit.host, KEY));
	ask_release(&a);
}

static void the_key_goes_into_the_header_that_is_named(void **state)
{
	puts_key_behind(*state, "api-key", "bad key: *");
}

static void asks_with_a_long_body_twice_when_a_kept_connection_is_dead(void **state)
{
	static char big[MESSAGE_BYTES];
	static const struct double_setting set[] = { { "retries", "0" }, { NULL, NULL } };
	struct mock m = mock_start(NULL);
	struct kit k;
	struct asked a;
	size_t n;

	(void)state;
	kit_open_at(&k, m.port, set);
	n = (size_t)sprintf(big, "{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"");
	memset(big + n, 'x', sizeof big - n);
	strcpy(big + sizeof big - 5, "\"}]}");
	ask(&k, &a, "x");
	ask_release(&a);
	ask_long(&k, &a, "close:1", big);
	if (a.done.status)
		fail_msg("%s", a.done.err.text);
	assert_string_equal(a.done.progress.p, "hello from the mock");
	ask_release(&a);
	kit_close(&k);
	mock_stop(&m);
}

static void waits_as_long_as_the_server_asks_but_not_longer_than_the_ceiling(void **state)
{
	static const char *const seconds[] = { "--retry-after", "0.05", NULL };
	static const char *const date[] = { "--retry-after", "Wed, 21 Oct 2065 07:28:00 GMT",
					    NULL };
	struct mock m = mock_start(seconds);
	struct kit k;
	struct asked a;

	(void)state;
	kit_open_at(&k, m.port, NULL);
	ask(&k, &a, "429:1");
	assert_int_equal(a.done.status, EXS_OK);
	assert_true(double_host_logged(&k.host, "asking again in 50 ms"));
	ask_release(&a);
	kit_close(&k);
	mock_stop(&m);
	m = mock_start(date);
	kit_open_at(&k, m.port, NULL);
	ask(&k, &a, "429:1");
	assert_int_equal(a.done.status, EXS_AGAIN);
	assert_int_equal(a.done.err.klass, EXS_CLASS_LIMIT);
	assert_int_equal(a.done.err.retry_after_ms, 7 * 86400000);
	ask_release(&a);
	kit_close(&k);
	mock_stop(&m);
}

static void shares_few_connections_when_told_to(void **state)
{
	static const struct double_setting set[] = { { "max_connections", "2" },
						     { "headers", "X-One: 1|X-Two: 2" },
						     { "body", "{\"temperature\":\"0.5\"}" },
						     { NULL, NULL } };
	static struct asked crowd[20];
	struct env *e = *state;
	struct kit k;
	int i;

	kit_open_at(&k, e->mock.port, set);
	for (i = 0; i < 20; i++)
		ask_start(&k, &crowd[i], "x");
	for (i = 0; i < 20; i++) {
		ask_wait(&crowd[i]);
		assert_int_equal(crowd[i].done.status, EXS_OK);
		ask_release(&crowd[i]);
	}
	kit_close(&k);
}

static void a_broken_answer_has_an_estimated_usage(void **state)
{
	struct env *e = *state;
	struct asked a;

	ask(&e->kit, &a, "cut");
	assert_true(a.done.has_usage);
	assert_int_equal(a.done.usage.estimated, 1);
	assert_true(a.done.usage.in_tokens > 20);
	ask_release(&a);
	ask(&e->kit, &a, "401");
	assert_false(a.done.has_usage);
	ask_release(&a);
}

static void gives_up_on_a_server_that_never_answers(void **state)
{
	static const struct double_setting set[] = { { "first_byte_timeout", "80ms" },
						     { "retries", "1" },
						     { NULL, NULL } };
	static const struct double_setting total[] = { { "total_timeout", "100ms" },
						       { NULL, NULL } };
	struct env *e = *state;
	struct kit k;
	struct asked a;

	kit_open_at(&k, e->mock.port, set);
	ask(&k, &a, "never");
	assert_int_equal(a.done.status, EXS_IO);
	assert_int_equal(a.done.err.klass, EXS_CLASS_TRANSIENT);
	assert_says(&a, "first_byte_timeout");
	ask_release(&a);
	kit_close(&k);
	kit_open_at(&k, e->mock.port, total);
	ask(&k, &a, "never");
	assert_says(&a, "total_timeout");
	ask_release(&a);
	kit_close(&k);
}

static void says_that_nobody_listens(void **state)
{
	static const struct double_setting set[] = { { "retries", "0" }, { NULL, NULL } };
	struct kit k;
	struct asked a;

	(void)state;
	kit_open_at(&k, 1, set);
	ask(&k, &a, "x");
	assert_int_equal(a.done.status, EXS_IO);
	assert_int_equal(a.done.err.klass, EXS_CLASS_TRANSIENT);
	assert_says(&a, "start the server");
	ask_release(&a);
	kit_close(&k);
}

static void a_token_ends_a_turn_at_once_wherever_it_is(void **state)
{
	static const char *const models[] = { "latency:5000", "drip", "503" };
	struct env *e = *state;
	struct asked a;
	size_t i;

	for (i = 0; i < sizeof models / sizeof models[0]; i++) {
		ask_start(&e->kit, &a, models[i]);
		usleep(20000);
		assert_true(cancel_fire(a.token, EXS_CAUSE_CALLER) || a.done.ended);
		ask_wait(&a);
		assert_true(a.done.status == EXS_CANCELLED || a.done.status == EXS_IO);
		if (i == 0)
			assert_int_equal(a.done.status, EXS_CANCELLED);
		ask_release(&a);
	}
}

static void a_token_that_fired_before_ends_the_turn(void **state)
{
	struct env *e = *state;
	struct asked a;

	ask_prepare(&a, "x");
	cancel_fire(a.token, EXS_CAUSE_SHUTDOWN);
	ask_send(&e->kit, &a);
	ask_wait(&a);
	assert_int_equal(a.done.status, EXS_CANCELLED);
	ask_release(&a);
}

static void a_token_with_all_its_listeners_taken_is_polled(void **state)
{
	struct env *e = *state;
	struct asked a;
	int i;

	ask_prepare(&a, "latency:5000");
	for (i = 0; i < 4; i++)
		(void)cancel_notify(a.token, (void (*)(void *))free, NULL);
	ask_send(&e->kit, &a);
	cancel_fire(a.token, EXS_CAUSE_CALLER);
	ask_wait(&a);
	assert_int_equal(a.done.status, EXS_CANCELLED);
	ask_release(&a);
}

static void carries_200_turns_at_once(void **state)
{
	static const struct double_setting slow[] = { { NULL, NULL } };
	static struct asked crowd[CROWD];
	struct env *e = *state;
	struct kit k;
	int i;

	kit_open_at(&k, e->mock.port, slow);
	for (i = 0; i < CROWD; i++)
		ask_start(&k, &crowd[i], i % 3 ? "latency:50" : "turns:1");
	for (i = 0; i < CROWD; i++) {
		ask_wait(&crowd[i]);
		if (crowd[i].done.status)
			fail_msg("turn %d: %s", i, crowd[i].done.err.text);
		ask_release(&crowd[i]);
	}
	kit_close(&k);
}

static void close_ends_what_is_in_flight(void **state)
{
	struct env *e = *state;
	struct kit k;
	struct asked a;

	kit_open_at(&k, e->mock.port, NULL);
	ask_start(&k, &a, "latency:5000");
	usleep(20000);
	kit_close(&k);
	ask_wait(&a);
	assert_int_equal(a.done.status, EXS_LOST);
	ask_release(&a);
}

static void describes_without_asking(void **state)
{
	static const struct double_setting set[] = { { "context_tokens", "5" }, { NULL, NULL } };
	exs_model_info info = { sizeof info, 0, 0, 0 };
	exs_err err = EXS_ERR_INIT;
	struct kit k;
	struct asked a;
	struct env *e = *state;

	kit_open_at(&k, e->mock.port, set);
	assert_int_equal(k.model->describe(k.self, "x", &info, &err), EXS_OK);
	assert_int_equal(info.context_tokens, 5);
	ask(&k, &a, "x");
	assert_true(double_host_logged(&k.host, "context_tokens: 5"));
	ask_release(&a);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_text_live_and_whole),
		cmocka_unit_test(says_what_a_refusal_means),
		cmocka_unit_test(ends_well_after_faults_that_pass),
		cmocka_unit_test(takes_answers_in_every_shape_of_the_field),
		cmocka_unit_test(the_key_goes_only_into_its_header),
		cmocka_unit_test(the_key_goes_into_the_header_that_is_named),
		cmocka_unit_test(asks_with_a_long_body_twice_when_a_kept_connection_is_dead),
		cmocka_unit_test(waits_as_long_as_the_server_asks_but_not_longer_than_the_ceiling),
		cmocka_unit_test(shares_few_connections_when_told_to),
		cmocka_unit_test(a_broken_answer_has_an_estimated_usage),
		cmocka_unit_test(gives_up_on_a_server_that_never_answers),
		cmocka_unit_test(says_that_nobody_listens),
		cmocka_unit_test(a_token_ends_a_turn_at_once_wherever_it_is),
		cmocka_unit_test(a_token_that_fired_before_ends_the_turn),
		cmocka_unit_test(a_token_with_all_its_listeners_taken_is_polled),
		cmocka_unit_test(carries_200_turns_at_once),
		cmocka_unit_test(close_ends_what_is_in_flight),
		cmocka_unit_test(describes_without_asking),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
